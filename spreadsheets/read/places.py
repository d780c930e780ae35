"""Where the blocks of each array lie, as the workbook says, checked against the labels around them."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

from ..errors import WorkbookError
from ..graph.graph import Graph
from ..graph.keys import Key
from ..layout import Block, Shape


class Carried:
    """What a workbook carries: the graph, and for each of its tensors the blocks that show it."""

    def __init__(self, graph: Graph, kind: str) -> None:
        self.graph, self.kind = graph, kind
        self.places: Dict[Key, Places] = {}

    def place(self, key: Key, described: Optional[Mapping[str, Any]], shape: Shape, book: Any) -> None:
        if described is not None:
            self.places[key] = Places(described, shape, book)


class Places:
    """The blocks of one tensor."""

    def __init__(self, described: Mapping[str, Any], shape: Shape, book: Any) -> None:
        sheet = described["sheet"]
        if sheet not in book:
            raise WorkbookError(f"{book.path}: the sheet {sheet!r} is missing; export the workbook again")
        self.sheet, self.shape = str(sheet), shape
        self.pinned, self.hidden = bool(described.get("pinned")), bool(described.get("hidden"))
        live = self._block(described, "live")
        if live is None:
            raise ValueError(f"nothing says where on {sheet!r} a tensor lies")
        self.live = live
        self.framework = self._block(described, "framework")
        self.typed = self._block(described, "typed")
        if described.get("name") is not None:  # on a page the name says that a block is where it was
            self._check_name(*described["name"], str(described.get("called", "")), book)
            return
        for block in (self.live, self.framework, self.typed):
            if block is not None and block.size and self.labelled(described):
                self._check_labels(block, book)

    def _check_labels(self, block: Block, book: Any) -> None:
        """The index over the first column, and the one beside the last row, where they were written."""
        moved = WorkbookError(f"{book.path}: cells of the sheet {self.sheet!r} were moved; export the workbook again")
        label = book[self.sheet][block.anchor]
        if label.kind != "text" or (self.shape and label.value != "0"):
            raise moved
        if len(self.shape) > 1 and not (self.hidden and block is self.live):
            beside = book[self.sheet][block.row + block.height - 1, block.column - 1]
            if beside.value != str(block.lines - 1):
                raise WorkbookError(
                    f"{book.path}: cells of the sheet {self.sheet!r} were moved; export the workbook again"
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
