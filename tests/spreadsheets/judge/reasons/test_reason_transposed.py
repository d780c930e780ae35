"""A transpose, or none where it is needed."""

from __future__ import annotations

from learner import Learner, layer, leaf, product, slugs


def test_an_operand() -> None:
    reason = Learner(*product(), {"y": [[-1.0, 0.6875], [-0.625, -0.5]]}).reason("y")  # x Wᵀ
    assert reason.slug == "transposed" and "rows and columns of W are exchanged" in reason.sentence


def test_a_result() -> None:
    reason = Learner(*layer(), {"dL/dW": [[-0.123, 0.3724], [-0.2923, -0.151]]}).reason("dL/dW")
    assert reason.slug == "transposed" and "this is the transpose of" in reason.sentence


def test_no_product_of_matrices() -> None:
    reason = Learner(*layer(), {"h": [[-0.7163, -0.4815], [0.4522, -0.6044]]}).reason("h")
    assert "transposed" not in slugs(reason) and reason.slug == "swapped"


def test_a_reshape_by_columns() -> None:
    x = leaf([1.5, -2.0, 0.5, 3.0, -1.0, 2.5])
    X = x.reshape(2, 3)
    back = X.reshape(6)
    names = {"x": x, "X": X, "back": back}
    reason = Learner(back.sum(), names, {"X": [[1.5, 0.5, -1.0], [-2.0, 3.0, 2.5]]}, None).reason("X")
    assert reason.slug == "transposed" and "X is filled in column by column" in reason.sentence
    reason = Learner(back.sum(), names, {"back": [1.5, 3.0, -2.0, -1.0, 0.5, 2.5]}, None).reason("back")
    assert reason.slug == "transposed" and "X is read column by column" in reason.sentence
