"""backward(): the chain rule, from the result back to the leaves.

Every operation is created after its inputs, so going through the nodes from the youngest to the oldest visits each one
when all that depends on it has been visited: its gradient is then complete.
"""

from __future__ import annotations

import os
import threading
from operator import attrgetter
from typing import Any, Dict, List, Tuple

from saitama.tensor import dispatch
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from .function import Function, ancestors

adding = threading.RLock()  # of two threads that add to one leaf, neither loses what the other adds


def _renew() -> None:
    """In the child of a fork, where no other thread is left that could let go of it."""
    global adding
    adding = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def backward(tensor: Tensor, gradient: Any = None, retain_graph: bool = False) -> None:
    """Add dtensor/dleaf to every leaf's .grad. (The full description is at Tensor.backward.)"""
    if not tensor.requires_grad:
        raise RuntimeError("backward: nothing here requires a gradient; set requires_grad=True on an input")
    dy = seed(tensor, gradient)
    if tensor.node is None:
        accumulate(tensor, dy)
        return
    gradients: Dict[Function, K.Array] = {tensor.node: dy}
    parts: Dict[Function, List[Tuple[Function, K.Array]]] = {}  # operations that took a part of a node's result
    for node in sorted(ancestors(tensor.node, differentiable=True), key=attrgetter("seq"), reverse=True):
        if node in parts:
            takers, dys = zip(*parts.pop(node))
            dx = takers[0].join(takers, dys, node.shape)
            gradients[node] = K.add(gradients[node], dx) if node in gradients else dx
        dy = gradients.pop(node)
        kept = node.kept() if node.kept is not None else None
        if kept is not None:
            accumulate(kept, dy)
        inputs = node.inputs or ()
        if node.join is not None and isinstance(inputs[0], Function):
            parts.setdefault(inputs[0], []).append((node, dy))
            inputs = ()
        for source, dx in zip(inputs, node.backward(dy) if inputs else ()):
            if dx is None:
                continue
            if isinstance(source, Tensor):
                accumulate(source, dx)
            else:  # where several paths meet, their gradients add up
                gradients[source] = K.add(gradients[source], dx) if source in gradients else dx
        if not retain_graph:
            node.release()


def accumulate(tensor: Tensor, dx: K.Array) -> None:
    """tensor.grad += dx. RuntimeError for another shape: the operation's backward() is wrong then."""
    if dx.shape != tensor.array.shape:
        raise RuntimeError(f"backward: a gradient of shape {dx.shape} for a tensor of shape {tensor.shape}")
    with adding:
        grad = tensor._grad
        tensor._grad = Tensor._wrap(dx if grad is None else K.add(grad.array, dx))


def seed(tensor: Tensor, gradient: Any) -> K.Array:
    """The gradient backward() starts from: 1 for a tensor of one element, else what the caller gives."""
    if gradient is None:
        y = tensor.array
        if y.size != 1:
            raise ValueError(
                f"backward: shape {y.shape} has {y.size} elements; reduce it to one with .sum() or "
                ".mean(), or give gradient= of that shape"
            )
        return K.full(y.shape, 1, y.dtype)
    given = gradient if isinstance(gradient, Tensor) else Tensor(gradient, dtype=tensor.dtype)
    if given.shape != tensor.shape or given.dtype != tensor.dtype:
        raise ValueError(
            f"backward: expected a gradient of {tensor.dtype} {tensor.shape}, got {given.dtype} {given.shape}"
        )
    return given.array


dispatch.backward = backward
