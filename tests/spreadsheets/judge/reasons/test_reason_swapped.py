"""Two neighbours or two operands in each other's place."""

from __future__ import annotations

from learner import Learner, layer, slugs


def test_two_operands() -> None:
    wrong = [[0.9663, 0.0478], [-0.0185, 1.6044]]
    reason = Learner(*layer(), {"e": wrong}).reason("e")  # t − h, which is also the other sign
    assert reason.slug == "swapped" and reason.others == ("sign",)


def test_two_neighbours() -> None:
    reason = Learner(*layer(), {"h": [[0.4522, -0.7163], [-0.6044, -0.4815]]}).reason("h")
    assert reason.slug == "swapped" and "two neighbours stand in each other's place" in reason.sentence


def test_numbers_that_stand_nowhere() -> None:
    assert "swapped" not in slugs(Learner(*layer(), {"h": [[0.45, -0.71], [-0.6, -0.48]]}).reasons()["h"])
