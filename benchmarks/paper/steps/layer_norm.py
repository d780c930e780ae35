"""Layer normalisation."""

from __future__ import annotations

from math import sqrt

from ..lists import Nested, added, dot, transposed
from .desk import Desk, backward, forward


@forward("LayerNorm", step="mean")
def row_mean(s: Desk) -> Nested:
    return [sum(row) / len(row) for row in s.x[0]]


@forward("LayerNorm", step="var")
def row_variance(s: Desk) -> Nested:
    return [sum(s.write((x - m) ** 2) for x in row) / len(row) for row, m in zip(s.x[0], s["mean"])]


@forward("LayerNorm", step="r")
def row_r(s: Desk) -> Nested:
    return [1 / s.write(sqrt(s.write(v + s["eps"]))) for v in s["var"]]


@forward("LayerNorm", step="x̂")
def row_normalised(s: Desk) -> Nested:
    return [[(x - m) * r for x in row] for row, m, r in zip(s.x[0], s["mean"], s["r"])]


@forward("LayerNorm")
def layer_norm(s: Desk) -> Nested:
    return [[s.write(x * w) + b for x, w, b in zip(row, s.x[1], s.x[2])] for row in s["x̂"]]


@backward("LayerNorm", step="g")
def layer_norm_g(s: Desk) -> Nested:
    return [[g * w for g, w in zip(row, s.x[1])] for row in s.dy]


@backward("LayerNorm", step="sum")
def layer_norm_sum(s: Desk) -> Nested:
    return [sum(row) for row in s["g"]]


@backward("LayerNorm", step="dot")
def layer_norm_dot(s: Desk) -> Nested:
    return [dot(g, x, s.write) for g, x in zip(s["g"], s["x̂"])]


@backward("LayerNorm", k=0)
def layer_norm_to_x(s: Desk) -> Nested:
    n = s.shape[1]
    return [
        [s.write(r / n) * (s.write(n * g) - total - s.write(x * d)) for g, x in zip(gs, xs)]
        for gs, xs, r, total, d in zip(s["g"], s["x̂"], s["r"], s["sum"], s["dot"])
    ]


@backward("LayerNorm", k=1)
def layer_norm_to_w(s: Desk) -> Nested:
    return [dot(g, x, s.write) for g, x in zip(transposed(s.dy), transposed(s["x̂"]))]


@backward("LayerNorm", k=2)
def layer_norm_to_b(s: Desk) -> Nested:
    return added(s.dy)
