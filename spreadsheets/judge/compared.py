"""Every number that a workbook shows, against the true one: formulas, framework values, typed numbers and repeats."""

from __future__ import annotations

from collections import Counter
from math import isfinite
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..address import cell_name
from ..closeness import is_close
from ..errors import WorkbookError
from ..formulas import FORMULAS
from ..formulas.box import Box
from ..formulas.evaluate import Value as BoxOrText
from ..graph.items import Item, Leaf, Node, numbers
from ..graph.keys import Key, StepKey, Value
from ..graph.step import Line
from ..layout import Block, Index, size_of
from ..plan.subject import MAX_WIDTH
from ..read.places import Carried, Places
from ..read.workbook import Cell
from .causes import agrees
from .computed import Computed, shown
from .digits import digits_held, lost
from .from_key import KeyFinder
from .hand import is_right
from .hint import hint, number_in
from .repeated import Wrong, wrong_differences, wrong_repeats
from .report import Difference

MAX_DIFFERENCES = 500_000  # that are kept, in some 400 MB
MAX_OPERANDS = 12  # that are named where a cell is described


Judge = Callable[[Cell, float, bool, float], Optional[str]]


class Enough(Exception):
    """More differs than anybody will look at."""


class CellsCompared(Computed):
    """`strict`: the blanks alone are taken from what was handed in."""

    def __init__(
        self, book: Any, carried: Carried, tolerance: Tuple[float, float], by_size: bool, strict: bool
    ) -> None:
        super().__init__(book, carried, tolerance, by_size)
        self.strict = strict
        self.differences: List[Difference] = []
        self.undecided: List[Difference] = []
        self.kinds: Counter = Counter()
        self.uncalculated = 0
        self.moved: Dict[Key, Any] = {}  # how far digits that were lost may have moved each number
        self.moved_then: Dict[Key, Any] = {}  # the same at the export
        self.typed_infinite: Set[Leaf] = set()
        self.own_steps: Dict[StepKey, List[BoxOrText]] = {}  # of a worksheet: what the person's own numbers lead to
        self.finder = KeyFinder(book, carried)
        self.digits = digits_held(self.results())
        values = [key.item for key in carried.places if isinstance(key, Value)]
        self.largest = max((size_of(item.shape) for item in values), default=0)

    def results(self) -> Iterator[float]:
        """What a spreadsheet program calculated and stored."""
        for places in self.carried.places.values():
            cells = self.book[places.sheet]
            for _, row, column in places.live.cells():
                cell = cells[row, column]
                if cell.has_formula and cell.kind == "number":
                    yield float(cell.value)

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
            raise Enough(f"what comes after the first {MAX_DIFFERENCES:,} differences")
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


__all__ = ["CellsCompared", "Enough", "infinite"]
