"""Programs that store fewer digits than a double has.

A file from Excel or LibreOffice holds 15 to 17 significant digits of what was calculated. Google's export holds about
ten, and 0 for what is tiny. Such numbers are judged at the digits they hold; where the inputs were cut to those digits
too, so is what follows from them, by as much as it moves with the digits that were lost.
"""

from __future__ import annotations

from math import floor, inf, log10
from typing import Any, Callable, Dict, Iterable, List, Optional

from saitama.tensor.backend import K

from ..graph.items import Leaf, numbers
from ..graph.keys import Key
from ..graph.run import Run

FEWEST, MOST = 9, 12  # digits that a program keeps of what it calculated: fewer are a person's rounding
SAMPLES = 6
MARGIN = 3.0  # how much more than in the samples the lost digits may move a number


def significant(number: float) -> int:
    """How many significant digits the shortest decimal text of a finite number has: 0.38 and 3800 have 2."""
    return len(f"{number!r}".lstrip("-").partition("e")[0].replace(".", "").strip("0"))


def digits_held(results: Iterable[float]) -> Optional[int]:
    """How many digits a program kept of what it calculated, from all results it stored; None where all, or where the
    results are too short to say."""
    most = 0
    for number in results:
        if abs(number) < inf:
            most = max(most, significant(number))
            if most > MOST:
                return None
    return most if most >= FEWEST else None


def lost(found: float, true: float, digits: Optional[int]) -> float:
    """By how much a stored result may differ from the true one for want of digits."""
    if digits is None or not 0 < abs(true) < inf:
        return 0.0
    half_a_unit = 0.5 * 10.0 ** (floor(log10(abs(true))) + 1 - digits)
    return max(half_a_unit, 10.0**-digits) if found == 0 else half_a_unit


def spread(
    compute: Callable[[Dict[Leaf, Any]], Run], leaves: Dict[Leaf, Any], digits: Optional[int]
) -> Dict[Key, List[float]]:
    """How far each number moves with the digits that the inputs have lost.
    Empty where they have lost none: where some hold more, or all hold so few that they were typed so."""
    held = [significant(x) for array in leaves.values() if array.dtype.startswith("float") for x in numbers(array)]
    if digits is None or not FEWEST <= max(held, default=0) <= digits:
        return {}
    base = compute(leaves).all()
    moved: Dict[Key, List[float]] = {}
    for seed in range(SAMPLES):
        other = compute(_nudged(leaves, digits, seed)).all()
        for key in base.keys() & other.keys():
            moves = [MARGIN * abs(b - a) for a, b in zip(numbers(base[key]), numbers(other[key]))]
            now = [move if move < inf else 0.0 for move in moves]  # NaN too
            moved[key] = [max(pair) for pair in zip(moved.get(key, now), now)]
    return moved


def _nudged(leaves: Dict[Leaf, Any], digits: int, seed: int) -> Dict[Leaf, Any]:
    """The inputs, each number that holds so many digits moved within half a unit of the last; three more may have been
    zeros that nobody writes."""
    arrays = dict(leaves)
    for n, (leaf, array) in enumerate(leaves.items()):
        if array.dtype.startswith("float"):
            random = numbers(K.uniform(array.shape, "float64", seed, n << 32))
            flat = [
                x + (2 * r - 1) * lost(x, x, digits) if digits - 3 <= significant(x) else x
                for x, r in zip(numbers(array), random)
            ]
            arrays[leaf] = K.from_list(flat, array.shape, array.dtype)
    return arrays


__all__ = ["digits_held", "lost", "spread"]
