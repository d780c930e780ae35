"""Neg, Add, Sub, Mul, Div, Pow, Maximum, Minimum: known values, broadcasting, gradients, infinities and NaN."""

from __future__ import annotations

import math
from operator import add, mul, neg, pow, sub, truediv

import pytest
from gradients import broadcast_pairs, check, few, leaf
from hypothesis import given

from saitama import Tensor

BINARY = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": truediv,
    "pow": pow,
    "maximum": lambda a, b: a.maximum(b),
    "minimum": lambda a, b: a.minimum(b),
}


@pytest.mark.parametrize(
    "name, expected",
    [
        ("add", [[11, 22], [13, 24]]),
        ("sub", [[-9, -18], [-7, -16]]),
        ("mul", [[10, 40], [30, 80]]),
        ("div", [[0.1, 0.1], [0.3, 0.2]]),
        ("maximum", [[10, 20], [10, 20]]),
        ("minimum", [[1, 2], [3, 4]]),
    ],
)
def test_values_with_a_row_broadcast(name, expected):
    assert BINARY[name](Tensor([[1, 2], [3, 4]]), Tensor([10, 20])).tolist() == expected


def test_pow_values():
    assert (Tensor([2, 9, -2, 0]) ** Tensor([3, 0.5, 2, 0])).tolist() == [8, 3, 4, 1]
    assert math.isnan((Tensor(-2.0) ** 0.5).item())


@pytest.mark.parametrize("name", BINARY)
@given(pair=broadcast_pairs())
@few
def test_gradients_under_broadcasting(name, pair):
    a, b = leaf(pair[0], 0.5, 2.0, seed=1), leaf(pair[1], 0.5, 2.0, seed=2)
    check(BINARY[name], a, b)


@pytest.mark.parametrize("name", BINARY)
def test_gradient_of_one_operand_alone(name):
    """The other operand is a plain tensor, and gets no .grad."""
    for which in (0, 1):
        operands = [leaf((2, 3), 0.5, 2, seed=1), leaf((3,), 0.5, 2, seed=2)]
        operands[1 - which].requires_grad_(False)
        check(BINARY[name], *operands)
        BINARY[name](*operands).sum().backward()
        assert operands[which].grad.shape == operands[which].shape
        assert operands[1 - which].grad is None


@pytest.mark.parametrize("name", BINARY)
def test_an_operand_used_twice_gets_both_contributions(name):
    check(lambda x: BINARY[name](x, x * 1.5), leaf((3,), 0.5, 2))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("number", [3, 0.5])
def test_numbers_on_either_side(name, number):
    check(lambda x: BINARY[name](x, number), leaf((2, 2), 0.6, 2.4))
    if name not in ("maximum", "minimum"):
        check(lambda x: BINARY[name](number, x), leaf((2, 2), 0.6, 2.4))


def test_neg():
    assert neg(Tensor([[1, -2]])).tolist() == [[-1, 2]]
    check(neg, leaf((2, 3)))


def test_a_tie_gives_half_to_each():
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([1.0, 3.0], requires_grad=True)
    (a.maximum(b) + a.minimum(b)).sum().backward()
    assert a.grad.tolist() == [1.0, 1.0]
    assert b.grad.tolist() == [1.0, 1.0]
    a.grad = None
    a.maximum(b).sum().backward()
    assert a.grad.tolist() == [0.5, 0.0]


def test_maximum_of_something_computed_without_a_derivative():
    """The comparison's side is constant: nothing may be sent into it."""
    x = Tensor([2.0, -1.0], requires_grad=True)
    x.maximum((x > 0).to("float64")).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0]


def test_pow_at_zero():
    a, b = Tensor([0.0, 0.0, 0.0, 2.0], requires_grad=True), Tensor([0.0, 1.0, 2.0, 0.0], requires_grad=True)
    (a**b).sum().backward()
    assert a.grad.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert b.grad.tolist() == [0.0, 0.0, 0.0, math.log(2)]


def test_pow_of_a_negative_base_has_a_slope_in_the_base_only():
    a, b = Tensor([-2.0], requires_grad=True), Tensor([3.0], requires_grad=True)
    (a**b).sum().backward()
    assert a.grad.tolist() == [12.0]
    assert math.isnan(b.grad.item())


def test_division_by_zero_is_infinite_or_nan():
    infinite, negative, undefined = (Tensor([1, -1, 0]) / 0).tolist()
    assert infinite == math.inf and negative == -math.inf and math.isnan(undefined)


@pytest.mark.parametrize("name", BINARY)
def test_nan_is_never_hidden(name):
    assert all(map(math.isnan, BINARY[name](Tensor([math.nan, 2.0]), Tensor([2.0, math.nan])).tolist()))


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError, match=r"^add: \(2, 3\) and \(2,\) do not broadcast: sizes 3 and 2 differ$"):
        Tensor([[1, 2, 3], [4, 5, 6]]) + [1, 2]


@pytest.mark.parametrize("name", BINARY)
def test_nothing_times_something_is_nothing(name):
    a = leaf((0, 3))
    y = BINARY[name](a, leaf((1,), 0.5, 2))
    y.sum().backward()
    assert y.shape == (0, 3) and a.grad.shape == (0, 3)
