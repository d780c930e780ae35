"""Picking numbers out of a tensor: the derivative puts dL/dy back at their places and adds up what was picked twice."""

from __future__ import annotations

from typing import Sequence, Tuple

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Slice(Function):
    """y = every `steps`-th number from `starts`, `sizes` of them along each axis;  dL/dx = dL/dy there, else 0.

    `shape` is the output's shape: without the axes that an integer picked.
    """

    __slots__ = ("sizes", "starts", "steps")
    waits = True
    params = ("starts", "steps", "sizes", "shape")

    def __init__(self, starts: Sequence[int], steps: Sequence[int], sizes: Sequence[int], shape: Sequence[int]) -> None:
        self.starts: Tuple[int, ...] = tuple(starts)
        self.steps: Tuple[int, ...] = tuple(steps)
        self.sizes: Tuple[int, ...] = tuple(sizes)
        self.shape = tuple(shape)

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x.shape
        return K.slice(x, self.starts, self.steps, self.sizes).reshape(self.shape)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.slice_grad(dy.reshape(self.sizes), self.saved, self.starts, self.steps),)


class Take(Function):
    """y = x at the positions `index` along the axis `dim` (an embedding's rows);  dL/dx adds dL/dy up by position."""

    __slots__ = ("dim",)
    params = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: K.Array, index: K.Array) -> K.Array:
        self.saved = index, x.shape[self.dim]
        return K.take(x, index, self.dim)

    def backward(self, dy: K.Array) -> Gradients:
        index, size = self.saved
        return K.take_grad(dy, index, self.dim, size), None


class Gather(Function):
    """y[i][j] = x[index[i][j]][j] for dim 0, and so on;  dL/dx adds dL/dy up by position (torch.gather)."""

    __slots__ = ("dim",)
    params = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, x: K.Array, index: K.Array) -> K.Array:
        self.saved = index, x.shape
        return K.gather(x, self.dim, index)

    def backward(self, dy: K.Array) -> Gradients:
        index, shape = self.saved
        return K.gather_grad(dy, self.dim, index, shape), None
