"""Why a number is wrong where the slip may be in a step before it that the sheet does not show.

Someone writes the hidden delta in one cell, the product with the weights and the derivative of the activation at once.
So each misconception is tried on every step between the wrong numbers and those before that are on the sheet, and what
follows from it is computed through to the wrong numbers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..formulas.box import Box
from ..formulas.evaluate import Evaluator, Undecided, Value
from ..formulas.syntax import Place, SyntaxProblem
from ..graph.items import Node
from ..graph.keys import Value as ValueOf
from ..plan.work import OVERFLOW, Position, Step, Work
from .causes import Judged, Judgement, agrees
from .reasons import BANK, Case, Reason, reason_for
from .reasons.bank import FAR_FETCHED, GENERAL
from .reasons.case import Cell

OF_THE_TYPED = {"digits", "rounded-early"}  # which look at the typed numbers themselves
MOST_NUMBERS = 4_000  # between the wrong numbers and what is on the sheet
MOST_STEPS = 40
MOST_ALIKE = 6  # of one operation
_NO_NUMBER = (SyntaxProblem, ArithmeticError, ValueError, LookupError, TypeError, Undecided)


def reason_between(work: Work, judgement: Judgement, step: Step, shown: Set[Position]) -> Optional[Reason]:
    """The reason for a step's wrong numbers, at the step itself or at one before it. `shown`: the places that the sheet
    has numbers for."""
    own = reason_for(Case(work, judgement, step))
    hidden = hidden_before(work, step, shown)
    own_rank = BANK[own.slug].rank if own is not None else FAR_FETCHED + 1
    if not hidden or own_rank < GENERAL:
        return own
    candidates: List[Tuple[bool, int, int, str, str]] = []
    for distance, before in enumerate(hidden):
        case = Before(work, judgement, before, step, {position for one in hidden for position in one.positions})
        for one in BANK.values():
            if one.slug in OF_THE_TYPED:
                continue
            try:
                found = one.found(case)
            except _NO_NUMBER:
                continue
            if found is not None:
                candidates.append((found.others < len(case.others), found.rank, distance, one.slug, found.words))
    if not candidates:
        return own or everywhere(work, judgement, step, hidden)
    candidates.sort(key=lambda one: one[:3])
    misses, rank, _, slug, words = candidates[0]
    others = tuple(dict.fromkeys(other for *_, other, _ in candidates[1:] if other != slug))
    if own is not None and (misses or rank >= own_rank):
        return replace(own, others=tuple(dict.fromkeys((*own.others, slug))))
    return Reason(slug, words, others)


def everywhere(work: Work, judgement: Judgement, step: Step, hidden: List[Step]) -> Optional[Reason]:
    """One misconception at every hidden step of an operation: log₁₀ for both logarithms of a loss."""
    places = {position for one in hidden for position in one.positions}
    ops: Dict[str, List[Step]] = {}
    for before in hidden:
        if isinstance(before.of, Node) and isinstance(before.key, ValueOf):
            ops.setdefault(before.of.op, []).append(before)
    for steps in ops.values():
        if not 1 < len(steps) <= MOST_ALIKE:
            continue
        cases = [Before(work, judgement, before, step, places) for before in steps]
        for one in BANK.values():
            ways = [dict(one.ways(case)) for case in cases] if one.slug not in OF_THE_TYPED else []
            for words, cell in ways[0].items() if ways else ():
                others = [(case, way[words]) for case, way in zip(cases[1:], ways[1:]) if words in way]
                if len(others) == len(cases) - 1 and cases[0].fits_with(cell, others):
                    return Reason(one.slug, words)
    return None


def hidden_before(work: Work, step: Step, shown: Set[Position]) -> List[Step]:
    """The steps between a step and the numbers on the sheet, the nearest first."""
    at: Dict[Position, Step] = {position: one for one in work.steps for position in one.positions}
    found: Dict[int, Step] = {}
    waiting = list(step.positions)
    seen = set(waiting)
    while waiting:
        for place in work.reads.get(waiting.pop(), []):
            if place not in seen and place not in shown and place in at:
                seen.add(place)
                found.setdefault(id(at[place]), at[place])
                waiting.append(place)
                if len(seen) > MOST_NUMBERS or len(found) > MOST_STEPS:
                    return []
    order = {id(one): n for n, one in enumerate(work.steps)}
    return sorted((one for one in found.values() if one is not step), key=lambda one: -order[id(one)])


class Before(Case):
    """A step that the sheet does not show, as the case of the wrong numbers of a later one."""

    def __init__(self, work: Work, judgement: Judgement, step: Step, later: Step, hidden: Set[Position]) -> None:
        super().__init__(work, judgement, step)
        self.later, self.hidden = Case(work, judgement, later), hidden
        self.others = [one for one in self.later.cells if one not in self.later.wrong]
        self.wrong = [
            replace(self.later.wrong[0], step=step, index=index, position=(row, column))
            for index, row, column in step.block.cells()
        ]
        self.cells = [*self.wrong, *self.others]
        self._after = self._reached()

    def _reached(self) -> Set[Position]:
        """The hidden numbers that change with this step's."""
        reached = set(self.step.positions)
        for one in self.work.steps:
            for position in one.positions:
                if position in self.hidden and any(place in reached for place in self.work.reads[position]):
                    reached.add(position)
        return reached

    def read_by_a_way(self) -> int:
        return self.later.read_by_a_way() + sum(len(self.work.reads[position]) for position in self._after)

    def fits(self, cell: Cell) -> bool:
        return self.fits_with(cell, [])

    def fits_with(self, cell: Cell, others: List[Tuple[Before, Cell]]) -> bool:
        """Whether a way fits, together with those of other steps."""
        look = self._look(cell, others)
        try:
            given = all(self._given(one, look) for one in self.later.wrong)
            return given and any(self._differs(one, look) for one in self.later.wrong)
        except _NO_NUMBER:
            return False

    def gives(self, cell: Cell, one: Judged) -> bool:
        try:
            return self._given(one, self._look(cell))
        except _NO_NUMBER:
            return False

    def _given(self, one: Judged, evaluator: Evaluator) -> bool:
        value = self._at(one, evaluator)
        return one.typed.number is not None and isinstance(value, Box) and agrees(value, one.typed.number, one.half)

    def _differs(self, one: Judged, evaluator: Evaluator) -> bool:
        """Whether a way gives another number than the right one at all."""
        value = self._at(one, evaluator)
        return not (isinstance(value, Box) and isinstance(one.expected, Box) and value.at == one.expected.at)

    def _at(self, one: Judged, evaluator: Evaluator) -> Value:
        return evaluator.value(self.work.trees[one.position])

    def _look(self, cell: Cell, others: Sequence[Tuple[Before, Cell]] = ()) -> Evaluator:
        """An evaluator that sees this step computed differently, and others too, and what follows from that."""
        changed = [(self, cell), *others]
        way_at = {
            (row, column): (case, way, index) for case, way in changed for index, row, column in case.step.block.cells()
        }
        after = set().union(*(case._after for case, _ in changed))
        known: Dict[Position, Value] = {}
        on_the_way = self.judgement.precision.on_the_way

        def look(place: Place) -> Value:
            if place.sheet == OVERFLOW:
                return inner.value(self.work.spilt(place.row))
            at = place.row, place.column
            if at not in after:
                return self.judgement.own.get(at)
            if at not in known:
                if at not in way_at:
                    known[at] = inner.value(self.work.trees[at])
                else:
                    case, way, index = way_at[at]
                    what = way(index)
                    known[at] = what if isinstance(what, Box) else case.evaluator.value(what)
            return known[at]

        inner = Evaluator(look, on_the_way)
        return inner


__all__ = ["reason_between"]
