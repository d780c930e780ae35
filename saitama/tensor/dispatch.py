"""The one door from Tensor's methods to the operations.

A method names its operation (`apply("Add", (a, b))`). Autograd, which is built on top of Tensor, defines the operations
with their derivatives and puts its `apply` here when it is imported; so imports point one way, from autograd to tensor.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

if TYPE_CHECKING:
    from .tensor import Tensor

    apply: Callable[..., Tensor]


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
        return apply(name, (*operands, *others) if others else operands, **params)  # noqa: F821
    rounded = [apply("Round", (x,), format=dtype) for x in operands]  # noqa: F821
    return apply("RoundGradient", (apply(name, (*rounded, *others), **params),), format=dtype)  # noqa: F821


def backward(tensor: Tensor, gradient: Any, retain_graph: bool) -> None:
    """Walk the graph behind `tensor`; replaced by autograd.engine.backward."""
    raise RuntimeError("import saitama first: it connects Tensor to autograd")
