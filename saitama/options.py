"""Numbers given as options, checked in one place: a message says which option it is, what it should be and what it is.

    self.hidden_size = whole("LSTM: hidden_size", hidden_size)           # from 1 on
    self.dropout = number("LSTM: dropout", dropout, most=1)              # from 0 to 1
    self.lr = number("lr", lr, above=True)                               # above 0

A bool is no number, though Python counts with it. A number out of range is a ValueError; what is no number, or no whole
one, is a NoNumber, which is a TypeError and a ValueError.
"""

from __future__ import annotations

from math import inf
from operator import index
from typing import Any, Optional


class NoNumber(TypeError, ValueError):
    """What was given is no number at all, or not a whole one where only that will do."""


def whole(what: str, value: Any, least: int = 1, most: Optional[int] = None, *, wanted: str = "") -> int:
    """The value as an int, if it is one (NumPy's too) from `least` to `most`.

    Else an error: "`what` must be `wanted`, got ..."; what is wanted need not be said, if it is just that.
    """
    try:
        given = None if isinstance(value, bool) else index(value)
    except TypeError:
        given = None
    if given is not None and given >= least and (most is None or given <= most):
        return given
    wanted = wanted or f"a whole number from {least} {'on' if most is None else f'to {most}'}"
    raise (NoNumber if given is None else ValueError)(f"{what} must be {wanted}, got {value!r:.60}")


def number(
    what: str,
    value: Any,
    least: float = 0.0,
    most: float = inf,
    *,
    above: bool = False,
    below: bool = False,
    infinite: bool = False,
    wanted: str = "",
    advice: str = "",
) -> float:
    """The value, if it is a number from `least` to `most`: `above` the one, `below` the other, if these do not count.

    Else an error, as whole() gives it; `advice` is what it ends with. NaN is never in range, infinity where `infinite`.
    """
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if real and least <= value <= most and not (above and value == least or below and value == most):
        if value != inf or infinite:
            return value
    wanted = wanted or f"a number {_between(least, most, above, below)}"
    raise (ValueError if real else NoNumber)(f"{what} must be {wanted}, got {value!r:.60}{advice}")


def _between(least: float, most: float, above: bool, below: bool) -> str:
    start = f"above {least:g}" if above else f"from {least:g}"
    if most == inf:
        return start if above else f"{start} on"
    end = ("and below" if below else "and up to") if above else ("to below" if below else "to")
    return f"{start} {end} {most:g}"
