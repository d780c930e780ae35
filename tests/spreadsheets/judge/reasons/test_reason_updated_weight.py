"""The weight after the step where the one before belongs."""

from __future__ import annotations

from typing import Any

from learner import Learner, leaf, slugs

from saitama import Tensor, optim


def layers() -> Any:
    x, U, W = Tensor([[0.5, 1.25]]), leaf([[0.5, -1.0], [0.75, 0.25]]), leaf([[0.5, 1.5], [-0.25, 0.75]])
    h = (x @ U).tanh()
    y = h @ W
    q = y * y
    L = q.sum()
    return L, {"x": x, "U": U, "W": W, "h": h, "y": y, "q": q, "L": L}, optim.SGD([W], lr=0.5)


def test_updated_weight() -> None:
    root, names, step = layers()
    right = Learner(root, names, {}, optimizer=step)
    dy = [cell.typed.number for cell in right.cells("dL/dy")]
    new = [cell.typed.number for cell in right.cells("p")]
    wrong = [[round(dy[0] * new[0] + dy[1] * new[1], 4), round(dy[0] * new[2] + dy[1] * new[3], 4)]]  # type: ignore
    reason = Learner(root, names, {"dL/dh": wrong}, optimizer=step).reason("dL/dh")
    assert reason.slug == "updated-weight" and "W is the one after the step" in reason.sentence
    other = [[round(wrong[0][0] + 0.25, 4), wrong[0][1]]]
    assert "updated-weight" not in slugs(Learner(root, names, {"dL/dh": other}, optimizer=step).reasons()["dL/dh"])
