"""Sums and means."""

from __future__ import annotations

from typing import List

from ..lists import Nested, Shape, depth, flat, shaped, transposed
from .desk import Desk, backward, forward


def lines(s: Desk, nested: Nested) -> List[List[float]]:
    """The numbers that are added up for each number of the result."""
    dims = [d % depth(nested) for d in s.params["dim"]]
    if not dims or len(dims) == depth(nested):
        return [flat(nested)]
    return transposed(nested) if dims == [0] else nested  # type: ignore[no-any-return]


def numbers_in(s: Desk) -> int:
    return len(lines(s, s.x[0])[0])


def as_result(s: Desk, numbers: List[float]) -> Nested:
    return shaped(numbers, s.shape)


@forward("Sum")
def total(s: Desk) -> Nested:
    return as_result(s, [sum(line) for line in lines(s, s.x[0])])


@forward("Mean")
def mean(s: Desk) -> Nested:
    return as_result(s, [sum(line) / len(line) for line in lines(s, s.x[0])])


def repeated(s: Desk, by: float) -> Nested:
    """The gradient of a sum, at each number that went into it."""
    dims = [d % len(s.shape) for d in s.params["dim"]]
    if not dims or len(dims) == len(s.shape):
        one = flat(s.dy)[0]
        return _filled(s.shape, one / by)
    columns = dims == [0]
    numbers = flat(s.dy)
    return [[numbers[j if columns else i] / by for j in range(s.shape[1])] for i in range(s.shape[0])]


def _filled(shape: Shape, number: float) -> Nested:
    return [_filled(shape[1:], number) for _ in range(shape[0])] if shape else number


@backward("Sum")
def through_total(s: Desk) -> Nested:
    return repeated(s, 1)


@backward("Mean")
def through_mean(s: Desk) -> Nested:
    return repeated(s, numbers_in(s))
