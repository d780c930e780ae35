"""A constant lost, put in, doubled or halved."""

from __future__ import annotations

import pytest
from learner import Learner, chain, layer, leaf, slugs

from saitama import optim


@pytest.mark.parametrize(
    ("step", "typed", "words"),
    [
        ("dL/de", 4, "with your e = 4, without the factor 2"),
        ("dL/da", -48, "doubled, or a factor 1/2 is missing"),
        ("e", 2, "halved, or a factor 2 is missing"),
    ],
)
def test_factor(step: str, typed: float, words: str) -> None:
    reason = Learner(*chain(), {step: typed}).reason(step)
    assert reason.slug == "factor" and words in reason.sentence


def test_a_step_without_the_rate() -> None:
    root, names = layer()
    made = Learner(root, names, {"p": [[0.623, -0.7077], [0.3776, 0.401]]}, optimizer=optim.SGD([names["W"]], lr=0.1))
    reason = made.reason("p")
    assert reason.slug == "factor" and "without the factor lr" in reason.sentence


def test_three_times_too_large_is_no_factor_of_the_rule() -> None:
    reason = Learner(*chain(), {"dL/de": 24}).reasons()["dL/de"]
    assert "factor" not in slugs(reason)


def test_another_number_in_the_rule() -> None:
    c = leaf(8.0)
    y = 4 * c
    reason = Learner(y, {"c": c, "y": y}, {"y": 24}).reason("y")
    assert reason.slug == "factor" and "3 stands where 4 belongs" in reason.sentence


def test_a_factor_used_twice() -> None:
    a, b = leaf(3.0), leaf(8.0)
    y = a / b
    reason = Learner(y, {"a": a, "b": b, "y": y}, {"y": 0.0469}).reason("y")
    assert reason.slug == "factor" and "b is used twice" in reason.sentence
