"""The numbers of another block."""

from __future__ import annotations

from learner import Learner, chain, layer, leaf, slugs


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


def test_of_two_blocks_with_the_same_number_the_nearer_one_is_named() -> None:
    """The variance is d, but S is divided by its root: who forgot the root took the variance."""
    d, one, score = leaf(9.0), leaf(1.0), leaf(-3.0)
    variance = d * one
    root = variance.sqrt()
    S = score / root
    names = {"d": d, "one": one, "score": score, "variance": variance, "root": root, "S": S}
    reason = Learner(S, names, {"S": -0.3333}).reason("S")
    assert "variance stands where root belongs" in reason.sentence and "other-block" in reason.others
