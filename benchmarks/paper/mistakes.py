"""What people get wrong, worked out by hand: for each misconception the steps where it can happen, and what it gives.

A mistake takes the desk of a step, and what else there is on the page, and gives the wrong numbers. ValueError, and the
errors of lists that are too short, mean that it cannot be made here.
"""

from __future__ import annotations

import random
from copy import copy
from dataclasses import dataclass
from math import exp, isfinite, log2, log10, sqrt
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from .lists import (
    Nested,
    added,
    at,
    depth,
    each,
    flat,
    gathered,
    places,
    put,
    shape_of,
    shaped,
    spread,
    times,
    transposed,
)
from .steps import FUNCTIONS, STEPS, Desk, lines, rows, slope, state


@dataclass
class Page:
    """What one may look at by mistake, and how one writes."""

    right: Nested
    alike: List[Nested]  # other blocks of the step's shape that stand before it
    biases: List[Nested]  # vectors that are given
    new: Optional[Nested]  # the weight of this step after the optimiser's step
    options: Dict[str, float]
    written: Callable[[float], float]
    decimals: Callable[[float], int]
    rng: random.Random
    values: List[Nested]  # numbers on the way forward, of any shape

    def pick(self, choices: Sequence[Any]) -> Any:
        if not choices:
            raise ValueError("nothing to choose from")
        return self.rng.choice(choices)


Make = Callable[[Desk, Page], Nested]


@dataclass(frozen=True)
class Mistake:
    slug: str
    ops: Tuple[str, ...]  # none: every operation
    step: str
    k: Optional[int]  # the operand whose gradient it is, -1 on the way forward, None for any
    make: Make
    scope: str  # "any": all numbers or one; "all"; "one"
    as_is: bool  # it is the written number that is wrong

    def fits(self, op: str, step: str, k: int) -> bool:
        name = step.partition("(")[0]
        return (not self.ops or (op in self.ops and self.step in (name, "*"))) and self.k in (None, k)


MISTAKES: Dict[str, List[Mistake]] = {}


def mistake(
    slug: str, *ops: str, step: str = "", k: Optional[int] = -1, scope: str = "any", as_is: bool = False
) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        MISTAKES.setdefault(slug, []).append(Mistake(slug, ops, step, k, make, scope, as_is))
        return make

    return register


def anywhere(slug: str, scope: str = "any", as_is: bool = False) -> Callable[[Make], Make]:
    return mistake(slug, k=None, scope=scope, as_is=as_is)


UNARY = tuple(FUNCTIONS)
SQUARE = "a transpose shows only in a square"


def square(*matrices: Nested) -> None:
    if any(depth(m) != 2 or len(m) != len(m[0]) for m in matrices):
        raise ValueError(SQUARE)


# --- sign -----------------------------------------------------------------------------------------
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


# --- factor ---------------------------------------------------------------------------------------
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


# --- transposed -----------------------------------------------------------------------------------
@mistake("transposed", "MatMul", scope="all")
def turned_right(s: Desk, page: Page) -> Nested:
    square(s.x[1])
    return times(s.x[0], transposed(s.x[1]))


@mistake("transposed", "MatMul", scope="all")
def turned_left(s: Desk, page: Page) -> Nested:
    square(s.x[0])
    return times(transposed(s.x[0]), s.x[1])


@mistake("transposed", "MatMul", k=0, scope="all")
def not_turned_right(s: Desk, page: Page) -> Nested:
    square(s.x[1])
    return times(s.dy, s.x[1])


@mistake("transposed", "MatMul", k=1, scope="all")
def not_turned_left(s: Desk, page: Page) -> Nested:
    square(s.x[0])
    return times(s.x[0], s.dy)


@mistake("transposed", "MatMul", k=1, scope="all")
def turned_gradient(s: Desk, page: Page) -> Nested:
    square(page.right)
    return times(transposed(s.dy), s.x[0])


@mistake("transposed", "Linear", scope="all")
def linear_not_turned(s: Desk, page: Page) -> Nested:
    square(s.x[1])
    y = times(rows(s.x[0]), s.x[1])
    return shaped(flat([[a + b for a, b in zip(row, s.x[2])] for row in y]), s.shape)


@mistake("transposed", "Linear", k=0, scope="all")
def linear_turned(s: Desk, page: Page) -> Nested:
    square(s.x[1])
    return shaped(flat(times(rows(s.dy), transposed(s.x[1]))), s.shape)


@mistake("transposed", "Linear", k=1, scope="all")
def linear_gradient_turned(s: Desk, page: Page) -> Nested:
    square(page.right)
    return times(transposed(rows(s.x[0])), rows(s.dy))


@mistake("transposed", "Attention", step="S", scope="all")
def keys_not_turned(s: Desk, page: Page) -> Nested:
    square(s.x[1])
    return unless_hidden(s, each(lambda x: s["scale"] * x, times(s.x[0], s.x[1])), page)


@mistake("transposed", "Attention", k=1, scope="all")
def slope_not_turned(s: Desk, page: Page) -> Nested:
    return each(lambda x: s["scale"] * x, times(s["dS"], s.x[0]))


@mistake("transposed", "Attention", k=2, scope="all")
def weights_not_turned(s: Desk, page: Page) -> Nested:
    return times(s["P"], s.dy)


@mistake("transposed", "Attention", scope="all")
def weights_turned(s: Desk, page: Page) -> Nested:
    return times(transposed(s["P"]), s.x[2])


def unless_hidden(s: Desk, scores: Nested, page: Page) -> Nested:
    """Scores where the page has scores, and minus infinity where it is masked."""
    return each(lambda x, right: x if right > float("-inf") else right, scores, page.right)


# --- swapped --------------------------------------------------------------------------------------
@anywhere("swapped", scope="all")
def neighbours(s: Desk, page: Page) -> Nested:
    """Two numbers of a row, or two rows, in each other's place."""
    shape = shape_of(page.right)
    axis = page.pick([a for a, n in enumerate(shape) if n > 1])
    first = page.rng.randrange(shape[axis] - 1)
    every = list(places(page.right))
    if axis == len(shape) - 1 and page.rng.random() < 0.5:  # in one row only
        row = page.pick(every)[:-1]
        every = [place for place in every if place[:-1] == row]
    wrong = page.right
    for place in every:
        if place[axis] in (first, first + 1):
            other = (*place[:axis], 2 * first + 1 - place[axis], *place[axis + 1 :])
            wrong = put(wrong, place, at(page.right, other))
    return wrong


@anywhere("swapped", scope="all")
def rows_for_columns(s: Desk, page: Page) -> Nested:
    square(page.right)
    return transposed(page.right)


@mistake("swapped", "Sub")
def other_difference(s: Desk, page: Page) -> Nested:
    return spread(lambda a, b: b - a, *s.x)


@mistake("swapped", "Div")
def other_quotient(s: Desk, page: Page) -> Nested:
    return spread(lambda a, b: b / a, *s.x)


@mistake("swapped", "MatMul", scope="all")
def other_product(s: Desk, page: Page) -> Nested:
    square(*s.x)
    return times(s.x[1], s.x[0])


# --- sums and means -------------------------------------------------------------------------------
@mistake("sum-for-mean", "Mean")
def sum_only(s: Desk, page: Page) -> Nested:
    return each(lambda x: x * len(lines(s, s.x[0])[0]), page.right)


@mistake("sum-for-mean", "Mean", k=0)
def not_divided(s: Desk, page: Page) -> Nested:
    return each(lambda x: x * len(lines(s, s.x[0])[0]), page.right)


@mistake("sum-for-mean", "LayerNorm", step="mean")
def row_sums(s: Desk, page: Page) -> Nested:
    return [sum(row) for row in s.x[0]]


@mistake("sum-for-mean", "LayerNorm", step="var")
def sums_of_squares(s: Desk, page: Page) -> Nested:
    return [sum((x - m) ** 2 for x in row) for row, m in zip(s.x[0], s["mean"])]


@mistake("mean-for-sum", "Sum")
def mean_instead(s: Desk, page: Page) -> Nested:
    return each(lambda x: x / len(lines(s, s.x[0])[0]), page.right)


@mistake("mean-for-sum", "Softmax", "CrossEntropy", "Attention", step="sum")
def mean_of_exp(s: Desk, page: Page) -> Nested:
    return [[sum(row) / len(row)] for row in s["exp"]]


@mistake("mean-for-sum", "Linear", k=1)
@mistake("mean-for-sum", "Linear", k=2)
def mean_of_examples(s: Desk, page: Page) -> Nested:
    return each(lambda x: x / several(len(rows(s.dy))), page.right)


@mistake("mean-for-sum", "MatMul", k=1)
def mean_of_rows(s: Desk, page: Page) -> Nested:
    return each(lambda x: x / several(len(s.dy)), page.right)


@mistake("mean-for-sum", "Add", k=1)
def mean_of_repeated(s: Desk, page: Page) -> Nested:
    if depth(s.dy) == depth(page.right):
        raise ValueError("nothing was repeated")
    return each(lambda x: x / several(len(s.dy)), page.right)


@mistake("mean-for-sum", "LayerNorm", k=1)
@mistake("mean-for-sum", "LayerNorm", k=2)
def mean_over_rows(s: Desk, page: Page) -> Nested:
    return each(lambda x: x / several(len(s.dy)), page.right)


@mistake("mean-for-sum", "LayerNorm", step="sum", k=0)
@mistake("mean-for-sum", "LayerNorm", step="dot", k=0)
def mean_along_row(s: Desk, page: Page) -> Nested:
    return each(lambda x: x / len(s.dy[0]), page.right)


def several(n: int) -> int:
    if n < 2:
        raise ValueError("only one")
    return n


@mistake("sample-variance", "LayerNorm", step="var", scope="all")
def of_a_sample(s: Desk, page: Page) -> Nested:
    return [sum((x - m) ** 2 for x in row) / (len(row) - 1) for row, m in zip(s.x[0], s["mean"])]


# --- derivatives ----------------------------------------------------------------------------------
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


# --- another operation, another axis --------------------------------------------------------------
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


# --- digits ---------------------------------------------------------------------------------------
@anywhere("digits", scope="one", as_is=True)
def exchanged_digits(s: Desk, page: Page) -> Nested:
    def exchanged(x: float) -> float:
        text = repr(page.written(x))
        if "e" in text or "inf" in text:
            raise ValueError("no plain digits")
        pairs = [n for n in range(len(text) - 1) if text[n : n + 2].isdigit() and text[n] != text[n + 1]]
        n = page.pick(pairs)
        return float(text[:n] + text[n + 1] + text[n] + text[n + 2 :])

    return one_by_one(exchanged, page)


@anywhere("digits", scope="one", as_is=True)
def misplaced_point(s: Desk, page: Page) -> Nested:
    factor = page.pick((0.1, 10.0, 100.0))
    return one_by_one(lambda x: float(f"{page.written(x) * factor:.12g}"), page)


def one_by_one(f: Callable[[float], float], page: Page) -> Nested:
    """Numbers that it cannot be done with stay right."""

    def attempt(x: float) -> float:
        try:
            return f(x)
        except (ValueError, IndexError):
            return page.written(x)

    return each(attempt, page.right)


@anywhere("rounded-early", scope="any", as_is=True)
def shown_too_early(s: Desk, page: Page) -> Nested:
    """The result with fewer decimals than everything else."""
    fewer = page.rng.randrange(0, 2)
    if any(x and page.decimals(x) < fewer + 2 for x in flat(page.right)):
        raise ValueError("few decimals anyhow")
    return each(lambda x: round(x, fewer), page.right)


@anywhere("rounded-early", scope="all")
def operands_too_early(s: Desk, page: Page) -> Nested:
    """Everything that the step reads, rounded to one or two decimals first."""
    fewer = page.rng.choice((1, 2))
    if any(x and page.decimals(x) < fewer + 2 for x in flat(page.right)):
        raise ValueError("few decimals anyhow")

    def early(nested: Nested) -> Nested:
        return each(lambda x: round(x, fewer) if abs(x) < 1e9 else x, nested) if nested is not None else None

    if s.op in ("SGD", "Momentum", "Adam"):
        raise ValueError("the rate is not rounded")
    kept = {name: value if name in ("scale", "eps") else early(value) for name, value in s.kept.items()}
    x = [early(part) for part in s.x]
    if s.op == "Pow":
        x[1] = s.x[1]
    return work_again(s, x=x, y=early(s.y), dy=early(s.dy), kept=kept)


def work_again(s: Desk, **changed: Any) -> Nested:
    """The step with other things on the desk."""
    desk = copy(s)
    vars(desk).update(changed)
    return STEPS[(s.op, s.step, s.k)](desk)


# --- an optimiser's step --------------------------------------------------------------------------
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


# --- another neuron, another block ----------------------------------------------------------------
def next_along(nested: Nested, axis: int, by: int = 1) -> Nested:
    if axis:
        return [next_along(part, axis - 1, by) for part in nested]
    several(len(nested))
    return [nested[(n + by) % len(nested)] for n in range(len(nested))]


@mistake("wrong-neuron", "Tanh", "Sigmoid", "ReLU", k=0)
def other_slope(s: Desk, page: Page) -> Nested:
    slopes = each(lambda x, y: slope(s.op, x, y, float), s.x[0], s.y)
    return each(lambda g, d: g * d, s.dy, next_along(slopes, depth(slopes) - 1))


@mistake("wrong-neuron", "MatMul")
def other_column(s: Desk, page: Page) -> Nested:
    return times(s.x[0], next_along(s.x[1], 1))


@mistake("wrong-neuron", "Linear")
def other_row_of_weights(s: Desk, page: Page) -> Nested:
    y = times(rows(s.x[0]), transposed(next_along(s.x[1], 0)))
    return shaped(flat([[a + b for a, b in zip(row, s.x[2])] for row in y]), s.shape)


@mistake("wrong-neuron", "Sub", "Add")
def other_target(s: Desk, page: Page) -> Nested:
    sign = 1 if s.op == "Add" else -1
    return spread(lambda a, b: a + sign * b, s.x[0], next_along(s.x[1], page.rng.randrange(depth(s.x[1]))))


@mistake("wrong-neuron", "CrossEntropy", k=0)
def class_of_another(s: Desk, page: Page) -> Nested:
    classes = next_along(s.x[1], 0)
    return [
        [g * (e / z - (1.0 if j == t else 0.0)) for j, e in enumerate(row)]
        for g, row, (z,), t in zip(s.dy, s["exp"], s["sum"], classes)
    ]


@mistake("weight-for-activation", "Mul", k=0)
def own_factor(s: Desk, page: Page) -> Nested:
    return each(lambda g, a: g * a, s.dy, s.x[0])


@mistake("weight-for-activation", "Mul", k=1)
def own_second_factor(s: Desk, page: Page) -> Nested:
    return each(lambda g, b: g * b, s.dy, s.x[1])


@mistake("weight-for-activation", "MatMul", k=1, scope="all")
def weight_in_weights_gradient(s: Desk, page: Page) -> Nested:
    return alike(times(transposed(s.x[1]), s.dy), page) if len(s.x[1]) == len(s.dy) else fail()


@mistake("weight-for-activation", "MatMul", k=0, scope="all")
def activation_in_gradient(s: Desk, page: Page) -> Nested:
    return alike(times(s.dy, transposed(s.x[0])), page) if len(s.dy[0]) == len(s.x[0][0]) else fail()


@mistake("weight-for-activation", "Linear", k=1, scope="all")
def linear_weight_in_gradient(s: Desk, page: Page) -> Nested:
    return alike(times(transposed(s.dy), s.x[1]), page) if len(s.dy) == len(s.x[1]) else fail()


@mistake("weight-for-activation", "Linear", k=0, scope="all")
def linear_activation_in_gradient(s: Desk, page: Page) -> Nested:
    return alike(times(s.dy, s.x[0]), page) if len(s.dy[0]) == len(s.x[0]) else fail()


def alike(nested: Nested, page: Page) -> Nested:
    return nested if shape_of(nested) == shape_of(page.right) else fail()


def fail() -> Nested:
    raise ValueError("the shapes do not fit")


@mistake("not-summed", "MatMul", k=1)
def one_example(s: Desk, page: Page) -> Nested:
    n = page.rng.randrange(several(len(s.dy)))
    return times(transposed([s.x[0][n]]), [s.dy[n]])


@mistake("not-summed", "Linear", k=1)
def one_example_of_layer(s: Desk, page: Page) -> Nested:
    dy, x = rows(s.dy), rows(s.x[0])
    n = page.rng.randrange(several(len(dy)))
    return times(transposed([dy[n]]), [x[n]])


@mistake("not-summed", "Linear", "LayerNorm", k=2)
def one_row(s: Desk, page: Page) -> Nested:
    dy = rows(s.dy)
    return dy[page.rng.randrange(several(len(dy)))]


@mistake("not-summed", "Add", k=1)
def one_repetition(s: Desk, page: Page) -> Nested:
    if depth(s.dy) == depth(page.right):
        raise ValueError("nothing was repeated")
    return s.dy[page.rng.randrange(several(len(s.dy)))]


@mistake("not-summed", "MatMul", k=0)
def one_output(s: Desk, page: Page) -> Nested:
    j = page.rng.randrange(several(len(s.dy[0])))
    return times([[row[j]] for row in s.dy], transposed([[row[j]] for row in s.x[1]]))


@mistake("not-summed", "paths")
def one_path(s: Desk, page: Page) -> Nested:
    return page.pick(s.x)


@mistake("not-summed", "ElmanSteps", k=1)
def one_time_step(s: Desk, page: Page) -> Nested:
    t = page.rng.randrange(len(s.x[0]))
    return times(transposed(s[f"da({t})"]), state(s, t - 1))


@mistake("missing-bias", "Linear")
def linear_without_bias(s: Desk, page: Page) -> Nested:
    return shaped(flat(times(rows(s.x[0]), transposed(s.x[1]))), s.shape)


@mistake("missing-bias", "Add")
def without_bias(s: Desk, page: Page) -> Nested:
    if depth(s.x[1]) == depth(s.x[0]):
        raise ValueError("no bias")
    return s.x[0]


@mistake("missing-bias", "LayerNorm")
def without_shift(s: Desk, page: Page) -> Nested:
    return [[x * w for x, w in zip(row, s.x[1])] for row in s["x̂"]]


@mistake("other-bias", "Linear")
def bias_of_another(s: Desk, page: Page) -> Nested:
    bias = page.pick([b for b in page.biases if len(b) == len(s.x[2]) and b != s.x[2]])
    y = times(rows(s.x[0]), transposed(s.x[1]))
    return shaped(flat([[a + b for a, b in zip(row, bias)] for row in y]), s.shape)


@mistake("other-bias", "Add")
def added_bias_of_another(s: Desk, page: Page) -> Nested:
    bias = page.pick([b for b in page.biases if shape_of(b) == shape_of(s.x[1]) and b != s.x[1]])
    return spread(lambda a, b: a + b, s.x[0], bias)


# --- logarithms, softmax, attention ---------------------------------------------------------------
@mistake("log-base", "Log")
def decimal_logarithm(s: Desk, page: Page) -> Nested:
    return each(page.pick((log10, log2)), s.x[0])


@mistake("log-base", "CrossEntropy", step="ln_p")
def decimal_logarithm_of_sum(s: Desk, page: Page) -> Nested:
    other = page.pick((log10, log2))
    return [[x - m - other(z) for x in row] for row, (m,), (z,) in zip(s.x[0], s["max"], s["sum"])]


@mistake("log-base", "Exp")
def power_of_two(s: Desk, page: Page) -> Nested:
    base = page.pick((2.0, 10.0))
    return each(lambda x: base**x, s.x[0])


@mistake("log-base", "Softmax", "CrossEntropy", step="exp")
def row_power_of_two(s: Desk, page: Page) -> Nested:
    base = page.pick((2.0, 10.0))
    return [[base ** (x - m) for x in row] for row, (m,) in zip(s.x[0], s["max"])]


@mistake("not-normalised", "Softmax")
@mistake("not-normalised", "Attention", step="P")
def not_divided_by_sum(s: Desk, page: Page) -> Nested:
    return s["exp"]


@mistake("not-normalised", "Softmax", scope="all")
def without_exp(s: Desk, page: Page) -> Nested:
    return [[x / sum(row) for x in row] for row in s.x[0]]


@mistake("not-normalised", "Softmax", "CrossEntropy", step="exp")
def no_exp(s: Desk, page: Page) -> Nested:
    return [[x - m for x in row] for row, (m,) in zip(s.x[0], s["max"])]


@mistake("not-normalised", "Softmax", scope="all")
@mistake("not-normalised", "Attention", step="P", scope="all")
def down_the_columns(s: Desk, page: Page) -> Nested:
    sums = [sum(column) for column in transposed(s["exp"])]
    return [[e / z for e, z in zip(row, sums)] for row in s["exp"]]


def plain_scores(s: Desk, scale: float) -> Nested:
    return each(lambda x: scale * x, times(s.x[0], transposed(s.x[1])))


@mistake("missing-scale", "Attention", step="S")
def without_scale(s: Desk, page: Page) -> Nested:
    return unless_hidden(s, plain_scores(s, 1.0), page)


@mistake("missing-scale", "Attention", step="S", scope="all")
def another_scale(s: Desk, page: Page) -> Nested:
    d, rows_of = len(s.x[0][0]), len(s.x[0])
    scale = page.pick([one for one in (1 / d, sqrt(d), 1 / sqrt(rows_of)) if abs(one - s["scale"]) > 1e-9])
    return unless_hidden(s, plain_scores(s, scale), page)


@mistake("missing-scale", "Attention", k=0)
def gradient_without_scale(s: Desk, page: Page) -> Nested:
    return times(s["dS"], s.x[1])


@mistake("missing-scale", "Attention", k=1)
def key_gradient_without_scale(s: Desk, page: Page) -> Nested:
    return times(transposed(s["dS"]), s.x[0])


def is_masked(s: Desk) -> bool:
    return bool(s.params["is_causal"]) or len(s.x) > 3


@mistake("mask", "Attention", step="S", scope="all")
def no_mask(s: Desk, page: Page) -> Nested:
    return plain_scores(s, s["scale"]) if is_masked(s) else fail()


@mistake("mask", "Attention", step="S", scope="all")
def mask_shifted(s: Desk, page: Page) -> Nested:
    if not s.params["is_causal"]:
        fail()
    scores = plain_scores(s, s["scale"])
    return [[x if j <= i + 1 else float("-inf") for j, x in enumerate(row)] for i, row in enumerate(scores)]


@mistake("mask", "Attention", step="P", scope="all")
def mask_after_softmax(s: Desk, page: Page) -> Nested:
    if not is_masked(s):
        fail()
    scores = plain_scores(s, s["scale"])
    sums = [sum(exp(x) for x in row) for row in scores]
    return [
        [exp(x) / z if kept else 0.0 for x, kept in zip(row, right)] for row, z, right in zip(scores, sums, page.right)
    ]


# --- references -----------------------------------------------------------------------------------
def stuck(nested: Nested, axis: int) -> Nested:
    if axis:
        return [stuck(part, axis - 1) for part in nested]
    return [nested[0]] * several(len(nested))


def slid(nested: Nested, axis: int) -> Nested:
    """One place too far; beyond the end there is an empty cell, which counts as 0."""
    if axis:
        return [slid(part, axis - 1) for part in nested]
    several(len(nested))
    return [*nested[1:], each(lambda x: 0.0, nested[0])]


def _moved(slug: str, move: Callable[[Nested, int], Nested]) -> None:
    @mistake(slug, "MatMul", scope="all")
    def of_product(s: Desk, page: Page) -> Nested:
        if page.rng.random() < 0.5:
            return times(move(s.x[0], 0), s.x[1])
        return times(s.x[0], move(s.x[1], 1))

    @mistake(slug, "Linear", scope="all")
    def of_layer(s: Desk, page: Page) -> Nested:
        x, w, b = rows(s.x[0]), s.x[1], s.x[2]
        which = page.rng.randrange(3)
        x, w, b = (move(x, 0), w, b) if which == 0 else (x, move(w, 0), b) if which == 1 else (x, w, move(b, 0))
        return shaped(flat([[a + c for a, c in zip(row, b)] for row in times(x, transposed(w))]), s.shape)

    @mistake(slug, "Add", "Sub", scope="all")
    def of_sum(s: Desk, page: Page) -> Nested:
        sign = 1 if s.op == "Add" else -1
        return spread(lambda a, b: a + sign * b, s.x[0], move(s.x[1], page.rng.randrange(depth(s.x[1]))))

    @mistake(slug, "Tanh", "Sigmoid", scope="all")
    def of_function(s: Desk, page: Page) -> Nested:
        return each(FUNCTIONS[s.op], move(s.x[0], page.rng.randrange(depth(s.x[0]))))

    @mistake(slug, "LayerNorm", step="x̂", scope="all")
    def of_mean(s: Desk, page: Page) -> Nested:
        means = move(s["mean"], 0)
        return [[(x - m) * r for x in row] for row, m, r in zip(s.x[0], means, s["r"])]

    @mistake(slug, "Softmax", scope="all")
    def of_sums(s: Desk, page: Page) -> Nested:
        sums = move(s["sum"], 0)
        return [[e / z for e in row] for row, (z,) in zip(s["exp"], sums)]


_moved("stuck-reference", stuck)
_moved("sliding-reference", slid)


@anywhere("other-block", scope="any")
def numbers_of_another(s: Desk, page: Page) -> Nested:
    return page.pick(page.alike)


@mistake("other-block", "MatMul", "Linear", scope="all")
def another_operand(s: Desk, page: Page) -> Nested:
    shape = shape_of(s.x[0])
    x = page.pick([v for v in page.values if shape_of(v) == shape and v != s.x[0]])
    return work_again(s, x=[x, *s.x[1:]])


@mistake("other-block", "Tanh", "Sigmoid", "Mul", k=0, scope="all")
def value_for_gradient(s: Desk, page: Page) -> Nested:
    return work_again(s, dy=s.y)


@mistake("wrong-residual", "Add")
def another_input(s: Desk, page: Page) -> Nested:
    if depth(s.x[0]) < 2 or shape_of(s.x[0]) != shape_of(s.x[1]):
        fail()
    other = page.pick([v for v in page.values if shape_of(v) == shape_of(s.x[0]) and v not in s.x])
    return each(lambda a, b: a + b, other, s.x[1])


def mistakes_at(slug: str, op: str, step: str, k: int) -> Iterator[Mistake]:
    """The ways to make a mistake at a step."""
    return (one for one in MISTAKES[slug] if one.fits(op, step, k))


__all__ = ["MISTAKES", "Page", "mistakes_at"]
