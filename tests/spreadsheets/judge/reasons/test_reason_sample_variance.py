"""n − 1 where n belongs."""

from __future__ import annotations

from learner import Learner, norm, slugs


def test_sample_variance() -> None:
    reason = Learner(*norm(), {"var": [2.3333, 4.0833, 3.1458]}).reason("var")
    assert reason.slug == "sample-variance" and "divided by 2 where 3 belongs" in reason.sentence


def test_a_variance_that_is_a_deviation() -> None:
    assert "sample-variance" not in slugs(Learner(*norm(), {"var": [1.2472, 1.6499, 1.4482]}).reasons()["var"])
