"""A sum where a mean belongs, and the reverse."""

from __future__ import annotations

from learner import Learner, layer, leaf, norm, product, slugs

from saitama import Tensor


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


def test_of_exact_numbers_the_wrong_one_alone_is_rounded() -> None:
    """1/24 is typed as 0.0417, on a page where nothing else had to be rounded."""
    b, dY = leaf([0.5, 0.25]), Tensor([[-1.25, 0.375], [0.875, -1.625], [0.5, -2.0]], name="dY")
    y = leaf([[1.0, 2.0], [0.5, -1.0], [-1.375, 3.0]]) + b
    L = (y * dY).sum()
    names = {"b": b, "dY": dY, "y": y, "L": L}
    reason = Learner(L, names, {"dL/db": [0.0417, -1.0833]}, None).reason("dL/db")
    assert reason.slug == "mean-for-sum" and "divided by 3" in reason.sentence
    assert not slugs(Learner(L, names, {"dL/db": [0.0412, -1.0833]}, None).reasons()["dL/db"])
