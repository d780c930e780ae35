"""verify(path): the graph in a workbook, computed again from its own inputs, against everything in its cells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from ..address import cell_name
from ..errors import WorkbookError
from ..graph.items import Node
from ..graph.keys import Gradient, Key, Share, Value
from ..graph.run import Run
from ..plan.subject import tolerance as usual_tolerance
from ..read.carried import carry_the_same, read_graph
from ..read.pages import choose
from ..read.safety import PathLike
from ..read.workbook import Book, Cell, open_workbook
from ..waiting import Advance, nothing, waiting
from .causes import Judged
from .compared import CellsCompared, Enough, infinite
from .digits import spread
from .exercise import FROM_THE_KEY, NOT_A_NUMBER, Exercise
from .handed_in import HandedIn
from .hint import hint, number_in, to_do
from .reasons import Reason
from .report import Difference, Verification
from .story import Story

EXPORTED = "Exported"
BYTES = 75  # of a cell, as a rule


def verify(
    path: Union[PathLike, Book],
    *,
    original: Union[PathLike, Book, None] = None,
    page: Optional[str] = None,
    rtol: Optional[float] = None,
    atol: Optional[float] = None,
    progress: Optional[bool] = None,
) -> Verification:
    """Compute the graph in the workbook at `path` again and compare every number of it that the workbook shows.

    The inputs are what stands in the yellow cells now. A formula's calculated value is right if
    |found - expected| <= atol + rtol |expected|; the defaults are those of the sheet Check, 1e-9 and 1e-12 for
    float64; for a gradient ten, a hundred, ... times that atol, where the numbers that it is a sum of are as large.
    Where the program that stored the values kept ten digits or so, they are judged at those. A number typed by hand, in
    a blank of a worksheet or over a formula, is right if it is the true value rounded to as many decimals as were
    typed, at least to two significant digits. A formula in a blank is right if its value is, and if it does not take it
    from the key, from the framework's values or from Check. The framework's values are compared with those of the
    inputs at the export. "not calculated", "blank" and "wrong" are different answers. So is "undecided": a number
    that another rounding moves by more than the tolerance, or that comes after an overflow, is not called wrong. Where
    the true number is not finite, a formula's error is right: a spreadsheet has no infinity. Not compared are helper
    cells and the sheets Start and Check, which follow from the rest.

    In a worksheet every typed number is judged by the person's own numbers before it: a Difference is their "own" slip,
    or "carried", right given those; and its reason is the misconception that gives such numbers, if one is known.
    `original` is the exercise as it was handed out: graph, inputs and blanks are taken from it, and from the file at
    `path` only what was typed into the blanks. Without it the workbook's own graph is believed. `page`: the title of
    the sheet to judge, where a workbook has several pages with a graph each. Both files may be given as what
    open_workbook() gave: for several pages a file is then read once. `progress`: whether a line shows how far it is;
    None shows it on a terminal, where it takes seconds.

    Raises WorkbookError, in one line, where the workbook carries no graph, its structure was changed, or nothing in it
    can be checked.
    """
    book: Any = opened(path)
    cells = book.unpacked // BYTES
    with waiting("reading, MB", book.unpacked >> 20, progress, cells) as advance:
        book.advance = lambda read: advance(read / (1 << 20))
        if original is None:
            book = choose(book, page)
            carried = read_graph(book)
        else:
            book = HandedIn(book, choose(opened(original), page))
            carried = read_graph(book)
            book.take_typed(carried)
    usual = usual_tolerance(carried.graph)
    tolerance = (usual[0] if rtol is None else rtol, usual[1] if atol is None else atol)
    if not all(limit >= 0 for limit in tolerance):
        raise ValueError(f"verify: rtol {rtol!r} and atol {atol!r}: give numbers of at least 0")
    verifier = Verifier(book, carried, tolerance, atol is None, original is not None)
    with waiting("checking, tensors", sum(1 for _ in verifier.tensors("")), progress, cells) as checked:
        result = verifier.verify(checked)
    if original is not None and not carry_the_same(book.typed, book.original):
        return replace(result, another=book.original.path)
    return result


def opened(file: Union[PathLike, Book]) -> Book:
    """A workbook that may have been opened before."""
    return file if isinstance(file, Book) else open_workbook(file)


class Verifier(CellsCompared):
    def verify(self, advance: Advance = nothing) -> Verification:
        now, then = self.leaves(None), self.leaves(EXPORTED)
        changed = list(self.changed(now, then))
        self.moved_then = spread(lambda leaves: self.compute(leaves, exported=True), then, self.digits)
        self.moved = spread(self.compute, now, self.digits) if changed else self.moved_then
        exported = self.compute(then, exported=True)
        current = self.compute(now) if changed or self.graph.step else exported
        self.current, self.typed_infinite = current, infinite(now) - infinite(then)
        story = self.exercise(current) if self.carried.kind == "worksheet" else None
        try:
            for key, name, way in self.tensors(self.graph.root.name):
                self.tensor(key, current.get(key), exported.get(key), name, way)
                advance(1)
        except Enough as enough:
            self.not_checked.append(str(enough))
        if self.uncalculated:
            self.not_checked.append(f"{self.uncalculated:,} formulas that no spreadsheet program has calculated yet")
        checked = sum(self.kinds.values())
        if not checked:
            why = f" ({self.not_checked[0]})" if self.not_checked else ""
            raise WorkbookError(f"{self.book.path}: 0 cells checked: there is nothing to compare in this workbook{why}")
        return Verification(
            self.book.path,
            checked,
            self.differences,
            dict(self.kinds),
            self.not_checked,
            changed,
            self.undecided,
            story,
            "" if self.strict else str(self.carried.exercise.get("digest", "")),
        )

    def tensors(self, root: str) -> Iterator[Tuple[Key, str, str]]:
        """The key of every tensor, its name and the way it came, in the order in which they are computed: the first
        difference is the cause."""
        for node in self.graph.nodes:
            yield Value(node), "", ""
        for item in [*reversed(self.graph.nodes), *self.graph.leaves]:
            yield Gradient(item), f"d{root}/d{item.name}", ""
            if isinstance(item, Node):
                for k, operand in enumerate(item.inputs):
                    share = Share(item, k)
                    yield share, f"d{root}/d{operand.name}", f" {share.way}"
        for update in self.graph.step.updates if self.graph.step else ():
            for line in update.lines.values():
                yield Value(line), "", ""

    # --- a worksheet ------------------------------------------------------------------------------------------------
    def exercise(self, current: Run) -> Story:
        """Judge what was typed into the blanks: slips of one's own come first, then what was carried, then blanks."""
        exercise = Exercise(self.book, self.carried, current)
        judgement = exercise.judge(self.refused, self.strict)
        self.own_steps = exercise.own()
        judged = {cell.position: cell for cell in judgement.cells}
        found: Dict[Optional[str], List[Difference]] = {"own": [], "carried": [], None: []}
        for position, (sheet, row, column) in exercise.at.items():
            cell, one = exercise.cell(position), judged.get(position)
            self.kinds["blanks" if one is None else "formula" if cell.has_formula else "typed numbers"] += 1
            if one is None:
                kind = cell.kind if cell.kind == "not calculated" else "blank"
                what, hint_of = exercise.what(position), hint(cell, kind, 0.0, True)
                found[None].append(
                    Difference(sheet, cell_name(row, column), kind, cell.seen, exercise.truth(position), what, hint_of)
                )
            elif one.cause is not None:
                found[one.cause].append(self.slip(exercise, one, cell, sheet, cell_name(row, column)))
        for difference in [*found["own"], *found["carried"], *found[None]]:
            self.add(difference)
        return exercise.story(len({place.sheet for place in self.carried.places.values() if place.typed}) > 1)

    def slip(self, exercise: Exercise, one: Judged, cell: Cell, sheet: str, place: str) -> Difference:
        reason = exercise.reason(one)
        kind = "wrong" if reason is None or reason.slug not in (NOT_A_NUMBER, FROM_THE_KEY) else cell.kind
        if reason is not None and reason.slug == FROM_THE_KEY or kind == "number":
            kind = "formula"
        advice = reason.sentence if reason is not None and kind != "wrong" else ""
        truth = exercise.truth(one.position)
        advice = advice or hint(cell, kind, truth, True)
        what = exercise.what(one.position)
        return Difference(sheet, place, kind, cell.seen, truth, what, advice, one.cause, reason)

    def refused(self, sheet: str, row: int, column: int, cell: Cell, dtype: str) -> Optional[Reason]:
        """Why what stands in a blank does not count as a number of the person's own; None where it does."""
        if cell.has_formula:
            reached = self.finder.reached(sheet, row, column)
            if reached:
                return Reason(FROM_THE_KEY, f"it reads {reached}: work the number out and type it")
            return None
        if number_in(cell, dtype) is None:
            return Reason(NOT_A_NUMBER, hint(cell, cell.kind, 0.0, True) or to_do(cell))
        return None
