"""The slope without calculus: the forward pass with one number a little larger and a little smaller, on sheets of their
own, and the central difference beside the gradient.

    (E(w + h) - E(w - h)) / 2h  ->  dE/dw,   with an error that shrinks as h squared
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Sequence

from ..graph.items import Item, Leaf
from ..graph.keys import Gradient, Value
from ..layout import Block, Index, size_of
from ..texts import sheet_title
from .page import DIFFERENCE, NUMBER, Page, target
from .section import Draft
from .subject import Subject
from .work_sheet import WorkSheet, forward_only

TITLE = "Slope"
LARGEST = 20_000  # numbers of a forward pass that is written twice more
_INDEX = re.compile(r"(.*?)\s*(?:\[([-+\d,\s]*)\])?\s*")
HOW = (
    "Move one number a little up, and a little down, and compute everything again: how much the result moves, for each",
    "unit that the number moves, is its slope. No calculus is needed for that, and the gradient says the same.",
    "Change h, the yellow cell: the smaller it is the closer the two are, until rounding blurs the difference.",
)


@dataclass(frozen=True)
class Nudge:
    """Which number moves, and by how much."""

    leaf: Leaf
    index: Index
    h: float

    @property
    def name(self) -> str:
        return f"{self.leaf.name}[{', '.join(map(str, self.index))}]" if self.index else self.leaf.name


def parse_nudge(text: str, h: float, leaves: Sequence[Leaf]) -> Nudge:
    """`w[0, 1]` of these leaves. ValueError in one line for what is none of their numbers."""
    found = _INDEX.fullmatch(text)
    name, places = (found[1], found[2]) if found else (text, None)
    leaf = next((one for one in leaves if one.name == text.strip()), None) or next(
        (one for one in leaves if one.name == name), None
    )
    if leaf is None or not leaf.requires_grad:
        known = ", ".join(one.name for one in leaves if one.requires_grad)
        raise ValueError(f"export: nudge={text!r} is no input with a gradient; there are {known}")
    numbers = [part for part in (places or "").replace(" ", "").split(",") if part] if leaf.name != text.strip() else []
    try:
        index = tuple(int(part) + (n if int(part) < 0 else 0) for part, n in zip(numbers, leaf.shape))
    except ValueError:
        index = (-1,)
    if len(numbers) != len(leaf.shape) or not all(0 <= i < n for i, n in zip(index, leaf.shape)):
        example = f"{leaf.name}[{', '.join('0' for _ in leaf.shape)}]" if leaf.shape else leaf.name
        raise ValueError(f"export: nudge={text!r}: {leaf.name} has the shape {leaf.shape}; name a number, {example}")
    if not (isinstance(h, (int, float)) and 0 < abs(h) < float("inf")):
        raise ValueError(f"export: h is {h!r}; give a small number other than 0, such as 1e-3")
    return Nudge(leaf, index, float(h))


class Slope:
    def __init__(self, subject: Subject, draft: Draft, nudge: Nudge) -> None:
        self.subject, self.draft, self.nudge = subject, draft, nudge
        taken = [*subject.titles.values(), *(page.title for page in draft.pages), "Exported", "Graph"]
        self.title = sheet_title(TITLE, taken)
        name = nudge.name.replace("[", "(").replace("]", ")")  # brackets cannot be in a title
        self.up = sheet_title(f"{name} + h", [*taken, self.title])
        self.down = sheet_title(f"{name} - h", [*taken, self.title, self.up])

    def plan(self) -> None:
        """Raises ValueError where a number of the forward pass has no live cell."""
        graph = self.subject.graph
        items = [*graph.leaves, *graph.nodes]
        missing = next((item.name for item in items if not self._is_live(item)), None)
        if missing is not None or sum(size_of(item.shape) for item in items) > LARGEST:
            why = f"{missing} has no live cells here" if missing else f"it has more than {LARGEST:,} numbers"
            raise ValueError(f"export: nudge writes the forward pass twice more, and {why}; export a smaller example")
        page = self.draft.page(self.title)
        ends = [self._forward(self.up, 1), self._forward(self.down, -1)]
        self._compare(page, *ends)

    def _is_live(self, item: Item) -> bool:
        section = self.draft.sections.get(Value(item))
        return section is not None and not section.pinned or not size_of(item.shape)

    # --- the forward pass once more ---------------------------------------------------------------------------------
    def _forward(self, title: str, sign: int) -> str:
        """A sheet with the forward pass; returns where its result stands."""
        graph, page = self.subject.graph, self.draft.page(title)
        page.line(f"{graph.root.name} with {self.nudge.name} {'+' if sign > 0 else '-'} h", "title")
        page.links("", [("Start", "Start"), (self.title, self.title)])
        page.row += 1
        sheet = WorkSheet(page, forward_only(self.subject), lambda leaf, i: self._input(leaf, i, title, sign))
        for leaf in graph.leaves:
            block = sheet.input(leaf)
            if leaf is self.nudge.leaf:
                self._highlight(page, block)
        sheet.steps()
        page.finish(1, "B3")
        result = sheet.work.blocks[Value(graph.root)]
        return target(title, result.address((0,) * len(result.shape)))

    def _input(self, leaf: Leaf, index: Index, title: str, sign: int) -> str:
        cell = self.draft.sections[Value(leaf)].view(title)[index]
        moved = leaf is self.nudge.leaf and index == self.nudge.index
        return f"{cell}{'+' if sign > 0 else '-'}{target(self.title, '$B$7')}" if moved else cell

    def _highlight(self, page: Page, block: Block) -> None:
        row, column = block.at(self.nudge.index)
        page.text(row, column + block.width - self._column(block), "← moved by h", "note")

    def _column(self, block: Block) -> int:
        return self.nudge.index[-1] if self.nudge.index else 0

    # --- beside the gradient ----------------------------------------------------------------------------------------
    def _compare(self, page: Page, up: str, down: str) -> None:
        root, name, nudge = self.subject.graph.root.name, self.nudge.name, self.nudge
        page.line(f"The slope of {root} in {name}, by moving it", "title")
        page.links("", [("Start", "Start"), (self.up, self.up), (self.down, self.down)])
        for line in HOW:
            page.line(line, "note")
        page.row += 1
        where = self.draft.sections[Value(nudge.leaf)].live
        number = target(where.sheet, where.address(nudge.index))
        arrived = self.draft.sections[Gradient(nudge.leaf)].live
        gradient = target(arrived.sheet, arrived.address(nudge.index))
        rows = [
            ("h", nudge.h, "input", "General"),
            (name, f"={number}", "live", NUMBER),
            (f"{root} at {name} + h", f"={up}", "live", "0.000000000"),
            (f"{root} at {name} - h", f"={down}", "live", "0.000000000"),
            (f"({root}₊ - {root}₋) / 2h", "=(B9-B10)/(2*B7)", "live", "0.000000000"),
            (f"d{root}/d{name}", f"={gradient}", "live", "0.000000000"),
            ("difference", "=ABS(B11-B12)", "difference", DIFFERENCE),
        ]
        for row, (label, value, style, shown) in enumerate(rows, 7):
            page.text(row, 1, label, "text")
            page.put(row, 2, value, style, shown)
        page.widths.update({1: 34.0, 2: 20.0, 3: 20.0})
        page.row = 7 + len(rows)


__all__ = ["Nudge", "Slope", "parse_nudge"]
