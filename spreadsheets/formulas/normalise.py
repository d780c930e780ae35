"""Normalisation, with mean, variance and the normalised numbers as blocks of their own."""

from __future__ import annotations

from typing import Dict, Sequence

from ..layout import ALL, Index, Shape
from .formula import Cell, Formula, Params, formula
from .scope import Scope, View
from .wording import Wording


@formula("BatchNorm")
class BatchNorm(Formula):
    words = "batch normalisation: each column to mean 0 and variance 1, then scaled and shifted"
    maths = "y = x̂ w + b,  x̂ = (x − mean) / √(var + eps),  mean and var of each column"
    derivative = (
        "dE/dx = w / √(var + eps) / N · (N dE/dy − Σ dE/dy − x̂ Σ dE/dy x̂)",
        "dE/dw = Σ dE/dy · x̂",
        "dE/db = Σ dE/dy",
    )
    letters = ("x", "w", "b")
    last_back = ("w · r / N · (N · dE/dy − sum − x̂ · dot)",)

    def counts(self, shapes: Sequence[Shape], params: Params) -> Dict[str, int]:
        return {"N": shapes[0][0]}

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        return word(("x̂", "x̂ · w", "x̂ · w + b")[len(names) - 1])

    def rule_back(self, word: Wording, k: int, names: Sequence[str], params: Params) -> str:
        plain = super().rule_back(word, k, names, params)
        return plain if k or len(names) > 1 else word("r / N · (N · dE/dy − sum − x̂ · dot)")

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
        mean = s.helper("mean = the average x of each column", columns, lambda i: f"AVERAGE({column(x, i[0])})")

        def var_of(i: Index) -> str:
            return variance(column(x, i[0]), mean[i], rows)

        var = s.helper("var = the average (x − mean)² of each column", columns, var_of)
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
            return lambda i: s.sum_of_cells(g.ranges((ALL, i[0])), g.finite)
        plain = s.helper("sum = Σ dE/dy of each column", columns, lambda i: s.total(g.ranges((ALL, i[0]))))
        scaled = s.helper("dot = Σ dE/dy · x̂ of each column", columns, sum_of_products)

        def cell(i: Index) -> str:
            j = i[1:]
            inner = f"{r[j]}/{rows}*({rows}*{g[i]}-{plain[j]}-{xh[i]}*{scaled[j]})"
            return f"{s.x[1][j]}*{inner}" if len(s.x) > 1 else inner

        return cell


@formula("LayerNorm")
class LayerNorm(Formula):
    words = "layer normalisation: each row to mean 0 and variance 1, then scaled and shifted"
    maths = "y = x̂ w + b,  x̂ = (x − mean) / √(var + eps),  mean and var of each row"
    derivative = (
        "dE/dx = 1 / √(var + eps) / C · (C g − Σ g − x̂ Σ g x̂),  g = dE/dy w,  sums along the row",
        "dE/dw = Σ dE/dy · x̂ over the rows",
        "dE/db = Σ dE/dy over the rows",
    )
    letters = ("x", "w", "b")
    last_back = ("r / C · (C · g − sum − x̂ · dot)",)

    def counts(self, shapes: Sequence[Shape], params: Params) -> Dict[str, int]:
        return {"C": shapes[0][-1]}

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        return word(("x̂", "x̂ · w", "x̂ · w + b")[len(names) - 1])

    def rule_back(self, word: Wording, k: int, names: Sequence[str], params: Params) -> str:
        plain = super().rule_back(word, k, names, params)
        return plain if k or len(names) > 1 else word("r / C · (C · dE/dy − sum − x̂ · dot)")

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"layer_norm({', '.join(names)})"

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        x = shapes[0]
        if not x or not x[-1] or len(shapes) > 3 or any(shape != x[-1:] for shape in shapes[1:]):
            raise ValueError(f"layer_norm: shapes {', '.join(map(str, shapes))} do not fit")
        return x

    def forward(self, s: Scope) -> Cell:
        x = s.x[0]
        width, rows = x.shape[-1], x.shape[:-1]
        eps = s.helper("eps", (), lambda i: repr(float(s.params["eps"])))
        mean = s.helper("mean = the average x of each row", rows, lambda i: f"AVERAGE({x.line((*i, ALL))})")

        def var_of(i: Index) -> str:
            return variance(x.line((*i, ALL)), mean[i], width)

        var = s.helper("var = the average (x − mean)² of each row", rows, var_of)
        r = s.helper("r = 1 / √(var + eps)", rows, lambda i: f"1/SQRT({var[i]}+{eps[()]})")
        xh = s.helper("x̂ = (x − mean) · r", x.shape, lambda i: f"({x[i]}-{mean[i[:-1]]})*{r[i[:-1]]}")
        s.kept.update(r=r, xh=xh)

        def cell(i: Index) -> str:
            scaled = f"{xh[i]}*{s.x[1][i[-1:]]}" if len(s.x) > 1 else xh[i]
            return f"{scaled}+{s.x[2][i[-1:]]}" if len(s.x) > 2 else scaled

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        x, dy, r, xh = s.x[0], s.dy, s.kept["r"], s.kept["xh"]
        width, rows = x.shape[-1], x.shape[:-1]
        down = (ALL,) * len(rows)
        if k == 1:
            return lambda i: s.dot(dy, (*down, *i), xh, (*down, *i))
        if k == 2:
            return lambda i: s.sum_of_cells(dy.ranges((*down, *i)), dy.finite)
        g = s.helper("g = dE/dy · w", x.shape, lambda i: f"{dy[i]}*{s.x[1][i[-1:]]}") if len(s.x) > 1 else dy
        plain = s.helper("sum = Σ g of each row", rows, lambda i: s.total(g.ranges((*i, ALL))))
        scaled = s.helper("dot = Σ g · x̂ of each row", rows, lambda i: s.dot(g, (*i, ALL), xh, (*i, ALL)))

        def cell(i: Index) -> str:
            row = i[:-1]
            return f"{r[row]}/{width}*({width}*{g[i]}-{plain[row]}-{xh[i]}*{scaled[row]})"

        return cell


def column(x: View, j: int) -> str:
    return x.line((ALL, j))


def variance(line: str, mean: str, n: int) -> str:
    """Written out: DEVSQ loses its digits in some programs where the mean is large beside the deviations."""
    return f"SUMPRODUCT(({line}-{mean})*({line}-{mean}))/{n}"
