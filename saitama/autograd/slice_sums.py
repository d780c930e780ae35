"""Gradients of slices of one tensor, added up all at once: an optimisation of backward(), which is right without it.

Each slice by itself hands back zeros with its own gradient in the midst of them. Where the slices of a tensor lie side
by side and leave nothing out (queries, keys and values; the gates of an LSTM), the sum of all these is one copy.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from saitama.tensor.backend import K

from .function import Function

Parts = List[Tuple[Any, K.Array]]  # slices of one tensor, each with its dL/dy
Waiting = Dict[Function, Parts]  # {whose result they are slices of: the parts so far}


def hold(waiting: Waiting, part: Any, dy: K.Array) -> bool:
    """Whether dL/dy of a slice can wait: it is one of an operation's result, which is visited later."""
    (source,) = part.inputs
    if not isinstance(source, Function):
        return False
    waiting.setdefault(source, []).append((part, dy))
    return True


def join(parts: Parts, shape: Tuple[int, ...], rest: Optional[K.Array] = None) -> K.Array:
    """The gradient of a tensor of this shape: what its slices hand back to it, and the rest, if there is any."""
    total = side_by_side(parts, shape)
    if total is None:
        for part, dy in parts:
            dx = K.slice_grad(dy.reshape(part.sizes), shape, part.starts, part.steps)
            total = dx if total is None else K.add(total, dx)
    return total if rest is None else K.add(rest, total)  # type: ignore[return-value, arg-type]


def side_by_side(parts: Parts, shape: Tuple[int, ...]) -> Optional[K.Array]:
    """The gradients one after the other along the axis along which the slices make up the whole; None without one."""
    ordered = sorted(parts, key=lambda each: each[0].starts)
    slices = [part for part, _ in ordered]
    for axis in range(len(shape)):
        if is_whole(slices, shape, axis):
            return K.concat([dy.reshape(part.sizes) for part, dy in ordered], axis)
    return None


def is_whole(slices: Sequence[Any], shape: Tuple[int, ...], axis: int) -> bool:
    """Whether the slices, in this order, are the whole along the axis, each with all of the other axes."""
    at = 0
    for part in slices:
        sizes = (*shape[:axis], part.sizes[axis], *shape[axis + 1 :])
        if part.starts[axis] != at or part.sizes != sizes or any(step != 1 for step in part.steps):
            return False
        at += part.sizes[axis]
    return at == shape[axis]
