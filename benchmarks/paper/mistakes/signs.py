"""The other sign, and a constant lost or put in."""

from __future__ import annotations

from math import isfinite, sqrt

from ..lists import Nested, added, each, spread
from ..steps import Desk
from .mistake import Page, anywhere, mistake


@anywhere("sign")
def other_sign(s: Desk, page: Page) -> Nested:
    return each(lambda x: -x if isfinite(x) else x, page.right)


@mistake("sign", "Sub")
def plus_for_minus(s: Desk, page: Page) -> Nested:
    return spread(lambda a, b: a + b, *s.x)


@mistake("sign", "Add")
def minus_for_plus(s: Desk, page: Page) -> Nested:
    return spread(lambda a, b: a - b, *s.x)


@mistake("sign", "Linear")
def minus_bias(s: Desk, page: Page) -> Nested:
    return [[x - 2 * b for x, b in zip(row, s.x[2])] for row in page.right]


@mistake("sign", "Tanh", k=0)
def one_plus_square(s: Desk, page: Page) -> Nested:
    return each(lambda g, y: g * (1 + y * y), s.dy, s.y)


@mistake("sign", "Softmax", k=0)
def plus_dot(s: Desk, page: Page) -> Nested:
    return [[p * (g + d) for g, p in zip(gs, ps)] for gs, ps, (d,) in zip(s.dy, s.y, s["dot"])]


@mistake("sign", "CrossEntropy", k=0)
def plus_one_at_class(s: Desk, page: Page) -> Nested:
    return [
        [g * (e / z + (1.0 if j == t else 0.0)) for j, e in enumerate(row)]
        for g, row, (z,), t in zip(s.dy, s["exp"], s["sum"], s.x[1])
    ]


@mistake("sign", "SGD", "Momentum", step="p")
def upwards(s: Desk, page: Page) -> Nested:
    direction = s["v"] if "v" in s.kept else s["g"]
    return each(lambda p, g: p + s["lr"] * g, s["p before"], direction)


@mistake("sign", "Adam", step="p")
def adam_upwards(s: Desk, page: Page) -> Nested:
    return each(lambda p, d: p + d, s["p before"], s["s"])


@mistake("sign", "paths")
def minus_path(s: Desk, page: Page) -> Nested:
    first, *rest = s.x
    return each(lambda a, b: a - b, first, added(rest))


@anywhere("factor")
def doubled(s: Desk, page: Page) -> Nested:
    return each(lambda x: 2 * x, page.right)


@anywhere("factor")
def halved(s: Desk, page: Page) -> Nested:
    return each(lambda x: x / 2, page.right)


@mistake("factor", "Pow", k=0)
def without_exponent(s: Desk, page: Page) -> Nested:
    return each(lambda g, a: g * a, s.dy, s.x[0])


@mistake("factor", "SGD", "Momentum", step="p")
def without_rate(s: Desk, page: Page) -> Nested:
    direction = s["v"] if "v" in s.kept else s["g"]
    return each(lambda p, g: p - g, s["p before"], direction)


@mistake("factor", "Adam", step="s")
def adam_without_rate(s: Desk, page: Page) -> Nested:
    return each(lambda m, v: m / (sqrt(v) + s["eps"]), s["m̂"], s["v̂"])
