"""No bias correction, or the moment before the update."""

from __future__ import annotations

from typing import Any

from learner import Learner, layer, slugs

from saitama import optim


def step(put: Any) -> Learner:
    root, names = layer()
    return Learner(root, names, put, optimizer=optim.Adam([names["W"]], lr=0.1, betas=(0.5, 0.75), eps=0.1))


def rows(numbers: Any) -> Any:
    return [numbers[:2], numbers[2:]]


def test_a_moment_that_is_not_corrected() -> None:
    m = [cell.typed.number for cell in step({}).cells("m")]
    reason = step({"m̂": rows(m)}).reason("m̂")
    assert reason.slug == "moment" and "m is not corrected for its start at zero" in reason.sentence


def test_neither_is_corrected() -> None:
    m, v = ([cell.typed.number for cell in step({}).cells(name)] for name in "mv")
    wrong = [round(0.1 * a / (b**0.5 + 0.1), 4) for a, b in zip(m, v)]  # type: ignore[operator]
    reason = step({"s": rows(wrong)}).reason("s")
    assert reason.slug == "moment" and "m and v stand where m̂ and v̂ belong" in reason.sentence


def test_a_step_that_is_not_counted() -> None:
    reason = step({"t": 0}).reasons()["t"]
    assert reason is not None and reason.slug == "moment" and "this step is not counted" in reason.sentence


def test_another_number() -> None:
    assert "moment" not in slugs(step({"m̂": {(0, 0): 0.5}}).reasons()["m̂"])
