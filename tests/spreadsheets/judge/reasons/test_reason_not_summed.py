"""One example's, or one path's part of a gradient."""

from __future__ import annotations

from typing import Any

from learner import Learner, layer, leaf, slugs

from saitama import Tensor


def paths() -> Any:
    a, b = leaf(2.5), leaf(-1.5)
    f, g = a * b, a.tanh()
    L = f * g
    return L, {"a": a, "b": b, "f": f, "g": g, "L": L}


def test_one_path() -> None:
    root, names = paths()
    first = Learner(root, names, {}).cells("dL/da through f")[0].typed.number
    reason = Learner(root, names, {"dL/da": first}).reason("dL/da")
    assert reason.slug == "not-summed" and "only one path back" in reason.sentence


def test_one_example() -> None:
    wrong = [round(-0.2353 * 0.5, 4), round(-0.2353 * 1.25, 4)], [round(-0.019 * 0.5, 4), round(-0.019 * 1.25, 4)]
    reason = Learner(*layer(), {"dL/dW": list(wrong)}).reason("dL/dW")
    assert reason.slug == "not-summed" and "only one part" in reason.sentence


def test_half_of_the_sum_is_no_part_of_it() -> None:
    reason = Learner(*layer(), {"dL/db": [-0.1141, -0.2641]}).reason("dL/db")
    assert "not-summed" not in slugs(reason)


def test_one_of_two_numbers_that_are_added() -> None:
    now = leaf([3.0, -1.5]) ** 2
    last = leaf([2.25, 0.5]) ** 2
    G = now + last
    reason = Learner(G.sum(), {"now": now, "last": last, "G": G}, {"G": [5.0625, 0.25]}, None).reason("G")
    assert reason.slug == "not-summed" and "only one part of now + last is there; they add up" in reason.sentence


def test_the_diagonal_of_a_softmax_alone() -> None:
    p, dp = leaf([0.5, 0.25, 0.25]), leaf([2.0, -1.0, 3.0])
    weighted = p * dp
    m = weighted.sum()
    apart = dp - m
    dx = p * apart
    c = Tensor([1.0, -2.0, 0.5])
    names = {"p": p, "dp": dp, "weighted": weighted, "m": m, "apart": apart, "dx": dx}
    reason = Learner((dx * c).sum(), names, {"dx": [0.5, -0.1875, 0.5625]}).reason("dx")
    assert reason.slug == "not-summed" and "only the term of its own place" in reason.sentence
