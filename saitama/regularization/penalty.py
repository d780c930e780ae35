"""Penalties on large weights, and what weight decay is.

Add a penalty to the loss, and its gradient pulls every weight towards 0:

    L' = L + lambda/2 sum(w^2)        dL'/dw = dL/dw + lambda w          (l2_penalty)
    L' = L + lambda   sum(|w|)        dL'/dw = dL/dw + lambda sign(w)    (l1_penalty)

For plain SGD the first is the same as its weight_decay=lambda:

    w <- w - lr (dL/dw + lambda w) = (1 - lr lambda) w - lr dL/dw

For Adam it is not: there lambda w goes through the moments and is divided by sqrt(v) with the rest, so that weights
with large gradients hardly decay. AdamW (Loshchilov and Hutter 2019) therefore decays the weights beside the gradient
step, by the factor (1 - lr lambda): "decoupled" weight decay, which is what is meant where papers say weight decay
today.
"""

from __future__ import annotations

from typing import Any, Iterable, List

from saitama.options import number
from saitama.tensor import Tensor


def l2_penalty(parameters: Iterable[Tensor], weight: float) -> Tensor:
    """weight/2 times the sum of the squares of all parameters, to add to a loss (Goodfellow et al. 2016, 7.1.1).

    Args:
        parameters: model.parameters(), or those that shall be small (biases are often left out).
        weight: lambda, not negative; the same number as SGD's weight_decay.

    Raises ValueError for no parameters or a negative weight, TypeError for anything but Tensors.
    """
    tensors, strength = _checked("l2_penalty", parameters, weight)
    return _sum([(w * w).sum() for w in tensors]) * (strength / 2)


def l1_penalty(parameters: Iterable[Tensor], weight: float) -> Tensor:
    """weight times the sum of the absolute values of all parameters, to add to a loss; it makes many exactly 0
    (Tibshirani 1996). Arguments and errors as for l2_penalty."""
    tensors, strength = _checked("l1_penalty", parameters, weight)
    return _sum([w.abs().sum() for w in tensors]) * strength


def _sum(terms: List[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _checked(name: str, parameters: Any, weight: Any) -> Any:
    factor = float(number(f"{name}: weight", weight))
    return check_parameters(name, parameters), factor


def check_parameters(name: str, parameters: Any) -> List[Tensor]:
    """The parameters as a list: at least one, and every one a Tensor."""
    if isinstance(parameters, Tensor):
        return [parameters]
    if not hasattr(parameters, "__iter__"):
        raise TypeError(f"{name}: expected Tensors, got {type(parameters).__name__}; give model.parameters()")
    tensors = list(parameters)
    if not tensors:
        raise ValueError(f"{name}: there are no parameters (a generator that was used before is empty, too)")
    for place, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name}: item {place} is {type(tensor).__name__}, expected a Tensor; use model.parameters()"
            )
    return tensors
