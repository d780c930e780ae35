"""How many bytes of numbers there are, and adding up without memory for the sum."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from test_twins_optim import Lists, agree_on_lists, lists, tensor
from twin_cases import Twins


def test_bytes_are_counted_while_arrays_live(kernels: ModuleType) -> None:
    K = kernels
    before = K.memory_allocated()
    a = K.full((1000,), 1.0, "float64")
    b = K.full((1000,), True, "bool")
    assert K.memory_allocated() == before + 9000
    view = a.reshape((10, 100))  # the same numbers
    assert K.memory_allocated() == before + 9000
    del a, b
    assert K.memory_allocated() == before + 8000
    del view
    assert K.memory_allocated() == before


def test_the_most_there_were(kernels: ModuleType) -> None:
    K = kernels
    K.reset_peak_memory_stats()
    before = K.memory_allocated()
    assert K.max_memory_allocated() == before
    a = K.full((1000,), 1.0, "float32")
    del a
    assert (K.memory_allocated(), K.max_memory_allocated()) == (before, before + 4000)
    K.reset_peak_memory_stats()
    assert K.max_memory_allocated() == before


@given(lists(2))
def test_accumulate(twins: Twins, case: Lists) -> None:
    agree_on_lists(twins, lambda K, a, b: K.accumulate(a, b), *case)


def test_a_sum_takes_the_memory_of_the_old_one_unless_somebody_holds_that(compiled: ModuleType) -> None:
    K = compiled

    def filled(x: float) -> Any:
        return tensor(K, K.full((100_000,), x, "float64"))

    total, more = filled(1.0), filled(0.5)
    K.reset_peak_memory_stats()
    before = K.memory_allocated()
    K.accumulate([total], [more])
    assert K.max_memory_allocated() == before
    held = total.array
    K.accumulate([total], [more])
    assert K.max_memory_allocated() == before + 800_000
    assert (held.tolist()[:2], total.array.tolist()[:2]) == ([1.5, 1.5], [2.0, 2.0])


def test_accumulate_refuses_what_does_not_fit(kernels: ModuleType) -> None:
    K = kernels
    one, two = tensor(K, K.full((2,), 1.0, "float64")), tensor(K, K.full((3,), 1.0, "float64"))
    with pytest.raises(ValueError, match=r"accumulate: shapes \(2,\) and \(3,\) differ"):
        K.accumulate([one], [two])
    assert one.array.tolist() == [1.0, 1.0]
