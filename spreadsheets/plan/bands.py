"""The bands of a page, written: rule, operands, blank and mark of each step."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any, Dict, List, Sequence

from ..formulas.box import Box
from ..formulas.syntax import parse_formula, references
from ..graph.keys import StepKey
from ..layout import Block, Index, column
from . import marks
from .arrange import NUMBER, RULE, Band, Shown
from .calculated import true_values
from .sheet import Colour
from .work import Step, Work

if TYPE_CHECKING:
    from .one_page import OnePage

CAPTION_CHARACTERS = 8  # of a caption, over a column that holds a number


class Bands:
    def __init__(self, one_page: OnePage, work: Work) -> None:
        self.of, self.work, self.page = one_page, work, one_page.page
        self.steps: Dict[StepKey, Step] = {step.key: step for step in work.steps}
        self.true = true_values(work)
        waiting = {at for step in work.steps if step.key not in one_page.constants for at in step.positions}
        given = {(row, col) for block in work.blocks.values() for _, row, col in block.cells()}
        self._given = given - waiting  # a gradient that one operation hands on has the cells of that step
        self._bottom = max((band for _, band in one_page.rows), default=6)

    def write(self, number: int, band: Band) -> None:
        page, step, answer = self.page, self.steps[band.key], band.answer
        page.text(band.top, NUMBER, str(number), "step")
        for line, text in enumerate(band.rule):
            page.text(band.top + line, RULE, text, "rule")
        for one in band.operands:
            self._operand(one)
        page.text(*answer.name_at, answer.name, "row_name" if answer.block.row > band.top else "name_left")
        page.labels(answer.block)
        shown = self._format(band.key)
        if band.key not in self.of.blank:
            page.formulas(answer.block, self._when_filled(step), "live", shown)
            return
        if self.of.options.solved:
            page.numbers(answer.block, [plain(value) for value in self.true[band.key]], "blank", shown)
        else:
            page.blanks(answer.block, "blank", shown)
        if self.of.options.marks != "none":
            self._marks(answer.block, step)

    def _operand(self, one: Shown) -> None:
        """What a step reads: its numbers if they are given, or what was typed above."""
        page, source = self.page, self.of.places[one.key]
        above = one.name_at[1] == one.block.column
        caption = f"{one.name}, yours" if above and one.key in self.of.blank else one.name
        room = min(one.block.width + 1, self.of.columns.label - one.block.column) * CAPTION_CHARACTERS
        page.text(*one.name_at, caption if len(caption) <= room else one.name, "caption" if above else "name_left")
        if source is one.block or source == one.block:  # a constant has its place beside the step that reads it first
            page.numbers(one.block, [plain(value) for value in self.true[one.key]], "given", "General")
        elif one.key not in self.steps or one.key in self.of.constants:
            values = [plain(value) for value in self.true[one.key]]
            page.numbers(one.block, values, "echo", as_written(values))
        else:
            page.formulas(
                one.block,
                lambda i: f'IF({source.address(i)}="","…",{source.address(i)})',
                "echo",
                self._format(one.key),
            )

    # --- marks ------------------------------------------------------------------------------------------------------
    def _marks(self, blank: Block, step: Step) -> None:
        page, columns = self.page, self.of.columns
        mark = Block(page.title, blank.row, columns.mark, blank.shape)
        digits, decimals, half, key = (
            Block(page.title, blank.row, columns.hidden + n * (columns.answer + 1), blank.shape) for n in (1, 2, 3, 4)
        )
        most = [f"${column(columns.hidden)}${row}" for row in (1, 2)]  # decimals, digits
        x = blank.address
        page.formulas(digits, lambda i: marks.digits(x(i)), "key", "0")
        page.formulas(decimals, lambda i: marks.decimals(x(i), digits.address(i)), "key", "0")
        page.formulas(half, lambda i: marks.half_a_unit(x(i), decimals.address(i), *most), "key", "General")

        def own(i: Index) -> str:
            formula = step.formula(i)
            return marks.own_mark(x(i), self.work.inlined(formula), self._typed_before(formula), half.address(i))

        def true(i: Index) -> str:
            return marks.own_mark(x(i), key.address(i), [], half.address(i))

        if self.of.options.marks == "true":
            page.numbers(key, [plain(value) for value in self.true[step.key]], "key", "General")
            self.of.draft.helpers.append((key, True))  # which no formula in a blank may read
        page.formulas(mark, true if self.of.options.marks == "true" else own, "mark", "General")
        first = mark.address((0,) * len(mark.shape))
        for at in (blank, mark):
            cells = " ".join(rectangles(at))
            for sign, look in ((marks.RIGHT, "right"), (marks.WRONG, "wrong"), (marks.NEAR, "open")):
                page.colours.append(Colour(cells, f'{first}="{sign}"', look, stop=True))
        page.colours.append(Colour(" ".join(rectangles(blank)), f"ISBLANK({x((0,) * len(blank.shape))})", "empty"))

    def _typed_before(self, formula: str) -> List[str]:
        """The cells that a formula reads and that are not given."""
        found: Dict[str, None] = {}
        for reference in references(parse_formula(self.work.inlined(formula))):
            places = [(place.row, place.column) for place in reference.places()]
            if any(place not in self._given for place in places):
                text = f"{column(reference.first.column)}{reference.first.row}"
                if reference.last is not None:
                    text += f":{column(reference.last.column)}{reference.last.row}"
                found[text] = None
        return list(found)

    def _when_filled(self, step: Step):  # type: ignore[no-untyped-def]
        """The formula of a number that is computed, once all that it needs is there."""

        def cell(i: Index) -> str:
            formula = self.work.inlined(step.formula(i))
            return marks.waits_for(self._typed_before(formula), formula)

        return cell

    def finish(self) -> None:
        """The most decimals and digits of the page, and the blocks that only the spreadsheet needs."""
        page, columns = self.page, self.of.columns
        for step in self.work.steps:
            if step.aside:
                page.formulas(step.block, step.formula, "key", "General")
        if self.of.options.marks != "none" and self.of.blank:
            for row, n in ((1, 2), (2, 1)):
                left = columns.hidden + n * (columns.answer + 1)
                area = f"{column(left)}5:{column(left + columns.answer - 1)}{self._bottom}"
                page.put(row, columns.hidden, f"=MAX({area})", "key", "0")

    def _format(self, key: StepKey) -> str:
        return to_four_digits([value.at for value in self.true[key] if isinstance(value, Box)])


def to_four_digits(values: Sequence[float]) -> str:
    """A number format with four significant digits of the largest number, the decimal points one below the other."""
    sizes = [abs(value) for value in values if value]
    if not sizes or not isfinite(max(sizes)):
        return "0.0???"
    power = floor(log10(max(sizes)))
    if power < -4 or power > 8:
        return "0.000E+00"
    return "0.0" + "?" * max(0, 2 - power) if power < 4 else "0.?"


def as_written(values: Sequence[Any]) -> str:
    """A number format that shows given numbers whole, the decimal points one below the other."""
    texts = [repr(value) for value in values]
    if any("e" in text or "n" in text for text in texts):
        return "General"
    decimals = max((len(text.partition(".")[2]) for text in texts if not text.endswith(".0")), default=0)
    return "0" if not decimals else "0.0" + "?" * (decimals - 1) if decimals <= 8 else "General"


def texts(values: Sequence[Any], shown: str) -> List[str]:
    """Numbers in this format; none where the program itself makes them fit."""
    if shown == "General":
        return []
    decimals = len(shown.partition(".")[2])
    return [f"{value:.3E}" if "E" in shown else f"{value:.{decimals}f}" for value in values]


def plain(value: Any) -> Any:
    return value.at if isinstance(value, Box) else value


def rectangles(block: Block) -> List[str]:
    """The block's cells without the label rows between slices."""
    if len(block.shape) < 3:
        return [block.rectangle()]
    tops = [block.row + n * block.stride for n in range(block.slices)]
    return [Block(block.sheet, top, block.column, block.shape[-2:]).rectangle() for top in tops]
