"""References that do not move, or lead elsewhere."""

from __future__ import annotations

from typing import Callable

from ..lists import Nested, arranged, depth, each, shape_of, spread, times, transposed
from ..steps import FUNCTIONS, Desk, rows
from .mistake import Page, anywhere, mistake, work_again
from .refusals import fail, several


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
        return arranged([[a + c for a, c in zip(row, b)] for row in times(x, transposed(w))], s.shape)

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
