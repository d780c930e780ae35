"""Sums, means, extremes: one cell of the result from a whole part of x."""

from __future__ import annotations

from typing import ClassVar, Dict, List, Sequence, Tuple

from ..layout import ALL, Index, Pattern, Shape, indices, size_of
from . import ieee
from .formula import Cell, Formula, Params, formula
from .limits import as_range, call
from .scope import Scope, View


class Reduction(Formula):
    """y = f(the numbers of x along `dim`)."""

    def text(self, names: Sequence[str], params: Params) -> str:
        dims = tuple(params["dim"])
        dim = f", dim={dims[0] if len(dims) == 1 else dims}" if dims else ""
        return f"{type(self).__name__.lower()}({names[0]}{dim})"

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


def each(x: View, pattern: Pattern) -> List[Index]:
    """The indices of a pattern, in row order."""
    shape = tuple(n if p is ALL else 1 for p, n in zip(pattern, x.shape))
    return [tuple(a if p is ALL else p for a, p in zip(i, pattern)) for i in indices(shape)]


@formula("Sum")
class Sum(Reduction):
    words, maths, derivative = "the sum", "y = Σ x", ("dE/dx = dE/dy, for every number that went in",)

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x

        def cell(i: Index) -> str:
            parts = x.ranges(part(s, i))
            total = s.total(parts)
            if ieee.finite(s.y.value(i)) or not parts:
                return total
            return ieee.total(parts, total)

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        return lambda i: s.dy[result(s, i)]


@formula("Mean")
class Mean(Reduction):
    words, maths, derivative = "the mean", "y = (1/M) Σ x", ("dE/dx = dE/dy / M",)

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x

        def cell(i: Index) -> str:
            parts = x.ranges(part(s, i))
            if not parts:
                return ieee.NAN
            if not ieee.finite(s.y.value(i)):
                return ieee.total(parts, f"{s.total(parts)}/{count(s)}")
            if len(parts) <= 8:
                return f"AVERAGE({','.join(parts)})"
            return f"({s.total(parts)})/{count(s)}"

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        return lambda i: f"{s.dy[result(s, i)]}/{count(s)}"


class Extreme(Reduction):
    """The largest or smallest number; the gradient goes to the first place that holds it, in row order."""

    function: ClassVar[str]
    beyond: ClassVar[Dict[str, str]]  # which infinity wins, and which is left when there is nothing else

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x
        return lambda i: extreme(self.function, x, part(s, i), s.y.value(i))

    def backward(self, s: Scope, k: int) -> Cell:
        (x,) = s.x
        dims = axes(x.shape, s.params)
        if len(dims) == 1 and dims[0] >= len(x.shape) - 2:  # one row or one column: MATCH finds the first

            def matched(i: Index) -> str:
                j = result(s, i)
                return f"IF(MATCH({s.y[j]},{as_range(x.line(part(s, j)))},0)={i[dims[0]] + 1},{s.dy[j]},0)"

            return matched
        seen = hits(s, lambda i: s.y[i])

        def first(i: Index) -> str:
            j = result(s, i)
            return f"IF(AND({x[i]}={s.y[j]},{seen[i]}=1),{s.dy[j]},0)"

        return first


def extreme(function: str, x: View, pattern: Pattern, value: float) -> str:
    """MAX or MIN of a part, also where it holds infinities (which both functions skip, being text)."""
    parts = x.ranges(pattern)
    plain = call(function, parts)
    if all(ieee.finite(x.value(i)) for i in each(x, pattern)):
        return plain
    wins, left = ("inf", "-inf") if function == "MAX" else ("-inf", "inf")
    found = {text: "+".join(f'COUNTIF({as_range(p)},"{text}")' for p in parts) for text in ("nan", wins)}
    number = f'IF({call("COUNT", parts)}=0,"{left}",{plain})'
    return f'IF({found["nan"]}>0,"nan",IF({found[wins]}>0,"{wins}",{number}))'


def hits(s: Scope, extreme_of: Cell) -> View:
    """A helper block that counts in row order how often the extreme was met: the first place is where it says 1."""
    (x,) = s.x
    order = {i: n for j in indices(s.y.shape) for n, i in enumerate(each(x, part(s, j)))}
    previous: Dict[Index, Index] = {}
    for j in indices(s.y.shape):
        places = each(x, part(s, j))
        previous.update(zip(places[1:], places))

    def running(view: View) -> Cell:
        def cell(i: Index) -> str:
            here = f"IF({x[i]}={extreme_of(result(s, i))},1,0)"
            return here if order[i] == 0 else f"{view[previous[i]]}+{here}"

        return cell

    return s.running("how often the extreme was met so far, in row order", x.shape, running)


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

    function: ClassVar[str]
    derivative = ("no gradient",)

    def forward(self, s: Scope) -> Cell:
        (x,) = s.x
        dims = axes(x.shape, s.params)
        if len(dims) == 1 and dims[0] >= len(x.shape) - 2:

            def matched(i: Index) -> str:
                return f"MATCH({extreme(self.function, x, part(s, i), 0.0)},{as_range(x.line(part(s, i)))},0)-1"

            return matched
        value = s.helper("the extreme", s.y.shape, lambda i: extreme(self.function, x, part(s, i), 0.0))
        seen = hits(s, lambda i: value[i])
        return lambda i: s.total([f"COUNTIF({as_range(p)},0)" for p in seen.ranges(part(s, i))])


@formula("ArgMax")
class ArgMax(Position):
    words, maths, function = "the place of the largest", "y = argmax x", "MAX"


@formula("ArgMin")
class ArgMin(Position):
    words, maths, function = "the place of the smallest", "y = argmin x", "MIN"
