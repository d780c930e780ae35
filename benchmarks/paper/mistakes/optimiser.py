"""In the step of an optimiser."""

from __future__ import annotations

from math import sqrt

from ..lists import Nested, each, times, transposed
from ..steps import Desk
from .mistake import Page, anywhere, mistake


@anywhere("rate-inside", scope="all")
def rate_in_gradient(s: Desk, page: Page) -> Nested:
    if s.op in ("SGD", "Momentum", "Adam") or s.dy is None:
        raise ValueError("no gradient")
    return each(lambda g: page.options["lr"] * g, page.right)


@mistake("rate-inside", "SGD", "Momentum", step="v")
def rate_in_velocity(s: Desk, page: Page) -> Nested:
    return each(lambda v, g: s["momentum"] * v + s["lr"] * g, s["v before"], s["g"])


@mistake("updated-weight", "MatMul", k=0, scope="all")
def new_weight(s: Desk, page: Page) -> Nested:
    return times(s.dy, transposed(page.pick([page.new] if page.new else [])))


@mistake("updated-weight", "Linear", k=0, scope="all")
def new_linear_weight(s: Desk, page: Page) -> Nested:
    return times(s.dy, page.pick([page.new] if page.new else []))


@mistake("moment", "Adam", step="m̂")
def m_not_corrected(s: Desk, page: Page) -> Nested:
    return s["m"]


@mistake("moment", "Adam", step="v̂")
def v_not_corrected(s: Desk, page: Page) -> Nested:
    return s["v"]


@mistake("moment", "Adam", step="s")
def neither_corrected(s: Desk, page: Page) -> Nested:
    return each(lambda m, v: s["lr"] * m / (sqrt(v) + s["eps"]), s["m"], s["v"])


@mistake("moment", "Adam", step="s")
def first_not_corrected(s: Desk, page: Page) -> Nested:
    return each(lambda m, v: s["lr"] * m / (sqrt(v) + s["eps"]), s["m"], s["v̂"])


@mistake("moment", "Adam", step="m̂")
def corrected_before(s: Desk, page: Page) -> Nested:
    return each(lambda m: m / (1 - s["beta1"] ** s["t"]), s["m before"])


@mistake("moment", "SGD", "Momentum", step="p")
def velocity_before(s: Desk, page: Page) -> Nested:
    return each(lambda p, v: p - s["lr"] * v, s["p before"], s["v before"])


@mistake("moment", "Adam", step="t", scope="all")
def not_counted(s: Desk, page: Page) -> Nested:
    return s["t before"]


@mistake("missing-eps", "LayerNorm", step="r")
def without_eps(s: Desk, page: Page) -> Nested:
    return [1 / sqrt(v) for v in s["var"]]


@mistake("missing-eps", "LayerNorm", step="r")
def eps_outside(s: Desk, page: Page) -> Nested:
    return [1 / (sqrt(v) + s["eps"]) for v in s["var"]]


@mistake("missing-eps", "Adam", step="s")
def adam_without_eps(s: Desk, page: Page) -> Nested:
    return each(lambda m, v: s["lr"] * m / sqrt(v), s["m̂"], s["v̂"])


@mistake("missing-eps", "Adam", step="s")
def eps_inside(s: Desk, page: Page) -> Nested:
    return each(lambda m, v: s["lr"] * m / sqrt(v + s["eps"]), s["m̂"], s["v̂"])
