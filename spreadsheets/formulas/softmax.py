"""Softmax and its logarithm along one axis, with the steps in between as blocks of their own."""

from __future__ import annotations

from typing import Sequence

from ..layout import ALL, Index, Pattern, Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .limits import call
from .reduce import extreme
from .scope import Scope, View, guarded


class AlongOneAxis(Formula):
    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{self.name}({names[0]}, dim={params['dim']})"

    name: str

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        (shape,) = shapes
        if not -len(shape) <= params["dim"] < max(len(shape), 1):
            raise ValueError(f"dim {params['dim']} of a tensor with {len(shape)} dimensions")
        return shape

    @staticmethod
    def axis(s: Scope) -> int:
        return int(s.params["dim"]) % max(len(s.y.shape), 1)

    def line(self, s: Scope, i: Index) -> Pattern:
        """The row, column or whatever runs along `dim` through i."""
        return [ALL if a == self.axis(s) else n for a, n in enumerate(i)]

    def first(self, s: Scope, i: Index) -> Index:
        """The index of what the line through i has only one of."""
        return tuple(0 if a == self.axis(s) else n for a, n in enumerate(i))

    def largest(self, s: Scope, one: Shape) -> View:
        """m, the largest of each line; no number where the softmax is none."""
        (x,) = s.x
        n = x.shape[self.axis(s)] if x.shape else 1

        def m_of(i: Index) -> str:
            parts = x.ranges(self.line(s, i))
            return call("MAX", parts) if x.finite else extreme("MAX", parts, n)

        return s.helper("max = the largest x of each line", one, m_of)

    def steps(self, s: Scope) -> None:
        """m; e = exp(x - m), 0 for a masked "-inf"; z, the sum of e."""
        (x,) = s.x
        one = tuple(1 if a == self.axis(s) else n for a, n in enumerate(x.shape))
        m = self.largest(s, one)

        def e_of(i: Index) -> str:
            exponential = f"EXP({x[i]}-{m[self.first(s, i)]})"
            return exponential if x.finite else masked(x[i], m[self.first(s, i)], exponential, "0")

        e = s.helper("exp = exp(x − max)", x.shape, e_of)
        z = s.helper("sum = Σ exp of each line", one, lambda i: s.total(e.ranges(self.line(s, i))))
        s.kept.update(m=m, e=e, z=z)


def masked(x: str, m: str, number: str, otherwise: str) -> str:
    """`number`, `otherwise` for a masked x = -inf; NaN where the largest of the line is infinite or NaN."""
    return f'IF(ISNUMBER({m}),IF({x}="-inf",{otherwise},{number}),{ieee.NAN})'


@formula("Softmax")
class Softmax(AlongOneAxis):
    name = "softmax"
    words, maths = "softmax: positive shares that add up to 1", "yⱼ = exp(xⱼ − m) / Σₖ exp(xₖ − m),  m = max x"
    derivative = ("dE/dxⱼ = yⱼ · (dE/dyⱼ − Σₖ dE/dyₖ · yₖ)",)
    last, last_back = "exp / sum", ("y · (dE/dy − dot)",)
    cancels = True

    def forward(self, s: Scope) -> Cell:
        self.steps(s)
        m, e, z = (s.kept[name] for name in "mez")

        def plain(i: Index) -> str:
            return f"{e[i]}/{z[self.first(s, i)]}"

        return guarded(plain, lambda i: f"IF(ISNUMBER({m[self.first(s, i)]}),{plain(i)},{ieee.NAN})", s.y, s.x[0])

    def backward(self, s: Scope, k: int) -> Cell:
        p, g = s.y, s.dy

        def inner_of(i: Index) -> str:
            return s.dot(g, self.line(s, i), p, self.line(s, i))

        inner = s.helper("dot = Σ dE/dy · y of each line", s.kept["z"].shape, inner_of)

        def plain(i: Index) -> str:
            return f"{p[i]}*({g[i]}-{inner[self.first(s, i)]})"

        return guarded(plain, lambda i: f"IFERROR({plain(i)},{ieee.NAN})", s.dx, p, g)


@formula("LogSoftmax")
class LogSoftmax(AlongOneAxis):
    name = "log_softmax"
    words, maths = "the logarithm of softmax", "yⱼ = xⱼ − m − ln Σₖ exp(xₖ − m),  m = max x"
    derivative = ("dE/dxⱼ = dE/dyⱼ − pⱼ · Σₖ dE/dyₖ,  p = softmax x",)
    last, last_back = "x − max − ln sum", ("dE/dy − exp / sum · total",)
    cancels = True

    def forward(self, s: Scope) -> Cell:
        self.steps(s)
        (x,), m, z = s.x, s.kept["m"], s.kept["z"]

        def plain(i: Index) -> str:
            return f"{x[i]}-{m[self.first(s, i)]}-LN({z[self.first(s, i)]})"

        return guarded(plain, lambda i: masked(x[i], m[self.first(s, i)], plain(i), '"-inf"'), s.y, x)

    def backward(self, s: Scope, k: int) -> Cell:
        e, z, g = s.kept["e"], s.kept["z"], s.dy

        def total_of(i: Index) -> str:
            return s.sum_of_cells(g.ranges(self.line(s, i)), g.finite)

        total = s.helper("total = Σ dE/dy of each line", z.shape, total_of)

        def plain(i: Index) -> str:
            return f"{g[i]}-{e[i]}/{z[self.first(s, i)]}*{total[self.first(s, i)]}"

        return plain
