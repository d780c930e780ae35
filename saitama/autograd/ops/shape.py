"""The same numbers in another arrangement: each derivative puts dL/dy back where the numbers came from."""

from __future__ import annotations

from typing import Sequence, Tuple

from saitama.tensor.backend import K
from saitama.tensor.dtype import is_float

from ..function import Function, Gradients


class Reshape(Function):
    """y = x, read row by row through another shape;  dL/dx = dL/dy through the old one."""

    __slots__ = ()
    params = ("shape",)

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x.shape
        return x.reshape(self.shape)

    def backward(self, dy: K.Array) -> Gradients:
        return (dy.reshape(self.saved),)


class Transpose(Function):
    """y = x with its axes in the order `dims`;  dL/dx = dL/dy with the order undone."""

    __slots__ = ("dims",)
    params = ("dims",)

    def __init__(self, dims: Sequence[int]) -> None:
        self.dims: Tuple[int, ...] = tuple(dims)

    def forward(self, x: K.Array) -> K.Array:
        return K.transpose(x, self.dims)

    def backward(self, dy: K.Array) -> Gradients:
        back = tuple(sorted(range(len(self.dims)), key=self.dims.__getitem__))
        return (K.transpose(dy, back),)


class Expand(Function):
    """y = x repeated along axes of size 1;  dL/dx = the sum of dL/dy over the copies."""

    __slots__ = ()
    params = ("shape",)

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x.shape
        return K.expand(x, self.shape)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.sum_to(dy, self.saved),)


class Cast(Function):
    """y = x in another dtype;  dL/dx = dL/dy in x's dtype. A cast to integers or bools has no derivative."""

    __slots__ = ()
    params = ("dtype",)

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    @property
    def differentiable(self) -> bool:  # type: ignore[override]
        return is_float(self.dtype)

    def forward(self, x: K.Array) -> K.Array:
        self.saved = x.dtype
        return K.cast(x, self.dtype)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.cast(dy, self.saved),)


class Concat(Function):
    """y = the inputs one after the other along the axis `dim`;  each gets its own stretch of dL/dy."""

    __slots__ = ("dim",)
    params = ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim

    def forward(self, *xs: K.Array) -> K.Array:
        self.saved = [x.shape for x in xs]
        return K.concat(xs, self.dim)

    def backward(self, dy: K.Array) -> Gradients:
        start, gradients = 0, []
        for shape, need in zip(self.saved, self.needs):
            starts = tuple([start if axis == self.dim else 0 for axis in range(len(shape))])
            gradients.append(K.slice(dy, starts, (1,) * len(shape), shape) if need else None)
            start += shape[self.dim]
        return tuple(gradients)
