"""Check a person's own workbook, whatever its layout, against the framework's values."""

from __future__ import annotations

from typing import Collection, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from saitama.tensor.tensor import Tensor

from ..address import Area, cell_name
from ..closeness import is_close
from ..read.safety import PathLike
from ..read.workbook import Book, Cell, open_workbook
from .digits import digits_held, lost
from .hand import is_right
from .hint import hint
from .report import Comparison, Difference

# How far a spreadsheet's own arithmetic may stray, by the dtype of the true value: (relative, absolute).
TOLERANCES = {"float64": (1e-9, 1e-12), "float32": (1e-5, 1e-7), "int64": (1e-9, 1e-12), "bool": (0.0, 0.0)}

Expected = Tuple[Tuple[int, ...], float]  # the index in the tensor, the value there


def compare(
    path: PathLike,
    values: Mapping[str, object],
    *,
    rtol: Optional[float] = None,
    atol: Optional[float] = None,
    transpose: Union[bool, Collection[str]] = (),
) -> Comparison:
    """Compare blocks of the workbook at `path` with tensors, nested lists or numbers: `{"Sheet1!B2:D4": tensor}`.

    A tensor of shape (n,) matches a row or a column, (m, n) a block of m rows and n columns, () a single cell. A
    block that a person laid out the other way round is named in `transpose`: `transpose=["Sheet1!B2:D4"]`, or
    `transpose=True` for all. Where the workbook has one sheet, "B2:D4" will do.

    A number typed by hand is right if it equals the true value rounded to as many decimals as were typed, at least
    to two significant digits. The result of a formula is right if |found - expected| <= atol + rtol |expected|, by
    default 1e-9 and 1e-12 (1e-5 and 1e-7 for float32), and where the program kept ten digits or so of what it
    calculated, if it is the true value at those. A blank, a formula never calculated, a text and a date are not
    "wrong": each is reported as what it is.

    Raises ValueError where a shape does not fit its block, and WorkbookError where the workbook cannot be used.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"compare: give a dict such as {{'Sheet1!B2:D4': tensor}}, not {type(values).__name__}")
    if not values:
        raise ValueError("compare: there is nothing to compare; name at least one block, {'Sheet1!B2:D4': tensor}")
    for tolerance in (rtol, atol):
        if tolerance is not None and not tolerance >= 0:
            raise ValueError(f"compare: rtol and atol must be 0 or more, not {tolerance!r}")
    turned = set(values) if transpose is True else set() if transpose is False else set(transpose)
    if not turned <= set(values):
        raise ValueError(
            f"compare: transpose names {sorted(turned - set(values))}, which are not among the blocks compared"
        )
    book = open_workbook(path)
    differences: List[Difference] = []
    digits = digits_held(_results(book, {str(book.block(address).sheet) for address in values}))
    checked = 0
    for address, value in values.items():
        block = book.block(address)
        title, cells = str(block.sheet), book[str(block.sheet)]
        tensor = value if isinstance(value, Tensor) else Tensor(value)
        for position, (index, true) in zip(block.cells(), _in_order(block, tensor, address in turned)):
            cell = cells[position]
            kind = judge(cell, true, tensor.dtype, rtol, atol, digits)
            checked += 1
            if kind is not None:
                what = f"{tensor.name or ''}{list(index) if index else ''}"
                advice = hint(cell, kind, true, not cell.has_formula)
                differences.append(Difference(title, cell_name(*position), kind, cell.seen, true, what, advice))
    return Comparison(book.path, checked, differences)


def _results(book: Book, titles: Iterable[str]) -> Iterator[float]:
    """What a spreadsheet program calculated and stored on these sheets."""
    for title in titles:
        for cell in book[title].values():
            if cell.has_formula and cell.kind == "number":
                yield float(cell.value)  # type: ignore[arg-type]


def judge(
    cell: Cell,
    true: float,
    dtype: str = "float64",
    rtol: Optional[float] = None,
    atol: Optional[float] = None,
    digits: Optional[int] = None,
) -> Optional[str]:
    """None if the cell is right, else the kind of difference (see Difference.kind). `digits`: see digits_held."""
    number = cell.number
    if number is None and dtype == "bool" and cell.kind == "boolean":
        number = float(cell.value is True)
    if number is None:
        return cell.kind
    if not cell.has_formula:
        return None if is_right(number, true, dtype) else "wrong"
    usual_rtol, usual_atol = TOLERANCES[dtype]
    rtol, atol = usual_rtol if rtol is None else rtol, usual_atol if atol is None else atol
    close = is_close(number, true, rtol, atol + lost(number, true, digits))
    return None if close else "wrong"


def _in_order(block: Area, tensor: Tensor, turned: bool) -> Iterator[Expected]:
    """(index, value) of the tensor's elements in the order of the block's cells, row by row."""
    rows, columns = block.shape
    shape = tensor.shape
    fits = {
        0: (rows, columns) == (1, 1),
        1: 1 in (rows, columns) and (rows * columns,) == shape,
        2: (rows, columns) == (shape[::-1] if turned else shape),
    }.get(len(shape), False)
    if not fits:
        raise ValueError(f"compare: {_misfit(block, shape, turned)}")
    data = tensor.tolist()
    for i in range(rows):
        for j in range(columns):
            if not shape:
                yield (), float(data)
            elif len(shape) == 1:
                yield (i + j,), float(data[i + j])
            else:
                m, n = (j, i) if turned else (i, j)
                yield (m, n), float(data[m][n])


def _misfit(block: Area, shape: Tuple[int, ...], turned: bool) -> str:
    rows, columns = block.shape
    size = f"{block} has {rows} row{'s' * (rows > 1)} and {columns} column{'s' * (columns > 1)}"
    if len(shape) > 2:
        return f"{size}, but the tensor has {len(shape)} axes {shape}: compare slices of at most two axes"
    if len(shape) == 2 and not turned and shape == (columns, rows):
        return f"{size}, the tensor is {shape}: if the block is laid out that way, pass transpose=[{str(block)!r}]"
    return (
        f"{size}, the tensor is {shape}"
        + (" and transposed" if turned and len(shape) == 2 else "")
        + ": they must match"
    )
