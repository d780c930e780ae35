"""Where a tensor lies on a sheet.

A spreadsheet has two dimensions, a tensor any number. The last axis runs to the right, the one before it downwards, and
the slices of all axes in front are stacked downwards, each under a row that holds only its label `[b=0, h=1]`. That
row is empty under the columns, so every block is one rectangle that SUM, MAX and SUMPRODUCT can take as a whole.

    a number: one cell      (3,): one row      (2, 3): two rows      (4, 2, 3): four times (a label row, two rows)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from openpyxl.utils import get_column_letter

Shape = Tuple[int, ...]
Index = Tuple[int, ...]
Pattern = Sequence[Optional[int]]  # an index in which ALL stands for every position of that axis

ALL = None
AXES = "bhcdefgijklmn"
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384

column = lru_cache(maxsize=None)(get_column_letter)


def size_of(shape: Shape) -> int:
    """How many numbers a tensor of this shape has."""
    size = 1
    for n in shape:
        size *= n
    return size


def indices(shape: Shape) -> Iterator[Index]:
    """Every index of a shape, row by row."""
    return itertools.product(*map(range, shape))


def flatten(nested: Any, depth: int) -> List[Any]:
    """The numbers of a nested list (of `depth` levels), row by row."""
    flat = [nested]
    for _ in range(depth):
        flat = [value for part in flat for value in part]
    return flat


def slice_label(index: Sequence[int]) -> str:
    """The leading axes of a slice, as b (batch), h (head) and on: `[b=0, h=1]`."""
    return "[" + ", ".join(f"{AXES[axis % len(AXES)]}={i}" for axis, i in enumerate(index)) + "]"


@dataclass(frozen=True)
class Block:
    """A tensor of `shape` on `sheet`, its first number in (`row`, `column`), both counted from 1."""

    sheet: str
    row: int
    column: int
    shape: Shape

    @property
    def width(self) -> int:
        """Columns of numbers."""
        return self.shape[-1] if self.shape else 1

    @cached_property
    def lines(self) -> int:
        """Rows of one slice."""
        return self.shape[-2] if len(self.shape) > 1 else 1

    @cached_property
    def stride(self) -> int:
        """Rows from one slice to the next."""
        return self.lines + (len(self.shape) > 2)

    @cached_property
    def slices(self) -> int:
        return size_of(self.shape[:-2])

    @cached_property
    def height(self) -> int:
        """Rows from the first number to the last; the label row above the first slice is not counted."""
        return max(1, self.slices * self.stride - (len(self.shape) > 2))

    @cached_property
    def size(self) -> int:
        return size_of(self.shape)

    @property
    def anchor(self) -> Tuple[int, int]:
        """(row, column) of the text above the first column: its index 0, or the caption of a single number."""
        return self.row - 1 - (len(self.shape) > 2), self.column

    def slice_row(self, lead: Sequence[int]) -> int:
        """The first row of the slice with the leading index `lead`."""
        return self.row + self.position(lead) * self.stride

    def position(self, index: Sequence[int]) -> int:
        """The place of an index, counted row by row."""
        number = 0
        for i, n in zip(index, self.shape):
            number = number * n + i
        return number

    def at(self, index: Sequence[int]) -> Tuple[int, int]:
        """(row, column) of one number."""
        if len(index) == 2:  # most numbers are of a matrix
            return self.row + index[0], self.column + index[1]
        row = self.slice_row(index[:-2]) + (index[-2] if len(index) > 1 else 0)
        return row, self.column + (index[-1] if index else 0)

    def cells(self) -> Iterator[Tuple[Index, int, int]]:
        """(index, row, column) of every number, row by row."""
        for index in indices(self.shape):
            row, col = self.at(index)
            yield index, row, col

    def slice_at(self, row: int) -> Tuple[Index, int]:
        """The leading index of the slice that a row of the sheet is part of, and which of its lines the row is; -1 or
        `lines` for the label rows around it."""
        number, line = divmod(row - self.row, self.stride)
        if number < 0:
            return (), -1
        lead: List[int] = []
        for n in reversed(self.shape[:-2]):
            number, i = divmod(number, n)
            lead.append(i)
        return tuple(reversed(lead)), line

    def row_cells(self, row: int) -> Iterator[Tuple[Index, int]]:
        """(index, column) of every number in a row of the sheet."""
        lead, line = self.slice_at(row)
        if 0 <= line < self.lines and self.size and row < self.row + self.height:
            head = lead if len(self.shape) < 2 else (*lead, line)
            for j in range(self.width):
                yield (*head, j) if self.shape else (), self.column + j

    def address(self, index: Sequence[int]) -> str:
        row, col = self.at(index)
        return f"{column(col)}{row}"

    def rectangle(self) -> str:
        """The whole block as one range, label rows between slices included (they are empty under the columns)."""
        if not self.size:
            return f"{column(self.column)}{self.row}"
        return self._range(self.row, self.column, self.row + self.height - 1, self.column + self.width - 1)

    def ranges(self, pattern: Pattern) -> List[str]:
        """The ranges that hold the numbers of `pattern`, in row order: `(ALL, 2)` of a matrix is its third column."""
        shape, rank = self.shape, len(self.shape)
        if rank == 2 and self.size:  # the same as below, in less time
            (top, bottom), (left, right) = ((0, n - 1) if p is ALL else (p, p) for p, n in zip(pattern, shape))
            return [self._range(self.row + top, self.column + left, self.row + bottom, self.column + right)]
        if any(shape[axis] == 0 for axis in range(rank) if pattern[axis] is ALL):
            return []
        first = max(rank - 1, 0)  # axes first..rank-2 are all ALL: one range runs through their slices
        while first > 0 and pattern[first - 1] is ALL:
            first -= 1
        result = []
        outer = [range(n) if p is ALL else (p,) for n, p in zip(shape[:first], pattern)]
        for lead in itertools.product(*outer):
            inner = [(0, n - 1) if p is ALL else (p, p) for n, p in zip(shape[first:], pattern[first:])]
            top, left = self.at(lead + tuple(a for a, _ in inner))
            bottom, right = self.at(lead + tuple(b for _, b in inner))
            result.append(self._range(top, left, bottom, right))
        return result

    @staticmethod
    def _range(top: int, left: int, bottom: int, right: int) -> str:
        start = f"{column(left)}{top}"
        return start if (top, left) == (bottom, right) else f"{start}:{column(right)}{bottom}"
