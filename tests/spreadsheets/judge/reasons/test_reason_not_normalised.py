"""Exponentials that are not divided, no exponentials, the softmax of the columns."""

from __future__ import annotations

from typing import List

import pytest
from learner import Learner, leaf, slugs, softmax

from saitama import Tensor

EXP = [[0.3679, 1.0, 0.2231], [1.0, 0.2865, 0.1054], [0.1353, 0.4724, 1.0]]
Z = [[1.0, 2.0, 0.5], [3.0, 1.75, 0.75], [0.25, 1.5, 2.25]]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (EXP, "the exponentials are not divided by their sum"),
        ([[round(x / sum(row), 4) for x in row] for row in Z], "no exponential is taken"),
        (
            [[round(x / sum(c), 4) for x, c in zip(row, zip(*EXP))] for row in EXP],
            "the softmax is taken along the other axis",
        ),
    ],
)
def test_not_normalised(wrong: object, words: str) -> None:
    reason = Learner(*softmax(), {"p": wrong}).reason("p")  # type: ignore[dict-item]
    assert reason.slug == "not-normalised" and words in reason.sentence


def test_numbers_of_nobody() -> None:
    assert "not-normalised" not in slugs(Learner(*softmax(), {"p": {(0, 0): 0.3, (0, 1): 0.4}}).reasons()["p"])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([0.4, 0.2, 1.0], "divided by the largest of E, not by its sum"),
        ([0.6667, 0.3333, 1.6667], "divided by how many numbers E has"),
        ([0.5, 1.0, 0.2], "one over each number stands where its share belongs"),
    ],
)
def test_shares_of_something_else_than_the_sum(wrong: List[float], words: str) -> None:
    E = leaf([2.0, 1.0, 5.0])
    total = E.sum()
    p = E / total
    q = p * Tensor([1.0, -2.0, 0.5])
    reason = Learner(q.sum(), {"E": E, "total": total, "p": p, "q": q}, {"p": wrong}).reason("p")
    assert reason.slug == "not-normalised" and words in reason.sentence
