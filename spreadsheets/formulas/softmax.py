"""Softmax and its logarithm along one axis, with the steps in between as blocks of their own."""

from __future__ import annotations

from typing import Sequence

from ..layout import ALL, Index, Pattern, Shape
from . import ieee
from .formula import Cell, Formula, Params, formula
from .reduce import extreme
from .scope import Scope


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

    def steps(self, s: Scope) -> None:
        """m, the largest of each line; e = exp(x - m), 0 for a masked "-inf"; z, the sum of e."""
        (x,) = s.x
        one = tuple(1 if a == self.axis(s) else n for a, n in enumerate(x.shape))
        m = s.helper("m: the largest of each line", one, lambda i: extreme("MAX", x, self.line(s, i), 0.0))

        def e_of(i: Index) -> str:
            exponential = f"EXP({x[i]}-{m[self.first(s, i)]})"
            if ieee.finite(x.value(i)):
                return exponential
            return f'IF(ISNUMBER({x[i]}),{exponential},IF(AND({x[i]}="-inf",ISNUMBER({m[self.first(s, i)]})),0,"nan"))'

        e = s.helper("e = exp(x − m)", x.shape, e_of)
        z = s.helper("z = Σ e", one, lambda i: s.total(e.ranges(self.line(s, i))))
        s.kept.update(m=m, e=e, z=z)


@formula("Softmax")
class Softmax(AlongOneAxis):
    name = "softmax"
    words, maths = "softmax: positive shares that add up to 1", "yⱼ = exp(xⱼ − m) / Σₖ exp(xₖ − m),  m = max x"
    derivative = ("dE/dxⱼ = yⱼ · (dE/dyⱼ − Σₖ dE/dyₖ · yₖ)",)

    def forward(self, s: Scope) -> Cell:
        self.steps(s)
        e, z = s.kept["e"], s.kept["z"]

        def cell(i: Index) -> str:
            plain = f"{e[i]}/{z[self.first(s, i)]}"
            return plain if ieee.finite(s.y.value(i)) else ieee.else_nan(plain, *e.ranges(self.line(s, i))[:1])

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        p, g = s.y, s.dy

        def inner_of(i: Index) -> str:
            return s.dot(g, self.line(s, i), p, self.line(s, i))

        inner = s.helper("Σ dE/dy · y of each line", s.kept["z"].shape, inner_of)
        return lambda i: f"{p[i]}*({g[i]}-{inner[self.first(s, i)]})"


@formula("LogSoftmax")
class LogSoftmax(AlongOneAxis):
    name = "log_softmax"
    words, maths = "the logarithm of softmax", "yⱼ = xⱼ − m − ln Σₖ exp(xₖ − m),  m = max x"
    derivative = ("dE/dxⱼ = dE/dyⱼ − pⱼ · Σₖ dE/dyₖ,  p = e / z",)

    def forward(self, s: Scope) -> Cell:
        self.steps(s)
        (x,), m, z = s.x, s.kept["m"], s.kept["z"]

        def cell(i: Index) -> str:
            j = self.first(s, i)
            plain = f"{x[i]}-{m[j]}-LN({z[j]})"
            if ieee.finite(x.value(i), s.y.value(i)):
                return plain
            return f'IF(COUNT({x[i]},{m[j]})=2,{plain},IF(AND({x[i]}="-inf",ISNUMBER({m[j]})),"-inf","nan"))'

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        e, z, g = s.kept["e"], s.kept["z"], s.dy
        total = s.helper("Σ dE/dy of each line", z.shape, lambda i: s.total(g.ranges(self.line(s, i))))

        def cell(i: Index) -> str:
            j = self.first(s, i)
            return f"{g[i]}-{e[i]}/{z[j]}*{total[j]}"

        return cell
