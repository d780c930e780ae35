"""The bank as a whole: each misconception has a test, and no reason is given where none is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from learner import Learner, chain, layer, leaf

from saitama.spreadsheets.judge.reasons import BANK, Case, reason_for

TESTS = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_reason_*.py"))


@pytest.mark.parametrize("slug", sorted(BANK))
def test_each_misconception_has_a_test(slug: str) -> None:
    assert f'"{slug}"' in TESTS


def test_no_known_reason() -> None:
    learner = Learner(*layer(), {"h": [[0.1234, 0.4321], [0.5678, 0.8765]]})
    assert learner.reasons() == {"h": None}


def test_a_step_without_a_slip_has_no_reason() -> None:
    learner = Learner(*chain(), {"d": 6})
    for name in ("e", "L", "dL/da"):
        assert reason_for(Case(learner.work, learner.judgement, learner.step(name))) is None


def test_what_knows_the_operation_comes_before_the_general() -> None:
    """Without the derivative of the square's inner function, 4 · 2 is also a factor."""
    ranks = {slug: one.rank for slug, one in BANK.items()}
    assert ranks["missing-derivative"] < ranks["sign"] == ranks["factor"] == ranks["digits"] < ranks["other-block"]


def test_a_sum_of_many_numbers_ends_no_run() -> None:
    """What walks through a formula goes down a few steps for it, not one for each of its terms."""
    x = leaf([float(n % 7) - 2.5 for n in range(350)])
    y = x.sum()
    reason = Learner(y, {"x": x, "y": y}, {"y": 2 * y.item()}, decimals=None).reason("y")
    assert reason.slug == "factor"
