"""Without eps, or with eps in the wrong place."""

from __future__ import annotations

from learner import Learner, norm, slugs

from saitama import optim


def test_without_eps() -> None:
    reason = Learner(*norm(), {"r": [0.8018, 0.6061, 0.6905]}).reason("r")
    assert reason.slug == "missing-eps" and "eps is missing" in reason.sentence


def test_eps_outside_of_the_root() -> None:
    reason = Learner(*norm(), {"r": [0.7423, 0.5715, 0.6459]}).reason("r")
    assert reason.slug == "missing-eps" and "eps stands outside of the root" in reason.sentence


def test_an_eps_that_does_not_show_is_not_missed() -> None:
    """With eps = 1e-9 four decimals are the same with it and without."""
    assert not Learner(*norm(eps=1e-9), {"r": [0.8018, 0.6061, 0.6905]}).reasons()


def test_eps_inside_of_the_root_of_adam() -> None:
    from learner import layer

    root, names = layer()
    step = optim.Adam([names["W"]], lr=0.1, eps=0.1)
    right = Learner(root, names, {}, optimizer=step)
    m, v = ([cell.typed.number for cell in right.cells(name)] for name in ("m̂", "v̂"))
    wrong = [round(0.1 * a / (b + 0.1) ** 0.5, 4) for a, b in zip(m, v)]  # type: ignore[operator]
    reason = Learner(root, names, {"s": [wrong[:2], wrong[2:]]}, optimizer=step).reason("s")
    assert reason.slug == "missing-eps" and "eps stands inside of the root" in reason.sentence


def test_another_number() -> None:
    assert "missing-eps" not in slugs(Learner(*norm(), {"r": [0.9, 0.7, 0.5]}).reasons()["r"])
