"""Another layer's input added."""

from __future__ import annotations

from typing import Any

from learner import Learner, leaf, slugs


def residual() -> Any:
    x, W = leaf([[0.5, 1.25], [-0.75, 0.25]]), leaf([[0.5, -1.0], [0.75, 0.25]])
    h = (x @ W).tanh()
    r = x + h
    g = (r @ W).tanh()
    s = r + g
    L = s.sum()
    return L, {"x": x, "W": W, "h": h, "r": r, "g": g, "s": s, "L": L}


def test_wrong_residual() -> None:
    root, names = residual()
    g = [cell.typed.number for cell in Learner(root, names, {}).cells("g")]
    x = [0.5, 1.25, -0.75, 0.25]
    wrong = [round(a + b, 4) for a, b in zip(x, g)]  # type: ignore[operator]
    reason = Learner(root, names, {"s": [wrong[:2], wrong[2:]]}).reason("s")
    assert reason.slug == "wrong-residual" and "x is added where r belongs" in reason.sentence
    other = [[wrong[0] + 0.125, wrong[1]], wrong[2:]]
    assert "wrong-residual" not in slugs(Learner(root, names, {"s": other}).reasons()["s"])
