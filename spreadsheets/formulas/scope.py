"""What a formula sees while it is written: operands, result and arriving gradient, as cell addresses."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence

from ..layout import ALL, Block, Index, Pattern, Shape, size_of
from . import ieee
from .limits import MAX_LENGTH, MAX_TERMS, call, chunks, is_range

Cell = Callable[[Index], str]  # from an index to the formula of that cell, without the leading "="


class View:
    """A block as seen from one sheet: `v[i, j]` is the address of a number, `v.value(i, j)` what it was at export."""

    def __init__(
        self, block: Block, seen_from: str, values: Optional[Sequence[Any]] = None, finite: Optional[bool] = None
    ) -> None:
        quoted = block.sheet.replace("'", "''")
        self.prefix = "" if block.sheet == seen_from else f"'{quoted}'!"
        self.block, self.shape, self.values = block, block.shape, values
        self.finite = ieee.finite(*(values or ())) if finite is None else finite  # no cell holds "inf" or "nan"

    def __getitem__(self, index: Sequence[int]) -> str:
        return self.prefix + self.block.address(index)

    def ranges(self, pattern: Pattern) -> List[str]:
        """The ranges of a pattern such as `(i, ALL)`: row i."""
        return [self.prefix + part for part in self.block.ranges(pattern)]

    def line(self, pattern: Pattern) -> str:
        """The one range of a pattern that has exactly one."""
        (only,) = self.ranges(pattern)
        return only

    def broadcast(self, index: Index) -> Index:
        """The index into this block that a broadcast result's `index` reads."""
        lead = len(index) - len(self.shape)
        return tuple(i if n != 1 else 0 for i, n in zip(index[lead:], self.shape))

    def value(self, index: Sequence[int]) -> float:
        """The framework's number at `index` at the export, for choosing a form; never written into a formula."""
        if self.values is None:
            return 0.0
        position = 0
        for i, n in zip(index, self.shape):
            position = position * n + i
        return float(self.values[position])


def guarded(plain: Cell, guarded: Cell, makes: View, *reads: View) -> Cell:
    """The plain formula where all tensors that it reads and the one it makes are finite, else the guarded one.

    Where only the result is finite, a text in it would be an error: what reads the result is not guarded.
    """
    if makes.finite:
        return plain if all(view.finite for view in reads) else lambda i: f"1*({guarded(i)})"
    return guarded


class Scope:
    """One node while its sheet is written.

    `x[k]` operands, `y` result, `dy` the gradient arriving at the result, `dx` the one handed on, `params` as given to
    the operation. `place` and `write` make a helper block on the sheet; `spill` writes one formula to the right of
    everything and gives its address, for a sum that is too long for one cell.
    """

    def __init__(
        self,
        x: Sequence[View],
        y: View,
        params: Dict[str, Any],
        place: Callable[[str, Shape, bool], View],
        write: Callable[[View, Cell], None],
        spill: Callable[[str], str],
    ) -> None:
        self.x, self.y, self.params = tuple(x), y, params
        self._place, self._write, self._spill = place, write, spill
        self.dy: View = y  # set to the arriving gradient before the backward formulas are written, as dx is
        self.dx: View = y
        self.kept: Dict[str, View] = {}  # helper blocks of the forward pass that the backward pass reads again

    def helper(self, equation: str, shape: Shape, cell: Cell) -> View:
        """A block of live formulas for a step in between: `equation` is its name, " = " and its rule, in letters."""
        return self._block(equation, shape, lambda view: cell, False)

    def aside(self, equation: str, shape: Shape, cell: Cell) -> View:
        """The same for a block that the spreadsheet needs and no one who works by hand: numbers in another order."""
        return self._block(equation, shape, lambda view: cell, True)

    def running(self, equation: str, shape: Shape, cell_of: Callable[[View], Cell]) -> View:
        """A block of the second kind whose cells may refer to the block itself: a running count."""
        return self._block(equation, shape, cell_of, True)

    def _block(self, equation: str, shape: Shape, cell_of: Callable[[View], Cell], aside: bool) -> View:
        view = self._place(equation, shape, aside)
        view.finite = all(known.finite for known in (*self.x, self.y, self.dy))
        self._write(view, cell_of(view))
        return view

    # ---- sums that respect the limits of a cell --------------------------------------------------------------------
    def total(self, parts: Sequence[str]) -> str:
        """The sum of ranges, addresses or products."""
        parts = list(parts)
        if not parts:
            return "0"
        if len(parts) == 1:
            return call("SUM", parts) if is_range(parts[0]) else parts[0]
        if len(parts) <= MAX_TERMS and not any(map(is_range, parts)):
            return "+".join(parts)
        while sum(map(len, parts)) + 2 * len(parts) > MAX_LENGTH:
            parts = [self._spill("=" + call("SUM", some)) for some in chunks(parts, MAX_LENGTH - 200)]
        return call("SUM", parts)

    def sum_of_cells(self, parts: Sequence[str], finite: bool) -> str:
        """The sum of ranges and addresses; unless all are `finite` they may hold texts, which SUM would skip."""
        total = self.total(parts)
        return total if finite or not parts else ieee.total(parts, total)

    def dot(self, a: View, pa: Pattern, b: View, pb: Pattern) -> str:
        """The sum of products of two lines of equal length and direction (both along rows, or both down columns).

        A text among them is an error in SUMPRODUCT(a*b), which is slower, and 0 in SUMPRODUCT(a,b).
        """
        by = "," if a.finite and b.finite else "*"
        ra, rb = a.ranges(pa), b.ranges(pb)
        return self.total([f"SUMPRODUCT({p}{by}{q})" if ":" in p else f"{p}*{q}" for p, q in zip(ra, rb)])

    # ---- undoing a broadcast ---------------------------------------------------------------------------------------
    def unbroadcast(self, k: int, rule: str, cell: Cell) -> Cell:
        """The formula of the gradient of operand k from the formula of one result cell's share.

        Where operand k was broadcast, the shares, which follow `rule`, get a helper block of their own, which is then
        summed back to its shape.
        """
        shape, full = self.x[k].shape, self.y.shape
        if shape == full:
            return cell
        if not size_of(full):
            return lambda i: "0"
        shares = self.helper(f"share = {rule}", full, cell)
        return lambda i: self.sum_of_cells(shares.ranges(widen(i, shape, full)), self.dx.finite)


def widen(index: Index, shape: Shape, full: Shape) -> Pattern:
    """The pattern in `full` that `index` of the broadcast `shape` feeds: ALL where an axis was added or repeated."""
    lead = len(full) - len(shape)
    axes: List[Optional[int]] = [ALL] * lead
    return axes + [ALL if n == 1 and m != 1 else i for i, n, m in zip(index, shape, full[lead:])]


def broadcast_shape(*shapes: Shape) -> Shape:
    """The shape several operands broadcast to; ValueError where they do not."""
    rank = max(map(len, shapes), default=0)
    result = []
    for axis in range(rank):
        sizes = {shape[axis - rank + len(shape)] for shape in shapes if axis >= rank - len(shape)} - {1}
        if len(sizes) > 1:
            raise ValueError(f"shapes {', '.join(map(str, shapes))} do not broadcast")
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)
