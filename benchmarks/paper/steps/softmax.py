"""Softmax and cross-entropy, along the rows."""

from __future__ import annotations

from math import exp, log

from ..lists import Nested, dot
from .desk import Desk, backward, forward


@forward("Softmax", "CrossEntropy", step="max")
def row_max(s: Desk) -> Nested:
    return [[max(row)] for row in s.x[0]]


@forward("Softmax", "CrossEntropy", step="exp")
def row_exp(s: Desk) -> Nested:
    return [[exp(x - m) for x in row] for row, (m,) in zip(s.x[0], s["max"])]


@forward("Softmax", "CrossEntropy", "Attention", step="sum")
def row_sum(s: Desk) -> Nested:
    return [[sum(row)] for row in s["exp"]]


@forward("Softmax")
@forward("Attention", step="P")
def shares(s: Desk) -> Nested:
    return [[e / z for e in row] for row, (z,) in zip(s["exp"], s["sum"])]


@backward("Softmax", step="dot")
def softmax_dot(s: Desk) -> Nested:
    return [[dot(g, p, s.write)] for g, p in zip(s.dy, s.y)]


@backward("Softmax")
def through_softmax(s: Desk) -> Nested:
    return [[p * (g - d) for g, p in zip(gs, ps)] for gs, ps, (d,) in zip(s.dy, s.y, s["dot"])]


@forward("CrossEntropy", step="ln_p")
def log_shares(s: Desk) -> Nested:
    return [[x - m - s.write(log(z)) for x in row] for row, (m,), (z,) in zip(s.x[0], s["max"], s["sum"])]


@forward("CrossEntropy")
def surprise(s: Desk) -> Nested:
    return [-row[int(t)] for row, t in zip(s["ln_p"], s.x[1])]


@backward("CrossEntropy")
def through_cross_entropy(s: Desk) -> Nested:
    return [
        [g * (s.write(e / z) - (1.0 if j == t else 0.0)) for j, e in enumerate(row)]
        for g, row, (z,), t in zip(s.dy, s["exp"], s["sum"], s.x[1])
    ]
