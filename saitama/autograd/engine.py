"""backward(): the chain rule, from the result back to the leaves.

Every operation is created after its inputs, so going through the nodes from the youngest to the oldest visits each one
when all that depends on it has been visited: its gradient is then complete.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from saitama.tensor import dispatch
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from .function import Function, ancestors
from .listener import Hearing, hearings

Parts = Dict[Function, List[Tuple[Function, K.Array]]]


def backward(tensor: Tensor, gradient: Any = None, retain_graph: bool = False) -> None:
    """Add dtensor/dleaf to every leaf's .grad. (The full description is at Tensor.backward.)"""
    if not tensor.requires_grad:
        raise RuntimeError("backward: nothing here requires a gradient; set requires_grad=True on an input")
    dy = seed(tensor, gradient)
    if tensor.node is None:
        accumulate(tensor, dy)
        return
    nodes = ancestors(tensor.node, differentiable=True)
    heard = hearings(nodes)
    walk(nodes, {tensor.node: dy}, {}, heard, retain_graph)
    for hearing in heard:
        hearing.done()


def walk(
    nodes: Iterable[Function],
    gradients: Dict[Function, K.Array],
    parts: Parts,
    heard: Sequence[Hearing],
    retain_graph: bool,
) -> None:
    """Hand every node's gradient on to its inputs.

    parts: operations that took a part of a node's result, with what has arrived at each. heard: who is told.
    """
    for node in sorted(nodes, key=attrgetter("seq"), reverse=True):
        if node.recomputes:  # what checkpoint() did not keep: its operations, recorded anew, come next
            again, arriving = node.run_again(parts.pop(node))
            for source, dx in arriving:
                gradients[source] = K.add(gradients[source], dx) if source in gradients else dx
            walk(again, gradients, parts, heard, False)
            if not retain_graph:
                node.release()
            continue
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
        for hearing in heard:
            hearing.visited(node)
        if not retain_graph:
            node.release()


def accumulate(tensor: Tensor, dx: K.Array) -> None:
    """tensor.grad += dx, in the memory of the old sum where nobody else holds that. RuntimeError for another shape: the
    operation's backward() is wrong then."""
    if dx.shape != tensor.array.shape:
        raise RuntimeError(f"backward: a gradient of shape {dx.shape} for a tensor of shape {tensor.shape}")
    if tensor._grad is None:
        tensor._grad = Tensor._wrap(dx)
    else:
        tensor._grad = Tensor._wrap(tensor._grad.array)  # whoever holds the old gradient keeps it as it was
        K.accumulate([tensor._grad], [Tensor._wrap(dx)])


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
