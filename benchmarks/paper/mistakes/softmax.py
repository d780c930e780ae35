"""Logarithms, softmax and attention."""

from __future__ import annotations

from math import exp, log2, log10, sqrt

from ..lists import Nested, each, times, transposed
from ..steps import Desk
from .arranging import unless_hidden
from .mistake import Page, mistake
from .refusals import fail


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
