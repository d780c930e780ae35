"""A person's own inputs and weights, out of their workbook into a tensor."""

from __future__ import annotations

from math import inf
from typing import Any, List, Optional

from saitama.tensor.dtype import check_dtype
from saitama.tensor.parse import EXACT, FLOAT32_MAX
from saitama.tensor.tensor import Tensor

from ..address import Area, cell_name, quote_title
from ..errors import WorkbookError
from .nearly import to_do
from .safety import PathLike
from .workbook import Book, Cell, open_workbook

_OR = {"blank": ", or give a smaller block", "boolean": ", or read it with dtype='bool'"}


def read_tensor(
    path: PathLike,
    address: str,
    *,
    transpose: bool = False,
    ndim: Optional[int] = None,
    dtype: Optional[str] = None,
    requires_grad: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """The numbers of a block such as "Sheet1!B2:D4" as a Tensor of shape (rows, columns).

    One row or one column gives a vector (n,), one cell a scalar (). With `ndim=2` the block stays a matrix, whatever
    its size: a column is (n, 1), so that `W @ x + b` with features in rows works as it stands on the sheet; with ndim 1
    and 0 the block has to be a row or a column, and a single cell. `transpose` exchanges rows and columns.
    Every cell must hold a number, typed or calculated; the texts nan, inf and -inf are taken as such, a date is
    not. The doubles are those of the file, exactly. Raises WorkbookError naming the cell, what it holds and what to do.
    """
    dtype = None if dtype is None else check_dtype(dtype)
    if ndim not in (None, 0, 1, 2):
        raise ValueError(f"read_tensor: ndim is {ndim!r}; a block has 2 axes, a row or a column may have 1, a cell 0")
    book = open_workbook(path)
    block = book.block(address)
    rows = numbers_of(book, block, dtype)
    data = shaped(rows, transpose, ndim, str(block))
    return Tensor(data, dtype=dtype, requires_grad=requires_grad, name=name)


def numbers_of(book: Book, block: Area, dtype: Optional[str] = None) -> List[List[Any]]:
    """The numbers of a block, row by row. WorkbookError names the first cell without one."""
    cells = book[str(block.sheet)]
    rows: List[List[Any]] = []
    for row in range(block.top, block.bottom + 1):
        rows.append([])
        for column in range(block.left, block.right + 1):
            try:
                rows[-1].append(number_of(cells[row, column], dtype))
            except ValueError as error:
                where = f"{quote_title(str(block.sheet))}!{cell_name(row, column)}"
                raise WorkbookError(f"{book.path}: {where} {error}") from None
    return rows


def shaped(rows: List[List[Any]], transpose: bool, ndim: Optional[int], where: str) -> Any:
    """Rows of numbers as nested lists of `ndim` axes; of None, as few as hold them."""
    if transpose:
        rows = [list(column) for column in zip(*rows)]
    is_line = 1 in (len(rows), len(rows[0]))
    if ndim is None:
        ndim = 0 if len(rows) == len(rows[0]) == 1 else 1 if is_line else 2
    flat = [number for row in rows for number in row]
    if (ndim == 1 and not is_line) or (ndim == 0 and len(flat) > 1):
        raise ValueError(f"{where} has {len(rows)} rows and {len(rows[0])} columns: it has no {ndim} axes")
    return rows if ndim == 2 else flat if ndim == 1 else flat[0]


def number_of(cell: Cell, dtype: Optional[str]) -> float:
    """The cell's number as the dtype can hold it, or ValueError with what the cell holds instead and what to do."""
    if dtype == "bool" and cell.kind == "boolean":
        return cell.value is True
    number = cell.number
    if number is None:
        raise ValueError(f"{cell.found}: {to_do(cell)}{_OR.get(cell.kind, '')}")
    if dtype == "bool":
        if number not in (0.0, 1.0):
            raise ValueError(f"{cell.found}: dtype='bool' needs TRUE, FALSE, 1 or 0")
        return bool(number)
    if dtype == "int64":
        if not number.is_integer() or abs(number) > EXACT:
            raise ValueError(f"{cell.found}, not a whole number that a cell holds exactly: use dtype='float64'")
        return int(number)
    if dtype == "float32" and FLOAT32_MAX < abs(number) < inf:
        raise ValueError(f"{cell.found}, outside the range of float32: use dtype='float64'")
    return number
