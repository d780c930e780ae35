"""Every step of a network, worked out by hand: plain Python on nested lists, from the mathematics.

`write` stands for what a person jots down on the way: products inside of a sum may be rounded.
"""

from __future__ import annotations

from math import exp, log, sqrt, tanh
from typing import Any, Callable, Dict, List, Mapping, Tuple

from .lists import Nested, Shape, Write, added, depth, dot, each, flat, gathered, shape_of, spread, times, transposed

Which = Tuple[
    str, str, int
]  # the operation, the symbol of a step in between or "", the operand or -1 on the way forward


class Desk:
    """What lies in front of someone at a step: x, the operands; y, the result; dy, the gradient that arrives; `kept`,
    the steps in between that were worked out before."""

    def __init__(
        self,
        which: Which,
        x: List[Nested],
        y: Nested,
        dy: Nested,
        kept: Mapping[str, Nested],
        params: Mapping[str, Any],
        shape: Shape,
        write: Write,
    ) -> None:
        (self.op, self.step, self.k), self.x, self.y, self.dy, self.kept = which, x, y, dy, kept
        self.params, self.shape, self.write = params, shape, write

    def __getitem__(self, name: str) -> Nested:
        return self.kept[name]


Work = Callable[[Desk], Nested]
Which = Tuple[
    str, str, int
]  # the operation, the symbol of a step in between or "", the operand or -1 on the way forward
STEPS: Dict[Which, Work] = {}


def forward(*ops: str, step: str = "") -> Callable[[Work], Work]:
    return _register(ops, step, -1)


def backward(*ops: str, k: int = 0, step: str = "") -> Callable[[Work], Work]:
    return _register(ops, step, k)


def _register(ops: Tuple[str, ...], step: str, k: int) -> Callable[[Work], Work]:
    def register(work: Work) -> Work:
        STEPS.update(((op, step, k), work) for op in ops)
        return work

    return register


# --- number by number -----------------------------------------------------------------------------
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
    return _reshaped(s.x[0], s.shape)


@backward("Reshape")
def reshaped_back(s: Desk) -> Nested:
    return _reshaped(s.dy, s.shape)


def _reshaped(nested: Nested, shape: Shape) -> Nested:
    from .lists import shaped

    return shaped(flat(nested), shape)


@forward("Concat")
def joined(s: Desk) -> Nested:
    return [part for x in s.x for part in x]  # along the first axis


for _k in range(6):

    @backward("Concat", k=_k)
    def parted(s: Desk, k: int = _k) -> Nested:
        start = sum(len(x) for x in s.x[:k])
        return s.dy[start : start + len(s.x[k])]


# --- sums and means -------------------------------------------------------------------------------
def lines(s: Desk, nested: Nested) -> List[List[float]]:
    """The numbers that are added up for each number of the result."""
    dims = [d % depth(nested) for d in s.params["dim"]]
    if not dims or len(dims) == depth(nested):
        return [flat(nested)]
    return transposed(nested) if dims == [0] else nested  # type: ignore[no-any-return]


def numbers_in(s: Desk) -> int:
    return len(lines(s, s.x[0])[0])


def as_result(s: Desk, numbers: List[float]) -> Nested:
    from .lists import shaped

    return shaped(numbers, s.shape)


@forward("Sum")
def total(s: Desk) -> Nested:
    return as_result(s, [sum(line) for line in lines(s, s.x[0])])


@forward("Mean")
def mean(s: Desk) -> Nested:
    return as_result(s, [sum(line) / len(line) for line in lines(s, s.x[0])])


def repeated(s: Desk, by: float) -> Nested:
    """The gradient of a sum, at each number that went into it."""
    dims = [d % len(s.shape) for d in s.params["dim"]]
    if not dims or len(dims) == len(s.shape):
        one = flat(s.dy)[0]
        return _filled(s.shape, one / by)
    columns = dims == [0]
    numbers = flat(s.dy)
    return [[numbers[j if columns else i] / by for j in range(s.shape[1])] for i in range(s.shape[0])]


def _filled(shape: Shape, number: float) -> Nested:
    return [_filled(shape[1:], number) for _ in range(shape[0])] if shape else number


@backward("Sum")
def through_total(s: Desk) -> Nested:
    return repeated(s, 1)


@backward("Mean")
def through_mean(s: Desk) -> Nested:
    return repeated(s, numbers_in(s))


# --- matrices -------------------------------------------------------------------------------------
@forward("MatMul")
def product(s: Desk) -> Nested:
    return times(s.x[0], s.x[1], s.write)


@backward("MatMul", k=0)
def to_left(s: Desk) -> Nested:
    return times(s.dy, transposed(s.x[1]), s.write)


@backward("MatMul", k=1)
def to_right(s: Desk) -> Nested:
    return times(transposed(s.x[0]), s.dy, s.write)


def rows(nested: Nested) -> Nested:
    """All rows of a stack of matrices as one matrix."""
    return [row for part in nested for row in rows(part)] if depth(nested) > 2 else nested


@forward("Linear")
def linear(s: Desk) -> Nested:
    y = times(rows(s.x[0]), transposed(s.x[1]), s.write)
    y = [[s.write(a) + b for a, b in zip(row, s.x[2])] for row in y] if len(s.x) > 2 else y
    return _reshaped(y, s.shape)


@backward("Linear", k=0)
def linear_to_x(s: Desk) -> Nested:
    return _reshaped(times(rows(s.dy), s.x[1], s.write), s.shape)


@backward("Linear", k=1)
def linear_to_w(s: Desk) -> Nested:
    return times(transposed(rows(s.dy)), rows(s.x[0]), s.write)


@backward("Linear", k=2)
def linear_to_b(s: Desk) -> Nested:
    return added(rows(s.dy))


# --- softmax and cross-entropy, along the rows ----------------------------------------------------
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


# --- attention ------------------------------------------------------------------------------------
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


# --- layer normalisation --------------------------------------------------------------------------
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


# --- a recurrent layer, step by step --------------------------------------------------------------
def time(step: str) -> int:
    return int(step.partition("(")[2].rstrip(")"))


def state(s: Desk, t: int) -> Nested:
    return s[f"h({t})"] if t >= 0 else s.x[2]


for _t in range(6):

    @forward("ElmanSteps", step=f"net({_t})")
    def net(s: Desk, t: int = _t) -> Nested:
        return added([s.x[0][t], times(state(s, t - 1), transposed(s.x[1]), s.write)])

    @forward("ElmanSteps", step=f"h({_t})")
    def squashed(s: Desk, t: int = _t) -> Nested:
        return each(tanh, s[f"net({t})"])

    for _k in (0, 1):

        @backward("ElmanSteps", step=f"dh({_t})", k=_k)
        def dh(s: Desk, t: int = _t) -> Nested:
            if t == len(s.dy) - 1:
                return s.dy[t]
            return added([s.dy[t], times(s[f"da({t + 1})"], s.x[1], s.write)])

        @backward("ElmanSteps", step=f"da({_t})", k=_k)
        def da(s: Desk, t: int = _t) -> Nested:
            return each(lambda g, h: g * (1 - s.write(h * h)), s[f"dh({t})"], s[f"h({t})"])


@forward("ElmanSteps")
def all_states(s: Desk) -> Nested:
    return [s[f"h({t})"] for t in range(s.shape[0])]


@backward("ElmanSteps", k=0)
def all_da(s: Desk) -> Nested:
    return [s[f"da({t})"] for t in range(s.shape[0])]


@backward("ElmanSteps", k=1)
def recurrent_to_w(s: Desk) -> Nested:
    return added([times(transposed(s[f"da({t})"]), state(s, t - 1), s.write) for t in range(len(s.x[0]))])


@backward("ElmanSteps", k=2)
def recurrent_to_first(s: Desk) -> Nested:
    return times(s["da(0)"], s.x[1], s.write)


# --- several paths back, and an optimiser's step --------------------------------------------------
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


__all__ = ["FUNCTIONS", "STEPS", "Desk", "Which", "backward", "forward", "shape_of", "sigmoid", "slope"]
