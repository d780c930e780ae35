"""The right operation along another axis."""

from __future__ import annotations

from learner import Learner, norm, slugs, softmax


def test_wrong_axis() -> None:
    reason = Learner(*norm(), {"mean": [1.4167, 0.8333, 0.8333]}).reason("mean")  # of the columns
    assert reason.slug == "wrong-axis" and "is taken along the other axis" in reason.sentence
    reason = Learner(*softmax(), {"sum": [[1.5032], [1.7589], [1.3285]]}).reason("sum")
    assert reason.slug == "wrong-axis"


def test_numbers_of_no_axis() -> None:
    assert "wrong-axis" not in slugs(Learner(*norm(), {"mean": [1.5, 1.0, 0.5]}).reasons()["mean"])
