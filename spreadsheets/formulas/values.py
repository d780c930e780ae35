"""What a cell or a part of a formula may be worth."""

from __future__ import annotations

from typing import Union

from .box import Box

Value = Union[Box, str, bool, None]  # None: a blank


class CellProblem(ArithmeticError):
    """What a spreadsheet shows as an error: #DIV/0!, #NUM!, #VALUE!."""


class Undecided(Exception):
    """A comparison whose outcome depends on rounding; `args[0]` is what it is for the numbers as they are written."""


def as_text(value: Value) -> str:
    if isinstance(value, Box):
        return f"{value.at:.15g}"
    return "" if value is None else str(value).upper() if isinstance(value, bool) else value


def same(a: Value, b: Value) -> bool:
    """Whether two values are the same as they are written; a blank is nothing's equal."""
    if isinstance(a, Box) and isinstance(b, Box):
        return a.at == b.at
    return isinstance(a, str) and isinstance(b, str) and a.lower() == b.lower()


def surely_same(a: Value, b: Value) -> bool:
    return same(a, b) and not (isinstance(a, Box) and isinstance(b, Box) and not (a.is_exact and b.is_exact))


def maybe_same(a: Value, b: Value) -> bool:
    return a.meets(b.low, b.high) if isinstance(a, Box) and isinstance(b, Box) else same(a, b)
