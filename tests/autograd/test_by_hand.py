"""Level 2: derivatives by hand against differences, and the network against the published hand calculation."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.autograd import by_hand
from saitama.autograd.by_hand import (
    compose,
    exponential,
    linear,
    linear_by_hand,
    logarithm,
    numeric_derivative,
    numeric_gradient,
    power,
    sigmoid,
    square,
    square_by_hand,
    square_of_linear_by_hand,
    tanh,
    two_layer_by_hand,
)
from saitama.tensor import Tensor


def gradient(tensor: Tensor) -> Any:
    assert tensor.grad is not None
    return tensor.grad.tolist()


FUNCTIONS = [linear(3, 1), square, power(5), power(1), power(0), exponential, logarithm, sigmoid, tanh]


@pytest.mark.parametrize("function", FUNCTIONS)
@given(x=st.floats(0.2, 2.0))
def test_each_derivative_against_differences(function: Any, x: float) -> None:
    assert function.derivative(x) == pytest.approx(numeric_derivative(function, x), rel=1e-8, abs=1e-9)


def test_known_derivatives() -> None:
    assert linear(3, 1).derivative(100.0) == 3
    assert square.derivative(3.0) == 6.0
    assert power(3).derivative(2.0) == 12.0
    assert (sigmoid(0.0), sigmoid.derivative(0.0)) == (0.5, 0.25)
    assert sigmoid(-1000.0) == 0.0


def test_the_chain_rule() -> None:
    y = compose(square, linear(3, 1))  # (3x + 1)², so dy/dx = 6 (3x + 1)
    assert (y(2.0), y.derivative(2.0)) == (49.0, 42.0)
    assert compose(linear(3, 1), square)(2.0) == 13.0  # the outermost is given first
    with pytest.raises(ValueError, match="at least one"):
        compose()


@given(x=st.floats(-2.0, 2.0))
def test_a_long_chain_against_differences(x: float) -> None:
    y = compose(logarithm, linear(2, 1), sigmoid, square, tanh, linear(-0.5, 0.3))
    assert y.derivative(x) == pytest.approx(numeric_derivative(y, x), rel=1e-6, abs=1e-9)


def test_the_error_of_differences_shrinks_with_the_square_of_h() -> None:
    def error(h: float) -> float:
        return abs(numeric_derivative(math.exp, 1.0, h) - math.e)

    assert error(1e-1) / error(1e-2) == pytest.approx(100, rel=0.01)
    assert error(1e-13) > 1e-6  # rounding has taken over
    assert error(2.2e-16 ** (1 / 3)) < 1e-9


@pytest.mark.parametrize("h", [0.0, -1e-3, math.inf, math.nan])
def test_a_step_that_is_no_step(h: float) -> None:
    with pytest.raises(ValueError, match="h must be a positive number"):
        numeric_derivative(math.exp, 1.0, h)


def test_a_step_lost_in_rounding() -> None:
    with pytest.raises(ValueError, match="lost in the rounding"):
        numeric_derivative(abs, 1e20, 1e-6)


def test_grad_by_hand_of_a_line() -> None:
    x, a, b = Tensor([1.0, 2.0, 4.0]), Tensor(3.0), Tensor(0.5)
    assert linear_by_hand(x, a, b).item() == 22.5
    assert (gradient(x), gradient(a), gradient(b)) == ([3.0, 3.0, 3.0], 7.0, 3.0)


def test_grad_by_hand_of_a_square() -> None:
    x = Tensor([[1.0, -2.0], [0.0, 4.0]])
    assert square_by_hand(x).item() == 21.0
    assert gradient(x) == [[2.0, -4.0], [0.0, 8.0]]


def test_grad_by_hand_of_a_composition_against_differences() -> None:
    x, a, b = Tensor([[1.0, -2.0], [0.5, 4.0]]), Tensor(3.0), Tensor(0.5)
    numeric = {
        x: numeric_gradient(lambda x: square_of_linear_by_hand(x, a, b), x),
        a: numeric_gradient(lambda a: square_of_linear_by_hand(x, a, b), a),
        b: numeric_gradient(lambda b: square_of_linear_by_hand(x, a, b), b),
    }
    square_of_linear_by_hand(x, a, b)
    for tensor, slope in numeric.items():
        assert tensor.grad is not None
        assert tensor.grad.shape == slope.shape == tensor.shape
        assert tensor.grad.reshape(-1).tolist() == pytest.approx(slope.reshape(-1).tolist(), rel=1e-7)


@pytest.mark.parametrize("function", [linear_by_hand, square_of_linear_by_hand])
def test_grad_by_hand_agrees_with_autograd(function: Any) -> None:
    x, a, b = (Tensor(data, requires_grad=True) for data in ([[1.0, -2.0], [0.5, 4.0]], 3.0, 0.5))
    L = function(x, a, b)
    by_person = [gradient(tensor) for tensor in (x, a, b)]
    for tensor in (x, a, b):
        tensor.grad = None
    y = a * x + b
    loss = (y if function is linear_by_hand else y * y).sum()
    loss.backward()
    assert L.node is None  # nothing was recorded
    assert L.item() == loss.item()
    assert by_person == [gradient(tensor) for tensor in (x, a, b)]


def test_only_scalar_coefficients() -> None:
    with pytest.raises(ValueError, match=r"a must be a scalar.*not \(1,\)"):
        linear_by_hand(Tensor([1.0]), Tensor([1.0]), Tensor(1.0))


# --- the published calculation ---------------------------------------------------------------------------------------

INPUTS, TARGETS = [0.05, 0.10], [0.01, 0.99]
W1, W2 = [[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]


def step(W1: Any = W1, W2: Any = W2) -> by_hand.TwoLayerStep:
    return two_layer_by_hand(INPUTS, W1, 0.35, W2, 0.60, TARGETS, lr=0.5)


def flat(rows: Any) -> Any:
    return [number for row in rows for number in row]


def published(*numbers: float) -> Any:
    return pytest.approx(list(numbers), abs=5.01e-10, rel=0)  # nine decimals


def test_the_published_forward_pass() -> None:
    first = step()
    assert first.net_h[0] == pytest.approx(0.3775, abs=1e-15)
    assert first.out_h == published(0.593269992, 0.596884378)
    assert first.net_o[0] == pytest.approx(1.105905967, abs=5.01e-10)
    assert first.out_o == published(0.751365070, 0.772928465)
    assert first.E == pytest.approx(0.298371109, abs=5.01e-10)


def test_the_published_backward_pass() -> None:
    first = step()
    assert first.dE_dW2[0][0] == pytest.approx(0.082167041, abs=5.01e-10)
    assert first.dE_dnet_o[0] == pytest.approx(0.138498562, abs=5.01e-10)
    assert first.dE_dW1[0][0] == pytest.approx(0.000438568, abs=5.01e-10)
    assert flat(first.W2) == published(0.358916480, 0.408666186, 0.511301270, 0.561370121)
    assert flat(first.W1) == published(0.149780716, 0.199561432, 0.249751144, 0.299502287)


def test_the_error_after_training() -> None:
    state = step()
    after_one = step(state.W1, state.W2)
    assert after_one.E == pytest.approx(0.291027774, abs=5.01e-10)  # the article prints ...924
    for _ in range(9_999):
        state = step(state.W1, state.W2)
    assert step(state.W1, state.W2).E == pytest.approx(3.51e-5, abs=0.005e-5)


def test_its_gradients_against_differences() -> None:
    analytic = step().dE_dW1
    for h in range(2):
        for i in range(2):

            def E(w: float, h: int = h, i: int = i) -> float:
                changed = [[w if (h, i) == (r, c) else W1[r][c] for c in range(2)] for r in range(2)]
                return step(changed).E

            assert analytic[h][i] == pytest.approx(numeric_derivative(E, W1[h][i]), abs=1e-9)


def test_other_sizes() -> None:
    state = two_layer_by_hand([1.0, 2.0, 3.0], [[0.1, 0.2, 0.3]] * 4, 0.0, [[0.1] * 4] * 2, 0.0, [0.0, 1.0], 0.1)
    assert [len(state.net_h), len(state.out_o), len(state.dE_dW1), len(state.dE_dW1[0])] == [4, 2, 4, 3]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([[0.1], [0.2]], W2, r"W1\[0\] has 1 weights, expected 2: one for each input"),
        (W1, [[0.1, 0.2], [0.3]], r"W2\[1\] has 1 weights, expected 2: one for each hidden unit"),
        (W1, [[0.1, 0.2]], "W2 has 1 rows, expected 2: one for each target"),
    ],
)
def test_sizes_that_do_not_fit(first: Any, second: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        step(first, second)
