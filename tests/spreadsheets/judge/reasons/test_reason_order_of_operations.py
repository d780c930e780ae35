"""Done to the terms of a sum where it belongs to the sum, to one of them only, or the reverse."""

from __future__ import annotations

from typing import Any, Callable, Dict

import pytest
from learner import Graph, Learner, chain, leaf, slugs

from saitama import Tensor


def of(rule: Callable[..., Dict[str, Any]], **given: Any) -> Graph:
    """A few steps, by name; the last one is the result."""
    leaves = {name: leaf(value) for name, value in given.items()}
    steps = rule(**leaves)
    return list(steps.values())[-1], {**leaves, **steps}


def length(g: Tensor) -> Dict[str, Any]:
    squares = g**2
    total = squares.sum()
    return {"squares": squares, "total": total, "length": total.sqrt()}


def mean_of_two(a: Tensor, b: Tensor) -> Dict[str, Any]:
    s = a + b
    return {"s": s, "m": s / 2}


def share(a: Tensor, b: Tensor) -> Dict[str, Any]:
    whole = a + b
    return {"whole": whole, "p": a / whole}


def centred(p: Tensor, g: Tensor, m: Tensor) -> Dict[str, Any]:
    apart = g - m
    return {"apart": apart, "d": p * apart}


def line(a: Tensor, x: Tensor, b: Tensor) -> Dict[str, Any]:
    ax = a * x
    return {"ax": ax, "y": ax + b}


def slope(t: Tensor) -> Dict[str, Any]:
    q = t**2
    return {"q": q, "f": 1 - q}


def scaled_square(c: Tensor, u: Tensor) -> Dict[str, Any]:
    v = u**2
    return {"v": v, "L": c * v}


def dot(w: Tensor, x: Tensor) -> Dict[str, Any]:
    products = w * x
    return {"products": products, "y": products.sum()}


def loss(q: Tensor) -> Dict[str, Any]:
    logs = q.log()
    nats = -logs
    return {"logs": logs, "nats": nats, "L": nats.mean()}


@pytest.mark.parametrize(
    ("graph", "step", "typed", "words"),
    [
        (of(length, g=[3.0, -4.0]), "length", 7, "the root is taken of each term; it belongs to their sum"),
        (of(length, g=[3.0, -1.0, 4.0]), "total", 36, "is taken of the sum; it belongs to each of its terms"),
        (of(mean_of_two, a=3.0, b=5.0), "m", 5.5, "one term alone is divided, where that belongs to the whole sum"),
        (of(mean_of_two, a=3.0, b=5.0), "m", 6.5, "one term alone is divided, where that belongs to the whole sum"),
        (of(share, a=2.0, b=5.0), "p", 6, "one over it is taken of one term alone; it belongs to the sum"),
        (of(centred, p=0.25, g=3.5, m=1.5), "d", -0.625, "one term alone is multiplied"),
        (of(line, a=3.0, x=2.5, b=-4.0), "y", -4.5, "the whole sum is multiplied, where that belongs to one term"),
        (of(slope, t=0.75), "f", 0.0625, "is taken of the whole; it belongs to one term"),
        (of(dot, w=[2.0, 3.0], x=[0.5, -4.0]), "y", -17.5, "both are added up first and then multiplied"),
        (of(loss, q=[0.5, 0.125, 0.25]), "L", 1.2321, "the logarithm is taken of the sum"),
        (chain(), "L", 136, "is taken of each term; it belongs to their sum: d² + c² stands where (d + c)² belongs"),
    ],
)
def test_order_of_operations(graph: Graph, step: str, typed: float, words: str) -> None:
    reason = Learner(*graph, {step: typed}).reason(step)
    assert reason.slug == "order-of-operations" and words in reason.sentence


def test_the_square_of_a_product_uses_its_factor_twice_too() -> None:
    reason = Learner(*of(scaled_square, c=3.0, u=2.5), {"L": 56.25}).reason("L")
    assert set(slugs(reason)) >= {"order-of-operations", "factor"}


def test_what_is_done_in_no_order_is_no_such_slip() -> None:
    assert "order-of-operations" not in slugs(Learner(*of(length, g=[3.0, -4.0]), {"length": 6.37}).reasons()["length"])
