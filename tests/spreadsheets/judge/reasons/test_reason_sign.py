"""The opposite sign."""

from __future__ import annotations

import pytest
from learner import Learner, chain, layer, slugs

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
