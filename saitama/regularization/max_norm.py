"""Max-norm: the weights into one unit are a vector, and no such vector may be longer than a limit.

Srivastava et al. 2014 (section 5.1) use it with dropout, because large steps then cannot make weights grow without end.
It is not a penalty but a constraint: after an optimiser's step, what is too long is made shorter, in its own direction.
"""

from __future__ import annotations

from typing import Iterable, Union

from saitama.autograd import no_grad
from saitama.options import number
from saitama.tensor import Tensor, where

from .penalty import check_parameters


def max_norm(parameters: Union[Tensor, Iterable[Tensor]], limit: float) -> None:
    """Scale every row of a weight (out_features, in_features) that is longer than `limit` to that length, in place.

    Args:
        parameters: model.parameters(), or one weight. Tensors with fewer than two axes (biases) stay as they are.
        limit: the greatest Euclidean length, above 0; 3 to 4 is usual.

    Call it after optimizer.step(). Raises ValueError for no parameters or a limit of 0 or less, TypeError for anything
    but Tensors.
    """
    number("max_norm: the limit", limit, above=True, infinite=True)
    with no_grad():
        for parameter in check_parameters("max_norm", parameters):
            if parameter.ndim >= 2:
                W = parameter.detach().flatten(1)  # (out, in)
                length = (W * W).sum(1, keepdim=True).sqrt()  # (out, 1)
                shorter = where(length > limit, W * (limit / length), W)
                parameter.data = shorter.reshape(parameter.shape)
