"""A factor of a sum that is put to one of its terms only, a power of the whole, sums multiplied for products added."""

from __future__ import annotations

from ..lists import Nested, each, transposed
from ..steps import Desk
from .mistake import Page, mistake

SLUG = "order-of-operations"


@mistake(SLUG, "Tanh", k=0, scope="all")
def one_minus_y_squared(s: Desk, page: Page) -> Nested:
    return each(lambda y, dy: dy * (1 - y) ** 2, s.y, s.dy)


@mistake(SLUG, "Tanh", k=0, scope="all")
def slope_in_part(s: Desk, page: Page) -> Nested:
    return each(lambda y, dy: dy - y * y, s.y, s.dy)


@mistake(SLUG, "Softmax", k=0, scope="all")
def without_brackets(s: Desk, page: Page) -> Nested:
    return [[p * g - d for p, g in zip(ps, gs)] for ps, gs, (d,) in zip(s.y, s.dy, s["dot"])]


@mistake(SLUG, "LayerNorm", step="x̂", scope="all")
def mean_alone_scaled(s: Desk, page: Page) -> Nested:
    return [[x - m * r for x in row] for row, m, r in zip(s.x[0], s["mean"], s["r"])]


@mistake(SLUG, "MatMul", scope="all")
def sums_multiplied(s: Desk, page: Page) -> Nested:
    return [[sum(row) * sum(column) for column in transposed(s.x[1])] for row in s.x[0]]
