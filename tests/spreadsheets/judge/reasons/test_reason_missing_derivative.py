"""A derivative that is left out."""

from __future__ import annotations

from learner import Learner, chain, layer, leaf, slugs


def test_a_gradient_that_is_handed_on_as_it_is() -> None:
    wrong = [[-0.4832, -0.0239], [0.0092, -0.8022]]
    reason = Learner(*layer(), {"dL/dnet": wrong}).reason("dL/dnet")
    assert reason.slug == "missing-derivative" and "dL/dh is handed on as it is" in reason.sentence


def test_a_mask_that_is_left_out() -> None:
    right = Learner(*layer("relu"), {}).cells("dL/dh")
    wrong = {cell.index: cell.typed.number for cell in right if cell.typed.number is not None}
    reason = Learner(*layer("relu"), {"dL/dnet": wrong}).reason("dL/dnet")
    assert reason.slug == "missing-derivative"


def test_a_factor_of_the_chain_rule() -> None:
    reason = Learner(*chain(), {"dL/da": -3}).reason("dL/da")
    assert reason.slug == "missing-derivative" and "without the factor dL/dd" in reason.sentence


def test_another_number() -> None:
    assert "missing-derivative" not in slugs(Learner(*chain(), {"dL/da": -21}).reasons()["dL/da"])


def test_two_ways_without_their_derivatives() -> None:
    x = leaf(1.5)
    u, v = 2 * x, x**2
    y = u * v
    reason = Learner(y, {"x": x, "u": u, "v": v, "y": y}, {"dy/dx": 5.25}).reason("dy/dx")
    assert reason.slug == "missing-derivative" and "without the derivative on that way" in reason.sentence
