"""verify(path): the graph in a workbook, computed again from its own inputs, against everything in its cells."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from math import isfinite
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..address import cell_name
from ..closeness import is_close
from ..errors import WorkbookError
from ..formulas import FORMULAS
from ..formulas.box import Box
from ..formulas.evaluate import Value as BoxOrText
from ..graph.items import Item, Leaf, Node, numbers
from ..graph.keys import Gradient, Key, Share, StepKey, Value
from ..graph.run import Run
from ..graph.step import Line
from ..layout import Block, Index, size_of
from ..plan.subject import MAX_WIDTH
from ..plan.subject import tolerance as usual_tolerance
from ..read.carried import carry_the_same, read_graph
from ..read.pages import choose
from ..read.places import Carried, Places
from ..read.safety import PathLike
from ..read.workbook import Cell, open_workbook
from ..waiting import Advance, nothing, waiting
from .causes import Judged, agrees
from .computed import Computed, shown
from .digits import digits_held, lost, spread
from .exercise import FROM_THE_KEY, NOT_A_NUMBER, Exercise
from .from_key import KeyFinder
from .hand import is_right
from .handed_in import HandedIn
from .hint import hint, number_in, to_do
from .reasons import Reason
from .repeated import Wrong, wrong_differences, wrong_repeats
from .report import Difference, Verification
from .story import Story

EXPORTED = "Exported"
MAX_DIFFERENCES = 500_000  # that are kept, in some 400 MB
BYTES = 75  # of a cell, as a rule
MAX_OPERANDS = 12  # that are named where a cell is described


Judge = Callable[[Cell, float, bool, float], Optional[str]]


def verify(
    path: PathLike,
    *,
    original: Optional[PathLike] = None,
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
    the sheet to judge, where a workbook has several pages with a graph each. `progress`: whether a line shows how far
    it is; None shows it on a terminal, where it takes seconds.

    Raises WorkbookError, in one line, where the workbook carries no graph, its structure was changed, or nothing in it
    can be checked.
    """
    book: Any = open_workbook(path)
    cells = book.unpacked // BYTES
    with waiting("reading, MB", book.unpacked >> 20, progress, cells) as advance:
        book.advance = lambda read: advance(read / (1 << 20))
        if original is None:
            book = choose(book, page)
            carried = read_graph(book)
        else:
            book = HandedIn(book, choose(open_workbook(original), page))
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
        return replace(result, another=os.fspath(original))
    return result


class _Enough(Exception):
    """More differs than anybody will look at."""


class Verifier(Computed):
    def __init__(
        self, book: Any, carried: Carried, tolerance: Tuple[float, float], by_size: bool, strict: bool
    ) -> None:
        super().__init__(book, carried, tolerance, by_size)
        self.strict = strict
        self.differences: List[Difference] = []
        self.undecided: List[Difference] = []
        self.kinds: Counter = Counter()
        self.uncalculated = 0
        self.own_steps: Dict[StepKey, List[BoxOrText]] = {}  # of a worksheet: what the person's own numbers lead to
        self.finder = KeyFinder(book, carried)
        self.digits = digits_held(self.results())
        values = [key.item for key in carried.places if isinstance(key, Value)]
        self.largest = max((size_of(item.shape) for item in values), default=0)

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
        except _Enough:
            self.not_checked.append(f"what comes after the first {MAX_DIFFERENCES:,} differences")
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

    def results(self) -> Iterator[float]:
        """What a spreadsheet program calculated and stored."""
        for places in self.carried.places.values():
            cells = self.book[places.sheet]
            for _, row, column in places.live.cells():
                cell = cells[row, column]
                if cell.has_formula and cell.kind == "number":
                    yield float(cell.value)

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

    # --- comparing --------------------------------------------------------------------------------------------------
    def tensor(self, key: Key, array: Any, exported: Any, name: str, way: str) -> None:
        places, item = self.carried.places.get(key), key.item
        if places is None:
            if array is not None and self.must_be_shown(key) and self.carried.exercise.get("layout") != "page":
                raise WorkbookError(
                    f"{self.book.path}: its structure was changed: nothing says where {name or item.name}{way} is; "
                    "export the workbook again"
                )
            return
        if array is None or exported is None:
            self.not_checked.append(f"{name or item.name}{way}: it cannot be computed from the cells of this workbook")
            return
        values, old, judge = numbers(array), numbers(exported), self.judge(key, array.dtype)
        cells = self.book[places.sheet]
        if self.goes_on_with_what_was_typed(key):
            self.white_cells(places, key, item, name, way)
        elif places.live is not places.typed:
            self.block(places.sheet, places.live, values, judge, "formulas", item, name, way, key)
        if places.framework is not None:
            self.block(places.sheet, places.framework, old, judge, "framework values", item, name, way, key)
            wrong = wrong_differences(cells, places, *self.limits(key), self.digits)
            self.repeated(places.sheet, wrong, "differences", item, name, way)
        if places.typed is not None and self.carried.kind != "worksheet":
            self.block(places.sheet, places.typed, values, judge, "typed numbers", item, name, way, key)
        source = self.carried.echoed(key) if places.echo is not None else None
        if places.echo is not None and source is not None:
            wrong = wrong_repeats(cells, places.echo, self.book[source.sheet], source)
            self.repeated(places.sheet, wrong, "repeats", item, name, way)

    def goes_on_with_what_was_typed(self, key: Key) -> bool:
        """Whether these are white cells of a page: what is not asked, computed from what was."""
        on_page = self.carried.kind == "worksheet" and self.carried.exercise.get("layout") == "page"
        return on_page and self.carried.places[key].typed is None and key in self.own_steps

    def white_cells(self, places: Places, key: Key, item: Item, name: str, way: str) -> None:
        """Each must hold what follows from the person's own numbers, or nothing while these are missing."""
        cells = self.book[places.sheet]
        for (index, row, column), own in zip(places.live.cells(), self.own_steps[key]):
            cell = cells[row, column]
            if cell.kind == "not calculated" or (cell.kind == "text" and not cell.value):
                self.uncalculated += cell.kind == "not calculated"
                continue
            self.kinds["formulas"] += 1
            if cell.kind != "error" and (cell.number is None or not agrees(own, cell.number, 0.0)):
                expected = own.at if isinstance(own, Box) else str(own)
                what = describe(item, name, index) + way
                self.add(Difference(places.sheet, cell_name(row, column), "wrong", cell.seen, expected, what))

    def must_be_shown(self, key: Key) -> bool:
        """Whether a tensor has cells in every workbook that shows the others it shows."""
        item, size = key.item, size_of(key.item.shape)
        if item in self.carried.left_out:
            return False
        if isinstance(item, Line):
            return size > 0
        if isinstance(key, Value):
            fits = not item.shape or item.shape[-1] <= MAX_WIDTH
            return 0 < size <= self.largest and fits
        return size > 0 and Value(item) in self.carried.places and item.requires_grad

    def block(
        self,
        sheet: str,
        block: Block,
        values: Sequence[Any],
        judge: Judge,
        kind: str,
        item: Item,
        name: str,
        way: str,
        key: Key,
    ) -> None:
        cells, in_blank = self.book[sheet], kind == "typed numbers"
        moved = (self.moved_then if kind == "framework values" else self.moved).get(key)
        for n, ((index, row, column), true) in enumerate(zip(block.cells(), values)):
            cell = cells[row, column]
            if cell.kind == "not calculated" and self.carried.kind == "worksheet" and not in_blank:
                self.uncalculated += 1  # a worksheet is there for what is typed into it
                continue
            by_hand = not cell.has_formula and kind != "framework values"
            counted = "formula" if in_blank and cell.has_formula else "typed numbers" if by_hand else kind
            self.kinds["blanks" if cell.kind == "blank" else counted] += 1
            verdict = judge(cell, float(true), by_hand or in_blank, moved[n] if moved else 0.0)
            advice = ""
            if counted == "formula" and cell.kind != "not calculated":
                reached = self.finder.reached(sheet, row, column)
                if reached:
                    verdict, advice = "formula", f"it reads {reached}: work the number out and type it"
            if verdict is not None:
                what = describe(item, name, index) + way
                what += ", the framework's value" if kind == "framework values" else ""
                advice = advice or hint(cell, verdict, float(true), by_hand)
                place = cell_name(row, column)
                difference = Difference(sheet, place, verdict, cell.seen, float(true), what, advice)
                calculated = kind == "formulas" and not by_hand
                if calculated and self.unclear(key, n, float(true), cell):
                    self.undecided.append(difference)
                else:
                    self.add(difference)

    def repeated(self, sheet: str, wrong: Iterator[Wrong], kind: str, item: Item, name: str, way: str) -> None:
        """Count cells that repeat others, and add those that do not."""
        for (index, row, column), verdict, found, expected, note, advice in wrong:
            if verdict == "not calculated" and self.carried.kind == "worksheet":
                self.uncalculated += 1
                continue
            self.kinds[kind] += 1
            if verdict is not None:
                what = f"{describe(item, name, index)}{way}{note}"
                place = cell_name(row, column)
                self.add(Difference(sheet, place, verdict, found, expected, what, advice))

    def add(self, difference: Difference) -> None:
        if len(self.differences) == MAX_DIFFERENCES:
            raise _Enough
        self.differences.append(difference)

    def judge(self, key: Key, dtype: str) -> Judge:
        """What judges a cell by its true number, whether a person put it there, and how far the true number may have
        moved with digits that were lost: None for right, or what is wrong."""
        rtol, atol = self.limits(key)

        def verdict(cell: Cell, true: float, by_hand: bool, moved: float) -> Optional[str]:
            number = number_in(cell, dtype)
            if number is None:
                no_number = cell.kind == "error" and cell.value != "#N/A" and not by_hand and not isfinite(true)
                return None if no_number else cell.kind
            calculated = cell.has_formula or not by_hand
            right = calculated and is_close(number, true, rtol, atol + moved + lost(number, true, self.digits))
            if by_hand and not right:  # a formula of the person's own may round as people do
                right = is_right(number, true, dtype) or abs(number - true) <= moved
            return None if right else "wrong"

        return verdict

    def unclear(self, key: Key, n: int, true: float, cell: Cell) -> bool:
        """Whether a formula's number, which is not the true one, is as good."""
        if cell.kind != "error" and cell.number is None:
            return False
        return bool(self.typed_infinite) or self.doubts.unclear(key, n, true, cell.number)


def infinite(arrays: Dict[Leaf, Any]) -> Set[Leaf]:
    """The inputs that hold infinities or NaN. Formulas are written for those that did at the export."""
    return {leaf for leaf, array in arrays.items() if not all(map(isfinite, numbers(array)))}


def describe(item: Item, name: str, index: Index) -> str:
    """What a cell is: `h[0, 1] = sigmoid(net)[0, 1]`, `dloss/dw[2]`."""
    at = shown(index)
    if name or not isinstance(item, Node):
        return f"{name or item.name}{at}"
    names = [operand.name for operand in item.inputs]
    names = names if len(names) <= MAX_OPERANDS else [*names[:MAX_OPERANDS], "…"]
    return f"{item.name}{at} = {FORMULAS[item.op].element(names, item.params, at)}"
