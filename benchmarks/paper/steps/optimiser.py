"""Several paths back, and an optimiser's step."""

from __future__ import annotations

from math import sqrt

from ..lists import Nested, added, each
from .desk import Desk, forward


@forward("paths")
def paths(s: Desk) -> Nested:
    return added(s.x)


@forward("SGD", step="v")
@forward("Momentum", step="v")
def velocity(s: Desk) -> Nested:
    if "started" in s.kept and not s["started"]:
        return s["g"]
    return each(lambda v, g: s.write(s["momentum"] * v) + g, s["v before"], s["g"])


@forward("SGD", step="p")
@forward("Momentum", step="p")
def stepped(s: Desk) -> Nested:
    direction = s["v"] if "v" in s.kept else s["g"]
    return each(lambda p, g: p - s.write(s["lr"] * g), s["p before"], direction)


@forward("Adam", step="t")
def adam_t(s: Desk) -> Nested:
    return s["t before"] + 1


@forward("Adam", step="m")
def adam_m(s: Desk) -> Nested:
    return moment(s, s["beta1"], s["m before"], s["g"])


@forward("Adam", step="v")
def adam_v(s: Desk) -> Nested:
    beta = s["beta2"]
    return each(lambda v, g: s.write(beta * v) + s.write(s.write((1 - beta) * g) * g), s["v before"], s["g"])


def moment(s: Desk, beta: float, before: Nested, now: Nested) -> Nested:
    return each(lambda m, g: s.write(beta * m) + s.write((1 - beta) * g), before, now)


@forward("Adam", step="m̂")
def adam_m_hat(s: Desk) -> Nested:
    return each(lambda m: m / (1 - s["beta1"] ** s["t"]), s["m"])


@forward("Adam", step="v̂")
def adam_v_hat(s: Desk) -> Nested:
    return each(lambda v: v / (1 - s["beta2"] ** s["t"]), s["v"])


@forward("Adam", step="s")
def adam_s(s: Desk) -> Nested:
    return each(lambda m, v: s.write(s["lr"] * m) / s.write(s.write(sqrt(v)) + s["eps"]), s["m̂"], s["v̂"])


@forward("Adam", step="p")
def adam_p(s: Desk) -> Nested:
    return each(lambda p, step: p - step, s["p before"], s["s"])
