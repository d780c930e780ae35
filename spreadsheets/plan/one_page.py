"""A worksheet on one page: what is given, every step with the numbers it needs beside its blank, then the way back.

The blanks refer to each other only through what was typed: a mark says whether a number follows from those before it.
"""

from __future__ import annotations

from math import isfinite
from typing import Dict, List, Sequence, Tuple

from ..graph.items import Item, Leaf, Node, numbers
from ..graph.keys import Gradient, Inner, StepKey, Value
from ..layout import Block, Shape, column, size_of
from .arrange import (
    FIRST,
    NUMBER,
    ROW_POINTS,
    RULE,
    Band,
    Columns,
    Wanted,
    arrange,
    breaks,
    columns_for,
    flow,
    in_one_line,
    paper_of,
    papers_for,
)
from .bands import Bands, as_written, texts, to_four_digits
from .measure import column_pixels, pixels, wrapped
from .page import Page
from .page_options import PageOptions
from .reads import is_constant, reads
from .section import Draft, Section
from .sheet import Paper
from .subject import Subject
from .title import expression
from .work import Apart, Step, Work

ANSWER_LINES = 3  # for a question
SMALL, SMALLEST = 70, 58  # percent of the size on the screen
LITTLE = 0.85  # of its size, to which a page may shrink
NO_NAME = "_" * 20  # to be typed over, or written on; a cell with something in it is no blank of the exercise
LEGEND = {
    "own": "Fill in the yellow cells from top to bottom. ✓ follows from your own numbers above, ✗ does not, ≈ nearly: "
    "verify decides.",
    "true": "Fill in the yellow cells. ✓ is right, ✗ is wrong, by the true numbers. (Their key is hidden, and can be "
    "unhidden.)",
    "none": "Fill in the yellow cells from top to bottom.",
}


class OnePage:
    def __init__(self, subject: Subject, draft: Draft, options: PageOptions) -> None:
        self.subject, self.draft, self.options, self.sheet = subject, draft, options, options.sheet
        dry = Work(subject, Apart(self.sheet), self.sheet)
        self.root_gradient = Gradient(subject.graph.root)
        self.constants = {step.key for step in dry.steps if is_constant(step)}
        self.steps = [step for step in dry.steps if not step.aside and step.key not in self.constants]
        self.blank = {step.key for step in self.steps if options.is_blank(step)}
        self.shapes = {key: block.shape for key, block in dry.blocks.items()}
        self.names: Dict[StepKey, str] = {Value(leaf): leaf.name for leaf in subject.graph.inputs}
        self.names.update((step.key, step.name) for step in dry.steps)
        self.names[self.root_gradient] = subject.slope(subject.graph.root)
        self._dry = dry

    @property
    def blanks(self) -> int:
        """How many numbers there are to fill in."""
        return sum(size_of(self.shapes[key]) for key in self.blank)

    def plan(self) -> None:
        self.page: Page = self.draft.page(self.sheet)
        self.places: Dict[StepKey, Block] = {}
        self.rows: List[Tuple[int, int]] = []  # of each band, with its heading
        self.names_at: Dict[StepKey, Tuple[int, int]] = {}
        read = reads(self._dry)
        wanted = [self._wanted(step, read[step.key]) for step in self.steps]
        needed = {key for keys in read.values() for key in keys}
        leaves = [leaf for leaf in self.subject.graph.inputs if not is_number(leaf) and Value(leaf) in needed]
        order = {name: number for number, name in enumerate(self.options.order)}
        leaves.sort(key=lambda leaf: order.get(leaf.name, len(order)))
        given = [(Value(leaf), leaf.name, leaf.shape) for leaf in leaves]
        self.columns: Columns = columns_for(wanted, given, self._written([key for key, _, _ in given]))
        self.page.widths.update(self.columns.widths())
        self._head()
        self._given(given)
        bands = [self._band(step, want) for step, want in zip(self.steps, wanted)]
        self._asides()
        work = Work(self.subject, lambda key, shape: self.places[key], self.sheet)
        writer = Bands(self, work)
        for number, band in enumerate(bands, 1):
            writer.write(number, band)
        writer.finish()
        self._questions()
        self._sections(work)
        self._print()

    def _written(self, given: Sequence[StepKey]) -> List[str]:
        """The numbers that columns have to be wide enough for: the given, and those of the steps."""
        found: List[str] = []
        for key in (*given, *(step.key for step in self.steps)):
            array = None if isinstance(key, Inner) else self.subject.run.get(key)
            values = [] if array is None else [value for value in numbers(array) if isfinite(value)]
            found += texts(values, as_written(values) if key in given else to_four_digits(values))
        return found

    def _wanted(self, step: Step, read: Sequence[StepKey]) -> Wanted:
        shown = [
            key for key in read if key != self.root_gradient and not (isinstance(key, Value) and is_number(key.item))
        ]
        operands = tuple((key, self.names[key], self.shapes[key]) for key in shown)
        return Wanted(step.key, step.name, step.rule, step.shape, operands)

    # --- from top to bottom -----------------------------------------------------------------------------------------
    def _head(self) -> None:
        page, options, columns = self.page, self.options, self.columns
        page.text(1, NUMBER, options.title or expression(self.subject), "title")
        page.heights[1] = 24
        facts = [f"numbers {options.numbers}"] if options.numbers is not None else []
        facts += [f"sheet {options.digest}"] if options.digest else []
        page.text(2, NUMBER, "     ".join(facts), "note")
        learner = options.name or NO_NAME
        at = columns.room_for(pixels(learner))
        page.text(2, at - 1, "name", "name_left")
        page.put(2, at, learner, "learner")
        page.text(3, NUMBER, LEGEND[options.marks], "note")
        for row, line in enumerate(self._wrapped(options.task), 4):
            page.text(row, NUMBER, line, "text")
            page.row = row
        page.row = max(page.row + 2, 5)

    def _given(self, given: Sequence[Tuple[StepKey, str, Shape]]) -> None:
        page, top = self.page, self.page.row
        page.heading("given", self.columns.last)
        page.row += 1
        lines = [top]  # the rows where a printed page may end
        for group in ([one for one in given if not one[2]], [one for one in given if one[2]]):
            if group:
                left = in_one_line([(name, shape) for _, name, shape in group], self.columns.cell)
                shown, bottom = flow(self.sheet, group, page.row, FIRST, self.columns.mark, left, bool(group[0][2]))
                lines += [one.name_at[0] for one in shown]
                for one in shown:
                    self.places[one.key], self.names_at[one.key] = one.block, one.name_at
                    values = numbers(self.subject.run.get(one.key))
                    page.text(*one.name_at, one.name, "name_left" if left else "caption")
                    page.numbers(one.block, values, "given", as_written(values))
                    page.labels(one.block)
                page.row = bottom + 2
        lines = sorted({top, *lines} - {min(lines[1:], default=top)})  # the heading stays with the first line
        self.rows += [(first, after - 1) for first, after in zip(lines, [*lines[1:], page.row - 1])]

    def _band(self, step: Step, want: Wanted) -> Band:
        """The place of a step, below a heading where another part of the work begins."""
        page, top, part = self.page, self.page.row, self._part(step)
        if part != getattr(self, "_now", "forward"):
            self._now = part
            page.row += 1
            page.heading(part, self.columns.last)
            page.row += 1
            if step.back and self.root_gradient not in self.places:
                self._root_gradient()
        band = arrange(self.sheet, self.columns, page.row, want)
        self.places[step.key], self.names_at[step.key] = band.answer.block, band.answer.name_at
        for one in band.operands:
            if one.key in self.constants:
                self.places.setdefault(one.key, one.block)
        self.rows.append((top, band.bottom))
        page.row = band.bottom + 1
        if band.answer.block.row > band.top:
            page.heights[page.row] = 5.0  # a little air
            page.row += 1
        return band

    def _part(self, step: Step) -> str:
        """The part of the work that a step belongs to."""
        graph = self.subject.graph
        if graph.step is not None and step.of in graph.step.updates:
            return f"{step.of.name}: one step of {graph.step.optimizer}"
        return f"and back, from {self.subject.slope(graph.root)} = 1" if step.back else "forward"

    def _root_gradient(self) -> None:
        """The 1 that the way back starts from, in a line of its own."""
        root, row = self.subject.graph.root, self.page.row
        block = self.places[self.root_gradient] = Block(self.sheet, row, self.columns.blank, root.shape)
        self.names_at[self.root_gradient] = row, self.columns.label
        self.page.text(row, self.columns.label, self.names[self.root_gradient], "name_left")
        self.page.numbers(block, [1] * block.size, "given", "0")
        self.page.row += 1

    def _asides(self) -> None:
        """Blocks that only the spreadsheet needs lie in hidden columns."""
        row, first = 5, self.columns.hidden
        for step in self._dry.steps:
            if step.aside or step.key not in self.places:
                self.places[step.key] = block = Block(self.sheet, row, first, step.shape)
                row = block.row + block.height + 2
        for leaf in self.subject.graph.inputs:
            if Value(leaf) not in self.places:
                self.names_at[Value(leaf)] = row, first - 1
                self.page.text(row, first - 1, leaf.name, "key")
                self.places[Value(leaf)] = block = Block(self.sheet, row, first, leaf.shape)
                self.page.numbers(block, numbers(self.subject.run.values[leaf]), "key", "General")
                row = block.row + block.height + 2

    def _questions(self) -> None:
        """Room to answer in words, which nobody marks."""
        page, columns = self.page, self.columns
        for question in self.options.questions:
            top = page.row = page.row + 1
            page.heading("in words", columns.last)
            for line in self._wrapped(question):
                page.text(page.row, NUMBER, line, "text")
                page.row += 1
            for _ in range(ANSWER_LINES):
                for col in range(RULE, columns.last + 1):
                    page.put(page.row, col, None, "name")
                page.merged.append(f"{column(RULE)}{page.row}:{column(columns.last)}{page.row}")
                page.heights[page.row] = 18.0
                page.row += 1
            self.rows.append((top, page.row - 1))

    def _wrapped(self, text: str) -> List[str]:
        """In lines that are no wider than the page."""
        return wrapped(text, sum(map(column_pixels, self.columns.widths().values())))

    # --- what verify and the printer need ---------------------------------------------------------------------------
    def _sections(self, work: Work) -> None:
        """Where each array stands, for the graph that the workbook carries."""
        run = self.subject.run
        for key, block in work.blocks.items():
            array = run.get(key)
            typed = block if key in self.blank else None
            needless = isinstance(key, Inner) and key not in self.blank
            if key not in self.places or needless or key == self.root_gradient:
                continue  # a gradient that is what one operation hands on, what only the spreadsheet needs, the 1
            values = [] if array is None else numbers(array)
            dtype = "float64" if array is None else array.dtype
            name = self.names.get(key, "")
            at = self.names_at.get(key)
            section = Section(name, self.sheet, block.shape, dtype, values, block, typed=typed, shown=block, name_at=at)
            self.draft.place(key, section)

    def _print(self) -> None:
        page, options = self.page, self.options
        for row in range(1, max(bottom for _, bottom in self.rows) + 1):
            page.heights.setdefault(row, ROW_POINTS)
        page.paper, page.breaks = self._paper()
        page.repeated_rows = "1:1"
        page.freeze = "A4"
        seed = f"numbers {options.numbers}   " if options.numbers is not None else ""
        page.footer = (options.name or "name ____________________", "page &P of &N", f"{seed}sheet {options.digest}")
        last = max(self.columns.hidden + 5 * (self.columns.answer + 1), self._right_of_asides())
        page.hidden_columns = range(self.columns.last + 1, last + 1)

    def _paper(self) -> Tuple[Paper, List[int]]:
        """The paper, and the rows after which a sheet of it ends: upright unless that makes the numbers small, and then
        too if it saves a sheet."""
        upright, across = papers_for(self.columns.widths())
        ends, ends_across = (breaks(self.rows, self.page.heights, paper.height, 1) for paper in (upright, across))
        small = upright.scale < (SMALL if len(ends) >= len(ends_across) else SMALLEST)
        return self._saved(across, ends_across) if small else self._saved(upright, ends)

    def _saved(self, paper: Paper, ends: List[int]) -> Tuple[Paper, List[int]]:
        """A little smaller, where that saves a sheet that would be nearly empty."""
        for scale in range(paper.scale - 1, max(SMALL, int(LITTLE * paper.scale)) - 1, -1) if ends else ():
            smaller = paper_of(paper.landscape, scale)
            fewer = breaks(self.rows, self.page.heights, smaller.height, 1)
            if len(fewer) < len(ends):
                return smaller, fewer
        return paper, ends

    def _right_of_asides(self) -> int:
        asides = [self.places[step.key] for step in self._dry.steps if step.aside]
        return max((block.column + block.width for block in asides), default=0)


def is_number(item: Item) -> bool:
    """Whether a tensor is a number that is written in the rules, as the 2 of a square."""
    return isinstance(item, Leaf) and not item.shape and not item.requires_grad and is_float(item.name)


def is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


__all__ = ["Node", "OnePage"]
