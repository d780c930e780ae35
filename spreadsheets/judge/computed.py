"""The graph of a workbook computed again, from what stands in its yellow cells."""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import Any, Dict, Iterator, List, Optional, Tuple

from saitama.tensor.backend import K
from saitama.tensor.parse import FLOAT32_MAX

from ..address import cell_name, quote_title
from ..closeness import is_close
from ..errors import WorkbookError
from ..graph.doubt import Doubts
from ..graph.items import Leaf, numbers
from ..graph.keys import Gradient, Key, Start, StepKey, Value
from ..graph.rounding import sizes
from ..graph.run import Run, run
from ..graph.take_step import take_step
from ..layout import Block, Index
from ..read.carried import LONGEST_REASON
from ..read.places import Carried
from .hint import number_in, to_do

# What computing with numbers that do not fit the graph may raise.
_UNUSABLE = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, MemoryError)


class Computed:
    """`tolerance`: (rtol, atol) of calculated cells; `by_size`: atol grows with what a gradient is the sum of."""

    current: Run  # from the inputs of now
    arrays: Tuple[Any, Any, Any]  # what the last run was computed from: leaves, values that are given, starts of a step

    def __init__(self, book: Any, carried: Carried, tolerance: Tuple[float, float], by_size: bool) -> None:
        self.book, self.carried, self.graph, self.tolerance = book, carried, carried.graph, tolerance
        self.by_size = by_size
        self.sizes: Dict[Key, float] = {}
        self.not_checked: List[str] = []

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

    def changed(self, now: Dict[Leaf, Any], then: Dict[Leaf, Any]) -> Iterator[str]:
        """The inputs that are not what they were at the export."""
        for leaf, array in now.items():
            places = self.carried.places[Value(leaf)]
            for (index, row, column), x, y in zip(places.live.cells(), numbers(array), numbers(then[leaf])):
                if x != y and (x == x or y == y):  # NaN is NaN
                    yield f"{quote_title(places.sheet)}!{cell_name(row, column)} ({leaf.name}{shown(index)})"

    def array(self, block: Block, dtype: str, sheet: str, name: str) -> Any:
        """The numbers of a block; WorkbookError where one is missing or not of the kind."""
        if sheet not in self.book:
            raise WorkbookError(f"{self.book.path}: the sheet {sheet!r} is missing; export the workbook again")
        cells = self.book[sheet]
        flat = []
        for index, row, column in block.cells():
            cell = cells[row, column]
            number, problem = number_in(cell, dtype), ""
            if number is None:
                problem = f"{cell.found}; {to_do(cell)}"
            elif dtype == "float32" and FLOAT32_MAX < abs(number) < inf:
                problem = f"holds {number:g}, which is outside the range of float32"
            elif dtype in ("int64", "bool") and number != int(number if abs(number) < 2**63 else 0.5):
                problem = f"holds {number:g}; {name} has whole numbers only"
            if number is None or problem:
                where = f"'{sheet}'!{cell_name(row, column)} ({name}{shown(index)})"
                raise WorkbookError(f"{self.book.path}: {where} {problem}")
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
        except _UNUSABLE as error:  # an index out of range, typed into Inputs
            reason = (str(error) or type(error).__name__).splitlines()[0][:LONGEST_REASON]
            raise WorkbookError(f"{self.book.path}: the inputs cannot be computed with: {reason}") from None

    def given(self) -> Dict[StepKey, Any]:
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

    def limits(self, key: Key) -> Tuple[float, float]:
        """(rtol, atol) for the numbers of a block."""
        rtol, atol = self.tolerance
        return rtol, atol * self.sizes.get(key, 1.0)


def shown(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""
