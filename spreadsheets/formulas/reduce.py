"""Sums, means, extremes: one cell of the result from a whole part of x."""

from __future__ import annotations

from typing import ClassVar, Dict, Optional, Sequence, Tuple

from ..layout import ALL, Index, Pattern, Shape, size_of
from . import ieee
from .formula import Cell, Formula, Params, formula
from .limits import as_range, call
from .scope import Scope, View, guarded
from .wording import Wording


class Reduction(Formula):
    """y = f(the numbers of x along `dim`)."""

    def text(self, names: Sequence[str], params: Params) -> str:
        dims = tuple(params["dim"])
        dim = f", dim={dims[0] if len(dims) == 1 else dims}" if dims else ""
        return f"{type(self).__name__.lower()}({names[0]}{dim})"

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        dims = axes(word.shapes[0], params)
        along = f" along dim {', '.join(map(str, dims))}" if len(dims) < len(word.shapes[0]) else ""
        return super().rule(word, names, params) + along

    def counts(self, shapes: Sequence[Shape], params: Params) -> Dict[str, int]:
        return {"M": size_of(tuple(shapes[0][a] for a in axes(shapes[0], params)))}

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        (shape,) = shapes
        dims = axes(shape, params)
        return tuple(1 if a in dims else n for a, n in enumerate(shape) if params["keepdim"] or a not in dims)


def axes(shape: Shape, params: Params) -> Tuple[int, ...]:
    dims = tuple(params["dim"])
    if any(not -len(shape) <= d < len(shape) for d in dims):
        raise ValueError(f"dim {dims} of a tensor with {len(shape)} dimensions")
    return tuple(sorted(d % len(shape) for d in dims))


def part(s: Scope, i: Index) -> Pattern:
    """The part of x that result i was reduced from."""
    dims = axes(s.x[0].shape, s.params)
    if s.params["keepdim"]:
        return [ALL if a in dims else n for a, n in enumerate(i)]
    rest = iter(i)
    return [ALL if a in dims else next(rest) for a in range(len(s.x[0].shape))]


def result(s: Scope, i: Index) -> Index:
    """The index of the result that x[i] went into."""
    dims = axes(s.x[0].shape, s.params)
    return tuple(0 if a in dims else n for a, n in enumerate(i) if s.params["keepdim"] or a not in dims)


def count(s: Scope) -> int:
    """M, how many numbers go into one result."""
    return size_of(tuple(s.x[0].shape[a] for a in axes(s.x[0].shape, s.params)))


@formula("Sum")
class Sum(Reduction):
    words, maths, derivative = "the sum", "y = Σ x", ("dE/dx = dE/dy,  for every number that went in",)

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x
        return lambda i: s.sum_of_cells(x.ranges(part(s, i)), x.finite)

    def backward(self, s: Scope, k: int) -> Cell:
        return lambda i: s.dy[result(s, i)]


@formula("Mean")
class Mean(Reduction):
    words, maths, derivative = "the mean", "y = Σ x / M", ("dE/dx = dE/dy / M",)

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x

        def cell(i: Index) -> str:
            parts = x.ranges(part(s, i))
            if not parts:
                return ieee.NAN
            mean = f"AVERAGE({','.join(parts)})" if len(parts) <= 8 else f"({s.total(parts)})/{count(s)}"
            return mean if x.finite else ieee.total(parts, mean)

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        return lambda i: f"{s.dy[result(s, i)]}/{count(s)}"


NAN_ORDER = {"MAX": "9E+307", "MIN": "-9E+307"}  # in the place of NaN, which comes before all others


class Extreme(Reduction):
    """The largest or smallest number; the gradient goes to the first place that holds it, in row order."""

    rounds = False
    function: ClassVar[str]

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x

        def plain(i: Index) -> str:
            return call(self.function, x.ranges(part(s, i)))

        return guarded(plain, lambda i: extreme(self.function, x.ranges(part(s, i)), count(s)), s.y, x)

    def backward(self, s: Scope, k: int) -> Cell:
        (x,) = s.x
        dims = axes(x.shape, s.params)
        if in_one_line(x, dims):
            ranks = ranks_of(s, self.function)
            return lambda i: f"IF({place(s, ranks, i)}={i[dims[0]] + 1},{s.dy[result(s, i)]},0)"
        nan = NAN_ORDER[self.function]
        seen = hits(s, self.function, lambda i: s.y[i] if x.finite else ieee.order(s.y[i], nan))

        def first(i: Index) -> str:
            before = previous_place(s, i)
            is_first = f"{seen[i]}=1" + (f",{seen[before]}=0" if before else "")
            return f"IF(AND({is_first}),{s.dy[result(s, i)]},0)"

        return first


def extreme(function: str, parts: Sequence[str], n: int) -> str:
    """MAX or MIN of n cells that may hold infinities and NaN (which both functions skip, being text)."""
    wins, left = ("inf", "-inf") if function == "MAX" else ("-inf", "inf")
    nan, best, worst = ("+".join(f'COUNTIF({as_range(p)},"{text}")' for p in parts) for text in ("nan", wins, left))
    number = f'IF({worst}={n},"{left}",{call(function, parts)})'
    return f'IF({nan}>0,{ieee.NAN},IF({best}>0,"{wins}",{number}))'


def in_one_line(x: View, dims: Sequence[int]) -> bool:
    """Whether each part is one row or one column."""
    return len(dims) == 1 and dims[0] >= len(x.shape) - 2


def comparable(s: Scope, function: str) -> View:
    """x, or a block of numbers that compare as those of x do, with NaN before all others."""
    (x,) = s.x
    if x.finite:
        return x
    if "comparable" not in s.kept:
        nan = NAN_ORDER[function]
        s.kept["comparable"] = s.aside("order = numbers in the order of x", x.shape, lambda i: ieee.order(x[i], nan))
    return s.kept["comparable"]


def ranks_of(s: Scope, function: str) -> View:
    """A helper block of ranks: RANK compares exactly, where MATCH takes a number a few bits smaller for the largest."""
    if "ranks" not in s.kept:
        x, order = comparable(s, function), "" if function == "MAX" else ",1"

        def rank(i: Index) -> str:
            return f"RANK({x[i]},{as_range(x.line(part(s, result(s, i))))}{order})"

        best = "largest" if function == "MAX" else "smallest"
        s.kept["ranks"] = s.aside(f"rank = the rank of each number, 1 for the {best}", x.shape, rank)
    return s.kept["ranks"]


def place(s: Scope, ranks: View, i: Index) -> str:
    """The first place of rank 1, counted from 1, of the part that x[i] is in."""
    return f"MATCH(1,{as_range(ranks.line(part(s, result(s, i))))},0)"


def previous_place(s: Scope, i: Index) -> Optional[Index]:
    """The place before x[i] in its part, in row order; None where x[i] is the first."""
    before = list(i)
    for a in reversed(axes(s.x[0].shape, s.params)):
        if before[a]:
            before[a] -= 1
            return tuple(before)
        before[a] = s.x[0].shape[a] - 1
    return None


def hits(s: Scope, function: str, best: Cell) -> View:
    """A helper block that counts in row order how often the best of each part was met."""
    x = comparable(s, function)

    def running(view: View) -> Cell:
        def cell(i: Index) -> str:
            before, here = previous_place(s, i), f"IF(SIGN({x[i]}-{best(result(s, i))})=0,1,0)"
            return f"{view[before]}+{here}" if before else here

        return cell

    return s.running("met = how often the extreme was met so far, in row order", x.shape, running)


@formula("Max")
class Max(Extreme):
    words, maths, function = "the largest", "y = max x", "MAX"
    derivative = ("dE/dx = dE/dy at the first place of the largest, else 0",)


@formula("Min")
class Min(Extreme):
    words, maths, function = "the smallest", "y = min x", "MIN"
    derivative = ("dE/dx = dE/dy at the first place of the smallest, else 0",)


class Position(Reduction):
    """Where the extreme is: how many places come before it in row order."""

    rounds = False
    function: ClassVar[str]
    derivative = ("no gradient",)

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x
        if in_one_line(x, axes(x.shape, s.params)):
            ranks = ranks_of(s, self.function)
            return lambda i: f"MATCH(1,{as_range(ranks.line(part(s, i)))},0)-1"
        numbers = comparable(s, self.function)
        best = s.aside("extreme = the extreme", s.y.shape, lambda i: call(self.function, numbers.ranges(part(s, i))))
        seen = hits(s, self.function, lambda i: best[i])
        return lambda i: s.total([f"COUNTIF({as_range(p)},0)" for p in seen.ranges(part(s, i))])


@formula("ArgMax")
class ArgMax(Position):
    words, maths, function = "the place of the largest", "y = argmax x", "MAX"


@formula("ArgMin")
class ArgMin(Position):
    words, maths, function = "the place of the smallest", "y = argmin x", "MIN"
