"""Another operation or function."""

from __future__ import annotations

import pytest
from learner import Learner, chain, layer, slugs


@pytest.mark.parametrize(
    ("step", "typed", "words"),
    [
        ("d", -1, "a sum stands where a product belongs"),
        ("e", -60, "a product stands where a sum belongs"),
    ],
)
def test_wrong_operation(step: str, typed: float, words: str) -> None:
    reason = Learner(*chain(), {step: typed}).reason(step)
    assert reason.slug == "wrong-operation" and words in reason.sentence


def test_twice_for_squared() -> None:
    reason = Learner(*chain(), {"e": 5, "L": 10}).reasons()["L"]
    assert reason is not None and reason.slug == "wrong-operation"
    assert reason.sentence == "with your e = 5, a product stands where a power belongs"


def test_another_function() -> None:
    reason = Learner(*layer(), {"h": [[0.2891, 0.6195], [0.3717, 0.3318]]}).reason("h")
    assert reason.slug == "wrong-operation" and "the logistic function of net stands where" in reason.sentence


def test_another_number() -> None:
    assert "wrong-operation" not in slugs(Learner(*chain(), {"d": 3.5}).reasons()["d"])
