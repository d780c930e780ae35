"""Modules and losses against PyTorch, values and gradients, with weights carried over by name."""

from __future__ import annotations

from typing import Any, List

import pytest

from saitama import Tensor, manual_seed, nn, randint, randn
from saitama.nn import functional as F

torch = pytest.importorskip("torch")


def theirs(tensor: Tensor, requires_grad: bool = False) -> Any:
    made = torch.tensor(tensor.tolist(), dtype=getattr(torch, tensor.dtype))
    return made.requires_grad_(requires_grad)


def flat(x: Any) -> List[float]:
    numbers: List[float] = x.detach().reshape(-1).tolist()
    return numbers


def close(ours: Any, other: Any) -> None:
    assert tuple(ours.shape) == tuple(other.shape)
    assert flat(ours) == pytest.approx(flat(other), rel=1e-12, abs=1e-12, nan_ok=True)


ACTIVATIONS = ["ReLU", "Tanh", "Sigmoid", "GELU", "LeakyReLU"]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network(activation: str) -> None:
    manual_seed(3)
    layers = [(4, 8), (8, 5), (5, 3)]

    def build(library: Any, **options: Any) -> Any:
        parts: List[Any] = []
        for k, n in layers:
            parts += [library.Linear(k, n, **options), getattr(library, activation)()]
        return library.Sequential(*parts)

    ours, other = build(nn), build(torch.nn, dtype=torch.float64)
    assert list(ours.state_dict()) == list(other.state_dict())
    other.load_state_dict({name: theirs(value) for name, value in ours.state_dict().items()})
    x = randn(6, 4, requires_grad=True)
    y = theirs(x, requires_grad=True)
    close(ours(x), other(y))
    for network, inputs in ((ours, x), (other, y)):
        (network(inputs) * network(inputs)).sum().backward()
    close(x.grad, y.grad)
    for p, q in zip(ours.parameters(), other.parameters()):
        close(p.grad, q.grad)


def test_embedding_softmax_gelu_tanh() -> None:
    table = nn.Embedding(5, 3)
    other = torch.nn.Embedding(5, 3, dtype=torch.float64)
    other.load_state_dict({"weight": theirs(table.weight)})
    index = randint(0, 5, (2, 4))
    a, b = nn.GELU("tanh")(table(index)), torch.nn.GELU("tanh")(other(theirs(index)))
    a, b = nn.LogSoftmax(1)(nn.Softmax(-1)(a)), torch.nn.LogSoftmax(1)(torch.nn.Softmax(-1)(b))
    close(a, b)
    a.sum().backward()
    b.sum().backward()
    close(table.weight.grad, other.weight.grad)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", ["MSELoss", "L1Loss", "BCELoss", "BCEWithLogitsLoss"])
def test_losses(name: str, reduction: str) -> None:
    x = randn(3, 4).sigmoid().detach().requires_grad_()
    t = randn(3, 4).sigmoid()
    check(getattr(nn, name)(reduction=reduction), getattr(torch.nn, name)(reduction=reduction), x, t)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(5, 4), (4,), (2, 4, 3), (2, 4, 3, 2)])
def test_cross_entropy(shape: Any, smoothing: float, reduction: str) -> None:
    options = {"label_smoothing": smoothing, "reduction": reduction}
    x = randn(*shape, requires_grad=True)
    where = shape[:-1] if len(shape) == 1 else shape[:1] + shape[2:]
    indices, probabilities = randint(0, 4, where), randn(*shape).softmax(0 if len(shape) == 1 else 1)
    for t, more in ((indices, {}), (indices, {"ignore_index": 1}), (probabilities, {})):
        x.grad = None
        check(nn.CrossEntropyLoss(**options, **more), torch.nn.CrossEntropyLoss(**options, **more), x, t)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_nll(reduction: str) -> None:
    options = {"ignore_index": 2, "reduction": reduction}
    check(nn.NLLLoss(**options), torch.nn.NLLLoss(**options), randn(6, 4, requires_grad=True), randint(0, 4, (6,)))


def check(loss: Any, other: Any, x: Tensor, t: Tensor) -> None:
    y = theirs(x, requires_grad=True)
    one, two = loss(x, t), other(y, theirs(t))
    close(one, two)
    one.sum().backward()
    two.sum().backward()
    close(x.grad, y.grad)


def test_extreme_logits() -> None:
    x = Tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    check(nn.CrossEntropyLoss(), torch.nn.CrossEntropyLoss(), x, Tensor([0, 0], dtype="int64"))
    x.grad = None
    check(nn.BCEWithLogitsLoss(), torch.nn.BCEWithLogitsLoss(), x, Tensor([[1.0, 0.0], [1.0, 0.25]]))
    close(F.softplus(x), torch.nn.functional.softplus(theirs(x)))


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "leaky_relu"])
def test_gains(name: str) -> None:
    assert nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-14)
