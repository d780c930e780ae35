"""Gradients of slices of one tensor, added up at once: the same as one by one, and one copy where nothing overlaps."""

from __future__ import annotations

from typing import Any, List

import pytest
from gradients import leaf, numbers

from saitama.autograd import engine, slice_sums
from saitama.tensor.backend import K

CASES = {
    "side by side in columns": (lambda y: (y[:, 2:3], y[:, :2], y[:, 3:]), True),
    "side by side in rows": (lambda y: (y[1:], y[:1]), True),
    "an axis dropped": (lambda y: (y[0], y[1], y[2]), True),
    "one left out": (lambda y: (y[:, :2], y[:, 3:]), False),
    "one twice": (lambda y: (y[:, :2], y[:, 1:], y[:, :2]), False),
    "every second one": (lambda y: (y[:, ::2], y[:, 1::2]), False),
    "backwards": (lambda y: (y[:, 1::-1], y[:, 2:]), False),
    "part of the rows": (lambda y: (y[:2, :2], y[:2, 2:]), False),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_sum_of_what_each_slice_hands_back(name: str, monkeypatch: Any) -> None:
    cut, whole = CASES[name]

    def loss(x: Any) -> Any:
        y = x * 3
        total = (y * y).sum() if name == "one twice" else (x * 0).sum()  # y is used as a whole too
        for seed, part in enumerate(cut(y)):
            total = total + (part * numbers(part.shape, seed=seed)).sum()
        return total

    copies: List[Any] = []
    real = slice_sums.side_by_side
    monkeypatch.setattr(slice_sums, "side_by_side", lambda *given: copies.append(real(*given)) or copies[-1])
    x = leaf((3, 4))
    loss(x).backward()
    assert [copy is not None for copy in copies] == [whole]
    again = leaf((3, 4))
    monkeypatch.setattr(engine.slice_sums, "hold", lambda *given: False)  # each slice by itself
    loss(again).backward()
    assert x.grad is not None and again.grad is not None
    difference = K.sub(x.grad.array, again.grad.array)
    assert K.norm([difference]) <= 1e-14 * K.norm([again.grad.array])
