"""Two neighbours or two operands in each other's place."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from learner import Graph, Learner, layer, leaf, slugs

from saitama import Tensor


def test_two_operands() -> None:
    wrong = [[0.9663, 0.0478], [-0.0185, 1.6044]]
    reason = Learner(*layer(), {"e": wrong}).reason("e")  # t − h, which is also the other sign
    assert reason.slug == "swapped" and reason.others == ("sign",)


def test_two_neighbours() -> None:
    reason = Learner(*layer(), {"h": [[0.4522, -0.7163], [-0.6044, -0.4815]]}).reason("h")
    assert reason.slug == "swapped" and "two neighbours stand in each other's place" in reason.sentence


def test_numbers_that_stand_nowhere() -> None:
    assert "swapped" not in slugs(Learner(*layer(), {"h": [[0.45, -0.71], [-0.6, -0.48]]}).reasons()["h"])


# --- column by column ------------------------------------------------------------------------------------------------
X = [[1.0, 2.0, 3.5], [4.0, -1.5, 6.0]]


def arranged(change: Callable[[Tensor], Tensor]) -> Graph:
    """Numbers arranged anew, each with a weight of its own."""
    x = leaf(X)
    y = change(x)
    c = Tensor([0.5, -1.0, 2.0, 0.25, 1.5, -0.75]).reshape(y.shape).detach()
    q = y * c
    L = q.sum()
    return L, {"x": x, "y": y, "c": c, "q": q, "L": L}


@pytest.mark.parametrize(
    ("change", "wrong", "words"),
    [
        (lambda x: x.reshape(3, 2), [[1, -1.5], [4, 3.5], [2, 6]], "x is read and written column by column"),
        (lambda x: x.reshape(3, 2), [[1, 4], [2, -1.5], [3.5, 6]], "x is read column by column"),
        (lambda x: x.reshape(6), [1, 4, 2, -1.5, 3.5, 6], "x is read column by column"),
        (lambda x: x.T, [[1, 2], [3.5, 4], [-1.5, 6]], "x are written row by row, where its rows become columns"),
    ],
)
def test_numbers_arranged_in_another_order(change: Callable[[Tensor], Tensor], wrong: Any, words: str) -> None:
    reason = Learner(*arranged(change), {"y": wrong}).reason("y")
    assert reason.slug == "swapped" and words in reason.sentence


def test_numbers_written_in_columns_only() -> None:
    x = leaf([[1.0, 2.0, 3.5, 4.0, -1.5, 6.0]])
    y = x.reshape(2, 3)
    q = y * Tensor(X)
    reason = Learner(q.sum(), {"x": x, "y": y, "q": q}, {"y": [[1, 3.5, -1.5], [2, 4, 6]]}).reason("y")
    assert reason.slug == "swapped" and "column by column" in reason.sentence


def test_the_way_back_by_columns() -> None:
    """dL/dy is [[0.5, -1], [2, 0.25], [1.5, -0.75]]."""
    wrong = [[0.5, 1.5, 0.25], [2.0, -1.0, -0.75]]
    reason = Learner(*arranged(lambda x: x.reshape(3, 2)), {"dL/dx": wrong}).reason("dL/dx")
    assert reason.slug == "swapped" and "dL/dy is read and written column by column" in reason.sentence


def test_numbers_in_no_order() -> None:
    wrong = [[1, 3.5], [4, 2], [6, 1.5]]
    assert "swapped" not in slugs(Learner(*arranged(lambda x: x.reshape(3, 2)), {"y": wrong}).reasons()["y"])


def test_a_vector_has_one_order() -> None:
    x = leaf([1.5, -2.0, 0.5, 3.0, -1.0, 2.5])
    X = x.reshape(2, 3)
    back = X.reshape(6)
    names = {"x": x, "X": X, "back": back}
    reason = Learner(back.sum(), names, {"X": [[1.5, 0.5, -1.0], [-2.0, 3.0, 2.5]]}, None).reason("X")
    assert reason.slug == "swapped" and "the numbers of x are written column by column" in reason.sentence
    reason = Learner(back.sum(), names, {"back": [1.5, 3.0, -2.0, -1.0, 0.5, 2.5]}, None).reason("back")
    assert reason.slug == "swapped" and "X is read column by column" in reason.sentence


def test_a_quotient_upside_down() -> None:
    a, b = leaf(3.0), leaf(8.0)
    y = a / b
    reason = Learner(y, {"a": a, "b": b, "y": y}, {"y": 2.6667}).reason("y")
    assert reason.slug == "swapped" and ("upside down" in reason.sentence or "each other's place" in reason.sentence)


def test_shares_upside_down() -> None:
    E = leaf([2.0, 1.0, 5.0])
    total = E.sum()
    p = E / total
    reason = Learner(p.sum(), {"E": E, "total": total, "p": p}, {"p": [4.0, 8.0, 1.6]}).reason("p")
    assert reason.slug == "swapped" and "the quotient stands upside down" in reason.sentence


@pytest.mark.parametrize(
    ("wrong", "words"), [([[1, 2], [3.5, 4]], "read row by row"), ([[1, 4], [2, -1.5]], "read column by column")]
)
def test_numbers_cut_out_of_a_line(wrong: Any, words: str) -> None:
    """The first columns of a matrix, taken as if its numbers stood in one line."""
    x = leaf(X)
    y = x[:, 0:2]
    q = y * Tensor([[0.5, -1.0], [2.0, 0.25]])
    reason = Learner(q.sum(), {"x": x, "y": y, "q": q}, {"y": wrong}).reason("y")
    assert reason.slug == "swapped" and words in reason.sentence
