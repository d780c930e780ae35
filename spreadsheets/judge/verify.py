"""verify(path): the graph in a workbook, computed again from its own inputs, against everything in its cells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

from saitama.tensor.backend import K

from ..address import cell_name
from ..errors import WorkbookError
from ..formulas import FORMULAS
from ..graph.doubt import Doubts
from ..graph.items import Item, Leaf, Node, numbers
from ..graph.keys import Gradient, Key, Share, Start, Value
from ..graph.rounding import sizes
from ..graph.run import Run, run
from ..graph.take_step import take_step
from ..layout import Block, Index
from ..plan.subject import tolerance as usual_tolerance
from ..read.carried import read_graph
from ..read.places import Carried
from ..read.safety import PathLike
from ..read.workbook import Cell, open_workbook
from .compare import is_close
from .hand import is_right, rounded_like
from .report import Comparison, Difference, as_plain

EXPORTED = "Exported"


@dataclass(frozen=True)
class Verification(Comparison):
    """A Comparison that also says what was checked: `kinds` counts live formulas, typed numbers, framework values."""

    kinds: Dict[str, int] = field(default_factory=dict)
    not_checked: List[str] = field(default_factory=list)  # what the workbook has too little of to compute again
    undecided: List[Difference] = field(default_factory=list)  # cells that another rounding makes other numbers of

    def __str__(self) -> str:
        told = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.items() if count)
        lines = [super().__str__()] + ([f"  checked: {told}"] if told else [])
        if self.undecided:
            lines.append(f"  undecided, as rounding or an overflow decides: {len(self.undecided):,}, the first")
            lines.append(f"    {self.undecided[0]}")
        return "\n".join(lines + [f"  not checked: {what}" for what in self.not_checked])

    def as_dict(self) -> Dict[str, Any]:
        undecided = [as_plain(one) for one in self.undecided]
        return {**super().as_dict(), "kinds": self.kinds, "not_checked": self.not_checked, "undecided": undecided}


def verify(path: PathLike, *, rtol: Optional[float] = None, atol: Optional[float] = None) -> Verification:
    """Compute the graph in the workbook at `path` again and compare every cell of it.

    The inputs are what stands in the yellow cells now. A formula's calculated value is right if
    |found - expected| <= atol + rtol |expected|; the defaults are those of the sheet Check, 1e-9 and 1e-12 for
    float64; for a gradient ten, a hundred, ... times that atol, where the numbers that it is a sum of are as large. A
    number typed by hand, in a blank of a worksheet or over a formula, is right if it is the true value rounded to as
    many decimals as were typed, at least to two significant digits. The framework's values are compared with those of
    the inputs at the export. "not calculated", "blank" and "wrong" are different answers. So is "undecided": a number
    that another rounding moves by more than the tolerance, or that comes after an overflow, is not called wrong. Where
    the true number is not finite, a formula's error is right: a spreadsheet has no infinity.

    Raises WorkbookError, in one line, where the workbook carries no graph or its structure was changed.
    """
    book = open_workbook(path)
    carried = read_graph(book)
    usual = usual_tolerance(carried.graph)
    tolerance = (usual[0] if rtol is None else rtol, usual[1] if atol is None else atol)
    if not all(limit >= 0 for limit in tolerance):
        raise ValueError(f"verify: rtol {rtol!r} and atol {atol!r}: give numbers of at least 0")
    return _Verifier(book, carried, tolerance, by_size=atol is None).verify()


class _Verifier:
    def __init__(self, book: Any, carried: Carried, tolerance: Tuple[float, float], by_size: bool) -> None:
        self.book, self.carried, self.graph, self.tolerance = book, carried, carried.graph, tolerance
        self.by_size, self.sizes = by_size, {}  # type: bool, Dict[Key, float]
        self.differences: List[Difference] = []
        self.undecided: List[Difference] = []
        self.kinds: Counter = Counter()
        self.not_checked: List[str] = []
        self.uncalculated = 0

    def verify(self) -> Verification:
        now = self.leaves(None)
        then = self.leaves(EXPORTED)
        same = all(numbers(now[leaf]) == numbers(then[leaf]) for leaf in now)
        exported = self.compute(then, exported=True)
        current = exported if same and self.graph.step is None else self.compute(now)
        self.current, self.typed_infinite = current, infinite(now) - infinite(then)
        root = self.graph.root.name
        for node in self.graph.nodes:  # in the order in which they are computed: the first difference is the cause
            self.tensor(Value(node), current, exported)
        for item in [*reversed(self.graph.nodes), *self.graph.leaves]:
            self.tensor(Gradient(item), current, exported, f"d{root}/d{item.name}")
            for k, operand in enumerate(item.inputs if isinstance(item, Node) else ()):
                self.tensor(Share(item, k), current, exported, f"d{root}/d{operand.name}", f" through {item.name}")  # type: ignore[arg-type]
        for update in self.graph.step.updates if self.graph.step else ():
            for line in update.lines.values():
                self.tensor(Value(line), current, exported)
        if self.uncalculated:
            self.not_checked.append(f"{self.uncalculated:,} formulas that no spreadsheet program has calculated yet")
        return Verification(
            self.book.path,
            sum(self.kinds.values()),
            self.differences,
            dict(self.kinds),
            self.not_checked,
            self.undecided,
        )

    # --- computing again --------------------------------------------------------------------------------------------
    def leaves(self, sheet: Optional[str]) -> Dict[Leaf, Any]:
        """The arrays of the inputs, from the yellow cells or from the sheet Exported."""
        arrays = {}
        for leaf in self.graph.inputs:
            places = self.carried.places.get(Value(leaf))
            if places is None:
                if sheet is None:
                    self.not_checked.append(f"what depends on {leaf.name}, which has no cells in this workbook")
                continue
            arrays[leaf] = self.array(places.live, leaf.dtype, sheet or places.sheet, leaf.name)
        return arrays

    def array(self, block: Block, dtype: str, sheet: str, name: str) -> Any:
        """The numbers of a block; WorkbookError where one is missing or not of the kind."""
        if sheet not in self.book:
            raise WorkbookError(f"{self.book.path}: the sheet {sheet!r} is missing; export the workbook again")
        cells = self.book[sheet]
        flat = []
        for index, row, column in block.cells():
            cell = cells[row, column]
            number = float(cell.value is True) if cell.kind == "boolean" else cell.number
            where = f"{self.book.path}: '{sheet}'!{cell_name(row, column)} ({name}{shown(index)})"
            if number is None:
                raise WorkbookError(f"{where} {cell.found}; type a number")
            if dtype in ("int64", "bool") and number != int(number if abs(number) < 2**63 else 0.5):
                raise WorkbookError(f"{where} holds {number:g}; {name} has whole numbers only")
            flat.append(bool(number) if dtype == "bool" else int(number) if dtype == "int64" else number)
        return K.from_list(flat, block.shape, dtype)

    def compute(self, leaves: Dict[Leaf, Any], exported: bool = False) -> Run:
        given = self.given()
        try:
            result = run(self.graph, leaves, given)
            self.sizes = sizes(result) if self.by_size else {}
            starts = self.starts(result, exported)
            take_step(self.graph, result, starts)
            self.arrays = leaves, given, starts
            return result
        except (ValueError, TypeError, IndexError) as error:  # an index out of range, typed into Inputs
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise WorkbookError(f"{self.book.path}: the inputs cannot be computed with: {reason}") from None

    def given(self) -> Dict[Key, Any]:
        """The framework's values where there are no formulas."""
        given = {}
        for key, places in self.carried.places.items():
            if places.pinned:
                dtype = key.item.dtype if isinstance(key, Value) else self.graph.dtype
                given[key] = self.array(places.live, dtype, places.sheet, "a value of the framework")
        return given

    @cached_property
    def doubts(self) -> Doubts:
        """How much hangs on rounding, for the inputs of now."""
        return Doubts(self.graph, self.current, *self.arrays, self.limits)

    def starts(self, result: Run, exported: bool) -> Dict[Leaf, Any]:
        """The gradients that the step in the workbook starts from, number by number: those in its cells where they are
        right, for a rule can divide even rounding noise by its size; else, and where nothing is calculated, those of
        `result`. `exported`: the cells with the framework's gradients."""
        gradients = {}
        for update in self.graph.step.updates if self.graph.step else ():
            p = update.parameter
            places = self.carried.places.get(Gradient(p))
            if not exported:
                places = self.carried.places.get(Start(update)) or places
            block = None if places is None else places.framework if exported else places.live
            if places is not None and block is not None and p in result.gradients:
                cells, expected = self.book[places.sheet], result.gradients[p]
                found = [cells[row, column].number for _, row, column in block.cells()]
                limits = self.limits(Gradient(p))
                chosen = [
                    true if own is None or not is_close(own, true, *limits) else own
                    for own, true in zip(found, numbers(expected))
                ]
                gradients[p] = K.from_list(chosen, p.shape, p.dtype)
        return gradients

    # --- comparing --------------------------------------------------------------------------------------------------
    def tensor(self, key: Key, now: Run, then: Run, name: str = "", way: str = "") -> None:
        places, item = self.carried.places.get(key), key.item
        if places is None:
            return
        array, exported = now.get(key), then.get(key)
        if array is None or exported is None:
            self.not_checked.append(f"{name or item.name}{way}: it cannot be computed from the cells of this workbook")
            return
        values, old, judge = numbers(array), numbers(exported), self.judge(key, array.dtype)
        self.block(places.sheet, places.live, values, judge, "formulas", item, name, way, key)
        if places.framework is not None:
            self.block(places.sheet, places.framework, old, judge, "framework values", item, name, way, key)
        if places.typed is not None:
            self.block(places.sheet, places.typed, values, judge, "typed numbers", item, name, way, key)

    def block(
        self,
        sheet: str,
        block: Block,
        values: Sequence[Any],
        judge: Callable[[Cell, float, bool], Optional[str]],
        kind: str,
        item: Item,
        name: str,
        way: str,
        key: Key,
    ) -> None:
        cells = self.book[sheet]
        for n, ((index, row, column), true) in enumerate(zip(block.cells(), values)):
            cell = cells[row, column]
            if cell.kind == "not calculated" and self.carried.kind == "worksheet":
                self.uncalculated += 1  # a worksheet is there for what is typed into it
                continue
            by_hand = not cell.has_formula and kind != "framework values"
            self.kinds["blanks" if cell.kind == "blank" else "typed numbers" if by_hand else kind] += 1
            verdict = judge(cell, float(true), by_hand)
            if verdict is not None:
                what = (
                    describe(item, name, index)
                    + way
                    + (", the framework's value" if kind == "framework values" else "")
                )
                hint = _hint(cell, verdict, float(true), by_hand)
                difference = Difference(sheet, cell_name(row, column), verdict, cell.value, float(true), what, hint)
                calculated = kind == "formulas" and not by_hand
                unclear = calculated and self.unclear(key, n, float(true), cell)
                (self.undecided if unclear else self.differences).append(difference)

    def judge(self, key: Key, dtype: str) -> Callable[[Cell, float, bool], Optional[str]]:
        """What judges a cell by its true number and whether it was typed: None for right, or what is wrong."""
        limits = self.limits(key)

        def verdict(cell: Cell, true: float, by_hand: bool) -> Optional[str]:
            number = float(cell.value is True) if cell.kind == "boolean" else cell.number
            if number is None:
                no_number = cell.kind == "error" and cell.value != "#N/A" and not by_hand and not isfinite(true)
                return None if no_number else cell.kind
            right = is_right(number, true, dtype) if by_hand else is_close(number, true, *limits)
            return None if right else "wrong"

        return verdict

    def unclear(self, key: Key, n: int, true: float, cell: Cell) -> bool:
        """Whether a formula's number, which is not the true one, is as good."""
        if cell.kind != "error" and cell.number is None:
            return False
        return bool(self.typed_infinite) or self.doubts.unclear(key, n, true, cell.number)

    def limits(self, key: Key) -> Tuple[float, float]:
        """(rtol, atol) for the numbers of a block."""
        rtol, atol = self.tolerance
        return rtol, atol * self.sizes.get(key, 1.0)


def infinite(arrays: Dict[Leaf, Any]) -> Set[Leaf]:
    """The inputs that hold infinities or NaN. Formulas are written for those that did at the export."""
    return {leaf for leaf, array in arrays.items() if not all(map(isfinite, numbers(array)))}


def describe(item: Item, name: str, index: Index) -> str:
    """What a cell is: `h[0, 1] = sigmoid(net)[0, 1]`, `dloss/dw[2]`."""
    at = shown(index)
    if name or not isinstance(item, Node):
        return f"{name or item.name}{at}"
    return f"{item.name}{at} = {FORMULAS[item.op].element([i.name for i in item.inputs], item.params, at)}"


def shown(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def _hint(cell: Cell, verdict: str, true: float, by_hand: bool) -> str:
    if verdict == "not calculated":
        return "open and save it in a spreadsheet program, or run `saitama recalc`"
    if verdict == "wrong" and by_hand and cell.number is not None and abs(true) < 1e15 and abs(cell.number) < 1e15:
        rounded = rounded_like(true, cell.number)
        return f"rounded, {rounded}" if len(rounded) <= 12 else ""
    return ""
