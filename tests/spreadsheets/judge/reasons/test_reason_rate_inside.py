"""The learning rate inside of a gradient."""

from __future__ import annotations

from learner import Learner, layer, slugs

from saitama import optim

GRADIENT = [[-0.123, -0.2923], [0.3724, -0.151]]


def step(factor: float, lr: float = 0.1) -> Learner:
    root, names = layer()
    wrong = [[round(factor * x, 4) for x in row] for row in GRADIENT]
    return Learner(root, names, {"dL/dW": wrong}, optimizer=optim.SGD([names["W"]], lr=lr))


def test_rate_inside() -> None:
    reason = step(0.1).reason("dL/dW")
    assert reason.slug == "rate-inside" and "lr is inside of the gradient" in reason.sentence


def test_another_rate() -> None:
    assert "rate-inside" not in slugs(step(0.25).reasons()["dL/dW"])


def test_without_a_step_there_is_no_rate() -> None:
    wrong = [[round(0.1 * x, 4) for x in row] for row in GRADIENT]
    assert "rate-inside" not in slugs(Learner(*layer(), {"dL/dW": wrong}).reasons()["dL/dW"])
