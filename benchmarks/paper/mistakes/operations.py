"""Another operation, another axis."""

from __future__ import annotations

from math import sqrt
from typing import Callable, Dict

from ..lists import Nested, depth, each, gathered, shaped, spread, transposed
from ..steps import FUNCTIONS, Desk, lines
from .mistake import Page, mistake
from .refusals import square


@mistake("wrong-operation", "Add", "Sub", "Mul", "Div")
def another_sign(s: Desk, page: Page) -> Nested:
    choices: Dict[str, Callable[[float, float], float]] = {
        "Add": lambda a, b: a * b,
        "Sub": lambda a, b: a * b,
        "Mul": lambda a, b: a + b,
        "Div": lambda a, b: a * b,
    }
    return spread(choices[s.op], *s.x)


@mistake("wrong-operation", "Div")
def difference_for_quotient(s: Desk, page: Page) -> Nested:
    return spread(lambda a, b: a - b, *s.x)


@mistake("wrong-operation", "Tanh", "Sigmoid", "ReLU", "Exp", "Log")
def another_function(s: Desk, page: Page) -> Nested:
    f = FUNCTIONS[page.pick([op for op in ("Tanh", "Sigmoid", "ReLU", "Exp") if op != s.op])]
    return each(f, s.x[0])


@mistake("wrong-operation", "Pow")
def double_for_square(s: Desk, page: Page) -> Nested:
    return each(lambda a: a * s.x[1], s.x[0])


@mistake("wrong-operation", "Mean", "Sum")
def largest(s: Desk, page: Page) -> Nested:
    return shaped([max(line) for line in lines(s, s.x[0])], s.shape)


@mistake("wrong-operation", "Mul", k=0)
@mistake("wrong-operation", "Mul", k=1)
def sum_for_product(s: Desk, page: Page) -> Nested:
    return gathered(spread(lambda g, a: g + a, s.dy, s.x[1 - s.k]), s.shape)


@mistake("wrong-operation", "LayerNorm", step="r", scope="all")
def root_for_inverse(s: Desk, page: Page) -> Nested:
    return [sqrt(v + s["eps"]) for v in s["var"]]


@mistake("wrong-operation", "Softmax", "CrossEntropy", step="max")
def smallest(s: Desk, page: Page) -> Nested:
    return [[min(row)] for row in s.x[0]]


@mistake("wrong-axis", "Sum", "Mean", scope="all")
def other_axis(s: Desk, page: Page) -> Nested:
    x = s.x[0]
    square(x)
    dims = [d % 2 for d in s.params["dim"]]
    if len(dims) != 1:
        raise ValueError("all axes")
    sums = [sum(line) for line in (x if dims == [0] else transposed(x))]
    return shaped([v / len(x) for v in sums] if s.op == "Mean" else sums, s.shape)


@mistake("wrong-axis", "LayerNorm", step="mean", scope="all")
def column_means(s: Desk, page: Page) -> Nested:
    square(s.x[0])
    return [sum(column) / len(column) for column in transposed(s.x[0])]


@mistake("wrong-axis", "LayerNorm", step="var", scope="all")
def column_variances(s: Desk, page: Page) -> Nested:
    square(s.x[0])
    columns = transposed(s.x[0])
    return [sum((x - sum(c) / len(c)) ** 2 for x in c) / len(c) for c in columns]


@mistake("wrong-axis", "Softmax", "CrossEntropy", step="max", scope="all")
def column_max(s: Desk, page: Page) -> Nested:
    square(s.x[0])
    return [[max(column)] for column in transposed(s.x[0])]


@mistake("wrong-axis", "Softmax", "CrossEntropy", "Attention", step="sum", scope="all")
def column_sums(s: Desk, page: Page) -> Nested:
    square(s["exp"])
    return [[sum(column)] for column in transposed(s["exp"])]


@mistake("wrong-axis", "Linear", k=2, scope="all")
@mistake("wrong-axis", "Add", k=1, scope="all")
def along_rows(s: Desk, page: Page) -> Nested:
    square(s.dy)
    if depth(page.right) != 1:
        raise ValueError("nothing is added up")
    return [sum(row) for row in s.dy]
