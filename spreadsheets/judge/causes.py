"""Whose error: for each number that was typed, whether it follows from the person's own numbers before it.

Every step is computed again from what was typed upstream, not from the true numbers, so one slip is one slip: it is
"own", and what follows from it correctly is "carried". Numbers are boxes, since people round: each typed number stands
for all that is within half a unit of its last place, and a number that is only in someone's head (a product inside of a
sum, a blank that was passed over) is rounded once more. A true value counts only where nothing before was typed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Dict, Iterator, List, Mapping, Optional, Set

from ..formulas.box import Box
from ..formulas.evaluate import Evaluator, Value
from ..graph.keys import StepKey
from ..layout import Index
from ..plan.calculated import looking_into
from ..plan.work import Position, Step, Work
from .exact import exactness
from .hand import is_right
from .precision import Precision
from .typed import Typed

RELATIVE_NOISE, NOISE = 1e-11, 1e-14  # of a spreadsheet's own arithmetic


@dataclass
class Judged:
    """One number of a step that was typed, and what is to be said of it."""

    step: Step
    index: Index
    position: Position
    typed: Typed
    true: Value
    expected: Value  # from the person's own numbers
    half: float  # of the width of the typed number
    follows: bool  # from the person's own numbers
    right: bool  # it is the true number, or follows from numbers without a slip

    @property
    def cause(self) -> Optional[str]:
        """None for right."""
        return None if self.right else "carried" if self.follows else "own"


@dataclass
class Judgement:
    """All typed numbers, in the order of the work, and the boxes that the person's own numbers give."""

    cells: List[Judged]
    own: Dict[Position, Value]
    precision: Precision

    @cached_property
    def _by_key(self) -> Mapping[StepKey, List[Judged]]:
        found: Dict[StepKey, List[Judged]] = defaultdict(list)
        for cell in self.cells:
            found[cell.step.key].append(cell)
        return found

    def of(self, key: StepKey) -> List[Judged]:
        return self._by_key.get(key, [])

    def slips(self) -> Iterator[Step]:
        """The steps with a number that does not follow, in the order of the work."""
        steps = {cell.step.key: cell.step for cell in self.cells if cell.cause == "own"}
        yield from steps.values()


def judge(work: Work, true: Mapping[StepKey, List[Value]], typed: Mapping[Position, Typed]) -> Judgement:
    """`typed` holds what stands in the blanks, by the cells of the work's blocks; blanks are not in it."""
    given = given_numbers(work, true)
    exact = exactness(work, given, typed)
    precision = Precision.of(*exact.rounds)
    return _Judge(work, given, exact.exact, precision).judge(true, typed)


def given_numbers(work: Work, true: Mapping[StepKey, List[Value]]) -> Dict[Position, Value]:
    """What stands on the page from the beginning."""
    steps = {step.block for step in work.steps}
    given: Dict[Position, Value] = {}
    for key, block in work.blocks.items():
        if block not in steps and key in true:
            given.update(((row, column), value) for (_, row, column), value in zip(block.cells(), true[key]))
    return given


class _Judge:
    """`own`: each cell as the person has it. `meant`: cells with a slip as they should be, since someone who only typed
    a number wrong goes on with the right one."""

    def __init__(self, work: Work, given: Dict[Position, Value], exact: Set[Position], precision: Precision) -> None:
        self.work, self.exact, self.precision = work, exact, precision
        self.own, self.meant = dict(given), {}  # type: Dict[Position, Value], Dict[Position, Value]
        self.tainted: Set[Position] = set()  # wrong, or computed from what is
        look, round_off = looking_into(work, self.own, precision.on_the_way), precision.on_the_way
        self.evaluator = Evaluator(look, round_off)
        as_meant = looking_into(work, _Over(self.meant, self.own), round_off)  # type: ignore[arg-type]
        self.as_meant = Evaluator(as_meant, round_off)

    def judge(self, true: Mapping[StepKey, List[Value]], typed: Mapping[Position, Typed]) -> Judgement:
        cells: List[Judged] = []
        for step in self.work.steps:
            for (index, *_), position, truth in zip(step.block.cells(), step.positions, true[step.key]):
                expected = self.work.number(self.evaluator, position)
                one = typed.get(position)
                if one is not None:
                    cells.append(self.judged(step, index, position, one, truth, expected))
                else:
                    self.pass_over(step, position, expected)
        return Judgement(cells, self.own, self.precision)

    def judged(self, step: Step, index: Index, at: Position, one: Typed, true: Value, expected: Value) -> Judged:
        x, reads = one.number, self.work.reads[at]
        if x is None:
            self.own[at], follows, right, half = self.in_passing(expected), False, False, 0.0
        else:
            half = 0.0 if at in self.exact or one.formula else self.precision.half_a_unit(x)
            follows, spoilt = agrees(expected, x, half), any(place in self.tainted for place in reads)
            if not follows and any(place in self.meant for place in reads):
                follows = agrees(self.work.number(self.as_meant, at), x, half)
                spoilt = any(place in self.tainted and place not in self.meant for place in reads)
            is_true = agrees(true, x, half)
            if not is_true and isinstance(true, Box) and not one.formula and is_right(x, true.at):
                is_true, half = True, max(half, abs(x - true.at))  # rounded more than other numbers of the page
            right = (follows and not spoilt) or is_true
            self.own[at] = Box.around(x, half) if isfinite(x) else str(x)
            if not follows and not right:
                self.meant[at] = self.in_passing(expected)
        if not right:
            self.tainted.add(at)
        return Judged(step, index, at, one, true, expected, half, follows, right)

    def pass_over(self, step: Step, at: Position, expected: Value) -> None:
        """A blank that was left blank, or a number that nobody writes."""
        reads = self.work.reads[at]
        nobody_writes = step.aside or not reads
        self.own[at] = expected if nobody_writes else self.in_passing(expected)
        if any(place in self.tainted for place in reads):
            self.tainted.add(at)
        if any(place in self.meant for place in reads):
            meant = self.work.number(self.as_meant, at)
            self.meant[at] = meant if nobody_writes else self.in_passing(meant)

    def in_passing(self, value: Value) -> Value:
        return self.precision.in_passing(value) if isinstance(value, Box) else value


class _Over:
    """One mapping over another."""

    def __init__(self, top: Mapping[Position, Value], below: Mapping[Position, Value]) -> None:
        self.top, self.below = top, below

    def get(self, position: Position) -> Value:
        return self.top[position] if position in self.top else self.below.get(position)


def agrees(value: Value, x: float, half: float) -> bool:
    """Whether a typed number may be this one, rounded."""
    if isinstance(value, bool):
        value = Box.exact(float(value))
    if isinstance(value, str):
        return value == str(x)
    if value is None or not isfinite(x) or not isfinite(value.at):
        return False
    noise = RELATIVE_NOISE * max(abs(value.at), abs(x)) + NOISE
    return value.meets(x - half - noise, x + half + noise)


__all__ = ["Judged", "Judgement", "Typed", "agrees", "judge"]
