"""HandSheet(path): ranges of a person's own sheet bound to tensors, and compared with what is computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from saitama.tensor.dtype import check_dtype
from saitama.tensor.tensor import Tensor

from ..address import quote_title
from ..errors import WorkbookError
from ..judge.digits import digits_held
from ..judge.own_formulas import OwnFormulas
from ..layout import Index, Shape, indices, size_of
from ..read.read_tensor import number_of
from ..read.safety import PathLike
from ..read.workbook import Book, Cell, open_workbook
from .audited import Audited
from .labels import find
from .made_of import Arranged, arranged
from .ranges import Address, Range, Ranges, name_of
from .watched import Watch

Place = Tuple[str, int, int]


@dataclass(eq=False)
class Check:
    """A range and what should stand in it; `cells` in the order of the tensor's numbers."""

    text: str
    tensor: Tensor
    values: List[Any]
    cells: List[Tuple[Place, Index, int]]  # where, the index, its number in `values`
    made_of: Arranged
    name: str
    rtol: Optional[float] = None
    atol: Optional[float] = None


@dataclass(eq=False)
class Bound:
    tensor: Tensor
    cells: List[Place]  # in the order of the tensor's numbers


class HandSheet:
    """A workbook of any layout, read once.

        s = HandSheet("mine.xlsx", sheet="Network")
        X = s.tensor("B2:C5", name="X")
        W = s.tensor("B8:D9", name="W", requires_grad=True)
        h = (X @ W).sigmoid()
        loss = ((h - s.tensor("F2:H5")) ** 2).mean()
        loss.backward()
        s.check("B12:D15", h)
        s.check("B18:D19", W.grad)
        print(s.report())

    What was bound and what is checked are the ends of a graph, along which each wrong number is judged: whether it
    follows from the person's own numbers before it, and if not, which misconception gives it. Numbers that the sheet
    shows in between count as the person's own; what it does not show is worked out.
    """

    def __init__(self, path: PathLike, sheet: Optional[str] = None) -> None:
        """`sheet` is the one that addresses without a title mean. Raises WorkbookError where it cannot be read."""
        self._open(open_workbook(path), sheet)

    def _open(self, book: Book, sheet: Optional[str]) -> None:
        self.book, self.path = book, book.path
        self._ranges = Ranges(book, sheet)
        self._formulas = OwnFormulas(book, False)
        self._watch = Watch()
        self._bound: List[Bound] = []
        self._checks: List[Check] = []
        self._used: Dict[str, None] = {}  # sheets

    # --- reading ----------------------------------------------------------------------------------------------------
    def tensor(
        self,
        address: Address,
        name: Optional[str] = None,
        *,
        requires_grad: bool = False,
        shape: Optional[Sequence[int]] = None,
        transpose: bool = False,
        dtype: Optional[str] = None,
    ) -> Tensor:
        """The numbers of a range as a Tensor (rows, columns); a column stays one, (n, 1), and a cell is (1, 1).

        address: "B2:D4", "Sheet2!B2:D4", or several ranges with commas between, which are the slices of a first axis:
            examples side by side, say. Merged cells are one cell.
        shape: another shape for the numbers, read row by row: () for a number, (n,) for a vector.
        transpose: rows for columns, before `shape`.

        Raises WorkbookError naming a cell that holds no number.
        """
        dtype = None if dtype is None else check_dtype(dtype)
        ranges = [one.turned() if transpose else one for one in self._ranges.read(address)]
        shapes = {one.shape for one in ranges}
        if len(shapes) > 1:
            raise ValueError(f"tensor: the ranges of {_text(address)} are of different sizes: give each by itself")
        natural: Shape = ranges[0].shape if len(ranges) == 1 else (len(ranges), *ranges[0].shape)
        wanted = natural if shape is None else tuple(shape)
        if size_of(wanted) != size_of(natural):
            raise ValueError(f"tensor: {_text(address)} is {natural}, which has not the numbers of a shape {wanted}")
        cells = [(one.sheet, *position) for one in ranges for position in one.cells()]
        flat = [self._number(place, dtype) for place in cells]
        made = Tensor(flat, dtype=dtype).reshape(wanted).detach()
        made.name = name or _text(address)
        made.requires_grad_(requires_grad)
        self._bound.append(Bound(made, cells))
        self._watch.bound.append(made)
        return made

    def find(self, label: str, *, sheet: Optional[str] = None, nth: Optional[int] = None) -> str:
        """The address of the block of numbers right of the cell with this text, or under it: `s.tensor(s.find("W1"))`.

        Where several cells hold it, say on which sheet, or which one from the top with `nth`. Raises WorkbookError
        where there is none, or it is not clear which is meant.
        """
        return find(self.book, label, sheet if sheet is not None else self._ranges.sheet, nth)

    def _number(self, place: Place, dtype: Optional[str]) -> Any:
        try:
            return number_of(self.calculated(place), dtype)
        except ValueError as error:
            where = f"{quote_title(place[0])}!{name_of(*_cell(place), False)}"
            raise WorkbookError(f"{self.path}: {where} {error}") from None

    def calculated(self, place: Place) -> Cell:
        """A cell, a formula that no program has calculated yet worked out where that is possible."""
        cell: Cell = self.book[place[0]][place[1], place[2]]
        if cell.kind != "not calculated":
            return cell
        number = self._formulas.number(*place)
        return cell if number is None else cell._replace(value=number, kind="number")

    # --- checking ---------------------------------------------------------------------------------------------------
    def check(
        self,
        address: Address,
        value: Any,
        *,
        where: Any = None,
        until: Optional[str] = None,
        transpose: bool = False,
        name: Optional[str] = None,
        rtol: Optional[float] = None,
        atol: Optional[float] = None,
    ) -> None:
        """Have a range compared with a tensor: a result, a gradient (`W.grad`), or what was computed from these.

        where: a mask of the tensor's shape (or one that broadcasts to it): only where it is true. A causal mask, say.
        until: "blank": the rows, or the columns of a single row, up to the first blank one; what is filled in so far.
        transpose: the range shows the tensor with rows for columns.
        name: what the report calls it.
        rtol, atol: as in compare().

        Raises ValueError where the sizes do not fit.
        """
        if value is None:
            raise ValueError(
                f"check: {_text(address)}: there is no gradient yet: call backward() before, and retain_grad()"
            )
        if until not in (None, "blank"):
            raise ValueError(f"check: until is {until!r}; the one thing it can be is 'blank'")
        tensor = value if isinstance(value, Tensor) else Tensor(_plain(value))
        self._watch.collect()
        ranges = [one.turned() if transpose else one for one in self._ranges.read(address)]
        places, several = _laid_out(ranges, tensor.shape, _text(address), until is not None)
        if until is not None:
            places = self._filled(places, several)
        mask = None if where is None else _mask(where, tensor.shape)
        order = {index: n for n, index in enumerate(indices(tensor.shape))}
        cells = [(place, index, order[index]) for place, index in places if mask is None or mask[order[index]]]
        for one in ranges:
            self._used[one.sheet] = None
        flat = tensor.detach().reshape(tensor.numel()).tolist()
        title = name or (tensor.name if isinstance(value, Tensor) else None) or ""
        self._checks.append(
            Check(_text(address), tensor, flat, cells, arranged(self._watch.present(tensor)), title, rtol, atol)
        )

    def _filled(self, places: List[Tuple[Place, Index]], by_column: bool) -> List[Tuple[Place, Index]]:
        """The cells of the rows before the first one that is wholly blank."""
        lines: Dict[Any, List[Tuple[Place, Index]]] = {}
        for place, index in places:
            lines.setdefault(place[2] if by_column else place[1], []).append((place, index))
        kept: List[Tuple[Place, Index]] = []
        for _, line in sorted(lines.items()):
            if all(self.book[sheet][row, column].kind == "blank" for (sheet, row, column), _ in line):
                break
            kept += line
        return kept

    def lines(self, parameter: Tensor) -> Mapping[str, Tensor]:
        """Of a parameter that an optimiser has updated: every line of its rule by its symbol, "m", "v̂", "p", as tensors
        that can be checked. KeyError where no step was taken since the last backward()."""
        for traced in reversed(self._watch.traced):
            for update in traced.graph.step.updates if traced.graph.step else ():
                if update.parameter.source is parameter:
                    return traced.lines_of(update)
        raise KeyError(f"no optimiser has updated {parameter.name or 'this tensor'} after a backward()")

    def report(self, names: Any = None) -> Audited:
        """What was found. `names`: a mapping such as locals() that says what tensors are called.

        Raises ValueError where nothing is to be checked.
        """
        from .judged import judged

        if not self._checks:
            raise ValueError(f"{self.path}: nothing is checked: say what should stand where, s.check('B2:D4', y)")
        return judged(self, names)

    def probe(
        self, inputs: Optional[Mapping[str, Any]] = None, *, seed: int = 0, engine: Optional[str] = None
    ) -> Audited:
        """The sheet calculated again from other inputs, and checked against the graph computed from these: what is
        right for one set of numbers may be so by chance, and zeros hide errors.

        inputs: by the names of tensors, their other numbers; by default every bound tensor of cells that hold typed
            numbers gets random ones without zeros, by `seed`. The file itself stays as it is.
        engine: as in recalculate().

        Raises WorkbookError where no engine can calculate the sheet, ValueError for a name that was not bound.
        """
        from .probe import probed

        return probed(self, inputs, seed, engine)

    # --- what the judges need ---------------------------------------------------------------------------------------
    def digits(self) -> Optional[int]:
        """How many digits the program that stored the sheet's results has kept."""
        results = (
            float(cell.value)  # type: ignore[arg-type]
            for title in self._used
            for cell in self.book[title].values()
            if cell.has_formula and cell.kind == "number"
        )
        return digits_held(results)


def _laid_out(ranges: List[Range], shape: Shape, text: str, open_ended: bool) -> Tuple[List[Tuple[Place, Index]], bool]:
    """(cell, index) of every number, row by row, and whether it is a single row. `open_ended`: the range may have more
    or fewer rows than the tensor."""
    rows, columns = ranges[0].shape
    if len(ranges) > 1:
        if len(shape) < 1 or shape[0] != len(ranges):
            raise ValueError(
                f"check: {text} are {len(ranges)} ranges, the tensor is {shape}: its first axis must be as long"
            )
        found: List[Tuple[Place, Index]] = []
        for n, one in enumerate(ranges):
            inner, _ = _laid_out([one], shape[1:], one.text, open_ended)
            found += [(place, (n, *index)) for place, index in inner]
        return found, False
    one_line = rows == 1 and columns > 1
    sheet = ranges[0].sheet
    if len(shape) == 1:
        fits = {(1, shape[0]), (shape[0], 1)}
    elif len(shape) <= 2:
        fits = {(shape[0], shape[1]) if shape else (1, 1)}
    else:
        squeezed = tuple(n for n in shape if n != 1)
        fits = {squeezed if len(squeezed) == 2 else (1, size_of(shape)) if len(squeezed) < 2 else (-1, -1)}
    turned = {(m, n) for n, m in fits}
    fitting = any(
        (rows, columns) == one or (open_ended and (columns == one[1] or (rows == one[0] == 1))) for one in fits
    )
    if not fitting:
        hint = "; if it is laid out that way, transpose=True" if (rows, columns) in turned else ""
        hint = hint or "; give a range for each slice, with commas between" * (len(shape) > 2)
        raise ValueError(f"check: {text} has {rows} rows and {columns} columns, the tensor is {shape}{hint}")
    every = list(indices(shape))
    cells = ranges[0].cells()
    return [((sheet, *cell), index) for cell, index in zip(cells, every)], one_line


def _mask(where: Any, shape: Shape) -> List[bool]:
    given = where if isinstance(where, Tensor) else Tensor(where)
    try:
        flat = given.detach().expand(shape).reshape(size_of(shape)).tolist()
    except (ValueError, TypeError) as error:
        raise ValueError(f"check: the mask is {given.shape}, the tensor {shape}: {error}") from None
    return [bool(one) for one in flat]


def _plain(value: Any) -> Any:
    """A Value's number."""
    return value.data if hasattr(value, "data") and hasattr(value, "op") else value


def _cell(place: Place) -> Tuple[str, Tuple[int, int]]:
    return place[0], (place[1], place[2])


def _text(address: Address) -> str:
    return address if isinstance(address, str) else ", ".join(address)


__all__ = ["Bound", "Check", "HandSheet"]
