"""A person's own inputs and weights, out of their workbook into a tensor."""

from __future__ import annotations

from math import inf
from typing import Optional

from saitama.tensor.dtype import check_dtype
from saitama.tensor.parse import EXACT, FLOAT32_MAX
from saitama.tensor.tensor import Tensor

from ..address import cell_name, quote_title
from ..errors import WorkbookError
from .nearly import to_do
from .safety import PathLike
from .workbook import Cell, open_workbook

_OR = {"blank": ", or give a smaller block", "boolean": ", or read it with dtype='bool'"}


def read_tensor(
    path: PathLike,
    address: str,
    *,
    transpose: bool = False,
    dtype: Optional[str] = None,
    requires_grad: bool = False,
    name: Optional[str] = None,
) -> Tensor:
    """The numbers of a block such as "Sheet1!B2:D4" as a Tensor of shape (rows, columns).

    One row or one column gives a vector (n,), one cell a scalar (). `transpose` exchanges rows and columns of a
    block. Every cell must hold a number, typed or calculated; the texts nan, inf and -inf are taken as such, a date is
    not. The doubles are those of the file, exactly. Raises WorkbookError naming the cell, what it holds and what to do.
    """
    dtype = None if dtype is None else check_dtype(dtype)
    book = open_workbook(path)
    block = book.block(address)
    rows, columns = block.shape
    cells = book[str(block.sheet)]
    numbers = []
    for position in block.cells():
        try:
            numbers.append(_number(cells[position], dtype))
        except ValueError as error:
            where = f"{quote_title(str(block.sheet))}!{cell_name(*position)}"
            raise WorkbookError(f"{book.path}: {where} {error}") from None
    if (rows, columns) == (1, 1):
        data: object = numbers[0]
    elif 1 in (rows, columns):
        data = numbers
    elif transpose:
        data = [numbers[column::columns] for column in range(columns)]
    else:
        data = [numbers[row * columns : (row + 1) * columns] for row in range(rows)]
    return Tensor(data, dtype=dtype, requires_grad=requires_grad, name=name)


def _number(cell: Cell, dtype: Optional[str]) -> float:
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
