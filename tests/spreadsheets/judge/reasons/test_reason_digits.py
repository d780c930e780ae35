"""Two digits exchanged, a decimal point misplaced."""

from __future__ import annotations

import pytest
from learner import Learner, layer, slugs


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (0.8776, None),  # right
        (0.8767, "two digits of"),
        (0.7876, "two digits of"),
        (8.776, "the decimal point is 1 place too far to the right"),
        (0.0878, "the decimal point is 1 place too far to the left"),
        (87.76, "the decimal point is 2 places too far to the right"),
    ],
)
def test_digits(typed: float, words: str) -> None:
    learner = Learner(*layer(), {"L": typed})
    if words is None:
        assert not learner.reasons()
    else:
        reason = learner.reason("L")
        assert reason.slug == "digits" and words in reason.sentence


def test_two_digits_that_do_not_stand_side_by_side() -> None:
    assert "digits" not in slugs(Learner(*layer(), {"L": 0.7786}).reasons()["L"])
