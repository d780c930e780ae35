"""Sinusoidal position encodings, which no operation makes: position and dimension exchanged, another base."""

from __future__ import annotations

from math import cos, sin
from typing import Any, Callable, Iterator, List, Optional, Tuple

from ..judge.compare import is_close
from ..judge.hand import is_right
from ..judge.reasons import Reason

BASE = 10_000.0
Angle = Callable[[int, int], float]  # of a position and a dimension


def encoding(position: float, dimension: int, width: int, base: float = BASE) -> float:
    """PE[pos, 2i] = sin(pos / 10000^(2i / d)), PE[pos, 2i + 1] = cos of the same (Vaswani et al. 2017, section 3.5)."""
    angle = position / base ** ((dimension - dimension % 2) / width)
    return cos(angle) if dimension % 2 else sin(angle)


def mistaken(length: int, width: int) -> Iterator[Tuple[str, str, Angle]]:
    """Slug, words, and what someone has for position p and dimension j."""
    words = "position and dimension are exchanged"
    yield "swapped", words, lambda p, j: encoding(j, p, width)
    yield "swapped", words, lambda p, j: encoding(j, p, length)
    yield "swapped", words, lambda p, j: (cos if j % 2 else sin)(j / BASE ** ((p - p % 2) / width))
    yield "swapped", "sine and cosine are exchanged", lambda p, j: encoding(p, j + 1 - 2 * (j % 2), width)
    yield "sliding-reference", "positions begin with 1", lambda p, j: encoding(p + 1, j, width)
    yield "factor", "the exponent is not 2i / d but i / d", lambda p, j: _half(p, j, width)
    yield "factor", "the exponent is j / d for odd dimensions too", lambda p, j: _odd(p, j, width)


def _half(p: int, j: int, width: int) -> float:
    angle = p / BASE ** (j // 2 / width)
    return cos(angle) if j % 2 else sin(angle)


def _odd(p: int, j: int, width: int) -> float:
    angle = p / BASE ** (j / width)
    return cos(angle) if j % 2 else sin(angle)


def encoding_reason(check: Any, sheet: Any) -> Optional[Reason]:
    """The reason for wrong numbers of a check whose true numbers are such an encoding."""
    shape = check.tensor.shape
    if len(shape) < 2 or any(n != 1 for n in shape[:-2]) or shape[-1] % 2:
        return None
    length, width = shape[-2:]
    if not all(
        is_close(check.values[p * width + j], encoding(p, j, width), 1e-6, 1e-9)
        for p in range(length)
        for j in range(width)
    ):
        return None
    found: List[Tuple[int, int, float, bool]] = []
    for place, index, _ in check.cells:
        cell = sheet.calculated(place)
        if cell.number is None:
            return None
        found.append((index[-2], index[-1], cell.number, cell.has_formula))
    for slug, words, angle in mistaken(length, width):
        if all(_fits(number, angle(p, j), formula) for p, j, number, formula in found):
            return Reason(slug, words)
    return None


def _fits(number: float, true: float, formula: bool) -> bool:
    return is_close(number, true, 1e-9, 1e-12) if formula else is_right(number, true)
