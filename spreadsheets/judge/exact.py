"""Which of the typed numbers are exact: they follow to the last digit from given numbers and from other exact ones.

Only the others show how a person rounds. Where nothing was rounded at all, everything is exact: a number that is far
from what it should be is then a slip, not rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Dict, List, Mapping, Set

from ..formulas.box import Box
from ..formulas.evaluate import Evaluator, Value
from ..plan.calculated import looking_into
from ..plan.work import Position, Work
from .precision import digits_typed, last_place
from .typed import Typed

SAME = 1e-12  # relative: the noise of a double
NEAR = 0.1  # relative: what may be rounding
TELLING, SHORT, LONG = 3, 8, 12  # digits, and decimals


@dataclass
class Exactness:
    exact: Set[Position] = field(default_factory=set)
    inexact: List[float] = field(default_factory=list)  # typed numbers that are not
    written_off: List[float] = field(default_factory=list)  # those of them that do not follow to the last digit
    rounded: bool = False  # whether any of these looks rounded

    @property
    def rounds(self) -> List[List[float]]:
        """The numbers that show how the person rounds: those that were rounded, and all that come after."""
        return [self.written_off, self.inexact] if self.rounded else []


def exactness(work: Work, given: Mapping[Position, Value], typed: Mapping[Position, Typed]) -> Exactness:
    found = Exactness(set(given))
    own: Dict[Position, Value] = dict(given)
    evaluator = Evaluator(looking_into(work, own))
    for step in work.steps:
        for position in step.positions:
            value = work.number(evaluator, position)
            is_based = all(place in found.exact for place in work.reads[position])
            one = typed.get(position)
            if one is None or one.number is None:
                own[position] = value
                if is_based and (step.aside or not work.reads[position]):
                    found.exact.add(position)
                continue
            x = one.number
            if not isfinite(x):
                own[position] = str(x)
                if is_based and own[position] == value:
                    found.exact.add(position)
                continue
            own[position] = Box.exact(x)
            off = abs(value.at - x) if isinstance(value, Box) else float("inf")
            if off <= SAME * abs(x):
                if is_based:
                    found.exact.add(position)
                elif one.formula is None:
                    found.inexact.append(x)
                continue
            if isinstance(value, Box) and looks_rounded(x, value.at):
                found.rounded = True
            if one.formula is None:
                found.inexact.append(x)
                found.written_off.append(x)
    return found


def looks_rounded(x: float, value: float) -> bool:
    """Whether a typed number is near what should stand there, is that with the decimals that it shows itself, or is
    short where a number with all its digits belongs."""
    off, places = abs(value - x), last_place(x)
    if off <= NEAR * max(abs(value), abs(x)) or (places > 0 and off <= 0.5 * 10.0**-places * (1 + SAME)):
        return True
    return digits_typed(x) <= SHORT and digits_typed(value) > LONG


def looks_shortened(x: float, value: float) -> bool:
    """Whether a typed number may be one with more digits, and has enough of them to tell it from others: 0.0417 for
    1/24. On a page of exact numbers it is the only one that was rounded."""
    if not (isfinite(x) and isfinite(value)) or min(digits_typed(x), last_place(x)) < TELLING:
        return False
    return digits_typed(x) < digits_typed(value)
