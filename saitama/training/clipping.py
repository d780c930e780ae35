"""Gradient clipping: one step that is too long can undo a thousand good ones.

Clipping the norm (Pascanu et al. 2013) shortens the gradient of all parameters together and keeps its direction;
clipping values cuts each element by itself, which is simpler and turns the direction. Call it between backward() and
step().
"""

from __future__ import annotations

from math import inf, isfinite
from typing import Any, Iterable, List, Union

from saitama.optim.loss_scale import check_unscaled
from saitama.options import number
from saitama.regularization.penalty import check_parameters
from saitama.tensor import Tensor
from saitama.tensor.backend import K

Parameters = Union[Tensor, Iterable[Tensor]]


def grad_norm(parameters: Parameters, norm_type: float = 2.0) -> float:
    """The norm of all gradients as one long vector, 0 where there are none; norm_type inf: the largest |element|."""
    return _norm(_with_grad("grad_norm", parameters), norm_type)


def clip_grad_norm_(
    parameters: Parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale the gradients, in place, by max_norm / norm where their common norm is above max_norm.

    Args:
        parameters: those whose .grad counts; parameters without one are passed over.
        max_norm: the greatest length, not negative.
        norm_type: 2 for the Euclidean norm, inf for the largest |element|, or any other p > 0.
        error_if_nonfinite: raise RuntimeError for a norm that is nan or infinite; else it spreads to all gradients.

    Returns the norm before clipping, a scalar Tensor. Raises ValueError for no parameters or a negative max_norm.
    """
    number("clip_grad_norm_: max_norm", max_norm, infinite=True)
    tensors = _with_grad("clip_grad_norm_", parameters)
    total = _norm(tensors, norm_type)
    if error_if_nonfinite and not isfinite(total):
        raise RuntimeError(f"clip_grad_norm_: the norm of the gradients is {total}; a gradient went bad before")
    factor = min(1.0, max_norm / (total + 1e-6)) if total == total else total
    if factor != 1.0:
        scale_gradients(tensors, factor)
    return Tensor(total, dtype="float64")


def clip_grad_value_(parameters: Parameters, clip_value: float) -> None:
    """Cut every element of every gradient, in place, to [-clip_value, clip_value]. Errors as for clip_grad_norm_."""
    number("clip_grad_value_: clip_value", clip_value, infinite=True)
    for tensor in _with_grad("clip_grad_value_", parameters):
        tensor.grad = tensor.grad.detach().maximum(-clip_value).minimum(clip_value)


def scale_gradients(parameters: Iterable[Tensor], factor: float) -> None:
    """Multiply the gradients, in their own memory where nobody else holds it. Each once, if given twice."""
    tensors: List[Any] = [p for p in dict.fromkeys(parameters) if p.grad is not None]
    for tensor in tensors:
        tensor._grad = Tensor._wrap(tensor.grad.array)  # whoever has the old one keeps it as it was
    K.scale([tensor.grad for tensor in tensors], factor)


def _with_grad(name: str, parameters: Parameters) -> List[Any]:
    """Each once: one that is given twice has one gradient."""
    tensors = dict.fromkeys(check_parameters(name, parameters))
    check_unscaled(name, tensors)
    return [tensor for tensor in tensors if tensor.grad is not None]


def _norm(tensors: List[Any], norm_type: float) -> float:
    number("clip_grad_norm_: norm_type", norm_type, above=True, infinite=True, wanted="above 0 (2, or inf)")
    if norm_type == 2:
        return float(K.norm([tensor.grad.array for tensor in tensors]))
    gradients = [tensor.grad.detach() for tensor in tensors if tensor.numel()]
    sizes = [gradient.abs().to("float64") for gradient in gradients]
    if norm_type == inf:
        largest = [size.max().item() for size in sizes]
        return max(largest, default=0.0) if all(each == each for each in largest) else float("nan")
    return float(sum((size**norm_type).sum().item() for size in sizes) ** (1 / norm_type))
