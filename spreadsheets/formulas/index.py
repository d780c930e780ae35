"""Numbers picked by an index that is itself in cells: change the index, and the picked numbers follow."""

from __future__ import annotations

from typing import List, Sequence

from ..layout import ALL, Index, Shape, indices
from .formula import Cell, Formula, Params, formula
from .limits import as_range
from .scope import Scope


def pick(s: Scope, at: str, value: float, line: Sequence[str], n: int) -> str:
    """The number at position `at` of a line of n numbers, which is one range or a list of single cells."""
    place = f"{at}+1" if value >= 0 else f"MOD({at},{n})+1"
    if len(line) == 1:
        return f"INDEX({as_range(line[0])},{place})"
    if len(line) <= 200:
        return f"CHOOSE({place},{','.join(line)})"
    return s.total([f"IF({place}={j + 1},{cell},0)" for j, cell in enumerate(line)])


def counted(at: str, value: float, n: int) -> str:
    """An index counted from the front."""
    return at if value >= 0 else f"MOD({at},{n})"


@formula("Take")
class Take(Formula):
    words, maths = "rows (or other slices) picked by an index", "y = x[index]"
    derivative = ("dE/dx[v] = Σ dE/dy[p] over the places p where index[p] = v",)

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

        def cell(i: Index) -> str:
            p = i[dim : dim + rank]
            line = x.ranges(i[:dim] + (ALL,) + i[dim + rank :])
            return pick(s, index[p], index.value(p), line, x.shape[dim])

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        x, index = s.x
        dim, n = s.params["dim"] % len(x.shape), x.shape[s.params["dim"]]
        front = any(index.value(p) < 0 for p in indices(index.shape))
        if not index.block.size:
            return lambda j: "0"
        if not front and dim == 0 and len(x.shape) <= 2:
            if len(x.shape) == 1:
                ids, shares = as_range(index.prefix + index.block.rectangle()), as_range(s.dy.block.rectangle())
                return lambda j: f"SUMIF({ids},{j[0]},{shares})"
            beside = s.helper(
                "the index, standing beside the rows it picked", (*index.shape, 1), lambda i: index[i[:-1]]
            )
            every = [ALL] * len(index.shape)
            ids = as_range(beside.line([*every, 0]))
            return lambda j: f"SUMIF({ids},{j[0]},{as_range(s.dy.line([*every, j[1]]))})"

        def cell(j: Index) -> str:
            parts: List[str] = []
            for p in indices(index.shape):
                at = counted(index[p], index.value(p), n)
                parts.append(f"IF({at}={j[dim]},{s.dy[j[:dim] + p + j[dim + 1 :]]},0)")
            return s.total(parts)

        return cell


@formula("Gather")
class Gather(Formula):
    words, maths = "one number picked along an axis for each index", "yₚ = x[index[p]] along one axis"
    derivative = ("dE/dx[v] = Σ dE/dy[p] over the places p of the same line where index[p] = v",)

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"gather({names[0]}, {names[1]}, dim={params['dim']})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        x, index = shapes
        dim = params["dim"] % max(len(x), 1)
        if len(x) != len(index) or any(a != dim and m > n for a, (m, n) in enumerate(zip(index, x))):
            raise ValueError(f"gather from {x} by {index}")
        return index

    def forward(self, s: Scope) -> Cell:
        x, index = s.x
        dim = s.params["dim"] % len(x.shape)

        def cell(i: Index) -> str:
            line = x.ranges(i[:dim] + (ALL,) + i[dim + 1 :])
            return pick(s, index[i], index.value(i), line, x.shape[dim])

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        x, index = s.x
        dim, n = s.params["dim"] % len(x.shape), x.shape[s.params["dim"]]
        negative = any(index.value(p) < 0 for p in indices(index.shape))

        def cell(j: Index) -> str:
            if any(a != dim and v >= m for a, (v, m) in enumerate(zip(j, index.shape))):
                return "0"  # the index has no line here
            line = j[:dim] + (ALL,) + j[dim + 1 :]
            ids, shares = index.ranges(line), s.dy.ranges(line)
            if len(ids) == 1 and not negative:
                return f"SUMIF({as_range(ids[0])},{j[dim]},{as_range(shares[0])})"
            places = [j[:dim] + (p,) + j[dim + 1 :] for p in range(index.shape[dim])]
            return s.total([f"IF({counted(index[p], index.value(p), n)}={j[dim]},{s.dy[p]},0)" for p in places])

        return cell
