"""Number by number."""

from __future__ import annotations

from math import exp, log, tanh
from typing import Callable, Dict

from ..lists import Nested, Write, arranged, each, gathered, spread
from .desk import Desk, backward, forward


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


FUNCTIONS: Dict[str, Callable[[float], float]] = {
    "Tanh": tanh,
    "Sigmoid": sigmoid,
    "ReLU": lambda x: max(0.0, x),
    "Exp": exp,
    "Log": log,
    "Neg": lambda x: -x,
}


@forward(*FUNCTIONS)
def function(s: Desk) -> Nested:
    return each(FUNCTIONS[s.op], s.x[0])


def slope(op: str, x: float, y: float, write: Write) -> float:
    """The derivative of a function, by its argument and value."""
    if op == "Tanh":
        return 1 - write(y * y)
    if op == "Sigmoid":
        return y * (1 - y)
    if op == "ReLU":
        return 1.0 if x > 0 else 0.0
    return {"Exp": y, "Log": 1 / x if x else 0.0, "Neg": -1.0}[op]


@backward(*FUNCTIONS)
def through_function(s: Desk) -> Nested:
    return each(lambda dy, x, y: dy * slope(s.op, x, y, s.write), s.dy, s.x[0], s.y)


@forward("Add", "Sub", "Mul", "Div")
def arithmetic(s: Desk) -> Nested:
    operation: Dict[str, Callable[[float, float], float]] = {
        "Add": lambda a, b: a + b,
        "Sub": lambda a, b: a - b,
        "Mul": lambda a, b: a * b,
        "Div": lambda a, b: a / b,
    }
    return spread(operation[s.op], s.x[0], s.x[1])


@backward("Add", k=0)
@backward("Add", k=1)
@backward("Sub", k=0)
def handed_on(s: Desk) -> Nested:
    return gathered(s.dy, s.shape)


@backward("Sub", k=1)
def handed_on_negative(s: Desk) -> Nested:
    return gathered(each(lambda g: -g, s.dy), s.shape)


@backward("Mul", k=0)
def to_first_factor(s: Desk) -> Nested:
    return gathered(spread(lambda g, b: g * b, s.dy, s.x[1]), s.shape)


@backward("Mul", k=1)
def to_second_factor(s: Desk) -> Nested:
    return gathered(spread(lambda g, a: g * a, s.dy, s.x[0]), s.shape)


@backward("Div", k=0)
def to_dividend(s: Desk) -> Nested:
    return gathered(spread(lambda g, b: g / b, s.dy, s.x[1]), s.shape)


@backward("Div", k=1)
def to_divisor(s: Desk) -> Nested:
    return gathered(spread(lambda q, y: -q * y, spread(lambda g, b: s.write(g / b), s.dy, s.x[1]), s.y), s.shape)


@forward("Pow")
def power(s: Desk) -> Nested:
    return each(lambda a: a ** s.x[1], s.x[0])


@backward("Pow")
def through_power(s: Desk) -> Nested:
    n = s.x[1]
    return each(lambda g, a: s.write(g * n) * a ** (n - 1), s.dy, s.x[0])


@forward("Reshape")
def reshaped(s: Desk) -> Nested:
    return arranged(s.x[0], s.shape)


@backward("Reshape")
def reshaped_back(s: Desk) -> Nested:
    return arranged(s.dy, s.shape)


@forward("Concat")
def joined(s: Desk) -> Nested:
    return [part for x in s.x for part in x]  # along the first axis


for _k in range(6):

    @backward("Concat", k=_k)
    def parted(s: Desk, k: int = _k) -> Nested:
        start = sum(len(x) for x in s.x[:k])
        return s.dy[start : start + len(s.x[k])]
