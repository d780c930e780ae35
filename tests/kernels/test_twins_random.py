"""Random numbers: the same bits on both backends, and the distributions they are meant to be."""

from __future__ import annotations

import math
import statistics
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import FLOATS, Twins, agree, flatten, shapes

words = st.integers(0, 9) | st.integers(0, 2**64 - 1) | st.sampled_from([2**32 - 1, 2**32, 2**64 - 1])


@given(shapes(), st.sampled_from(FLOATS), words, words)
def test_uniform(twins: Twins, shape: Any, dtype: str, seed: int, offset: int) -> None:
    agree(twins, lambda K: K.uniform(shape, dtype, seed, offset))


@given(shapes(), st.sampled_from(FLOATS), words, words)
def test_normal(twins: Twins, shape: Any, dtype: str, seed: int, offset: int) -> None:
    agree(twins, lambda K: K.normal(shape, dtype, seed, offset), ulps=4, scale=1e-3)  # libm's cos may differ in a bit


@given(shapes(), st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), words, words)
def test_integers(twins: Twins, shape: Any, low: int, high: int, seed: int, offset: int) -> None:
    agree(twins, lambda K: K.integers(shape, low, high, seed, offset))


def test_published_words(kernels: ModuleType) -> None:
    # Random123's first known answer: counter 0, key 0 -> 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
    even, odd = 0xE169C58D6627E8D5, 0x9B00DBD8BC57AC4C
    assert kernels.uniform((2,), "float64", 0, 0).tolist() == [(even >> 11) / 2**53, (odd >> 11) / 2**53]
    assert kernels.uniform((2,), "float32", 0, 0).tolist() == [(even >> 40) / 2**24, (odd >> 40) / 2**24]
    assert kernels.integers((2,), -5, 1000, 0, 0).tolist() == [(w * 1005 >> 64) - 5 for w in (even, odd)]
    radius = math.sqrt(-2 * math.log(1 - (even >> 11) / 2**53))
    angle = 2 * math.pi * ((odd >> 11) / 2**53)
    expected = [radius * math.cos(angle), radius * math.sin(angle)]
    assert kernels.normal((2,), "float64", 0, 0).tolist() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("draw", ["uniform", "normal"])
def test_an_offset_continues_the_stream(kernels: ModuleType, draw: str) -> None:
    f = getattr(kernels, draw)
    whole = f((10,), "float64", 7, 3).tolist()
    assert f((4,), "float64", 7, 3).tolist() == whole[:4]
    assert f((2, 3), "float64", 7, 3 + 2).tolist() == [whole[4:7], whole[7:10]]
    assert f((10,), "float64", 8, 3).tolist() != whole


def test_distributions(kernels: ModuleType) -> None:
    n = 4000
    u = kernels.uniform((n,), "float64", 1, 0).tolist()
    assert 0 <= min(u) < 0.01 and 0.99 < max(u) < 1
    assert statistics.mean(u) == pytest.approx(0.5, abs=0.02)
    z = kernels.normal((n,), "float64", 1, 0).tolist()
    assert statistics.mean(z) == pytest.approx(0, abs=0.06)
    assert statistics.pstdev(z) == pytest.approx(1, abs=0.05)
    assert sum(abs(x) < 1 for x in z) / n == pytest.approx(0.6827, abs=0.03)
    i = kernels.integers((n,), -2, 3, 1, 0).tolist()
    assert [i.count(k) / n for k in range(-2, 3)] == pytest.approx([0.2] * 5, abs=0.03)
    assert set(i) == {-2, -1, 0, 1, 2}


REFUSED = [
    *[(lambda K, bad=bad: K.uniform((2,), "float64", bad, 0)) for bad in (-1, 2**64, 1.5, "1", None, True)],
    lambda K: K.normal((2,), "float64", 0, -1),
    lambda K: K.integers((2,), 0, 3, 2**64, 0),
    lambda K: K.integers((2,), 3, 3, 0, 0),
    lambda K: K.integers((2,), 4, 3, 0, 0),
    lambda K: K.integers((2,), -(2**63) - 1, 0, 0, 0),
    lambda K: K.integers((2,), 0, 2**63 + 1, 0, 0),
    lambda K: K.uniform((2,), "int64", 0, 0),
    lambda K: K.normal((2,), "bool", 0, 0),
]


@pytest.mark.parametrize("call", REFUSED)
def test_refusals(kernels: ModuleType, call: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^\w+: "):
        call(kernels)


@pytest.mark.parametrize("call", REFUSED)
def test_messages(twins: Twins, call: Any) -> None:
    agree(twins, call)


def test_shapes(kernels: ModuleType) -> None:
    assert flatten(kernels.uniform((0, 3), "float32", 0, 0).tolist()) == []
    assert 0 <= kernels.uniform((), "float32", 0, 0).item() < 1
