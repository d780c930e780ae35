"""The derivative, weight or target of another neuron."""

from __future__ import annotations

from learner import Learner, layer, slugs


def test_the_derivative_of_another_neuron() -> None:
    g, h = [[-0.4832, -0.0239], [0.0092, -0.8022]], [[0.4522, -0.7163], [-0.6044, -0.4815]]
    wrong = [[round(a * (1 - b * b), 4) for a, b in zip(*rows)] for rows in zip(g, h)]
    reason = Learner(*layer(), {"dL/dnet": wrong}).reason("dL/dnet")
    assert reason.slug == "wrong-neuron" and "another column of h is used" in reason.sentence


def test_the_target_of_another_example() -> None:
    wrong = [[-0.2163, -0.5478], [-0.7315, -1.1044]]
    reason = Learner(*layer(), {"e": wrong}).reason("e")
    assert reason.slug == "wrong-neuron" and "another row of t is used" in reason.sentence


def test_another_number() -> None:
    assert "wrong-neuron" not in slugs(Learner(*layer(), {"e": {(0, 0): -0.5}}).reasons()["e"])
