"""backward(): the chain rule, from the result back to the leaves.

Every operation is created after its inputs, so going through the nodes from the youngest to the oldest visits each one
when all that depends on it has been visited: its gradient is then complete.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Sequence

from saitama.tensor import dispatch
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from . import slice_sums
from .function import Function, Gradients, ancestors
from .listener import hearings


def chain_rule(
    nodes: Iterable[Any],
    gradients: Dict[Any, Any],
    derivative: Callable[[Any, Any], Iterable[Any]],
    plus: Callable[[Any, Any], Any] = K.add,
    leaf: Any = (),
    at_leaf: Optional[Callable[[Any, Any], None]] = None,
) -> Iterator[Any]:
    """Carry a gradient from the root back to the leaves: dL/dx is the sum of dL/dy dy/dx over all y made from x.

    Args:
        nodes: the operations, each after all that use its result; their `inputs` are nodes or leaves.
        gradients: {root: its gradient}. The others are added; a node's is taken out when all of it is there.
        derivative: (node, dL/dy, or None if nothing arrived) -> dL/dx for each input, None where nobody asks for one.
        plus: adds two gradients.
        leaf: inputs of this type are not kept in `gradients`: `at_leaf` gets (x, dL/dx) whenever something arrives.

    Yields each node when it has handed its gradient on.
    """
    for node in nodes:
        dy = gradients.pop(node, None)
        for x, dx in zip(node.inputs, derivative(node, dy)):
            if dx is None:
                continue
            if isinstance(x, leaf):
                at_leaf(x, dx)  # type: ignore[misc]
            else:  # where several paths meet, their gradients add up
                gradients[x] = plus(gradients[x], dx) if x in gradients else dx
        yield node


def backward(tensor: Tensor, gradient: Any = None, retain_graph: bool = False) -> None:
    """Add dtensor/dleaf to every leaf's .grad. (The full description is at Tensor.backward.)"""
    if not tensor._requires_grad:
        raise RuntimeError("backward: nothing here requires a gradient; set requires_grad=True on an input")
    dy = seed(tensor, gradient)
    if tensor.node is None:
        accumulate(tensor, dy)
        return
    gradients: Dict[Function, K.Array] = {tensor.node: dy}
    waiting: slice_sums.Waiting = {}
    nodes = ancestors(tensor.node, differentiable=True)
    heard = hearings(nodes)

    def derivative(node: Function, dy: Any) -> Gradients:
        if node.recomputes:  # what checkpoint() did not keep: its operations, recorded anew, come next
            again, arriving = node.run_again(waiting.pop(node))
            for output, dx in arriving:
                gradients[output] = K.add(gradients[output], dx) if output in gradients else dx
            hand_on(again, retain_graph=False)
            return ()
        if waiting and node in waiting:
            dy = slice_sums.join(waiting.pop(node), node.shape, dy)
        kept = node.kept() if node.kept is not None else None
        if kept is not None:
            accumulate(kept, dy)
        return () if node.waits and slice_sums.hold(waiting, node, dy) else node.backward(dy)

    def hand_on(nodes: Sequence[Function], retain_graph: bool) -> None:
        for node in chain_rule(reversed(nodes), gradients, derivative, leaf=Tensor, at_leaf=accumulate):
            if not node.recomputes:  # its operations were heard of instead
                for hearing in heard:
                    hearing.visited(node)
            if not retain_graph:
                node.release()

    hand_on(nodes, retain_graph)
    for hearing in heard:
        hearing.done()


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
