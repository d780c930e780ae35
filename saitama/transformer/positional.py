"""Where a token stands: attention gives the same for every order of its keys, so the position is added to the vector.

The sinusoids of "Attention Is All You Need" (section 3.5) turn with the position, each pair of numbers at its own
speed, from 1 radian a step down to 1/10,000: like the hands of a clock, they tell every position apart, and a shift by
k is the same rotation everywhere. A learned table (as in GPT) knows only the positions it was trained on.
"""

from __future__ import annotations

from math import cos, sin
from typing import Any

from saitama.nn import Module, Parameter, init
from saitama.options import whole
from saitama.regularization import Dropout
from saitama.tensor import Tensor, zeros
from saitama.tensor.dtype import is_float


def sinusoidal(max_len: int, d_model: int, dtype: Any = None) -> Tensor:
    """PE(pos, 2i) = sin(pos / 10000^(2i / d)), PE(pos, 2i + 1) = cos(pos / 10000^(2i / d)) -> (max_len, d_model)."""
    speeds = [10_000.0 ** (-(j - j % 2) / d_model) for j in range(d_model)]
    table = [[(cos if j % 2 else sin)(position * speeds[j]) for j in range(d_model)] for position in range(max_len)]
    return Tensor(table, dtype=dtype)


class PositionalEncoding(Module):
    """x + P, with the row of P that belongs to each position; then dropout.

    Args:
        d_model: C.
        max_len: how many positions there are.
        dropout: the probability of a zero in the sum, in training.
        learned: whether P is a parameter, normal with a deviation of 0.02 at first, or the sinusoids.

    Attributes: weight: P (max_len, C); a Parameter if it is learned, else a constant, which no state_dict needs.

    Shape: x (..., T, C) with T up to max_len -> (..., T, C). Raises ValueError for a longer sequence or another width,
    TypeError for anything but a Tensor of floats.
    """

    def __init__(
        self, d_model: int, max_len: int = 1024, dropout: float = 0.0, learned: bool = False, dtype: Any = None
    ) -> None:
        self.d_model = whole("PositionalEncoding: d_model", d_model)
        self.max_len = whole("PositionalEncoding: max_len", max_len)
        self.learned = bool(learned)
        if learned:
            self.weight: Tensor = init.normal_(Parameter(zeros(max_len, d_model, dtype=dtype)), std=0.02)
        else:
            self.weight = sinusoidal(max_len, d_model, dtype)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        if not isinstance(x, Tensor) or not is_float(x.dtype):
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"PositionalEncoding: expected a Tensor of floats, got {kind}")
        if x.ndim < 2 or x.shape[-1] != self.d_model:
            raise ValueError(f"PositionalEncoding: expected shape (..., T, {self.d_model}), got {x.shape}")
        T = x.shape[-2]
        if T > self.max_len:
            raise ValueError(f"PositionalEncoding: {T} positions, but there are only max_len={self.max_len}")
        rows = self.weight[:T]  # (T, C)
        return self.dropout(x + (rows if self.learned else rows.to(x.dtype)))

    def extra_repr(self) -> str:
        return f"{self.d_model}, max_len={self.max_len}, learned={self.learned}"
