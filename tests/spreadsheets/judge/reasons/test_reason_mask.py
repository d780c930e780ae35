"""A mask that is missing, shifted or applied after the softmax."""

from __future__ import annotations

from typing import Any

import pytest
from learner import Graph, Learner, attention, leaf, slugs

from saitama import Tensor


def test_missing_mask() -> None:
    reason = Learner(*attention(), {"S": {(0, 1): -0.4419}}).reason("S")
    assert reason.slug == "mask" and "the mask is missing" in reason.sentence


def test_mask_after_the_softmax() -> None:
    reason = Learner(*attention(), {"P": [[0.7752, 0.0], [0.4779, 0.5221]]}).reason("P")
    assert reason.slug == "mask" and "no longer add up to 1" in reason.sentence


def test_another_number_where_there_is_a_mask() -> None:
    assert "mask" not in slugs(Learner(*attention(), {"P": [[0.7, 0.0], [0.4779, 0.5221]]}).reasons()["P"])


def test_without_a_mask_none_is_missing() -> None:
    assert "mask" not in slugs(Learner(*attention(is_causal=False), {"S": {(0, 1): 0.4419}}).reason("S"))


# --- a mask of 0 and 1, step by step ----------------------------------------------------------------------------------
E = [[2.0, 3.0, 1.0], [0.5, 4.0, 1.5], [1.0, 2.5, 0.5]]


def masked() -> Graph:
    e, mask = leaf(E), Tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    seen = e * mask
    total = seen.sum(1, keepdim=True)
    p = seen / total
    q = p * Tensor([[1.0, 2.0, -1.0]] * 3)
    return q.sum(), {"e": e, "mask": mask, "seen": seen, "total": total, "p": p, "q": q}


OVER_ALL = [[x / sum(row) for x in row] for row in E]


@pytest.mark.parametrize(
    ("step", "wrong", "words"),
    [
        ("seen", E, "the mask is missing"),
        ("seen", [[0, 0, 0], [0.5, 0, 0], [1, 2.5, 0]], "one number too few is seen"),
        ("seen", [[2, 3, 0], [0.5, 4, 1.5], [1, 2.5, 0.5]], "one number too many is seen"),
        ("seen", [[2, 1, 1], [0.5, 4, 1], [1, 2.5, 0.5]], "what is hidden counts as 1"),
        ("total", [[6], [6], [4]], "the mask is missing"),
        ("p", OVER_ALL, "the mask is missing"),
        ("p", [[x * (j <= i) for j, x in enumerate(row)] for i, row in enumerate(OVER_ALL)], "after the softmax"),
    ],
)
def test_a_mask_that_multiplies(step: str, wrong: Any, words: str) -> None:
    typed = [[round(float(x), 4) for x in row] for row in wrong]
    reason = Learner(*masked(), {step: typed}).reasons()[step]
    assert reason is not None and reason.slug == "mask" and words in reason.sentence


def test_numbers_that_no_mask_makes() -> None:
    wrong = [[2.0, 0.0, 0.0], [0.5, 3.5, 0.0], [1.0, 2.5, 0.75]]
    assert "mask" not in slugs(Learner(*masked(), {"seen": wrong}).reasons()["seen"])
