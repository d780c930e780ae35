"""How the arrays of a graph are shown: what an export and a worksheet do differently."""

from __future__ import annotations

from typing import ClassVar, Dict, List, Sequence, Tuple

from ..formulas import View
from ..graph.items import Item, Leaf
from ..graph.keys import Key
from ..layout import Block, Shape
from .page import Page, number_format
from .section import Draft, Section, Spec
from .subject import Subject

Rows = Dict[Item, Tuple[int, int]]  # of the sheet Check: the first and the last that speak of an item


class Showing:
    """A way to show every array: the live formula alone. What is common to exports and worksheets."""

    kind: ClassVar[str]  # as the workbook carries it
    how: ClassVar[List[str]]  # how to read the workbook, on Start
    input_slots: ClassVar[int]  # of Inputs that are in view: the value and what gradient_captions lists

    def __init__(self, subject: Subject, draft: Draft) -> None:
        self.subject, self.draft = subject, draft

    def grid(self, widest: int) -> int:
        """How many columns the slots of an operation's page have."""
        return widest

    def section(self, page: Page, spec: Spec) -> Section:
        """An array on the page of an operation or an update, at the cursor."""
        raise NotImplementedError

    def gradient_captions(self, leaf: Leaf) -> List[str]:
        """What stands in the slots beside the value of an input."""
        raise NotImplementedError

    def gradient(self, page: Page, row: int, spec: Spec) -> Section:
        """The gradient of an input, in the slots beside its value."""
        raise NotImplementedError

    def helper(self, page: Page, label: str, shape: Shape, of: Key) -> View:
        """The place of a block of live formulas that those of `of` go through."""
        page.text(page.row, 1, "helper", "note")
        page.text(page.row, 2, label, "caption")
        page.row += 1
        block = page.block(shape, 0)
        page.labels(block)
        page.past(block)
        self.draft.helpers.append((block, False))
        return View(block, page.title)

    def given(self, page: Page, label: str, section: Section) -> View:
        """A tensor of another sheet, repeated as what this one starts from."""
        page.text(page.row, page.slot(0), label, "caption")
        page.row += 1
        place = page.block(section.shape, 0)
        page.labels(place)
        live = self.repeat(page, place, section)
        page.past(place)
        return View(live, page.title, section.values, section.finite)

    def repeat(self, page: Page, place: Block, section: Section) -> Block:
        """Write the cells of `given`; returns those that formulas refer to."""
        source = section.view(page.title)
        page.formulas(place, lambda i: source[i], "helper", number_format(section.values, section.dtype))
        return place

    def check(self) -> Rows:
        """The sheet Check."""
        raise NotImplementedError

    def finish(self, page: Page, slots: int) -> None:
        page.finish(slots, "B3")


def captions(page: Page, names: Sequence[str]) -> None:
    """What each slot shows, in the line above the column indices."""
    for slot, name in enumerate(names):
        page.text(page.row, page.slot(slot), name, "caption")
    page.row += 1


def framework_values(page: Page, spec: Spec) -> Section:
    """An array whose formulas would need numbers that have no cells: the framework's values in their place."""
    captions(page, ["framework's values (not live)"])
    live = page.block(spec.array.shape, 0)
    page.labels(live)
    page.numbers(live, spec.values, "framework", number_format(spec.values, spec.array.dtype))
    page.past(live)
    return Section(
        spec.label,
        page.title,
        live.shape,
        spec.array.dtype,
        spec.values,
        live,
        size=spec.size,
        finite=spec.finite,
        pinned=True,
        shown=live,
    )


__all__ = ["Rows", "Showing", "captions", "framework_values"]
