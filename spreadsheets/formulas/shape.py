"""Operations that only move numbers: each cell of the result is a reference, and gradients go back the same way."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from ..layout import Index, Shape, indices, size_of
from .formula import Cell, Formula, Params, formula
from .scope import Scope, broadcast_shape, widen
from .wording import Wording


class Move(Formula):
    """`source` says which number of which operand a result's number is."""

    moves, rounds = True, False

    def source(self, i: Index, shapes: Sequence[Shape], params: Params) -> Tuple[int, Index]:
        raise NotImplementedError

    def forward(self, s: Scope) -> Cell:
        shapes = [x.shape for x in s.x]

        def cell(i: Index) -> str:
            k, j = self.source(i, shapes, s.params)
            return s.x[k][j]

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        shapes = [x.shape for x in s.x]
        came_from: Dict[Index, List[str]] = {}
        for i in indices(s.y.shape):
            operand, j = self.source(i, shapes, s.params)
            if operand == k:
                came_from.setdefault(j, []).append(s.dy[i])
        return lambda j: s.sum_of_cells(came_from.get(j, []), s.dy.finite)


def unravel(position: int, shape: Shape) -> Index:
    """The index of a position counted row by row."""
    index: List[int] = []
    for n in reversed(shape):
        position, i = divmod(position, n)
        index.append(i)
    return tuple(reversed(index))


@formula("Reshape")
class Reshape(Move):
    words, maths, derivative = "the same numbers in another shape", "y = x, row by row", ("dE/dx = dE/dy, row by row",)

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"reshape({names[0]}, {tuple(params['shape'])})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        shape = tuple(params["shape"])
        if size_of(shape) != size_of(shapes[0]):
            raise ValueError(f"reshape of {shapes[0]} to {shape}")
        return shape

    def source(self, i: Index, shapes: Sequence[Shape], params: Params) -> Tuple[int, Index]:
        position = 0
        for j, n in zip(i, tuple(params["shape"])):
            position = position * n + j
        return 0, unravel(position, shapes[0])


@formula("Transpose")
class Transpose(Move):
    words, maths, derivative = (
        "the axes in another order",
        "Y = Xᵀ:  yⱼᵢ = xᵢⱼ",
        ("dE/dX = dE/dYᵀ:  dE/dxᵢⱼ = dE/dyⱼᵢ",),
    )

    def text(self, names: Sequence[str], params: Params) -> str:
        dims = tuple(params["dims"])
        return f"{names[0]}ᵀ" if dims == (1, 0) else f"transpose({names[0]}, {dims})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        (shape,), dims = shapes, tuple(params["dims"])
        if sorted(d % max(len(shape), 1) for d in dims) != list(range(len(shape))):
            raise ValueError(f"transpose of {shape} by {dims}")
        return tuple(shape[d] for d in dims)

    def source(self, i: Index, shapes: Sequence[Shape], params: Params) -> Tuple[int, Index]:
        j = [0] * len(i)
        for place, d in enumerate(params["dims"]):
            j[d] = i[place]
        return 0, tuple(j)


@formula("Expand")
class Expand(Move):
    words, maths = "the same numbers repeated", "y = x, repeated along new axes and axes of size 1"
    derivative = ("dE/dx = Σ dE/dy over the repetitions",)

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"expand({names[0]}, {tuple(params['shape'])})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        shape = tuple(params["shape"])
        if broadcast_shape(shapes[0], shape) != shape:
            raise ValueError(f"expand of {shapes[0]} to {shape}")
        return shape

    def source(self, i: Index, shapes: Sequence[Shape], params: Params) -> Tuple[int, Index]:
        (shape,) = shapes
        return 0, tuple(j if n != 1 else 0 for j, n in zip(i[len(i) - len(shape) :], shape))

    def backward(self, s: Scope, k: int) -> Cell:
        return lambda j: s.sum_of_cells(s.dy.ranges(widen(j, s.x[0].shape, s.y.shape)), s.dy.finite)


@formula("Concat")
class Concat(Move):
    words, maths, derivative = "one after the other", "y = x₁, x₂, … along one axis", ("dE/dx = its part of dE/dy",)

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        return f"{', '.join(names)}, one after the other"

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"cat([{', '.join(names)}], dim={params['dim']})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        dim = params["dim"] % max(len(shapes[0]), 1)
        rest = {shape[:dim] + shape[dim + 1 :] for shape in shapes}
        if len(rest) != 1 or any(len(shape) <= dim for shape in shapes):
            raise ValueError(f"concat of {', '.join(map(str, shapes))} along {dim}")
        return shapes[0][:dim] + (sum(shape[dim] for shape in shapes),) + shapes[0][dim + 1 :]

    def source(self, i: Index, shapes: Sequence[Shape], params: Params) -> Tuple[int, Index]:
        dim = params["dim"] % len(i)
        place = i[dim]
        for k, shape in enumerate(shapes):
            if place < shape[dim]:
                return k, i[:dim] + (place,) + i[dim + 1 :]
            place -= shape[dim]
        raise ValueError("beyond the last part")

    def backward(self, s: Scope, k: int) -> Cell:
        dim = s.params["dim"] % len(s.y.shape)
        before = sum(x.shape[dim] for x in s.x[:k])
        return lambda j: s.dy[j[:dim] + (j[dim] + before,) + j[dim + 1 :]]


@formula("Slice")
class Slice(Move):
    words, maths, derivative = "a part", "y = x[start::step]", ("dE/dx = dE/dy in that part, 0 elsewhere",)

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        return self.text(names, params)

    def text(self, names: Sequence[str], params: Params) -> str:
        parts = []
        kept = len(params["shape"])
        for start, step, size in zip(params["starts"], params["steps"], params["sizes"]):
            single = size == 1 and kept < len(params["sizes"])
            stop = start + step * size
            until = "" if stop < 0 else stop
            parts.append(str(start) if single else f"{start}:{until}" + (f":{step}" if step != 1 else ""))
        return f"{names[0]}[{', '.join(parts)}]"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        shape, sizes = tuple(params["shape"]), tuple(params["sizes"])
        triples = list(zip(params["starts"], params["steps"], sizes, shapes[0]))
        inside = all(m <= 0 or (0 <= a < n and 0 <= a + step * (m - 1) < n) for a, step, m, n in triples)
        if not inside or min(sizes, default=0) < 0 or len(sizes) != len(shapes[0]) or size_of(shape) != size_of(sizes):
            raise ValueError(f"slice {params} of {shapes[0]}")
        return shape

    def source(self, i: Index, shapes: Sequence[Shape], params: Params) -> Tuple[int, Index]:
        full = self.full(i, params)
        return 0, tuple(a + step * j for j, a, step in zip(full, params["starts"], params["steps"]))

    @staticmethod
    def full(i: Index, params: Params) -> Index:
        """The result's index with the axes that an integer dropped put back as 0."""
        sizes, shape = tuple(params["sizes"]), tuple(params["shape"])
        if shape == sizes:
            return i
        position = 0
        for j, n in zip(i, shape):
            position = position * n + j
        return unravel(position, sizes)
