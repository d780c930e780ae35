"""Arithmetic and its derivatives. Each class: the formula in its docstring, forward, and the derivative under it.

Where an operand was broadcast, every copy of it contributes to its gradient: K.sum_to adds them up.
"""

from __future__ import annotations

from typing import Tuple

from saitama.tensor.backend import K

from ..function import Function, Gradients


class Neg(Function):
    """y = -x;  dL/dx = -dL/dy."""

    __slots__ = ()

    def forward(self, x: K.Array) -> K.Array:
        return K.neg(x)

    def backward(self, dy: K.Array) -> Gradients:
        return (K.neg(dy),)


class Add(Function):
    """y = a + b;  dL/da = dL/dy,  dL/db = dL/dy."""

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        return K.add(a, b)

    def backward(self, dy: K.Array) -> Gradients:
        shape_a, shape_b = self.input_shapes
        need_a, need_b = self.needs
        return (K.sum_to(dy, shape_a) if need_a else None, K.sum_to(dy, shape_b) if need_b else None)


class Sub(Function):
    """y = a - b;  dL/da = dL/dy,  dL/db = -dL/dy."""

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        return K.sub(a, b)

    def backward(self, dy: K.Array) -> Gradients:
        shape_a, shape_b = self.input_shapes
        need_a, need_b = self.needs
        return (K.sum_to(dy, shape_a) if need_a else None, K.neg(K.sum_to(dy, shape_b)) if need_b else None)


class Mul(Function):
    """y = a b;  dL/da = dL/dy b,  dL/db = dL/dy a."""

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        self.saved = a, b
        return K.mul(a, b)

    def backward(self, dy: K.Array) -> Gradients:
        a, b = self.saved
        need_a, need_b = self.needs
        da = K.sum_to(K.mul(dy, b), a.shape) if need_a else None
        db = K.sum_to(K.mul(dy, a), b.shape) if need_b else None
        return da, db


class Div(Function):
    """y = a / b;  dL/da = dL/dy / b,  dL/db = -dL/dy y / b."""

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        y = K.div(a, b)
        self.saved = a.shape, b, y
        return y

    def backward(self, dy: K.Array) -> Gradients:
        shape_a, b, y = self.saved
        need_a, need_b = self.needs
        scaled = K.div(dy, b)
        da = K.sum_to(scaled, shape_a) if need_a else None
        db = K.neg(K.sum_to(K.mul(scaled, y), b.shape)) if need_b else None
        return da, db


class Pow(Function):
    """y = a^b;  dL/da = dL/dy b a^(b-1),  dL/db = dL/dy y ln a.

    At b = 0 the power is constant in a, and at a = 0 (b >= 0) constant in b: there the derivative is 0.
    """

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        y = K.pow(a, b)
        self.saved = a, b, y
        return y

    def backward(self, dy: K.Array) -> Gradients:
        a, b, y = self.saved
        need_a, need_b = self.needs
        zero = K.full((), 0, dy.dtype)
        da = db = None
        if need_a:
            slope = K.mul(b, K.pow(a, K.sub(b, K.full((), 1, dy.dtype))))
            da = K.sum_to(K.mul(dy, K.where(K.eq(b, zero), zero, slope)), a.shape)
        if need_b:
            slope = K.mul(y, K.log(a))
            db = K.sum_to(K.mul(dy, K.where(K.eq(a, zero), K.where(K.ge(b, zero), zero, slope), slope)), b.shape)
        return da, db


class Maximum(Function):
    """y = max(a, b);  dL/dy goes to the larger one, half to each at a tie."""

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        self.saved = a, b
        return K.maximum(a, b)

    def backward(self, dy: K.Array) -> Gradients:
        a, b = self.saved
        return _to_winner(dy, K.gt(a, b), K.eq(a, b), a.shape, b.shape, self.needs)


class Minimum(Function):
    """y = min(a, b);  dL/dy goes to the smaller one, half to each at a tie."""

    __slots__ = ()

    def forward(self, a: K.Array, b: K.Array) -> K.Array:
        self.saved = a, b
        return K.minimum(a, b)

    def backward(self, dy: K.Array) -> Gradients:
        a, b = self.saved
        return _to_winner(dy, K.lt(a, b), K.eq(a, b), a.shape, b.shape, self.needs)


def _to_winner(
    dy: K.Array, a_wins: K.Array, tie: K.Array, shape_a: K.Shape, shape_b: K.Shape, needs: Tuple[bool, ...]
) -> Gradients:
    zero, half = K.full((), 0, dy.dtype), K.mul(dy, K.full((), 0.5, dy.dtype))
    need_a, need_b = needs
    da = K.sum_to(K.where(tie, half, K.where(a_wins, dy, zero)), shape_a) if need_a else None
    db = K.sum_to(K.where(tie, half, K.where(a_wins, zero, dy)), shape_b) if need_b else None
    return da, db
