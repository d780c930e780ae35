"""Where everything stands on a page to work on: what is given on top, then one band for each step.

A band has the step's number and rule on the left, the numbers it needs in the middle, and the blank on the right,
always in the same columns, so that the eye and the Tab key go straight down. Here are only rows and columns.

    1  h = X W + b      X            W            b          h   0  1   ✓ ✓
                        1.0  2.0     0.5  …       0.1  …     0  [ ][ ]
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

from ..graph.keys import StepKey
from ..layout import Block, Shape
from .measure import INDENT, NUMBER_EDGE, UNIT, column_pixels, column_width, pixels
from .sheet import Paper

NUMBER, RULE, FIRST = 1, 2, 3  # columns: of a step's number, of its rule, the first of its operands
RULE_CHARACTERS = 28
MOST_COLUMNS = 7  # of operands side by side
NUMBER_WIDTH, RULE_WIDTH, CELL_WIDTH, MARK_WIDTH = 3.5, 26.0, 7.8, 2.4  # in characters
WIDEST_CELL, WIDEST_LABEL = 9.6, 13.0  # made for names, as far as the paper has room
AIR = 0.8  # between a name and the number on its left
UPRIGHT, ACROSS = 96 / 25.4 * (210 - 20), 96 / 25.4 * (297 - 20)  # pixels of A4 with margins of 1 cm


@dataclass(frozen=True)
class Shown:
    """A block with its name: above it, or to its left where it is a single number."""

    key: StepKey
    name: str
    block: Block
    name_at: Tuple[int, int]


@dataclass(frozen=True)
class Band:
    """The rows of one step, or of what is given (then without an answer)."""

    key: StepKey
    top: int
    bottom: int
    rule: Tuple[str, ...]  # in lines
    operands: Tuple[Shown, ...]
    answer: Shown


@dataclass(frozen=True)
class Wanted:
    """A step before it has a place: what it reads, and the shape of its answer."""

    key: StepKey
    name: str
    rule: str
    shape: Shape
    operands: Tuple[Tuple[StepKey, str, Shape], ...]  # key, name, shape


@dataclass
class Columns:
    """The columns of a page, from the widths that its steps need."""

    operands: int
    answer: int
    first: int = FIRST
    cell: float = CELL_WIDTH  # the width of a number
    names: float = CELL_WIDTH  # of the column `label`

    @property
    def label(self) -> int:
        """Of the names and the row numbers of the blanks."""
        return self.first + self.operands

    @property
    def blank(self) -> int:
        return self.label + 1

    @property
    def mark(self) -> int:
        return self.blank + self.answer

    @property
    def last(self) -> int:
        return self.mark + self.answer - 1

    @property
    def hidden(self) -> int:
        """The first of the hidden ones."""
        return self.last + 2

    def room_for(self, text: float) -> int:
        """The last column from which so many pixels end on the page: what is hidden beside it would cut them off."""
        width = {column: column_pixels(each) for column, each in self.widths().items()}
        columns = range(self.blank, self.first, -1)
        return next((c for c in columns if sum(width[k] for k in range(c, self.last + 1)) > text), self.first + 1)

    def widths(self) -> Dict[int, float]:
        found = {NUMBER: NUMBER_WIDTH, RULE: RULE_WIDTH}
        found.update(dict.fromkeys(range(self.first, self.mark), self.cell))
        found[self.label] = self.names
        found.update(dict.fromkeys(range(self.mark, self.last + 1), MARK_WIDTH))
        return found


def columns_for(
    steps: Sequence[Wanted], given: Sequence[Tuple[StepKey, str, Shape]], numbers: Sequence[str] = ()
) -> Columns:
    """`numbers`: those that are given, as they are written."""
    operands = [min(MOST_COLUMNS, _needed([shape for _, _, shape in step.operands])) for step in steps]
    single = [_width(shape) + 1 for step in steps for _, _, shape in step.operands]
    answer = max([_width(step.shape) for step in steps], default=1)
    wide = max([_width(shape) for _, _, shape in given], default=1)
    columns = Columns(max([2, *operands, *single, wide + 1 - answer - 1]), answer)
    columns.cell = max([CELL_WIDTH, *(column_width(pixels(text) + NUMBER_EDGE) for text in numbers)])
    columns.names = columns.cell
    widen(columns, steps)
    return columns


def widen(columns: Columns, steps: Sequence[Wanted]) -> None:
    """Make room for names, as far as the paper is not full."""

    def spare(page: float) -> float:
        return max(0.0, page - sum(map(column_pixels, columns.widths().values()))) / UNIT

    full = [step for step in steps if _taken(step) >= columns.operands]  # nothing is free on the left of their name
    names = max([name_width(step.name, bold=bool(step.shape)) for step in full], default=0.0)
    names = min(names, WIDEST_LABEL) + AIR
    columns.names = max(columns.names, min(names, columns.names + spare(UPRIGHT / 0.8)))
    beside = [name_width(name) for step in steps if _in_a_line(step) for _, name, _ in step.operands]
    wanted = max([width for width in beside if width <= WIDEST_CELL], default=0.0) + AIR
    share = spare(UPRIGHT) / (columns.operands + columns.answer)
    columns.cell = max(columns.cell, min(wanted, columns.cell + share))


def name_width(name: str, bold: bool = False) -> float:
    """Of a column that holds a name on its right."""
    return column_width(pixels(name, bold=bold) + INDENT)


def _in_a_line(step: Wanted) -> bool:
    return not step.shape and all(not shape for _, _, shape in step.operands)


def _taken(step: Wanted) -> int:
    """The columns that a step's operands take, of those that there are."""
    if _in_a_line(step):
        return 2 * len(step.operands)
    return _needed([shape for _, _, shape in step.operands]) - 1


def arrange(sheet: str, columns: Columns, top: int, step: Wanted) -> Band:
    """The band of a step whose first row is `top`."""
    rule = tuple(textwrap.wrap(f"{step.name} = {step.rule}", RULE_CHARACTERS)) or ("",)
    room = columns.names + (columns.cell if _taken(step) < columns.operands else 0.0)
    short = name_width(step.name) <= room
    named = [(name, shape) for _, name, shape in step.operands]
    scalars = not step.shape and short and in_one_line(named, columns.cell)
    operands, bottom = flow(sheet, step.operands, top, columns.first, columns.first + columns.operands, scalars)
    head = 0 if scalars else 1 + (len(step.shape) > 2) if step.shape else 1
    answer = Block(sheet, top + head, columns.blank, tuple(step.shape))
    name_at = (top, columns.label)
    bottom = max(bottom, top + len(rule) - 1, answer.row + answer.height - 1)
    return Band(step.key, top, bottom, rule, operands, Shown(step.key, step.name, answer, name_at))


def in_one_line(blocks: Sequence[Tuple[str, Shape]], width: float) -> bool:
    """Whether all are single numbers with names that are short enough to stand beside them, in such a column."""
    return all(not shape and name_width(name) <= width for name, shape in blocks)


def flow(
    sheet: str,
    wanted: Sequence[Tuple[StepKey, str, Shape]],
    top: int,
    first: int,
    end: int,
    names_left: bool,
    labelled: bool = False,
) -> Tuple[Tuple[Shown, ...], int]:
    """Blocks from left to right between two columns, going on below where the width is used up; and the last row.
    `labelled`: with room for the indices over their columns and beside their rows."""
    shown: List[Shown] = []
    row, column, bottom = top, first, top
    for key, name, shape in wanted:
        taken = 2 if names_left else _width(shape) + 1 + (labelled and len(shape) > 1)
        if column > first and column + taken - (0 if names_left else 1) > end:
            row, column = bottom + 1, first
        if names_left:
            block, name_at = Block(sheet, row, column + 1, tuple(shape)), (row, column)
        else:
            aside = labelled and len(shape) > 1
            block = Block(sheet, row + 1 + labelled + (len(shape) > 2), column + aside, tuple(shape))
            name_at = (row, column)
        shown.append(Shown(key, name, block, name_at))
        bottom = max(bottom, block.row + block.height - 1)
        column += taken
    return tuple(shown), bottom


def papers_for(widths: Mapping[int, float]) -> Tuple[Paper, Paper]:
    """A4 upright and across, with the scale at which the columns fit."""
    wide = sum(map(column_pixels, widths.values()))
    upright, across = (int(max(40, min(100, 97 * room / wide))) for room in (UPRIGHT, ACROSS))
    return paper_of(False, upright), paper_of(True, across)


def paper_of(landscape: bool, scale: int) -> Paper:
    """A4, with the height that rows have on it."""
    height = ((210 if landscape else 297) - 44) / 25.4 * 72 / (scale / 100)  # with room for the footer
    return Paper(landscape, scale, height)


ROW_POINTS = 14.0  # of a row of a page: no program chooses it, so a page ends where it is planned to


def breaks(bands: Sequence[Tuple[int, int]], heights: Mapping[int, float], page: float, repeated: int) -> List[int]:
    """The rows after which a page of so many points ends, so that no band (first row, last row) is cut. The first
    `repeated` rows stand on every page."""

    def points(first: int, last: int) -> float:
        return sum(heights.get(row, ROW_POINTS) for row in range(first, last + 1))

    found: List[int] = []
    start, room = 1, page
    for top, bottom in bands:
        if points(start, bottom) > room and top > start:
            found.append(top - 1)
            start, room = top, page - points(1, repeated)
    return found


def _width(shape: Shape) -> int:
    return shape[-1] if shape else 1


def _needed(shapes: Sequence[Shape]) -> int:
    """The columns of some blocks side by side, with a gap between two."""
    if all(not shape for shape in shapes):
        return 2 * min(4, len(shapes))
    return sum(_width(shape) + 1 for shape in shapes)


__all__ = [
    "Band",
    "Columns",
    "Paper",
    "Shown",
    "Wanted",
    "arrange",
    "breaks",
    "columns_for",
    "flow",
    "paper_of",
    "papers_for",
]
