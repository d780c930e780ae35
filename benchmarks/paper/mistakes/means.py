"""A sum for a mean, and the reverse."""

from __future__ import annotations

from ..lists import Nested, depth, each
from ..steps import Desk, lines, rows
from .mistake import Page, mistake
from .refusals import several


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


@mistake("sample-variance", "LayerNorm", step="var", scope="all")
def of_a_sample(s: Desk, page: Page) -> Nested:
    return [sum((x - m) ** 2 for x in row) / (len(row) - 1) for row, m in zip(s.x[0], s["mean"])]
