"""A worksheet with a sheet for each operation: blanks in view, key and marks in hidden columns beside them.

The key is made of live formulas that refer to each other and to the inputs, never to what was typed. So a mistake in
one blank spoils nothing after it, and with other inputs the sheet is a new exercise.
"""

from __future__ import annotations

from typing import List, Optional, Set

from ..formulas import View
from ..graph.items import Item, Leaf
from ..graph.keys import Gradient, Key, Share, Value
from ..layout import Block, Shape
from .page import Page, number_format
from .score import plan_score
from .section import Draft, Section, Spec
from .sheet import Colour
from .showing import Rows, Showing, captions, framework_values
from .subject import Subject


class Blanks(Showing):
    kind = "worksheet"
    input_slots = 2
    how = [
        "Each operation has a sheet of its own. Compute its numbers by hand, and type them into the yellow cells.",
        "A cell turns green when your number is right and red when it is not, rounded to as many decimals as you "
        "typed.",
        "Two significant digits are the least. Type more decimals, and you are checked more closely.",
        "White numbers are computed for you from the right values: one mistake spoils nothing that follows.",
        "Change a yellow cell on Inputs, and all is computed anew: the same sheet is a new exercise.",
    ]

    def __init__(self, subject: Subject, draft: Draft, values: Set[Item], gradients: Set[Item]) -> None:
        """`values`: the tensors and updates whose value is blank; `gradients`: those whose gradients are."""
        super().__init__(subject, draft)
        updates = subject.graph.step.updates if subject.graph.step else ()
        lines = {line for update in updates if update in values for line in update.lines.values()}
        self._values, self._gradients = values | lines, gradients

    def is_blank(self, key: Key) -> bool:
        if isinstance(key, Value):
            return key.item in self._values
        if isinstance(key, Share):
            return key.node in self._gradients
        return key.item in self._gradients and key.item is not self.subject.graph.root

    def grid(self, widest: int) -> int:
        """Wide enough that nothing but the key is in hidden columns."""
        return max(widest, 8)

    def section(self, page: Page, spec: Spec) -> Section:
        if spec.formula is None:
            return framework_values(page, spec)
        blank = self.is_blank(spec.key)
        copied = self._copied(spec.key)
        captions(page, ["as you typed it" if copied else "yours" if blank else "live formula"])
        visible = page.block(spec.array.shape, 0)
        page.labels(visible)
        section = self._fill_in(page, spec, visible, 1 if blank else 0, copied)
        page.past(visible)
        return section

    def gradient_captions(self, leaf: Leaf) -> List[str]:
        shares = self.subject.shares(leaf)
        repeats = len(shares) == 1 and self.is_blank(shares[0])
        blank = self.is_blank(Gradient(leaf))
        whose = "live formula" if not blank else "as you typed it" if repeats else "yours"
        return [f"{self.subject.slope(leaf)}: {whose}"]

    def gradient(self, page: Page, row: int, spec: Spec) -> Section:
        visible = Block(page.title, row, page.slot(1), tuple(spec.array.shape))
        return self._fill_in(page, spec, visible, 2 if self.is_blank(spec.key) else 1, self._copied(spec.key))

    def _copied(self, key: Key) -> Optional[Block]:
        """The blanks that a gradient merely repeats, where only one operation hands one on."""
        if not isinstance(key, Gradient) or not self.is_blank(key):
            return None
        shares = self.subject.shares(key.item)
        section = self.draft.sections.get(shares[0]) if len(shares) == 1 else None
        return section.typed if section is not None else None

    def _fill_in(self, page: Page, spec: Spec, visible: Block, key_slot: int, copied: Optional[Block]) -> Section:
        """The cells of a section and, where it is blank, its key and its marks."""
        assert spec.formula is not None
        blank = self.is_blank(spec.key)
        shown = number_format(spec.values, spec.array.dtype)
        live = Block(page.title, visible.row, page.slot(key_slot), visible.shape)
        typed = marks = None
        if blank:
            page.put(*live.anchor, "0" if live.shape else "key", "index", ";;;")  # else it spills into view
        page.formulas(live, spec.formula, "key" if blank else "live", shown)
        self.draft.formulas += live.size
        if copied is not None:
            self._repeat_typed(page, visible, copied)
        elif blank:
            typed = visible
            marks = Block(page.title, visible.row, page.slot(key_slot + 1), visible.shape)
            page.blanks(visible, "blank", "General")
            truth = spec.array.dtype == "bool"
            page.formulas(marks, lambda i: mark(visible.address(i), live.address(i), truth), "key", "0")
            colour_blanks(page, visible, marks)
        return Section(
            spec.label,
            page.title,
            visible.shape,
            spec.array.dtype,
            spec.values,
            live,
            size=spec.size,
            finite=spec.finite,
            hidden=blank,
            shown=visible,
            typed=typed,
            marks=marks,
        )

    def repeat(self, page: Page, place: Block, section: Section) -> Block:
        """What a person typed is repeated as it is; the formulas go on from its key, hidden beside it."""
        if not section.hidden:
            return super().repeat(page, place, section)
        self._repeat_typed(page, place, section.shown or place)
        return super().repeat(page, Block(page.title, place.row, page.slot(1), place.shape), section)

    def _repeat_typed(self, page: Page, place: Block, typed: Block) -> None:
        source = View(typed, page.title)
        page.formulas(place, lambda i: f'IF({source[i]}="","",{source[i]})', "live", "General")

    def helper(self, page: Page, label: str, shape: Shape, of: Key) -> View:
        """Helpers of a blank block belong to its key, so they are hidden with it."""
        if not self.is_blank(of):
            return super().helper(page, label, shape, of)
        block = page.block(shape, 1)
        page.labels(block)
        page.past(block)
        self.draft.helpers.append((block, True))
        return View(block, page.title)

    def check(self) -> Rows:
        return plan_score(self.subject, self.draft)

    def finish(self, page: Page, slots: int) -> None:
        """Hide the key."""
        super().finish(page, slots)
        first = page.slot(slots - 2) - 1  # a node's page has one visible slot, Inputs has two
        page.hidden_columns = range(first, max(page.widest, page.slot(slots)) + 2)


def mark(typed: str, key: str, truth: bool = False) -> str:
    """1 where the typed number is the key rounded to as many decimals as were typed, 0 where not, empty for a blank.

    A number typed as text is not right, though ABS would take it, nor is TRUE but for a truth value: as verify says.
    """
    decimals = f'MAX(0,LEN(ABS({typed})&"")-LEN(INT(ABS({typed}))&"")-1)'
    needed = f"IF({key}=0,0,1-INT(LOG10(ABS({key}))))"  # for two significant digits
    half_a_unit = f"0.5*10^(-MAX({decimals},{needed}))"
    number = f"NOT(ISTEXT({typed}))" if truth else f"ISNUMBER({typed}),NOT(ISLOGICAL({typed}))"
    right = f"AND({number},ABS({typed}-{key})<={half_a_unit}+1E-12*ABS({key})+1E-15)"
    return f'IFERROR(IF({typed}="","",IF(ISNUMBER({key}),IF({right},1,0),IF(EXACT({typed},{key}),1,0))),0)'


def colour_blanks(page: Page, blanks: Block, marks: Block) -> None:
    if not blanks.size:
        return
    zero = (0,) * len(blanks.shape)
    cell, marked, cells = blanks.address(zero), marks.address(zero), cells_of(blanks)
    page.colours.append(Colour(cells, f"ISBLANK({cell})", "empty", stop=True))
    page.colours.append(Colour(cells, f"{marked}=1", "right", stop=True))
    page.colours.append(Colour(cells, f"NOT(ISBLANK({cell}))", "wrong"))


def cells_of(block: Block) -> str:
    """The block's cells without the label rows between slices."""
    if len(block.shape) < 3:
        return block.rectangle()
    slices: List[str] = [block.rectangle()] if block.lines * block.slices > 3_000 else []
    if not slices:
        for n in range(block.slices):
            top = block.row + n * block.stride
            part = Block(block.sheet, top, block.column, block.shape[-2:])
            slices.append(part.rectangle())
    return " ".join(slices)
