"""References that do not move, or that have moved too far."""

from __future__ import annotations

from learner import Learner, leaf, norm, product, slugs


def test_stuck_reference() -> None:
    reason = Learner(*product(), {"q": [[1.1875, -0.375], [-0.1875, 1.625]]}).reason("q")  # the first row of c
    assert reason.slug == "stuck-reference" and "every number uses the first row of c" in reason.sentence


def test_sliding_reference() -> None:
    x, mean, r = (
        ([1.0, 2.0, 4.0], [3.0, -1.0, 0.5], [0.25, 1.5, -2.0]),
        (0.8333, -0.0833, 0.0),
        (0.7772, 0.5953, 0.6746),
    )
    wrong = [[round((a - m) * s, 4) for a in row] for row, m, s in zip(x, mean, r)]
    reason = Learner(*norm(), {"x̂": wrong}).reason("x̂")
    assert reason.slug == "sliding-reference" and "the number of mean after its own" in reason.sentence


def test_a_reference_is_wrong_for_all_or_for_none() -> None:
    reason = Learner(*product(), {"q": {(1, 0): -0.1875}}).reasons()["q"]  # only one number: the others are right
    assert "sliding-reference" not in slugs(reason)


def test_a_single_number_is_not_every_number() -> None:
    z = leaf([-6.0, 10.25, 5.25]) * 1.0
    largest = z.max()
    reason = Learner(largest, {"z": z, "largest": largest}, {"largest": -6.0}, None).reason("largest")
    assert reason.slug == "wrong-operation" and "the smallest stands where" in reason.sentence
    assert "stuck-reference" not in slugs(reason)
