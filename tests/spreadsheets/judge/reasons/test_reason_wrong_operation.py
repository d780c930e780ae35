"""Another operation or function."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from learner import Graph, Learner, chain, layer, leaf, slugs

from saitama import Tensor


@pytest.mark.parametrize(
    ("step", "typed", "words"),
    [
        ("d", -1, "a sum stands where a product belongs"),
        ("e", -60, "a product stands where a sum belongs"),
    ],
)
def test_wrong_operation(step: str, typed: float, words: str) -> None:
    reason = Learner(*chain(), {step: typed}).reason(step)
    assert reason.slug == "wrong-operation" and words in reason.sentence


def test_twice_for_squared() -> None:
    reason = Learner(*chain(), {"e": 5, "L": 10}).reasons()["L"]
    assert reason is not None and reason.slug == "wrong-operation"
    assert reason.sentence == "with your e = 5, a product stands where a power belongs"


def test_another_function() -> None:
    reason = Learner(*layer(), {"h": [[0.2891, 0.6195], [0.3717, 0.3318]]}).reason("h")
    assert reason.slug == "wrong-operation" and "the logistic function of net stands where" in reason.sentence


def test_another_number() -> None:
    assert "wrong-operation" not in slugs(Learner(*chain(), {"d": 3.5}).reasons()["d"])


def one(rule: Callable[..., Tensor], *given: Any) -> Graph:
    """y of a and b."""
    leaves = [leaf(value) for value in given]
    y = rule(*leaves)
    weights = Tensor(list(range(1, 1 + y.shape[-1]))) if y.shape else Tensor(1.0)
    return (y * weights).sum(), {**dict(zip("ab", leaves)), "y": y}


A, B = [[1.0, 2.0], [-3.0, 0.5]], [[2.5, -1.0], [4.0, 1.5]]


@pytest.mark.parametrize(
    ("graph", "wrong", "words"),
    [
        (one(lambda a: a.sqrt(), [6.25, 9.0]), [3.125, 4.5], "the half of a"),
        (one(lambda a: a.mean(), [1.0, 2.0, 4.0, 9.0, 20.25]), 2.6926, "the root of it"),
        (one(lambda a: a.sum(), [1.5, 2.5, 4.0]), 15, "the product of them"),
        (one(lambda a: a.max(), [1.5, 2.0, 4.0]), 2.5, "the mean stands"),
        (one(lambda a: a.max(), [1.5, 3.5, 2.5, 7.0]), 3, "counted from 0"),
        (one(lambda a: a.relu(), [1.5, -4.0, 2.0]), [1, 0, 1], "1 above 0"),
        (one(lambda a, b: a * b, A, B), [[10.5, 2], [-5.5, 3.75]], "the matrix product of a and b"),
        (one(lambda a, b: a @ b, A, B), [[2.5, -2], [-12, 0.75]], "multiplied element by element"),
        (one(lambda a, b: a @ b, A, B), [[3, 3], [-2.5, -2.5]], "the numbers of a are only added up"),
        (one(lambda a, b: a @ b, A, B), [[1.5, 1.5], [-1.25, -1.25]], "the mean of the numbers of a"),
    ],
)
def test_another_operation_on_many(graph: Graph, wrong: Any, words: str) -> None:
    reason = Learner(*graph, {"y": wrong}).reason("y")
    assert reason.slug == "wrong-operation" and words in reason.sentence


def test_a_gradient_on_the_wrong_side_of_the_bend() -> None:
    x, c = leaf([1.5, -4.0, 2.0, 3.0]), Tensor([0.5, 2.5, -3.0, 1.25])
    y = x.relu()
    L = (y * c).sum()
    reason = Learner(L, {"x": x, "c": c, "y": y, "L": L}, {"dL/dx": [0, 2.5, 0, 0]}).reason("dL/dx")
    assert reason.slug == "wrong-operation" and "where the condition holds" in reason.sentence


def test_a_gradient_multiplied_as_in_a_product() -> None:
    X, b, c = Tensor(A), leaf([2.0, -0.5]), Tensor(B)
    Y = X + b
    L = (Y * c).sum()
    names = {"X": X, "b": b, "c": c, "Y": Y, "L": L}
    reason = Learner(L, names, {"dL/db": [13.0, -0.25]}).reason("dL/db")
    assert reason.slug == "wrong-operation" and "multiplied by b, as in a product" in reason.sentence


def test_the_slope_of_another_function() -> None:
    t, s = leaf(0.625), leaf(0.75)
    q = t**2
    f = 1 - q
    reason = Learner(f, {"t": t, "q": q, "f": f}, {"f": 0.2344}).reason("f")
    assert reason.slug == "wrong-operation" and "the slope of the logistic function" in reason.sentence
    r = 1 - s
    g = s * r
    reason = Learner(g, {"s": s, "r": r, "g": g}, {"g": 0.4375}).reason("g")
    assert reason.slug == "wrong-operation" and "the slope of tanh" in reason.sentence
