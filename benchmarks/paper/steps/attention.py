"""Attention."""

from __future__ import annotations

from math import exp

from ..lists import Nested, dot, each, times, transposed
from .desk import Desk, backward, forward

MASKED = float("-inf")


def hidden(s: Desk, query: int, key: int) -> bool:
    if s.params["is_causal"]:
        return key > query
    return len(s.x) > 3 and not s.x[3][query][key]


@forward("Attention", step="S")
def scores(s: Desk) -> Nested:
    q, k = s.x[:2]
    return [
        [MASKED if hidden(s, i, j) else s["scale"] * s.write(dot(a, b, s.write)) for j, b in enumerate(k)]
        for i, a in enumerate(q)
    ]


@forward("Attention", step="max")
def score_max(s: Desk) -> Nested:
    return [[max(row)] for row in s["S"]]


@forward("Attention", step="exp")
def score_exp(s: Desk) -> Nested:
    return [[exp(x - m) for x in row] for row, (m,) in zip(s["S"], s["max"])]


@forward("Attention")
def attended(s: Desk) -> Nested:
    return times(s["P"], s.x[2], s.write)


@backward("Attention", step="dP", k=0)
@backward("Attention", step="dP", k=1)
def attention_dP(s: Desk) -> Nested:
    return times(s.dy, transposed(s.x[2]), s.write)


@backward("Attention", step="D", k=0)
@backward("Attention", step="D", k=1)
def attention_D(s: Desk) -> Nested:
    return [[dot(g, p, s.write)] for g, p in zip(s["dP"], s["P"])]


@backward("Attention", step="dS", k=0)
@backward("Attention", step="dS", k=1)
def attention_dS(s: Desk) -> Nested:
    return [[p * (g - d) for g, p in zip(gs, ps)] for gs, ps, (d,) in zip(s["dP"], s["P"], s["D"])]


def scaled(s: Desk, matrix: Nested) -> Nested:
    return each(lambda x: s["scale"] * s.write(x), matrix)


@backward("Attention", k=0)
def attention_to_q(s: Desk) -> Nested:
    return scaled(s, times(s["dS"], s.x[1], s.write))


@backward("Attention", k=1)
def attention_to_k(s: Desk) -> Nested:
    return scaled(s, times(transposed(s["dS"]), s.x[0], s.write))


@backward("Attention", k=2)
def attention_to_v(s: Desk) -> Nested:
    return times(transposed(s["P"]), s.dy, s.write)
