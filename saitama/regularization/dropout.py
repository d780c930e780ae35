"""Dropout (Srivastava et al. 2014): in training every element is 0 with probability p, so that no unit relies on
another.

What remains is divided by 1 - p ("inverted" dropout), so that each element keeps its expected value,

    E[x m / (1 - p)] = x (1 - p) / (1 - p) = x        m = 1 with probability 1 - p, else 0

and evaluation has nothing to do. The mask is a tensor of the graph like any other: a workbook shows it as an input,
where it can be changed by hand.
"""

from __future__ import annotations

from typing import Any, Optional

from saitama.nn import Module
from saitama.options import number
from saitama.tensor import Tensor
from saitama.tensor.dtype import is_float
from saitama.tensor.random import rand_for_batch


class Dropout(Module):
    """x m / (1 - p) in training, with a new random mask m of zeros and ones at each call; x itself in evaluation.

    Args:
        p: the probability of an element to become 0, from 0 to 1.

    Attributes:
        mask: the mask of the last call in training, (the shape of x); None before it and after an evaluation.

    Shape: any, unchanged. Raises ValueError for p outside [0, 1], TypeError for anything but a Tensor of floats.
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = _probability(p)
        self.mask: Optional[Tensor] = None

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.p > 0:
            self.mask = dropout_mask(x, self.p)
            return apply_mask(x, self.mask, self.p)
        if self.mask is not None:
            self.mask = None
        return x

    def extra_repr(self) -> str:
        return f"p={self.p}"


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Dropout as a function: x m / (1 - p) if training, else x."""
    p = _probability(p)
    return apply_mask(x, dropout_mask(x, p), p) if training and p > 0 else x


def dropout_mask(x: Tensor, p: float) -> Tensor:
    """Zeros with probability p and ones otherwise, in the shape and dtype of x."""
    if not isinstance(x, Tensor) or not is_float(x.dtype):
        what = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"dropout: expected a Tensor of floats, got {what}; convert it with .to('float64')")
    mask = (rand_for_batch(x.shape, dtype=x.dtype) >= p).to(x.dtype)  # below 1 all: with p = 1 nothing is kept
    mask.name = "dropout_mask"
    return mask


def apply_mask(x: Tensor, mask: Tensor, p: float) -> Tensor:
    """x m / (1 - p), elementwise."""
    kept = x * mask
    return kept / (1 - p) if p < 1 else kept  # with p = 1 all elements are 0, and 0 / 0 is NaN


def _probability(p: Any) -> float:
    return float(number("Dropout: p is the probability of a zero and", p, most=1))
