"""Numbers for working by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import dyadic, manual_seed


@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from((1, 2, 4, 8)), st.booleans())
def test_multiples_in_the_range(seed: int, count: int, denominator: int, zeros: bool) -> None:
    manual_seed(seed)
    numbers = dyadic(count, low=-1.6, high=2.4, denominator=denominator, zeros=zeros).tolist()
    assert all(-1.6 <= x <= 2.4 and (x * denominator).is_integer() for x in numbers)
    assert zeros or 0.0 not in numbers
    there = [n for n in range(-1000, 1000) if -1.6 * denominator <= n <= 2.4 * denominator and (n or zeros)]
    if count <= len(there):
        assert len(set(numbers)) == count


def test_a_seed_gives_the_same_numbers() -> None:
    manual_seed(3)
    W = dyadic(2, 3, requires_grad=True, name="W")
    manual_seed(3)
    assert dyadic((2, 3)).tolist() == W.tolist()
    assert (W.shape, W.dtype, W.requires_grad, W.name) == ((2, 3), "float64", True, "W")
    assert dyadic().shape == () and dyadic(0).tolist() == []


def test_every_number_comes() -> None:
    manual_seed(0)
    assert {dyadic(low=-1, high=1).item() for _ in range(300)} == {n / 4 for n in range(-4, 5) if n}
    assert sorted(dyadic(5, low=1, high=2, denominator=4).tolist()) == [1, 1.25, 1.5, 1.75, 2]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"denominator": 3}, "denominator is 3; give a power of two"),
        ({"denominator": 0}, "denominator is 0"),
        ({"low": 2, "high": 1}, "no multiple of 1/4 from 2 to 1"),
        ({"low": 0, "high": 0.2}, "but 0"),
        ({"low": float("-inf")}, "too large"),
        ({"high": float("nan")}, "too large"),
    ],
)
def test_what_cannot_be(how: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        dyadic(2, **how)
