"""The opposite sign."""

from __future__ import annotations

import pytest
from learner import Learner, chain, layer, leaf, slugs

from saitama import optim


@pytest.mark.parametrize(
    ("step", "typed", "sentence"),
    [
        ("d", 6, "with your a = 2 and b = -3, a · b has the other sign"),
        ("e", -16, "with your d = -6 and c = 10, c is subtracted where the rule adds it"),
        ("dL/db", -16, "with your dL/dd = 8 and a = 2, dL/dd · a has the other sign"),
    ],
)
def test_sign(step: str, typed: float, sentence: str) -> None:
    reason = Learner(*chain(), {step: typed}).reason(step)
    assert reason.slug == "sign" and reason.sentence == sentence


def test_a_step_upwards() -> None:
    root, names = layer()
    wrong = [[0.4877, -1.0292], [0.7872, 0.2349]]
    reason = Learner(root, names, {"p": wrong}, optimizer=optim.SGD([names["W"]], lr=0.1)).reason("p")
    assert reason.slug == "sign" and "a step upwards" in reason.sentence


def test_another_number_has_no_other_sign() -> None:
    assert "sign" not in slugs(Learner(*chain(), {"d": 7}).reasons()["d"])


def test_sizes_without_their_signs() -> None:
    a, b = leaf([1.5, -2.0, 0.5]), leaf([-2.25, -0.5, 3.0])
    y = a + b
    reason = Learner(y.sum(), {"a": a, "b": b, "y": y}, {"y": [3.75, 2.5, 3.5]}).reason("y")
    assert reason.slug == "sign" and "the signs are left out" in reason.sentence
