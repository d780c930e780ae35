"""Reductions: many numbers become one, and its gradient goes back to the many."""

from __future__ import annotations

from typing import Sequence, Tuple

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Reduction(Function, abstract=True):
    """A reduction over the axes `dim`; with keepdim they stay, of size 1."""

    __slots__ = ("dim", "keepdim")
    params = ("dim", "keepdim")

    def __init__(self, dim: Sequence[int], keepdim: bool = False) -> None:
        self.dim: Tuple[int, ...] = tuple(dim)
        self.keepdim = keepdim

    def with_axes(self, dy: K.Array, shape: K.Shape) -> K.Array:
        """dy with the reduced axes put back as axes of size 1, so that it broadcasts to the input's shape."""
        if not dy.shape:
            return dy  # a scalar broadcasts as it is
        return dy.reshape(tuple([1 if axis in self.dim else size for axis, size in enumerate(shape)]))


class Sum(Reduction):
    """y = sum x_i;  dL/dx_i = dL/dy."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x.shape
        return K.sum(x, self.dim, self.keepdim)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.expand(self.with_axes(dy, self.saved), self.saved),)


class Mean(Reduction):
    """y = (sum x_i) / n;  dL/dx_i = dL/dy / n."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x.shape
        return K.mean(x, self.dim, self.keepdim)

    def backward(self, dy: K.Array) -> Gradients:
        n = 1
        for axis in self.dim:
            n *= self.saved[axis]
        if n == 0:
            return (K.full(self.saved, 0, dy.dtype),)  # the mean of no elements has no x_i to depend on
        share = K.div(dy, K.full((), n, dy.dtype))
        return (K.expand(self.with_axes(share, self.saved), self.saved),)


class Max(Reduction):
    """y = max x_i;  dL/dx_i = dL/dy for the first x_i that is y, else 0."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        y = K.max(x, self.dim, self.keepdim)
        self.saved = K.argmax(x, self.dim, self.keepdim), x.shape
        return y

    def backward(self, dy: K.Array) -> Gradients:
        position, shape = self.saved
        return (K.scatter_first(position, dy, shape, self.dim),)


class Min(Reduction):
    """y = min x_i;  dL/dx_i = dL/dy for the first x_i that is y, else 0."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        y = K.min(x, self.dim, self.keepdim)
        self.saved = K.argmin(x, self.dim, self.keepdim), x.shape
        return y

    def backward(self, dy: K.Array) -> Gradients:
        position, shape = self.saved
        return (K.scatter_first(position, dy, shape, self.dim),)


class ArgMax(Reduction):
    """y = the position of the first largest x_i; a step, so no derivative."""

    __slots__ = ()
    differentiable = False

    def forward(self, x: K.Array) -> K.Array:
        return K.argmax(x, self.dim, self.keepdim)


class ArgMin(Reduction):
    """y = the position of the first smallest x_i; a step, so no derivative."""

    __slots__ = ()
    differentiable = False

    def forward(self, x: K.Array) -> K.Array:
        return K.argmin(x, self.dim, self.keepdim)
