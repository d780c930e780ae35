"""Numbers picked by an index that is itself in cells: change the index, and the picked numbers follow."""

from __future__ import annotations

from typing import Sequence

from ..layout import ALL, Index, Shape, indices
from . import ieee
from .formula import Cell, Formula, Params, formula
from .limits import as_range
from .scope import Scope, View


def front(s: Scope, n: int) -> View:
    """The index counted from the front: -1 is the last of n places."""
    if "front" not in s.kept:
        index = s.x[1]
        label = f"front = the index, counted from the front (−1 is {n - 1})"
        s.kept["front"] = s.aside(label, index.shape, lambda i: f"{index[i]}+{n}*({index[i]}<0)")
    return s.kept["front"]


def pick(s: Scope, at: str, line: Sequence[str], dim: int) -> str:
    """The number at position `at` of a line along `dim` of x, which is one range or a list of single cells."""
    if len(line) == 1:
        is_row = dim == len(s.x[0].shape) - 1
        return f"INDEX({as_range(line[0])},{'1,' if is_row else ''}{at}+1)"
    if len(line) <= 200:
        return f"CHOOSE({at}+1,{','.join(line)})"
    return s.total([where(s, at, j, cell) for j, cell in enumerate(line)])


def where(s: Scope, at: str, j: int, cell: str) -> str:
    """The cell if `at` is j, else 0: a term of a sum. A text must not be, as SUM would skip it."""
    return f"{'' if s.x[0].finite and s.dy.finite else '1*'}IF({at}={j},{cell},0)"


def sum_where(s: Scope, ids: str, j: int, shares: str) -> str:
    """The sum of the shares whose id is j."""
    plain = f"SUMIF({ids},{j},{shares})"
    return plain if s.dy.finite else ieee.total([shares], plain, only=f"{ids},{j}")


@formula("Take")
class Take(Formula):
    words, maths, letters = "rows (or other slices) picked by an index", "y = x[i]", ("x", "i")
    derivative = ("dE/dx[v] = Σ dE/dy[p] over the places p where i[p] = v",)
    moves, rounds = True, False

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{names[0]}[{names[1]}]" if params["dim"] == 0 else f"take({names[0]}, {names[1]}, dim={params['dim']})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        x, index = shapes
        if not -len(x) <= params["dim"] < len(x):
            raise ValueError(f"take along dim {params['dim']} of {x}")
        dim = params["dim"] % len(x)
        return x[:dim] + index + x[dim + 1 :]

    def forward(self, s: Scope) -> Cell:
        x, index = s.x
        dim, rank = s.params["dim"] % len(x.shape), len(index.shape)
        at = front(s, x.shape[dim])

        def cell(i: Index) -> str:
            return pick(s, at[i[dim : dim + rank]], x.ranges(i[:dim] + (ALL,) + i[dim + rank :]), dim)

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        x, index = s.x
        dim = s.params["dim"] % len(x.shape)
        if not index.block.size:
            return lambda j: "0"
        at = front(s, x.shape[dim])
        if len(x.shape) == 1:
            ids, shares = as_range(at.block.rectangle()), as_range(s.dy.block.rectangle())
            return lambda j: sum_where(s, ids, j[0], shares)
        if dim == 0 and len(x.shape) == 2:
            label = "beside = the index, standing beside the rows it picked"
            beside = s.aside(label, (*index.shape, 1), lambda i: at[i[:-1]])
            every = [ALL] * len(index.shape)
            column = as_range(beside.line([*every, 0]))
            return lambda j: sum_where(s, column, j[0], as_range(s.dy.line([*every, j[1]])))

        def cell(j: Index) -> str:
            places = indices(index.shape)
            return s.total([where(s, at[p], j[dim], s.dy[j[:dim] + p + j[dim + 1 :]]) for p in places])

        return cell


@formula("Gather")
class Gather(Formula):
    words, maths, letters = "one number picked along an axis for each index", "yₚ = x[i[p]] along one axis", ("x", "i")
    derivative = ("dE/dx[v] = Σ dE/dy[p] over the places p of the same line where i[p] = v",)
    moves, rounds = True, False

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"gather({names[0]}, {names[1]}, dim={params['dim']})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        x, index = shapes
        dim = params["dim"] % max(len(x), 1)
        if len(x) != len(index) or any(a != dim and m > n for a, (m, n) in enumerate(zip(index, x))):
            raise ValueError(f"gather from {x} by {index}")
        return index

    def forward(self, s: Scope) -> Cell:
        (x, _), dim = s.x, s.params["dim"] % len(s.x[0].shape)
        at = front(s, x.shape[dim])
        return lambda i: pick(s, at[i], x.ranges(i[:dim] + (ALL,) + i[dim + 1 :]), dim)

    def backward(self, s: Scope, k: int) -> Cell:
        (x, index), dim = s.x, s.params["dim"] % len(s.x[0].shape)
        at = front(s, x.shape[dim])

        def cell(j: Index) -> str:
            if any(a != dim and v >= m for a, (v, m) in enumerate(zip(j, index.shape))):
                return "0"  # the index has no line here
            line = j[:dim] + (ALL,) + j[dim + 1 :]
            ids, shares = at.ranges(line), s.dy.ranges(line)
            if len(ids) == 1:
                return sum_where(s, as_range(ids[0]), j[dim], as_range(shares[0]))
            places = [j[:dim] + (p,) + j[dim + 1 :] for p in range(index.shape[dim])]
            return s.total([where(s, at[p], j[dim], s.dy[p]) for p in places])

        return cell
