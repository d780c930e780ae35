"""A sum where a mean belongs, and the reverse."""

from __future__ import annotations

from learner import Learner, layer, norm, product, slugs


def test_sum_for_mean() -> None:
    reason = Learner(*layer(), {"L": 3.5104}).reason("L")
    assert reason.slug == "sum-for-mean" and "dividing by 4 is missing" in reason.sentence
    reason = Learner(*norm(), {"mean": [7.0, 2.5, -0.25]}).reason("mean")
    assert reason.slug == "sum-for-mean" and "dividing by 3 is missing" in reason.sentence


def test_mean_for_sum() -> None:
    reason = Learner(*product(), {"L": 0.5313}).reason("L")
    assert reason.slug == "mean-for-sum" and "divided by 4, which the rule does not do" in reason.sentence
    reason = Learner(*layer(), {"dL/db": [-0.1141, -0.2641]}).reason("dL/db")
    assert reason.slug == "mean-for-sum" and "divided by 2" in reason.sentence


def test_a_number_of_nobody() -> None:
    assert not {"sum-for-mean", "mean-for-sum"} & set(slugs(Learner(*layer(), {"L": 1.7552}).reasons()["L"]))
    assert not {"sum-for-mean", "mean-for-sum"} & set(slugs(Learner(*product(), {"L": 0.7084}).reasons()["L"]))
