"""A mask that is missing, shifted or applied after the softmax."""

from __future__ import annotations

from learner import Learner, attention, slugs


def test_missing_mask() -> None:
    reason = Learner(*attention(), {"S": {(0, 1): -0.4419}}).reason("S")
    assert reason.slug == "mask" and "the mask is missing" in reason.sentence


def test_mask_after_the_softmax() -> None:
    reason = Learner(*attention(), {"P": [[0.7752, 0.0], [0.4779, 0.5221]]}).reason("P")
    assert reason.slug == "mask" and "no longer add up to 1" in reason.sentence


def test_another_number_where_there_is_a_mask() -> None:
    assert "mask" not in slugs(Learner(*attention(), {"P": [[0.7, 0.0], [0.4779, 0.5221]]}).reasons()["P"])


def test_without_a_mask_none_is_missing() -> None:
    assert "mask" not in slugs(Learner(*attention(is_causal=False), {"S": {(0, 1): 0.4419}}).reason("S"))
