"""An array of the graph on its sheet: which blocks show it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ..formulas import View
from ..graph.items import Item
from ..graph.keys import Key, StepKey, Value
from ..layout import Block, Index, Shape
from .page import Page
from .sheet import Plan

Formula = Callable[[Index], str]


@dataclass(frozen=True)
class Spec:
    """An array that is to be shown: what it is, its numbers, and the formula of each; None where it cannot be live."""

    key: Key
    label: str  # `out_h`, `dE/d net_h through out_h`
    array: Any
    values: Sequence[Any]
    formula: Optional[Formula]
    size: float = 1.0  # how many times the absolute tolerance its numbers may be off
    moves: bool = False  # infinities may come to stand in it, when the condition of a mask changes

    @property
    def finite(self) -> bool:
        """Whether no cell of it can hold "inf" or "nan"."""
        return not self.moves and all(map(isfinite, self.values))


@dataclass(frozen=True)
class Section:
    """Where it is shown. `live` is what other formulas refer to; `pinned` where it holds the framework's values."""

    label: str
    sheet: str
    shape: Shape
    dtype: str
    values: Sequence[Any]
    live: Block
    framework: Optional[Block] = None
    difference: Optional[Block] = None
    size: float = 1.0
    finite: bool = True  # no cell of `live` holds "inf" or "nan"
    strict: bool = False  # a difference over its own tolerance is so large in its cell that Check sees it
    pinned: bool = False
    hidden: bool = False  # in a worksheet: `live` is the key
    shown: Optional[Block] = None  # in a worksheet: what a person sees, also where `live` is the key
    typed: Optional[Block] = None  # in a worksheet: the blank cells for a person's own numbers
    marks: Optional[Block] = None  # in a worksheet: 1 for right, 0 for wrong
    name_at: Optional[Tuple[int, int]] = None  # on a page: the cell with its name

    def view(self, sheet: str) -> View:
        """Its live cells as formulas of a sheet refer to them."""
        return View(self.live, sheet, self.values, self.finite)


class Draft:
    """A workbook while it is planned: its pages in order, and each array that has its place already."""

    def __init__(self) -> None:
        self.pages: List[Page] = []
        self.sections: Dict[StepKey, Section] = {}
        self.helpers: List[Tuple[Block, bool]] = []  # blocks of helper cells, and whether they are hidden
        self.remarks: Dict[Item, str] = {}  # for Check
        self.left_out: List[str] = []  # what has no live cells, and why
        self.formulas = 0  # live formulas that compute values or gradients

    def page(self, title: str, grid: int = 1, hidden: bool = False) -> Page:
        page = Page(title, grid, hidden)
        self.pages.append(page)
        return page

    def place(self, key: StepKey, section: Section) -> Section:
        if key in self.sections:
            raise ValueError(f"{section.label} has its place already")
        self.sections[key] = section
        return section

    def has_cells(self, item: Item) -> bool:
        return Value(item) in self.sections

    def view(self, key: StepKey, page: Page) -> View:
        return self.sections[key].view(page.title)

    def finished(self, operations: int) -> Plan:
        sheets = tuple(page.sheet() for page in self.pages)
        return Plan(sheets, dict(self.sections), operations, self.formulas, tuple(self.left_out))
