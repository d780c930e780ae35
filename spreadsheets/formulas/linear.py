"""The fully connected layer: each number of the result is a row of x times a row of W, plus b."""

from __future__ import annotations

from itertools import product
from typing import Sequence

from ..layout import ALL, Index, Pattern, Shape
from .formula import Cell, Formula, Params, formula
from .limits import MAX_TERMS
from .scope import Scope
from .wording import Wording


@formula("Linear")
class Linear(Formula):
    words, maths = "the fully connected layer", "Y = X Wᵀ + b:  yᵢⱼ = Σₖ xᵢₖ wⱼₖ + bⱼ"
    letters = ("X", "W", "b")
    derivative = ("dE/dX = dE/dY W:  Σⱼ dE/dyᵢⱼ wⱼₖ", "dE/dW = dE/dYᵀ X:  Σᵢ dE/dyᵢⱼ xᵢₖ", "dE/db = Σᵢ dE/dyᵢⱼ")

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{names[0]} @ {names[1]}ᵀ" + (f" + {names[2]}" if len(names) > 2 else "")

    def rule(self, word: Wording, names: Sequence[str], params: Params) -> str:
        return word("X Wᵀ + b" if len(names) > 2 else "X Wᵀ")

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        x, w = shapes[0], shapes[1]
        if not x or len(w) != 2 or x[-1] != w[1] or any(shape != w[:1] for shape in shapes[2:]) or len(shapes) > 3:
            raise ValueError(f"linear: shapes {', '.join(map(str, shapes))} do not fit")
        return x[:-1] + w[:1]

    def forward(self, s: Scope) -> Cell:
        x, w = s.x[0], s.x[1]
        inputs = w.shape[1]

        def cell(i: Index) -> str:
            row, j = i[:-1], i[-1]
            if inputs <= MAX_TERMS:
                total = s.total([f"{x[row + (k,)]}*{w[j, k]}" for k in range(inputs)])
            else:
                total = s.dot(x, row + (ALL,), w, (j, ALL))
            return f"{total}+{s.x[2][(j,)]}" if len(s.x) > 2 else total

        return cell

    def backward(self, s: Scope, k: int) -> Cell:
        return (self.to_x, self.to_w, self.to_b)[k](s)

    def to_x(self, s: Scope) -> Cell:
        g, w = s.dy, s.x[1]
        outputs, inputs = w.shape
        if outputs <= MAX_TERMS:
            return lambda i: s.total([f"{g[i[:-1] + (j,)]}*{w[j, i[-1]]}" for j in range(outputs)])
        turned = s.aside("Wᵀ = W with its rows as columns", (inputs, outputs), lambda i: w[i[1], i[0]])
        return lambda i: s.dot(g, i[:-1] + (ALL,), turned, (i[-1], ALL))

    def to_w(self, s: Scope) -> Cell:
        g, x = s.dy, s.x[0]
        if len(x.shape) == 1:
            return lambda i: f"{g[(i[0],)]}*{x[(i[1],)]}"
        batches = list(product(*map(range, x.shape[:-2])))
        return lambda i: s.total([s.dot(g, b + (ALL, i[0]), x, b + (ALL, i[1])) for b in batches])

    def to_b(self, s: Scope) -> Cell:
        rows: Pattern = [ALL] * (len(s.x[0].shape) - 1)
        return lambda i: s.sum_of_cells(s.dy.ranges([*rows, i[0]]), s.dy.finite)
