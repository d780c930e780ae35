"""The weight where the activation belongs, and the reverse."""

from __future__ import annotations

from learner import Learner, chain, product, slugs


def test_of_a_product_of_numbers() -> None:
    reason = Learner(*chain(), {"dL/da": 16}).reason("dL/da")  # dL/dd · a
    assert reason.slug == "weight-for-activation" and "multiplied by a where b belongs" in reason.sentence


def test_of_a_product_of_matrices() -> None:
    wrong = [[0.125, 2.125], [-1.125, -1.625]]  # Wᵀ dL/dy
    reason = Learner(*product(), {"dL/dW": wrong}).reason("dL/dW")
    assert reason.slug == "weight-for-activation" and "multiplied by W where x belongs" in reason.sentence


def test_another_number() -> None:
    assert "weight-for-activation" not in slugs(Learner(*chain(), {"dL/da": 20}).reasons()["dL/da"])
