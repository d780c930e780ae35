"""Normalisation, with mean, variance and the normalised numbers as blocks of their own."""

from __future__ import annotations

from typing import Sequence

from ..layout import ALL, Index, Shape
from .formula import Cell, Formula, Params, formula
from .scope import Scope, View


@formula("BatchNorm")
class BatchNorm(Formula):
    words = "batch normalisation: each column to mean 0 and variance 1, then scaled and shifted"
    maths = "y = x̂ w + b,  x̂ = (x − mean) / √(var + eps),  mean and var of each column"
    derivative = (
        "dE/dx = w / √(var + eps) / N · (N dE/dy − Σ dE/dy − x̂ Σ dE/dy x̂)",
        "dE/dw = Σ dE/dy x̂",
        "dE/db = Σ dE/dy",
    )

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"batch_norm({', '.join(names)})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        x = shapes[0]
        if len(x) != 2 or not x[0] or len(shapes) not in (1, 3) or any(shape != x[1:] for shape in shapes[1:]):
            raise ValueError(f"batch_norm: shapes {', '.join(map(str, shapes))} do not fit")
        return x

    def forward(self, s: Scope) -> Cell:
        x = s.x[0]
        rows, columns = x.shape[0], (x.shape[1],)
        eps = s.helper("eps", (), lambda i: repr(float(s.params["eps"])))
        mean = s.helper("mean of each column", columns, lambda i: f"AVERAGE({column(x, i[0])})")
        var = s.helper("variance of each column", columns, lambda i: f"DEVSQ({column(x, i[0])})/{rows}")
        r = s.helper("r = 1 / √(var + eps)", columns, lambda i: f"1/SQRT({var[i]}+{eps[()]})")
        xh = s.helper("x̂ = (x − mean) · r", x.shape, lambda i: f"({x[i]}-{mean[i[1:]]})*{r[i[1:]]}")
        s.kept.update(r=r, xh=xh)
        return lambda i: f"{xh[i]}*{s.x[1][i[1:]]}+{s.x[2][i[1:]]}" if len(s.x) > 1 else xh[i]

    def backward(self, s: Scope, k: int) -> Cell:
        x, g, r, xh = s.x[0], s.dy, s.kept["r"], s.kept["xh"]
        rows, columns = x.shape[0], (x.shape[1],)

        def sum_of_products(i: Index) -> str:
            return s.dot(g, (ALL, i[0]), xh, (ALL, i[0]))

        if k == 1:
            return sum_of_products
        if k == 2:
            return lambda i: s.total(g.ranges((ALL, i[0])))
        plain = s.helper("Σ dE/dy of each column", columns, lambda i: s.total(g.ranges((ALL, i[0]))))
        scaled = s.helper("Σ dE/dy x̂ of each column", columns, sum_of_products)

        def cell(i: Index) -> str:
            j = i[1:]
            inner = f"{r[j]}/{rows}*({rows}*{g[i]}-{plain[j]}-{xh[i]}*{scaled[j]})"
            return f"{s.x[1][j]}*{inner}" if len(s.x) > 1 else inner

        return cell


def column(x: View, j: int) -> str:
    return x.line((ALL, j))
