"""Level 12 in code: layer normalisation, positions, residuals, a block."""

from __future__ import annotations

import math
from typing import Any

import saitama

from ..task import code
from ..tensors import gradients, oracle, tensor
from ..trying import Try, Wrong, difference, expect, numbers, shape_of, show

X = [[1.0, -2.0, 0.5, 3.0], [0.25, 1.5, -1.0, 2.0]]
C = [[1.0, -0.5, 2.0, 0.25], [-1.0, 3.0, 0.5, -2.0]]


def normal(x: Any, eps: float, n: float = 0.0, outside: float = 0.0) -> Any:
    found = []
    for row in x:
        mean = sum(row) / len(row)
        var = sum((v - mean) ** 2 for v in row) / (n or len(row))
        found.append([(v - mean) / (math.sqrt(var + eps) + outside) for v in row])
    return found


@code(
    "12-code-layer-norm",
    "LayerNorm",
    "Mean and variance along the last axis, divided by C; eps under the root; then γ and β.",
    "On the way back mean and variance move too: dx = r (g - mean g - x̂ mean g x̂).",
)
def layer_norm(my: Try) -> None:
    norm = my.run("LayerNorm(4, eps=0.5)", lambda: my.get("LayerNorm")(4, eps=0.5))
    x = tensor(my, X, True)
    y = my.run("LayerNorm(4, eps=0.5)(x), x (2, 4)", norm, x)
    faults = {
        "divided by C - 1; the variance is divided by C": normal(X, 0.5, 3),
        "eps is missing": normal(X, 0.0),
        "eps is outside the root": normal(X, 0.0, 0, 0.5),
        "normalised down the positions; it is along the vector": [list(r) for r in zip(*normal(list(zip(*X)), 0.5))],
    }
    expect("LayerNorm(4, eps=0.5)(x), x (2, 4)", y, normal(X, 0.5), faults=faults)
    theirs = oracle(X)
    apart = theirs - theirs.mean(-1, keepdim=True)
    out = apart / ((apart * apart).mean(-1, keepdim=True) + 0.5).sqrt()
    (out * oracle(C, False)).sum().backward()
    gradients(my, "LayerNorm(4, eps=0.5)(x)", y, C, [("x.grad", x, theirs.grad.tolist())])
    one = my.run("LayerNorm(4, eps=0.5)(x), x (4,)", norm, tensor(my, X[0]))
    expect("LayerNorm(4, eps=0.5)(x), x (4,)", one, normal(X, 0.5)[0])


@code(
    "12-code-positions",
    "positions(T, C)",
    "Column 2k has sin(t ω_k), column 2k + 1 has cos(t ω_k), with ω_k = 10000^(-2k / C).",
    "The table is added to the embeddings, not put beside them.",
)
def positions(my: Try) -> None:
    def table(T: int, C: int, halves: bool = False, swap: bool = False, apart: bool = False) -> Any:
        found = []
        for t in range(T):
            sines = [math.sin(t * 10_000.0 ** (-2 * k / C)) for k in range(C // 2)]
            cosines = [math.cos(t * 10_000.0 ** (-(2 * k + apart) / C)) for k in range(C // 2)]
            if swap:
                sines, cosines = cosines, sines
            found.append([*sines, *cosines] if halves else [v for pair in zip(sines, cosines) for v in pair])
        return found

    faults = {
        "sines and cosines stand in two halves; they take turns": table(5, 6, halves=True),
        "sine and cosine changed places": table(5, 6, swap=True),
        "the positions count from 1; the first is 0": table(6, 6)[1:],
        "sine and cosine of a pair have one ω: the 2k of the sine's column": table(5, 6, apart=True),
    }
    expect("positions(5, 6)", my.call("positions", 5, 6), table(5, 6), faults=faults)
    if shape_of(numbers(my.call("positions", 3, 4))) != (3, 4):
        raise Wrong("positions(3, 4) has another shape than (3, 4)")


@code(
    "12-code-residual",
    "residual(x, norm, part, norm_first)",
    "First: x + part(norm(x)). Last: norm(x + part(x)).",
    "x itself must not change: no x += …",
)
def residual(my: Try) -> None:
    f = my.get("residual")
    x = oracle(X)
    norm, part = (lambda v: v * 2 - 1), (lambda v: v * v)
    pre = (x + part(norm(x))).tolist()
    post = norm(x + part(x)).tolist()
    faults = {
        "the norm comes last; with norm_first it is inside": post,
        "norm(x) was added in place of x": (norm(x) + part(norm(x))).tolist(),
        "the direct way is missing": part(norm(x)).tolist(),
        "the part saw x without the norm": (x + part(x)).tolist(),
    }
    expect("residual(x, norm, part)", my.run("residual(x, norm, part)", f, x, norm, part), pre, faults=faults)
    got = my.run("residual(x, norm, part, norm_first=False)", lambda: f(x, norm, part, norm_first=False))
    faults = {
        "the norm is inside; it comes last here": pre,
        "the norm did not see x, only the part": (x + norm(part(x))).tolist(),
        "the direct way is missing": norm(part(x)).tolist(),
    }
    expect("residual(x, norm, part, norm_first=False)", got, post, faults=faults)
    expect("after residual(x, norm, part), x", x, X, "x must stay as it was: no +=", verb="is")


@code(
    "12-code-block",
    "Block(C, h): pre-norm and causal",
    "x + attention(norm(x)), then x + ffn(norm(x)): you may use saitama's parts.",
    "Causal: a later position must not change an earlier output.",
)
def block(my: Try) -> None:
    saitama.manual_seed(1)
    made = my.run("Block(8, 2)", my.get("Block"), 8, 2)
    rows = [[math.sin(3 * t + k) for k in range(8)] for t in range(5)]
    other = [row if t < 3 else [v + 1.5 * (-1) ** k for k, v in enumerate(row)] for t, row in enumerate(rows)]
    y = my.run("Block(8, 2)(x), x (5, 8)", made, tensor(my, rows))
    got, changed = numbers(y), numbers(my.run("Block(8, 2)(x), with other later positions", made, tensor(my, other)))
    if shape_of(got) != (5, 8):
        raise Wrong(f"Block(8, 2)(x), x (5, 8), has the shape {shape_of(got)}: it must be that of x")
    if (difference(got[:3], changed[:3]) or 0) > 1e-9:
        raise Wrong("the outputs 0 to 2 of Block(8, 2) change with the inputs 3 and 4: it is not causal")
    if (difference(got[3:], changed[3:]) or 0) < 1e-9:
        raise Wrong("the outputs 3 and 4 of Block(8, 2) do not change with their inputs")
    first = [rows[0], *[[v - 2 * (-1) ** k for k, v in enumerate(row)] for row in rows[1:2]], *rows[2:]]
    moved = numbers(my.run("Block(8, 2)(x), with another position 1", made, tensor(my, first)))
    if (difference(got[4], moved[4]) or 0) < 1e-9:
        raise Wrong("output 4 of Block(8, 2) does not change with input 1: do the positions attend to each other?")
    tall = [[50 * v for v in row] for row in rows]
    far = numbers(my.run("Block(8, 2)(50 x)", made, tensor(my, tall)))
    rest = max(abs(a - 50 * b) for row, plain in zip(far, rows) for a, b in zip(row, plain))
    if rest > 25:
        why = "is the direct way x + … there, and the norm inside (pre-norm)?"
        raise Wrong(f"Block(8, 2)(50 x) is up to {rest:.3g} away from 50 x: {why}")
    show(y)
