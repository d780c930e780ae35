"""Products of matrices."""

from __future__ import annotations

from ..lists import Nested, added, arranged, depth, times, transposed
from .desk import Desk, backward, forward


@forward("MatMul")
def product(s: Desk) -> Nested:
    return times(s.x[0], s.x[1], s.write)


@backward("MatMul", k=0)
def to_left(s: Desk) -> Nested:
    return times(s.dy, transposed(s.x[1]), s.write)


@backward("MatMul", k=1)
def to_right(s: Desk) -> Nested:
    return times(transposed(s.x[0]), s.dy, s.write)


def rows(nested: Nested) -> Nested:
    """All rows of a stack of matrices as one matrix."""
    return [row for part in nested for row in rows(part)] if depth(nested) > 2 else nested


@forward("Linear")
def linear(s: Desk) -> Nested:
    y = times(rows(s.x[0]), transposed(s.x[1]), s.write)
    y = [[s.write(a) + b for a, b in zip(row, s.x[2])] for row in y] if len(s.x) > 2 else y
    return arranged(y, s.shape)


@backward("Linear", k=0)
def linear_to_x(s: Desk) -> Nested:
    return arranged(times(rows(s.dy), s.x[1], s.write), s.shape)


@backward("Linear", k=1)
def linear_to_w(s: Desk) -> Nested:
    return times(transposed(rows(s.dy)), rows(s.x[0]), s.write)


@backward("Linear", k=2)
def linear_to_b(s: Desk) -> Nested:
    return added(rows(s.dy))
