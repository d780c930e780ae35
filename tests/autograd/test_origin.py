"""How a tensor was made through which no gradient flows."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from saitama import Tensor, no_grad
from saitama.autograd.origin import MOST_NUMBERS, MOST_STEPS, operations_behind


def names(root: Tensor) -> Any:
    return [type(node).__name__ for node, _ in operations_behind([root])]


def test_operations_come_after_their_operands() -> None:
    a, b = Tensor([[1.0, 2.0]]), Tensor([[0.5], [-1.0]])
    assert names((a @ b).tanh() + 1.0) == ["MatMul", "Tanh", "Add"]


def test_what_was_given_has_no_origin() -> None:
    assert names(Tensor([1.0, 2.0])) == []


def test_an_operation_that_is_used_twice_is_one() -> None:
    a = Tensor([1.0, 2.0])
    b = a * 2.0
    assert names(b + b) == ["Mul", "Add"]


def test_no_grad_keeps_nothing() -> None:
    with no_grad():
        assert names(Tensor([1.0]) * 2.0) == []


def test_a_gradient_is_recorded_in_its_own_way() -> None:
    y = Tensor([1.0], requires_grad=True) * 2.0
    assert y.node is not None and y.origin is None and names(y) == []


def test_large_tensors_are_not_kept() -> None:
    assert names(Tensor([0.0] * MOST_NUMBERS) * 2.0) == ["Mul"]
    assert names(Tensor([0.0] * (MOST_NUMBERS + 1)) * 2.0) == []
    large = Tensor([0.0] * (MOST_NUMBERS + 1))
    assert names(large.sum()) == []  # what it was made from is large


def test_a_long_loop_keeps_a_few_steps() -> None:
    x = Tensor([1.0])
    for _ in range(MOST_STEPS):
        x = x * 1.5
    assert len(names(x)) == MOST_STEPS
    for _ in range(1000):
        x = x * 0.5
    assert len(names(x)) <= MOST_STEPS


@pytest.mark.parametrize("copy", [lambda x: pickle.loads(pickle.dumps(x))])
def test_pickling_takes_the_numbers_along_and_nothing_else(copy: Any) -> None:
    y = Tensor([1.0, 2.0]) * 2.0
    again = copy(y)
    assert again.tolist() == [2.0, 4.0] and names(again) == []
