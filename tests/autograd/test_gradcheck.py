"""gradcheck says yes to right derivatives, no to wrong ones, and leaves every .grad alone."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from saitama.autograd.function import OPS, Function, apply
from saitama.autograd.gradcheck import GradcheckError, gradcheck
from saitama.tensor import Tensor
from saitama.tensor.backend import K


@pytest.fixture
def x() -> Tensor:
    return Tensor([[1.0, 2.0, -0.5], [3.0, -0.4, 0.7]], requires_grad=True, name="x")


def test_right_derivatives_pass(x: Tensor) -> None:
    w = Tensor([0.5, 0.7, -1.0], requires_grad=True)
    scale = Tensor(2.0, requires_grad=True)
    assert gradcheck(lambda x: x.exp(), x) is True
    assert gradcheck(lambda x, w: (x @ w).sigmoid(), [x, w]) is True
    assert gradcheck(lambda x, s: x.relu() * s + x.softmax(1), (x, scale)) is True
    assert gradcheck(lambda x, w: (x * w, x.sum(), w.tanh()), (x, w)) is True


def test_inputs_without_a_gradient_are_passed_on(x: Tensor) -> None:
    assert gradcheck(lambda x, i: x.gather(1, i), [x, Tensor([[2, 0], [1, 1]], dtype="int64")])


def test_the_same_tensor_twice(x: Tensor) -> None:
    assert gradcheck(lambda a, b: a * b, [x, x])


def test_an_integer_output_is_no_hindrance(x: Tensor) -> None:
    assert gradcheck(lambda x: (x * x, x.argmax()), x)


@pytest.fixture
def wrong_square() -> Any:
    class WrongSquare(Function):
        """y = x², whose derivative is wrong at the last element."""

        def forward(self, x: Any) -> Any:
            self.saved = x
            return K.mul(x, x)

        def backward(self, dy: Any) -> Any:
            factor = Tensor([2.0] * (self.saved.size - 1) + [2.1]).reshape(self.saved.shape)
            return (K.mul(K.mul(dy, self.saved), factor.array),)

    yield lambda x: apply("WrongSquare", [x])
    del OPS["WrongSquare"]


def test_a_wrong_element_is_found_and_named(x: Tensor, wrong_square: Any) -> None:
    with pytest.raises(GradcheckError, match=r"input 0 \(x\) at \[1, 2\].*1 of its 6 elements"):
        gradcheck(wrong_square, x)
    assert issubclass(GradcheckError, AssertionError)


def test_the_message_gives_both_numbers(wrong_square: Any) -> None:
    y = Tensor(3.0, requires_grad=True)
    with pytest.raises(GradcheckError, match=r"input 0 at \[\] is 6.3 by backward\(\), 6 by differences"):
        gradcheck(wrong_square, [y])


def test_a_forgotten_path_is_found(x: Tensor) -> None:
    with pytest.raises(GradcheckError, match="6 of its 6 elements"):
        gradcheck(lambda x: x * x.detach(), x)
    w = Tensor(2.0, requires_grad=True)
    with pytest.raises(GradcheckError, match=r"input 1 at \[\] is 0 by"):
        gradcheck(lambda x, w: x * w.detach(), [x, w])


def test_a_kink_is_found() -> None:
    with pytest.raises(GradcheckError, match="kink"):
        gradcheck(lambda x: x.relu(), Tensor([1.0, 0.0], requires_grad=True))


def test_nan_is_never_right() -> None:
    with pytest.raises(GradcheckError, match="nan"):
        gradcheck(lambda x: x.log(), Tensor(-1.0, requires_grad=True))


def test_a_random_function_is_refused(x: Tensor) -> None:
    calls = count(1)
    with pytest.raises(GradcheckError, match=r"gave 1.0 and 2.0 at \[0, 0\].*must not be random"):
        gradcheck(lambda x: x * next(calls), x)
    with pytest.raises(GradcheckError, match="different shapes"):
        gradcheck(lambda x: x[: next(calls) % 2], x)


def test_the_tolerances_count() -> None:
    y = Tensor(1.0, requires_grad=True)
    almost = 1.001

    def function(x: Tensor) -> Tensor:
        return x * almost - x.detach() * (almost - 1)  # backward() says 1.001, the slope is 1

    assert gradcheck(function, y, rtol=1e-2)
    assert gradcheck(function, y, atol=1e-2)
    with pytest.raises(GradcheckError):
        gradcheck(function, y)


def test_no_grad_is_changed(x: Tensor, wrong_square: Any) -> None:
    parameter = Tensor(2.0, requires_grad=True)
    before = parameter.grad = Tensor(7.0)
    assert gradcheck(lambda x: x * parameter, x)
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: wrong_square(x) * parameter, x)
    assert parameter.grad is before
    assert before.item() == 7.0
    assert x.grad is None


@pytest.mark.parametrize(
    ("function", "inputs", "error", "message"),
    [
        (lambda x: x, [[1.0]], TypeError, "input 0 is list"),
        (lambda x: x, Tensor(1.0), ValueError, "no input requires a gradient"),
        (lambda x: x, [], ValueError, "no input requires a gradient"),
        (lambda x: x, Tensor(1.0, dtype="float32", requires_grad=True), TypeError, "float32, expected float64"),
        (lambda x: 1.0, Tensor(1.0, requires_grad=True), TypeError, "the function gave float 1.0, expected a Tensor"),
        (lambda x: x.to("float32"), Tensor(1.0, requires_grad=True), TypeError, "gave float32, too coarse"),
        (lambda x: x.detach(), Tensor(1.0, requires_grad=True), ValueError, "no derivative to check"),
    ],
)
def test_what_cannot_be_checked_says_why(function: Any, inputs: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        gradcheck(function, inputs)
