"""Layers and activations: known values, derivatives by differences, starting values, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, gradcheck, manual_seed, nn, no_grad, randn
from saitama.nn import functional as F


def test_linear_known_values() -> None:
    layer = nn.Linear(2, 3)
    layer.load_state_dict({"weight": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "bias": [0.1, 0.2, 0.3]})
    assert layer(Tensor([1.0, -1.0])).tolist() == pytest.approx([-0.9, -0.8, -0.7])
    assert layer(Tensor([[[1.0, -1.0]]])).shape == (1, 1, 3)
    assert F.linear([[1.0, 1.0]], layer.weight).tolist() == [[3.0, 7.0, 11.0]]


@given(st.lists(st.integers(0, 3), max_size=2), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_linear_is_matmul(lead: Any, k: int, n: int, bias: bool) -> None:
    layer = nn.Linear(k, n, bias=bias)
    x = randn(*lead, k, requires_grad=True)
    plain = x @ layer.weight.T + (layer.bias if bias else 0.0)
    assert layer(x).shape == plain.shape
    assert layer(x).reshape(-1).tolist() == pytest.approx(plain.reshape(-1).tolist(), rel=1e-12, abs=1e-12)
    if x.numel():
        inputs = [x, layer.weight, layer.bias] if bias else [x, layer.weight]
        assert gradcheck(F.linear, inputs)


def test_linear_without_a_gradient_for_x() -> None:
    layer, x = nn.Linear(2, 1), randn(3, 2)
    layer(x).sum().backward()
    assert layer.weight.grad.tolist()[0] == pytest.approx(x.sum(0).tolist())
    assert layer.bias.grad.tolist() == [3.0] and x.grad is None


def test_embedding() -> None:
    table = nn.Embedding(3, 2)
    table.load_state_dict({"weight": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]})
    y = table([[2, 0], [2, 2]])
    assert y.tolist() == [[[4.0, 5.0], [0.0, 1.0]], [[4.0, 5.0], [4.0, 5.0]]]
    y.sum().backward()
    assert table.weight.grad.tolist() == [[1.0, 1.0], [0.0, 0.0], [3.0, 3.0]]
    assert gradcheck(lambda w: F.embedding([0, 2, 2], w), table.weight)


ACTIVATIONS = {
    "ReLU": (nn.ReLU(), [0.0, 0.0, 2.0]),
    "LeakyReLU": (nn.LeakyReLU(0.1), [-0.1, 0.0, 2.0]),
    "Tanh": (nn.Tanh(), [math.tanh(-1), 0.0, math.tanh(2)]),
    "Sigmoid": (nn.Sigmoid(), [1 / (1 + math.e), 0.5, 1 / (1 + math.exp(-2))]),
    "GELU": (nn.GELU(), [-0.15865525393145707, 0.0, 1.9544997361036416]),
    "GELU tanh": (nn.GELU("tanh"), [-0.15880800939172324, 0.0, 1.9545976940877752]),
    "Softmax": (nn.Softmax(), [math.exp(x) / (math.exp(-1) + 1 + math.exp(2)) for x in (-1, 0, 2)]),
    "LogSoftmax": (nn.LogSoftmax(0), [x - math.log(math.exp(-1) + 1 + math.exp(2)) for x in (-1, 0, 2)]),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    module, expected = ACTIVATIONS[name]
    assert module(Tensor([-1.0, 0.0, 2.0])).tolist() == pytest.approx(expected, rel=1e-14)
    assert gradcheck(module, Tensor([[-1.0, 0.3], [2.0, -0.7]], requires_grad=True))
    assert list(module.parameters()) == []
    assert module(Tensor([1.0], dtype="float32")).dtype == "float32"


def test_softplus() -> None:
    assert F.softplus(Tensor([0.0, 1e4, -1e4, 1])).tolist() == pytest.approx(
        [math.log(2), 1e4, 0.0, math.log1p(math.e)]
    )
    assert gradcheck(F.softplus, Tensor([-30.0, -1.0, 0.0, 30.0], requires_grad=True))


# --- starting values --------------------------------------------------------------------------------------------------
def test_a_seed_repeats_to_the_last_bit() -> None:
    def weights() -> Any:
        manual_seed(7)
        return [p.tolist() for p in nn.Sequential(nn.Linear(3, 4), nn.Embedding(5, 2)).parameters()]

    first = weights()
    assert weights() == first
    assert first[0][0] != first[0][1]


def test_linear_starts_as_pytorchs() -> None:
    manual_seed(0)
    layer = nn.Linear(25, 400)
    numbers = layer.weight.reshape(-1).tolist() + layer.bias.tolist()
    assert max(map(abs, numbers)) <= 0.2  # 1/sqrt(25)
    assert max(numbers) > 0.199 and min(numbers) < -0.199
    assert sum(x * x for x in numbers) / len(numbers) == pytest.approx(0.04 / 3, rel=0.05)


SCALES = [
    (lambda w: nn.init.xavier_uniform_(w), math.sqrt(2 / 300)),
    (lambda w: nn.init.xavier_normal_(w, gain=2.0), 2 * math.sqrt(2 / 300)),
    (lambda w: nn.init.kaiming_uniform_(w), math.sqrt(2 / 200)),
    (lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"), math.sqrt(2 / 200)),
    (lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="linear"), math.sqrt(1 / 100)),
    (lambda w: nn.init.normal_(w, std=0.3), 0.3),
    (lambda w: nn.init.uniform_(w, -1.0, 1.0), math.sqrt(1 / 3)),
]


@pytest.mark.parametrize(("fill", "deviation"), SCALES)
def test_init(fill: Any, deviation: float) -> None:
    manual_seed(1)
    w = nn.Parameter([[0.0] * 200] * 100)
    assert fill(w) is w and w.requires_grad and w.is_leaf
    with no_grad():
        assert float(w.mean()) == pytest.approx(0, abs=5 * deviation / math.sqrt(20_000))
        assert math.sqrt(float((w * w).mean())) == pytest.approx(deviation, rel=0.03)


def test_constants() -> None:
    w = nn.Parameter([3.0, 4.0])
    assert nn.init.ones_(w).tolist() == [1.0, 1.0]
    assert nn.init.constant_(w, 2.5).tolist() == [2.5, 2.5]
    assert nn.init.zeros_(w).tolist() == [0.0, 0.0]


# --- what is refused --------------------------------------------------------------------------------------------------
REFUSED = [
    (lambda: nn.Linear(2, 3)(randn(4, 3)), ValueError, r"linear: x has shape \(4, 3\), expected \(..., 2\)"),
    (lambda: nn.Linear(2, 3)(Tensor(1.0)), ValueError, r"linear: x has shape \(\)"),
    (lambda: F.linear(randn(2), randn(2)), ValueError, r"weight must have shape \(out_features, in_features\)"),
    (lambda: F.linear(randn(1, 2), randn(3, 2), randn(2)), ValueError, r"bias has shape \(2,\), expected \(3,\)"),
    (lambda: nn.Linear(0, 3), ValueError, "in_features must be a whole number from 1 on, got 0"),
    (lambda: nn.Linear(2, 1.5), ValueError, "out_features must be a whole number from 1 on, got 1.5"),
    (lambda: nn.Embedding(-1, 3), ValueError, "num_embeddings must be a whole number from 1 on"),
    (lambda: nn.Embedding(3, 2)([3]), IndexError, "3"),
    (lambda: nn.Embedding(3, 2)([0, -1]), IndexError, "embedding: index -1 is out of range for 3 rows"),
    (lambda: nn.Embedding(3, 2)(Tensor([1.0])), TypeError, "embedding: indices must be int64, got float64"),
    (lambda: nn.GELU("exact"), ValueError, 'approximate must be "none" or "tanh"'),
    (lambda: nn.init.xavier_normal_(randn(3)), ValueError, r"expected a weight of shape \(out_features, in_features\)"),
    (lambda: nn.init.kaiming_normal_(randn(3, 3), nonlinearity="selu"), ValueError, "expected one of linear, sigmoid"),
    (lambda: nn.init.kaiming_normal_(randn(3, 3), mode="fan"), ValueError, 'mode must be "fan_in" or "fan_out"'),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
