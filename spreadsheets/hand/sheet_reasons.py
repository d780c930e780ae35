"""Why a number of a sheet is wrong: what its formula gives away, then what the bank of misconceptions knows."""

from __future__ import annotations

from typing import Any, Iterator, Optional, Tuple

from saitama.tensor.tensor import Tensor

from ..address import cell_name, quote_title
from ..formulas.box import Box
from ..formulas.syntax import SyntaxProblem, parse_formula, references
from ..graph.graph import Graph
from ..graph.items import Leaf, numbers
from ..judge.causes import Judged, agrees
from ..judge.reasons import Reason
from ..layout import size_of
from ..read.workbook import Cell
from .encoding import encoding_reason
from .stages import HandWork, Stages

Place = Tuple[str, int, int]
UNSURE = ("other-block", "digits")  # which fit by chance more often than others


class SheetReasons:
    def __init__(self, sheet: Any, stages: Stages) -> None:
        self.sheet, self.stages = sheet, stages

    def reason(
        self, work: Optional[HandWork], one: Optional[Judged], check: Any, place: Place, cell: Cell
    ) -> Optional[Reason]:
        blank = self._blank_read(place, cell)
        if blank:
            return Reason("other-block", f"the formula reads {blank}, which is blank and counts as 0")
        found = work.reason(one) if work is not None and one is not None else None
        if work is not None and one is not None:
            inside = self._rate_inside(work, one)
            if inside is not None and (found is None or found.slug == "factor" or self._reads(place, cell, inside[1])):
                words = f"{inside[0]} is inside of {one.step.name}; it belongs into the step alone"
                return Reason("rate-inside", words)
        if found is None or found.slug in UNSURE:
            found = encoding_reason(check, self.sheet) or found
        return found

    # --- the rate of a later step -----------------------------------------------------------------------------------
    def _rate_inside(self, work: HandWork, one: Judged) -> Optional[Tuple[str, Any]]:
        """The rate of a later step, its name and tensor, if it is in a gradient already."""
        if not one.step.back:
            return None
        cells = [cell for cell in work.judgement.of(one.step.key) if cell.cause == "own"]
        for name, rate, source in self._rates(work):
            if rate not in (0.0, 1.0) and all(_is_times(cell, rate) for cell in cells):
                return name, source
        return None

    def _rates(self, work: HandWork) -> Iterator[Tuple[str, float, Any]]:
        """The single numbers that only steps after this graph read."""
        here = {leaf.source for leaf in work.work.subject.graph.leaves if isinstance(leaf.source, Tensor)}
        for stage in self.stages.stages:
            if stage.graph is work.work.subject.graph:
                for name, leaf in _options(stage.graph):
                    if name == "lr":
                        yield name, float(leaf.array.tolist()), None
                continue
            if stage.traced is not None:  # another backward pass, with numbers of its own
                continue
            for leaf in stage.graph.leaves:
                if size_of(leaf.shape) == 1 and leaf not in stage.given and leaf.source not in here:
                    yield leaf.name, float(numbers(leaf.array)[0]), leaf.source

    def _reads(self, place: Place, cell: Cell, source: Any) -> bool:
        """Whether a formula refers to the cell of a bound number."""
        cells = {bound for one in self.sheet._bound if one.tensor is source for bound in one.cells}
        return any(one in cells for one in self._references(place, cell))

    # --- what a formula refers to -----------------------------------------------------------------------------------
    def _blank_read(self, place: Place, cell: Cell) -> str:
        """A blank cell that a formula refers to by itself, on this sheet or another."""
        for title, row, column in self._references(place, cell):
            if self.sheet.book[title][row, column].kind == "blank":
                address = cell_name(row, column)
                return f"{quote_title(title)}!{address}" if title != place[0] else address
        return ""

    def _references(self, place: Place, cell: Cell) -> Iterator[Place]:
        """The single cells that a formula refers to."""
        try:
            tree = parse_formula(cell.formula or "") if cell.has_formula else None
        except SyntaxProblem:
            return
        for reference in references(tree) if tree is not None else ():
            title = reference.first.sheet or place[0]
            if reference.last is None and title in self.sheet.book:
                yield self.sheet.book[title].title, reference.first.row, reference.first.column


def _is_times(cell: Judged, rate: float) -> bool:
    expected, typed = cell.expected, cell.typed.number
    return isinstance(expected, Box) and typed is not None and agrees(expected * Box.exact(rate), typed, cell.half)


def _options(graph: Graph) -> Iterator[Tuple[str, Leaf]]:
    """The hyper-parameters of a graph's step."""
    for group in graph.step.groups if graph.step is not None else ():
        yield from group.cells.items()


__all__ = ["SheetReasons"]
