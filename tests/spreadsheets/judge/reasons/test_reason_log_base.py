"""Logarithms and powers to another base."""

from __future__ import annotations

from math import log2, log10

import pytest
from learner import Learner, classifier, leaf, slugs, softmax


@pytest.mark.parametrize(("log", "name"), [(log10, "log₁₀"), (log2, "log₂")])
def test_log_base(log: object, name: str) -> None:
    z, peaks, sums = [[1.0, 2.0, 0.5], [3.0, 1.75, 0.75]], (2.0, 3.0), (1.591, 1.3919)
    wrong = [[round(x - m - log(s), 4) for x in row] for row, m, s in zip(z, peaks, sums)]  # type: ignore[operator]
    reason = Learner(*classifier(), {"ln_p": wrong}).reason("ln_p")
    assert reason.slug == "log-base" and f"{name} stands where ln belongs" in reason.sentence


def test_powers_of_two() -> None:
    wrong = [[0.5, 1.0, 0.3536], [1.0, 0.4204, 0.2102], [0.25, 0.5946, 1.0]]
    reason = Learner(*softmax(), {"exp": wrong}).reason("exp")
    assert reason.slug == "log-base" and "a power of 2 stands where one of e belongs" in reason.sentence


def test_a_logarithm_that_is_only_wrong() -> None:
    a = leaf(2.5)
    y = a.log()
    L = y * a
    reason = Learner(L, {"a": a, "y": y, "L": L}, {"y": 0.6931}).reasons()["y"]  # of 2
    assert "log-base" not in slugs(reason)
