"""An export: every array as live formulas, the framework's values and the difference, side by side."""

from __future__ import annotations

from typing import List

from ..graph.items import Leaf
from ..layout import Block
from .check import plan_check
from .differences import differences, is_strict
from .page import DIFFERENCE, Page, number_format
from .section import Section, Spec
from .showing import Rows, Showing, captions, framework_values


class Compared(Showing):
    kind = "export"
    input_slots = 4
    how = [
        "Every white number is a live formula. Click one to see what it is computed from.",
        "Inputs holds the numbers everything starts from. Change a yellow cell, and values and gradients follow.",
        "Each operation has a sheet of its own: its value on top, then the gradient that arrives, then what it "
        "hands on.",
        "Beside each formula stands what the framework computed, and the difference of the two.",
        "Check says for every block whether formula and framework agree. Sheets are protected without a password.",
    ]

    def section(self, page: Page, spec: Spec) -> Section:
        if spec.formula is None:
            return framework_values(page, spec)
        captions(page, ["live formula", "framework", "difference"])
        blocks = [page.block(spec.array.shape, slot) for slot in range(3)]
        for block in blocks:
            page.labels(block)
        section = self._side_by_side(page, spec, *blocks)
        page.past(section.live)
        return section

    def gradient_captions(self, leaf: Leaf) -> List[str]:
        return [f"{self.subject.slope(leaf)}: live formula", "framework", "difference"]

    def gradient(self, page: Page, row: int, spec: Spec) -> Section:
        shape = tuple(spec.array.shape)
        return self._side_by_side(page, spec, *(Block(page.title, row, page.slot(slot), shape) for slot in (1, 2, 3)))

    def _side_by_side(self, page: Page, spec: Spec, live: Block, framework: Block, difference: Block) -> Section:
        assert spec.formula is not None
        shown = number_format(spec.values, spec.array.dtype)
        page.formulas(live, spec.formula, "live", shown)
        page.numbers(framework, spec.values, "framework", shown)
        doubts = self.subject.doubts
        assert doubts is not None
        away = differences(doubts, spec, live, framework)
        page.formulas(difference, away, "difference", DIFFERENCE)
        self.draft.formulas += live.size
        return Section(
            spec.label,
            page.title,
            live.shape,
            spec.array.dtype,
            spec.values,
            live,
            framework,
            difference,
            spec.size,
            spec.finite,
            is_strict(doubts, spec),
        )

    def check(self) -> Rows:
        return plan_check(self.subject, self.draft)
