"""What transformer blocks share: the position-wise feed-forward network, and a residual connection around each part.

A residual connection (He et al. 2015) adds what a part has found to what was there: dL/dx passes through the sum
unchanged, however many blocks are stacked. The normalisation stands after the sum (post-norm, as in "Attention Is All
You Need") or before the part (pre-norm, as in GPT-2), which leaves the way of the sum free and needs no warm-up (Xiong
et al. 2020).
"""

from __future__ import annotations

from typing import Any, Callable

from saitama.nn import functional as F
from saitama.tensor import Tensor

Part = Callable[[Tensor], Any]  # (..., C) -> (..., C)

ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu}


def feed_forward(x: Tensor, first: Part, second: Part, activation: str = "gelu") -> Tensor:
    """FFN(x) = activation(x W_1 + b_1) W_2 + b_2, at every position alike (section 3.3); wider in between."""
    h = ACTIVATIONS[activation](first(x))  # (..., hidden)
    y: Tensor = second(h)  # (..., C)
    return y


def residual(x: Tensor, norm: Part, part: Part, norm_first: bool = True) -> Tensor:
    """x + part(norm(x)), or norm(x + part(x))."""
    y: Tensor = x + part(norm(x)) if norm_first else norm(x + part(x))
    return y
