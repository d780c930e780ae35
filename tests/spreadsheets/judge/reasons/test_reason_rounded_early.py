"""Rounded so early that the digits cannot be right."""

from __future__ import annotations

from learner import Learner, chain, layer, slugs


def test_operands_that_were_rounded_first() -> None:
    wrong = [[0.9409, 0.0025], [0.0004, 2.56]]  # of −0.97, −0.05, 0.02 and −1.6
    reason = Learner(*layer(), {"q": wrong}).reason("q")
    assert reason.slug == "rounded-early" and "what e² needs was rounded to 2 decimals first" in reason.sentence


def test_a_result_with_fewer_digits_than_everything_else() -> None:
    wrong = {(1, 0): 0.01}  # of 0.0092, among four decimals
    reason = Learner(*layer(), {"dL/dh": wrong}).reason("dL/dh")
    assert reason.slug == "rounded-early" and "is rounded more than the other numbers" in reason.sentence


def test_whole_numbers_are_not_rounded() -> None:
    assert "rounded-early" not in slugs(Learner(*chain(), {"e": 5}).reasons()["e"])
