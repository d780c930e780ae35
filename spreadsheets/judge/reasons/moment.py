"""No bias correction, or the moment before the update in place of the one after."""

from __future__ import annotations

from typing import Dict, Iterator, Tuple

from ...formulas.syntax import Place, Reference, Tree
from ...graph.keys import Value
from ...graph.step import Update
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell
from .trees import replaced


@misconception("moment", KNOWS_THE_OPERATION)
class Moment(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        if not case.is_update:
            return
        update = case.step.of
        assert isinstance(update, Update)
        lines = {symbol: Value(line) for symbol, line in update.lines.items() if Value(line) in case.work.blocks}
        before = {symbol: Value(leaf) for symbol, leaf in update.state.items() if leaf.shape == update.shape}
        for corrected, plain in (("m̂", "m"), ("v̂", "v")):
            if corrected in lines and plain in lines:
                yield from self.instead(case, lines[corrected], lines[plain], f"{plain} without its bias correction")
                if case.key == lines[corrected]:
                    view = case.work.view(lines[plain])
                    yield f"{plain} without its bias correction", lambda i, view=view: view[i]
        for symbol, old in before.items():
            if symbol in lines:
                yield from self.instead(
                    case, lines[symbol], old, f"the {symbol} before the update in place of the one after"
                )
        yield from self.both(case, lines, before)

    @staticmethod
    def instead(case: Case, wanted: Value, used: Value, words: str) -> Iterator[Tuple[str, Cell]]:
        """The step with the cells of one block in place of another's."""
        yield words, lambda i: exchanged(case, i, {wanted: used})

    @staticmethod
    def both(case: Case, lines: Dict[str, Value], before: Dict[str, Value]) -> Iterator[Tuple[str, Cell]]:
        if {"m̂", "v̂", "m", "v"} <= set(lines):
            pairs = {lines["m̂"]: lines["m"], lines["v̂"]: lines["v"]}
            yield "without bias correction", lambda i: exchanged(case, i, pairs)
        if case.step.name == "t":
            yield "the step count before this step", lambda i: f"{case.step.formula(i)}-1"


def exchanged(case: Case, index: Index, pairs: Dict[Value, Value]) -> Tree:
    """A number's formula with the cells of some blocks in place of those of others."""
    cells: Dict[Place, Tuple[Value, Index]] = {}
    for wanted in pairs:
        for i, row, column in case.work.blocks[wanted].cells():
            cells[Place(None, row, column)] = wanted, i

    def change(part: Tree) -> Tree:
        if isinstance(part, Reference) and part.first in cells:
            wanted, i = cells[part.first]
            row, column = case.work.blocks[pairs[wanted]].at(i)
            return Reference(Place(None, row, column))
        return part

    return replaced(case.tree(index), change)
