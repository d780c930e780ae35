"""Rounding to 16 bits in another way than to the nearest, a half to the even one."""

from __future__ import annotations

from typing import List

import pytest
from learner import Graph, Learner, leaf, slugs

from saitama.autograd.function import apply

X = [37.625, -301.0, 43.125, 150.25]  # in units of the last digit: 150.5, 150.5, 172.5, 150.25


def rounded() -> Graph:
    x = leaf(X)
    y = apply("Round", (x,), format="bfloat16")
    return y.sum(), {"x": x, "y": y, "L": y.sum()}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ([37.75, -302.0, 43.25, 151.0], "every number is rounded up, in size"),
        ([37.5, -302.0, 43.0, 150.0], "every number is rounded down"),
        ([37.75, -302.0, 43.25, 150.0], "a half is rounded up; it goes to the even one"),
        ([37.625, -301.0, 43.125, 150.25], "nothing is rounded"),
        ([37.625, -301.0, 43.125, 150.0], "one binary digit too many is kept"),
        ([37.5, -300.0, 43.0, 150.0], ""),
        ([150.0, -150.0, 172.0, 150.0], "not multiplied by that unit again"),
    ],
)
def test_wrong_rounding(typed: List[float], words: str) -> None:
    learner = Learner(*rounded(), {"y": typed}, decimals=None)
    if not words:
        assert learner.reasons() == {}
        return
    reason = learner.reason("y")
    assert reason.slug == "wrong-rounding" and words in reason.sentence


def test_every_number_cut_off() -> None:
    x = leaf([37.75, -303.5, 43.2])
    y = apply("Round", (x,), format="bfloat16")
    reason = Learner(y.sum(), {"x": x, "y": y}, {"y": [37.75, -302.0, 43.0]}, decimals=None).reason("y")
    assert reason.slug == "wrong-rounding" and "every number is cut off" in reason.sentence


def test_an_infinite_number_is_no_finite_one() -> None:
    """e^794 is too large for any number: nobody who typed 796 took it."""
    x = leaf([794.0, 245.5])
    y = apply("Round", (x,), format="bfloat16")
    found = slugs(Learner(y.sum(), {"x": x, "y": y}, {"y": [799.0, 245.0]}, decimals=None).reasons()["y"])
    assert "wrong-operation" not in found and "wrong-rounding" not in found
