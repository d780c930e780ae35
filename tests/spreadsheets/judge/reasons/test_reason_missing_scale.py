"""Scores without 1/√d, or with another factor."""

from __future__ import annotations

import pytest
from learner import Learner, attention, slugs

SCORES = [[1.125, -0.625], [-1.125, -1.0]]  # Q Kᵀ


@pytest.mark.parametrize(
    ("factor", "words"), [(1.0, "is missing (1/√2)"), (0.5, "the factor is 1/2 where 1/√2 belongs")]
)
def test_missing_scale(factor: float, words: str) -> None:
    wrong = [[factor * x for x in row] for row in SCORES]
    reason = Learner(*attention(is_causal=False), {"S": wrong}).reason("S")
    assert reason.slug == "missing-scale" and words in reason.sentence


def test_another_factor() -> None:
    wrong = [[0.9 * x for x in row] for row in SCORES]
    assert "missing-scale" not in slugs(Learner(*attention(is_causal=False), {"S": wrong}).reasons()["S"])
