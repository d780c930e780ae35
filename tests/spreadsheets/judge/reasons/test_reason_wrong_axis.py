"""The right operation along another axis."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from learner import Graph, Learner, leaf, norm, slugs, softmax

from saitama import Tensor


def test_wrong_axis() -> None:
    reason = Learner(*norm(), {"mean": [1.4167, 0.8333, 0.8333]}).reason("mean")  # of the columns
    assert reason.slug == "wrong-axis" and "is taken along the other axis" in reason.sentence
    reason = Learner(*softmax(), {"sum": [[1.5032], [1.7589], [1.3285]]}).reason("sum")
    assert reason.slug == "wrong-axis"


def test_numbers_of_no_axis() -> None:
    assert "wrong-axis" not in slugs(Learner(*norm(), {"mean": [1.5, 1.0, 0.5]}).reasons()["mean"])


# --- a sum or the like that is read along the wrong axis -----------------------------------------------------------
E = [[1.0, 2.0, 0.5], [3.0, 1.75, 0.75]]


def shares(dim: Optional[int]) -> Graph:
    """Each number over the sum of its line, and then weighted: a softmax as one writes it out."""
    e, c = leaf(E), Tensor([[1.0, 2.0, -1.0], [0.5, -0.25, 1.5]])
    s = e.sum() if dim is None else e.sum(dim, keepdim=True)
    p = e / s
    q = p * c
    L = q.sum()
    return L, {"e": e, "s": s, "p": p, "c": c, "q": q, "L": L}


ROWS = [[x / sum(row) for x in row] for row in E]
COLUMNS = [[x / sum(column) for x, column in zip(row, zip(*E))] for row in E]
ALL = [[x / sum(map(sum, E)) for x in row] for row in E]


@pytest.mark.parametrize(
    ("dim", "wrong", "words"),
    [
        (1, COLUMNS, "s is taken along the other axis"),
        (0, ROWS, "s is taken along the other axis"),
        (1, ALL, "s is taken of all numbers"),
        (None, ROWS, "s is taken along one axis alone"),
        (None, COLUMNS, "s is taken along one axis alone"),
    ],
)
def test_a_quotient_with_the_sum_of_another_axis(dim: Optional[int], wrong: Any, words: str) -> None:
    typed = [[round(x, 4) for x in row] for row in wrong]
    reason = Learner(*shares(dim), {"p": typed}).reason("p")
    assert reason.slug == "wrong-axis" and words in reason.sentence


@pytest.mark.parametrize("kind", ["mean", "max", "min"])
def test_a_difference_from_the_mean_of_another_axis(kind: str) -> None:
    x, c = leaf(E), Tensor([[1.0, 2.0, -1.0], [0.5, -0.25, 1.5]])
    m = getattr(x, kind)(dim=1, keepdim=True)
    d = x - m
    q = d * c
    of = {"mean": lambda line: sum(line) / len(line), "max": max, "min": min}[kind]
    wrong = [[round(a - of(column), 4) for a, column in zip(row, zip(*E))] for row in E]  # type: ignore[operator]
    reason = Learner(q.sum(), {"x": x, "m": m, "d": d, "c": c, "q": q}, {"d": wrong}).reason("d")
    assert reason.slug == "wrong-axis" and "m is taken along the other axis" in reason.sentence


def test_a_quotient_of_no_sum() -> None:
    wrong = [[0.25, 0.3, 0.9], [0.4, 0.45, 0.35]]
    assert "wrong-axis" not in slugs(Learner(*shares(1), {"p": wrong}).reasons()["p"])


def test_all_numbers_for_one_line() -> None:
    e, c = leaf(E), Tensor([[1.5], [-2.0]])
    s = e.sum(1, keepdim=True)
    q = s * c
    reason = Learner(q.sum(), {"e": e, "s": s, "c": c, "q": q}, {"s": [[9.0], [9.0]]}).reason("s")
    assert reason.slug == "wrong-axis" and "taken of all numbers of e" in reason.sentence
