"""A bias that is missing, or another layer's."""

from __future__ import annotations

from typing import Any

from learner import Learner, layer, leaf, slugs

from saitama import Tensor


def two_biases() -> Any:
    x, W = Tensor([[0.5, 1.25], [-0.75, 0.25]]), leaf([[0.5, -1.0], [0.75, 0.25]])
    b, c = leaf([0.1, -0.2]), leaf([0.4, 0.3])
    m = x @ W
    net = m + b
    y = net.tanh() + c
    L = y.sum()
    return L, {"x": x, "W": W, "b": b, "c": c, "m": m, "net": net, "y": y, "L": L}


def test_missing_bias() -> None:
    reason = Learner(*layer(), {"net": [[-1.0, 0.6875], [-0.625, -0.5]]}).reason("net")
    assert reason.slug == "missing-bias"
    assert reason.sentence == "with your x, W and b, the bias b is missing"


def test_a_bias_with_the_other_sign_is_not_missing() -> None:
    reason = Learner(*layer(), {"net": [[-1.1, 0.8875], [-0.725, -0.3]]}).reason("net")
    assert "missing-bias" not in slugs(reason) and reason.slug == "sign"


def test_other_bias() -> None:
    root, names = two_biases()
    right = [[1.2875, -0.3875], [-0.0875, 0.6125]]  # of m + b
    other = [[x + d for x, d in zip(row, (0.3, 0.5))] for row in right]
    reason = Learner(root, names, {"net": other}).reason("net")
    assert reason.slug == "other-bias" and "c stands where the bias b belongs" in reason.sentence
    neither = [[x + 0.3 for x in row] for row in right]
    assert "other-bias" not in slugs(Learner(root, names, {"net": neither}).reasons()["net"])
