"""The Linear operation: known values and derivatives, and that no derivative is made that nobody asks for."""

from __future__ import annotations

from itertools import product

import pytest

from saitama import Tensor, gradcheck, nn  # noqa: F401  (nn registers the operation)
from saitama.autograd.function import OPS, apply


def test_known_values() -> None:
    x, W, b = Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0], [5.0, 6.0]]), Tensor([0.5, -0.5])
    assert apply("Linear", (x, W, b)).tolist() == [[11.5, 16.5]]
    assert apply("Linear", (x, W)).tolist() == [[11.0, 17.0]]


@pytest.mark.parametrize("shape", [(2,), (3, 2), (2, 3, 2), (0, 2)])
def test_derivatives(shape: tuple) -> None:
    count = 1
    for size in shape:
        count *= size
    numbers = Tensor([0.3 * i - 0.7 for i in range(count)]).reshape(*shape)
    W, b = [[0.5, -1.0], [2.0, 0.25], [1.5, 1.0]], [0.1, 0.2, 0.3]
    for needs in product((False, True), repeat=3):
        if any(needs):
            inputs = [Tensor(value, requires_grad=need) for value, need in zip((numbers, W, b), needs)]
            assert gradcheck(lambda *inputs: apply("Linear", inputs), inputs)
            y = apply("Linear", inputs)
            gradients = y.node.backward(y.array)
            assert [dx is not None for dx in gradients] == list(needs)


def test_it_has_no_parameters_to_carry() -> None:
    assert OPS["Linear"].params == ()
