"""A derivative left out, or taken at the wrong place."""

from __future__ import annotations

from typing import Callable

from ..lists import Nested, each, gathered, spread
from ..steps import FUNCTIONS, Desk, slope
from .mistake import Page, mistake


@mistake("missing-derivative", "Tanh", "Sigmoid", "ReLU", "Exp", "Log", k=0)
def handed_on(s: Desk, page: Page) -> Nested:
    return s.dy


@mistake("missing-derivative", "Mul", k=0)
def only_second(s: Desk, page: Page) -> Nested:
    return gathered(spread(lambda g, b: b, s.dy, s.x[1]), s.shape)


@mistake("missing-derivative", "Mul", k=1)
def only_first(s: Desk, page: Page) -> Nested:
    return gathered(spread(lambda g, a: a, s.dy, s.x[0]), s.shape)


@mistake("missing-derivative", "Pow", k=0)
def only_outer(s: Desk, page: Page) -> Nested:
    return each(lambda a: s.x[1] * a ** (s.x[1] - 1), s.x[0])


@mistake("missing-derivative", "Tanh", "Sigmoid", k=0)
def only_slope(s: Desk, page: Page) -> Nested:
    return each(lambda x, y: slope(s.op, x, y, float), s.x[0], s.y)


@mistake("missing-derivative", "Sigmoid", k=0)
def half_a_slope(s: Desk, page: Page) -> Nested:
    return each(lambda g, y: g * y, s.dy, s.y)


@mistake("missing-derivative", "ElmanSteps", step="da", k=None)
def states_handed_on(s: Desk, page: Page) -> Nested:
    return page.pick([value for name, value in s.kept.items() if name.startswith("dh(") and value is not None][-1:])


@mistake("missing-derivative", "Softmax", k=0)
def softmax_handed_on(s: Desk, page: Page) -> Nested:
    return s.dy


@mistake("missing-derivative", "Attention", step="dS", k=None)
def weights_handed_on(s: Desk, page: Page) -> Nested:
    return s["dP"]


def function_of(op: str) -> Callable[[float], float]:
    return FUNCTIONS[op]


@mistake("derivative-at-output", "Tanh", "Sigmoid", "Exp", k=0)
def at_output(s: Desk, page: Page) -> Nested:
    return each(lambda g, y: g * slope(s.op, y, function_of(s.op)(y), float), s.dy, s.y)


@mistake("derivative-at-output", "Tanh", "Sigmoid", k=0)
def input_for_output(s: Desk, page: Page) -> Nested:
    return each(lambda g, x: g * slope(s.op, x, x, float), s.dy, s.x[0])


@mistake("derivative-at-output", "Tanh", "Sigmoid", k=0)
def twice(s: Desk, page: Page) -> Nested:
    return each(lambda g, x, y: g * slope(s.op, x, y, float) ** 2, s.dy, s.x[0], s.y)


@mistake("derivative-at-output", "Log", k=0)
def over_output(s: Desk, page: Page) -> Nested:
    return each(lambda g, y: g / y, s.dy, s.y)


@mistake("derivative-at-output", "Pow", k=0)
def power_at_output(s: Desk, page: Page) -> Nested:
    return each(lambda g, y: g * s.x[1] * y ** (s.x[1] - 1), s.dy, s.y)
