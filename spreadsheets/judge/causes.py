"""Whose error: for each number that was typed, whether it follows from the person's own numbers before it.

Every step is computed again from what was typed upstream, not from the true numbers, so one slip is one slip: it is
"own", and what follows from it correctly is "carried". Numbers are boxes, since people round: each typed number stands
for all that is within half a unit of its last place, and a number that is only in someone's head (a product inside of a
sum, a blank that was passed over) is rounded once more. A true value counts only where nothing before was typed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from ..formulas.box import Box, Radii
from ..formulas.evaluate import Evaluator, Value
from ..formulas.syntax import Place, SyntaxProblem, Tree, parse_formula, references
from ..graph.keys import StepKey
from ..layout import Index
from ..plan.calculated import looking_into
from ..plan.work import OVERFLOW, Step, Work
from .hand import is_right
from .precision import Precision

Position = Tuple[int, int]
RELATIVE_NOISE, NOISE = 1e-11, 1e-14  # of a spreadsheet's own arithmetic


@dataclass(frozen=True)
class Typed:
    """A number that a person put into a blank; `formula` where they put a formula that gave it."""

    number: Optional[float]  # None for something that is no number
    formula: Optional[str] = None


@dataclass
class Judged:
    """One number of a step that was typed, and what is to be said of it."""

    step: Step
    index: Index
    position: Position
    typed: Typed
    true: Value
    expected: Optional[Box]  # from the person's own numbers; None where it cannot be computed
    half: float
    follows: bool
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
    radii: Radii = field(default_factory=Radii)

    def of(self, key: StepKey) -> List[Judged]:
        return [cell for cell in self.cells if cell.step.key == key]


def judge(work: Work, true: Mapping[StepKey, List[Value]], typed: Mapping[Position, Typed]) -> Judgement:
    """`typed` holds what stands in the blanks, by the cells of the work's blocks; blanks are not in it."""
    return _Judge(work, true, typed).judge()


class _Judge:
    def __init__(self, work: Work, true: Mapping[StepKey, List[Value]], typed: Mapping[Position, Typed]) -> None:
        self.work, self.true, self.typed = work, true, typed
        steps = {step.key for step in work.steps}
        self.given: Dict[Position, Value] = {}
        for key, block in work.blocks.items():
            if key not in steps and key in true:
                self.given.update(((row, col), value) for (_, row, col), value in zip(block.cells(), true[key]))
        self.trees: Dict[Position, Tree] = {}
        for step in work.steps:
            for index, row, col in step.block.cells():
                self.trees[row, col] = parse_formula(step.formula(index))

    def judge(self) -> Judgement:
        exact = self.exact()
        inexact = [
            t.number for at, t in self.typed.items() if t.number is not None and not t.formula and at not in exact
        ]
        precision = Precision.of(number for number in inexact if isfinite(number))
        radii, own, tainted = Radii(), dict(self.given), set()  # type: Radii, Dict[Position, Value], Set[Position]
        fresh = iter(range(1_000_000_000))

        def rounded(box: Box) -> Box:
            return box.rounded(precision.half_a_unit_between(box.at), next(fresh)) if box.low != box.high else box

        evaluator = Evaluator(looking_into(self.work, own, rounded), rounded)
        cells: List[Judged] = []
        for step, index, position, true in self.every():
            expected = self.number(evaluator, position)
            spoilt = any(place in tainted for place in self.reads(position))
            given = self.typed.get(position)
            if given is None or given.number is None:
                if given is not None:
                    cells.append(Judged(step, index, position, given, true, expected, 0.0, False, False))
                if isinstance(expected, Box) and position not in exact:
                    expected = expected.rounded(precision.half_a_unit_between(expected.at), position)
                own[position] = expected
                if spoilt or given is not None:
                    tainted.add(position)
                continue
            x = given.number
            half = 0.0 if position in exact or given.formula else precision.half_a_unit(x) if isfinite(x) else 0.0
            judged = self.judged(step, index, position, given, true, expected, half, spoilt)
            cells.append(judged)
            if not judged.right:
                tainted.add(position)
            own[position] = Box.around(x, judged.half, position, radii) if isfinite(x) else str(x)
        return Judgement(cells, own, precision, radii)

    def judged(
        self,
        step: Step,
        index: Index,
        at: Position,
        given: Typed,
        true: Value,
        expected: Value,
        half: float,
        spoilt: bool,
    ) -> Judged:
        x = given.number
        assert x is not None
        follows, is_true = agrees(expected, x, half), agrees(true, x, half)
        if not is_true and isinstance(true, Box) and not given.formula and is_right(x, true.at):
            is_true, half = True, max(half, abs(x - true.at))  # rounded more than other numbers of the page
        box = expected if isinstance(expected, Box) else None
        return Judged(step, index, at, given, true, box, half, follows, is_true or (follows and not spoilt))

    # --- what is exact ----------------------------------------------------------------------------------------------
    def exact(self) -> Set[Position]:
        """The typed numbers that follow to the last digit from given ones and from other exact ones."""
        own: Dict[Position, Value] = dict(self.given)
        exact: Set[Position] = set(self.given)
        evaluator = Evaluator(looking_into(self.work, own))
        for _, _, position, _ in self.every():
            typed = self.typed.get(position)
            value = self.number(evaluator, position)
            if typed is None:
                own[position] = value
                continue
            number = typed.number
            own[position] = value if number is None else Box.exact(number) if isfinite(number) else str(number)
            if number is not None and isinstance(value, Box) and all(place in exact for place in self.reads(position)):
                if abs(value.at - number) <= 1e-12 * abs(number):
                    exact.add(position)
        return exact

    # --- every number of every step ---------------------------------------------------------------------------------
    def every(self) -> Iterator[Tuple[Step, Index, Position, Value]]:
        for step in self.work.steps:
            for (index, row, col), true in zip(step.block.cells(), self.true[step.key]):
                yield step, index, (row, col), true

    def number(self, evaluator: Evaluator, position: Position) -> Value:
        try:
            return evaluator.value(self.trees[position])
        except SyntaxProblem:
            raise
        except (ArithmeticError, ValueError):
            return "nan"

    def reads(self, position: Position) -> Iterator[Position]:
        yield from places_of(self.work, self.trees[position])


def places_of(work: Work, tree: Tree) -> Iterator[Position]:
    """The cells that a formula reads."""
    for reference in references(tree):
        if reference.first.sheet == OVERFLOW:
            yield from places_of(work, parse_formula(work.overflow[f"A{reference.first.row}"]))
        else:
            yield from ((place.row, place.column) for place in reference.places())


def agrees(value: Value, x: float, half: float) -> bool:
    """Whether a typed number may be this one, rounded."""
    if isinstance(value, bool):
        value = Box.exact(float(value))
    if isinstance(value, str):
        return value == str(x)
    if value is None or not isfinite(x):
        return False
    noise = RELATIVE_NOISE * max(abs(value.at), abs(x)) + NOISE
    return value.meets(x - half - noise, x + half + noise)


__all__ = ["Callable", "Judged", "Judgement", "Place", "Typed", "agrees", "judge", "places_of"]
