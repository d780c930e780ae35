"""The numbers of another block."""

from __future__ import annotations

from learner import Learner, chain, layer, slugs


def test_the_value_for_the_gradient() -> None:
    h = [[-0.7163, 0.4522], [-0.4815, -0.6044]]
    reason = Learner(*layer(), {"dL/dh": h}).reason("dL/dh")
    assert reason.slug == "other-block" and "these are the numbers of h" in reason.sentence


def test_an_operand_from_elsewhere() -> None:
    reason = Learner(*chain(), {"e": 12}).reason("e")  # a + c
    assert reason.slug == "other-block" and "a stands where d belongs" in reason.sentence


def test_what_comes_later_is_not_known_yet() -> None:
    """16 is dL/db, which nobody has before e."""
    assert "other-block" not in slugs(Learner(*chain(), {"e": 16}).reasons()["e"])
