"""The one door from Tensor's methods to the operations.

A method names its operation (`apply("Add", (a, b))`). Autograd, which is built on top of Tensor, defines the operations
with their derivatives and puts its `apply` here when it is imported; so imports point one way, from autograd to tensor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from .tensor import Tensor

    apply: Callable[..., Tensor]


def backward(tensor: Tensor, gradient: Any, retain_graph: bool) -> None:
    """Walk the graph behind `tensor`; replaced by autograd.engine.backward."""
    raise RuntimeError("import saitama first: it connects Tensor to autograd")
