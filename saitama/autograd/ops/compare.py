"""Comparisons give bool tensors, and where chooses by one. A comparison is a step, so it has no derivative."""

from __future__ import annotations

from typing import Callable, ClassVar

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Comparison(Function, abstract=True):
    """y = a <relation> b, element by element; no derivative."""

    __slots__ = ()
    differentiable = False
    relation: ClassVar[Callable[..., K.Array]]

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        return type(self).relation(a, b)


class Eq(Comparison):
    """a = b."""

    __slots__ = ()
    relation = staticmethod(K.eq)


class Ne(Comparison):
    """a differs from b."""

    __slots__ = ()
    relation = staticmethod(K.ne)


class Lt(Comparison):
    """a < b."""

    __slots__ = ()
    relation = staticmethod(K.lt)


class Le(Comparison):
    """a <= b."""

    __slots__ = ()
    relation = staticmethod(K.le)


class Gt(Comparison):
    """a > b."""

    __slots__ = ()
    relation = staticmethod(K.gt)


class Ge(Comparison):
    """a >= b."""

    __slots__ = ()
    relation = staticmethod(K.ge)


class Where(Function):
    """y = a where the condition is true, else b;  dL/dy goes to the one that was chosen."""

    __slots__ = ()

    def forward(self, condition: K.Array, a: K.Array, b: K.Array) -> K.Array:
        self.saved = condition, a.shape, b.shape
        return K.where(condition, a, b)

    def backward(self, dy: K.Array) -> Gradients:
        condition, shape_a, shape_b = self.saved
        _, need_a, need_b = self.needs
        zero = K.full((), 0, dy.dtype)
        da = K.sum_to(K.where(condition, dy, zero), shape_a) if need_a else None
        db = K.sum_to(K.where(condition, zero, dy), shape_b) if need_b else None
        return None, da, db
