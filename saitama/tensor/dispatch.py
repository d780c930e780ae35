"""The one door from Tensor's methods to the operations.

A method names its operation: `binary("Add", a, b)`, `unary("Exp", x)`, or `apply("Sum", (x,), dim=0)` for any number of
operands and parameters (reference/record.py says what they do). Autograd, which is built on top of Tensor, defines the
operations with their derivatives and makes them known when it is imported; so imports point one way, from autograd to
tensor.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

from .backend import K

if TYPE_CHECKING:
    from .tensor import Tensor

apply: Callable[..., Tensor] = K.apply
binary: Callable[[str, Any, Any], Tensor] = K.apply_binary
unary: Callable[[str, Any], Tensor] = K.apply_unary


class Precision(threading.local):
    """What the operands of products are rounded to (autocast() sets it), for each thread of its own; None: nothing."""

    dtype: Optional[str] = None


precision = Precision()


def product(name: str, operands: Sequence[Any], others: Sequence[Any] = (), **params: Any) -> Tensor:
    """apply() for a product of the operands; `others` come after them, and are no factors (a bias, a mask).

    Under autocast() the operands are rounded, and so is the gradient that arrives, as it is a factor of the products of
    the backward pass.
    """
    dtype = precision.dtype
    if dtype is None:
        return apply(name, (*operands, *others) if others else operands, **params)
    rounded = [apply("Round", (x,), format=dtype) for x in operands]
    return apply("RoundGradient", (apply(name, (*rounded, *others), **params),), format=dtype)


def backward(tensor: Tensor, gradient: Any, retain_graph: bool) -> None:
    """Walk the graph behind `tensor`; replaced by autograd.engine.backward."""
    raise RuntimeError("import saitama first: it connects Tensor to autograd")
