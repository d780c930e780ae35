"""A transpose, and numbers in each other's place."""

from __future__ import annotations

from ..lists import Nested, arranged, at, each, places, put, shape_of, spread, times, transposed
from ..steps import Desk, rows
from .mistake import Page, anywhere, mistake
from .refusals import square


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
    return arranged([[a + b for a, b in zip(row, s.x[2])] for row in y], s.shape)


@mistake("transposed", "Linear", k=0, scope="all")
def linear_turned(s: Desk, page: Page) -> Nested:
    square(s.x[1])
    return arranged(times(rows(s.dy), transposed(s.x[1])), s.shape)


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
