"""Of another neuron, another example, another layer."""

from __future__ import annotations

from ..lists import Nested, arranged, depth, each, shape_of, spread, times, transposed
from ..steps import Desk, rows, slope, state
from .mistake import Page, mistake
from .refusals import fail, several


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
    return arranged([[a + b for a, b in zip(row, s.x[2])] for row in y], s.shape)


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
    return arranged(times(rows(s.x[0]), transposed(s.x[1])), s.shape)


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
    return arranged([[a + b for a, b in zip(row, bias)] for row in y], s.shape)


@mistake("other-bias", "Add")
def added_bias_of_another(s: Desk, page: Page) -> Nested:
    bias = page.pick([b for b in page.biases if shape_of(b) == shape_of(s.x[1]) and b != s.x[1]])
    return spread(lambda a, b: a + b, s.x[0], bias)
