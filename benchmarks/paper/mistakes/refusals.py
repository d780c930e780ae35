"""Where a mistake cannot be made: it would show nothing."""

from __future__ import annotations

from ..lists import Nested, depth

SQUARE = "a transpose shows only in a square"


def square(*matrices: Nested) -> None:
    if any(depth(m) != 2 or len(m) != len(m[0]) for m in matrices):
        raise ValueError(SQUARE)


def several(n: int) -> int:
    if n < 2:
        raise ValueError("only one")
    return n


def fail() -> Nested:
    raise ValueError("the shapes do not fit")
