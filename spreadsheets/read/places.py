"""Where the blocks of each array lie, as the workbook says, checked against the labels around them."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ..errors import WorkbookError
from ..graph.graph import Graph
from ..graph.items import Item, Leaf
from ..graph.keys import Gradient, Key, Share, Start, StepKey, Value
from ..layout import Block, Shape, slice_label

MAX_BLANKS = 500_000  # cells of blocks that hold nothing, in all
BLOCKS = ("live", "framework", "typed", "echo")


class Carried:
    """What a workbook carries: the graph, and for each of its tensors the blocks that show it."""

    def __init__(self, graph: Graph, kind: str) -> None:
        self.graph, self.kind = graph, kind
        self.places: Dict[StepKey, Places] = {}
        self.exercise: Dict[str, Any] = {}  # what is said about a worksheet
        # Of a worksheet: blocks of helper cells, and whether hidden; None in those of versions that did not say.
        self.helpers: Optional[List[Tuple[Block, bool]]] = None
        self.left_out: Set[Item] = set()  # tensors that were chosen to have no cells
        self._claimed: Counter = Counter()  # sheet: cells that blocks lie on
        self._blanks = MAX_BLANKS

    def leave_out(self, item: Item, described: Mapping[str, Any]) -> None:
        if described.get("out") is True:
            self.left_out.add(item)

    def place(self, key: StepKey, described: Optional[Mapping[str, Any]], shape: Shape, book: Any) -> None:
        if described is None:
            return
        places = self.places[key] = Places(described, shape, book)
        for _, block in places.blocks():
            self._claim(block, book)
            if places.name_at is None:
                places.check_labels(block, book)
        places.check_name(book)

    def _claim(self, block: Block, book: Any) -> None:
        """Blocks that lie on more cells than a sheet has, and on more than a few blanks, are work for nothing."""
        cells, before = len(book[block.sheet]), self._claimed[block.sheet]
        self._claimed[block.sheet] = after = before + block.size
        self._blanks -= max(0, after - cells) - max(0, before - cells)
        if self._blanks < 0:
            raise WorkbookError(
                f"{book.path}: more than {MAX_BLANKS:,} cells that should hold numbers are blank; "
                "export the workbook again"
            )

    def help(self, described: Optional[Sequence[Any]], book: Any) -> None:
        if described is None:
            return
        self.helpers = []
        for sheet, row, column, shape, hidden in described:
            if not all(isinstance(n, int) and 0 <= n < 2**20 for n in shape):
                raise ValueError(f"helper cells of shape {str(shape)[:40]}")
            places = Places({"sheet": sheet, "live": [row, column]}, tuple(shape), book)
            self._claim(places.live, book)
            self.helpers.append((places.live, bool(hidden)))

    def check_structure(self, book: Any) -> None:
        """A key stands beside a blank, or an echo of one; a formula of an export beside the framework's value."""
        for key, places in self.places.items():
            given = isinstance(key, Value) and isinstance(key.item, Leaf)
            alone = given or isinstance(key, Start) or places.pinned
            missing = ""
            if places.hidden and places.typed is None and self.echoed(key) is None:
                missing = "a blank"
            elif self.kind == "export" and not alone and places.difference is None:
                missing = "a value of the framework"
            if missing:
                raise WorkbookError(
                    f"{book.path}: its structure was changed: {missing} of the sheet {places.sheet!r} is missing; "
                    "export the workbook again"
                )

    def echoed(self, key: StepKey) -> Optional[Block]:
        """The blanks that a gradient merely repeats, where only one operation hands one on."""
        parts = self._parts.get(key.item, []) if isinstance(key, Gradient) else []
        return parts[0].typed if len(parts) == 1 else None

    @cached_property
    def _parts(self) -> Dict[Item, List[Places]]:
        """For each item what operations hand on to it, as far as it has cells."""
        parts: Dict[Item, List[Places]] = {}
        for node in self.graph.nodes:
            for k, operand in enumerate(node.inputs):
                if Share(node, k) in self.places:
                    parts.setdefault(operand, []).append(self.places[Share(node, k)])
        return parts

    def is_pinned(self, key: Key) -> bool:
        return key in self.places and self.places[key].pinned


class Places:
    """The blocks of one tensor."""

    def __init__(self, described: Mapping[str, Any], shape: Shape, book: Any) -> None:
        sheet = described["sheet"]
        if sheet not in book:
            raise WorkbookError(f"{book.path}: the sheet {sheet!r:.80} is missing; export the workbook again")
        self.sheet, self.shape = book[sheet].title, shape
        self.pinned, self.hidden = bool(described.get("pinned")), bool(described.get("hidden"))
        self.framework = self._block(described, "framework")
        self.typed = self._block(described, "typed")
        self.echo = self._block(described, "echo")
        live = self._block(described, "live") or self.typed  # on a page, formulas refer to the blank itself
        if live is None:
            raise ValueError(f"nothing says where on {sheet!r} a tensor lies")
        self.live = live
        self.name_at = tuple(described["name"]) if "name" in described else None
        self.called = str(described.get("called", ""))

    def blocks(self) -> Iterator[Tuple[str, Block]]:
        """Each with its name."""
        for name in BLOCKS:
            block = getattr(self, name)
            if block is not None:
                yield name, block

    def check_name(self, book: Any) -> None:
        """On a page, where the name of a block stands."""
        if self.name_at is not None and book[self.sheet][self.name_at].value != self.called:
            raise WorkbookError(
                f"{book.path}: cells of the sheet {self.sheet!r} were moved or taken out; write the worksheet again"
            )

    @property
    def difference(self) -> Optional[Block]:
        """Beside the framework's values, as far from these as they are from the live ones."""
        if self.framework is None or self.framework.row != self.live.row or self.framework.column <= self.live.column:
            return None
        column = 2 * self.framework.column - self.live.column
        return Block(self.sheet, self.live.row, column, self.shape)

    def check_labels(self, block: Block, book: Any) -> None:
        """The indices over the columns, beside the rows and over the slices, where they were written: a row or column
        that was put in or taken out anywhere moves some of them."""
        if not block.size:
            return
        cells, key = book[self.sheet], self.hidden and block is self.live
        label = cells[block.anchor]
        right = label.kind == "text" and (label.value == "0" if self.shape else (label.value == "key") == key)
        if self.shape and not key:  # over a key only the first column has its index
            row, column = block.anchor
            right = right and all(cells[row, column + j].value == str(j) for j in range(block.width))
        if len(self.shape) > 1 and not key:
            right = right and all(
                cells[row, block.column - 1].value == str(index[-2])
                and (index[-2] > 0 or len(self.shape) < 3 or _is_slice(cells[row - 1, block.column - 1], index))
                for index, row, _ in block.cells()
                if index[-1] == 0
            )
        if not right:
            raise WorkbookError(
                f"{book.path}: cells of the sheet {self.sheet!r} were moved or taken out; export the workbook again"
            )

    def _block(self, described: Mapping[str, Any], name: str) -> Optional[Block]:
        if name not in described:
            return None
        row, column = described[name]
        if not (isinstance(row, int) and isinstance(column, int) and 0 < row < 2**20 and 0 < column <= 2**14):
            raise ValueError(f"a block at row {row}, column {column}")
        block = Block(self.sheet, row, column, self.shape)
        if row + block.height > 2**20 or column + block.width > 2**14 + 1:
            raise ValueError(f"a block of shape {self.shape} at row {row}, column {column}")
        return block


def _is_slice(cell: Any, index: Any) -> bool:
    return bool(cell.value == slice_label(index[:-2]))
