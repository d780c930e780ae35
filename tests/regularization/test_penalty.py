"""Penalties, decay and max-norm."""

from __future__ import annotations

import math

import pytest

from saitama import nn, optim
from saitama.autograd.gradcheck import gradcheck
from saitama.regularization import l1_penalty, l2_penalty, max_norm
from saitama.tensor import Tensor, manual_seed, randn


def test_known_values():
    parameters = [Tensor([[1.0, -2.0], [3.0, 0.0]]), Tensor([-4.0])]
    assert l2_penalty(parameters, 0.1).item() == pytest.approx(0.05 * (1 + 4 + 9 + 16))
    assert l1_penalty(parameters, 0.1).item() == pytest.approx(0.1 * 10)
    assert l2_penalty(parameters[0], 2).item() == 14
    assert l1_penalty(parameters, 0).item() == 0


def test_the_derivatives():
    w = Tensor([[1.0, -2.0], [3.0, 0.5]], requires_grad=True)
    b = Tensor([-1.5], requires_grad=True)
    assert gradcheck(lambda w, b: l2_penalty([w, b], 0.3), (w, b))
    assert gradcheck(lambda w, b: l1_penalty([w, b], 0.3), (w, b))
    l2_penalty([w, b], 0.5).backward()
    assert w.grad.tolist() == (w.detach() * 0.5).tolist()


def test_it_is_the_weight_decay_of_sgd():
    def train(penalty, decay):
        manual_seed(4)
        model, x, y = nn.Linear(3, 2), randn(5, 3), randn(5, 2)
        optimizer = optim.SGD(model.parameters(), lr=0.1, weight_decay=decay)
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.MSELoss()(model(x), y)
            (loss + l2_penalty(model.parameters(), penalty)).backward()
            optimizer.step()
        return model.weight.tolist()

    for row, expected in zip(train(0.3, 0.0), train(0.0, 0.3)):
        assert row == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("penalty", [l1_penalty, l2_penalty])
def test_bad_input(penalty):
    model = nn.Linear(1, 1)
    used = model.parameters()
    list(used)
    with pytest.raises(ValueError, match="there are no parameters"):
        penalty(used, 0.1)
    for weight in (-1, float("nan"), float("inf"), "0.1", True):
        with pytest.raises(ValueError, match="a number from 0 on"):
            penalty(model.parameters(), weight)
    with pytest.raises(TypeError, match="item 0 is str"):
        penalty(["w"], 0.1)
    with pytest.raises(TypeError, match="got Linear; give model.parameters"):
        penalty(model, 0.1)


def test_max_norm_shortens_what_is_too_long_and_nothing_else():
    layer = nn.Linear(2, 3)
    layer.weight.data = [[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]]
    layer.bias.data = [9.0, 9.0, 9.0]
    max_norm(layer.parameters(), 1.0)
    assert layer.weight.tolist()[0] == pytest.approx([0.6, 0.8])
    assert layer.weight.tolist()[1:] == [[0.3, 0.4], [0.0, 0.0]]
    assert layer.bias.tolist() == [9.0, 9.0, 9.0]
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.requires_grad


@pytest.mark.parametrize(
    ("size", "dtype"), [(1e200, "float64"), (1e-200, "float64"), (3e37, "float32"), (1e-30, "float32")]
)
def test_max_norm_of_rows_whose_squares_are_infinite_or_zero(size, dtype):
    weight = Tensor([[3 * size, -4 * size], [0.0, 0.0]], dtype=dtype)
    max_norm(weight, 10.0)
    expected = [6.0, -8.0] if size > 1 else [3 * size, -4 * size]
    assert weight.tolist()[0] == pytest.approx(expected, rel=1e-6, abs=0) and weight.tolist()[1] == [0.0, 0.0]
    weight = Tensor([[3 * size, -4 * size]], dtype=dtype)
    max_norm(weight, 2 * size)
    assert weight.tolist()[0] == pytest.approx([1.2 * size, -1.6 * size], rel=1e-6, abs=0)
    empty = Tensor([[], []], dtype=dtype)
    max_norm(empty, 1.0)
    assert empty.shape == (2, 0)


def test_max_norm_hides_no_nan_and_checks_its_limit():
    weight = Tensor([[float("nan"), 1.0], [3.0, 4.0]])
    max_norm(weight, 2.5)
    assert math.isnan(weight.tolist()[0][0])
    assert weight.tolist()[1] == [1.5, 2.0]
    for limit in (0, -1, float("nan"), "3"):
        with pytest.raises(ValueError, match="above 0"):
            max_norm(weight, limit)
    with pytest.raises(ValueError, match="there are no parameters"):
        max_norm([], 1.0)
