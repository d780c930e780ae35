"""Recurrent nets and attention against PyTorch, values and gradients, with weights carried over by name, both ways."""

from __future__ import annotations

from typing import Any, List

import pytest

from saitama import Tensor, attention, manual_seed, rand, randn
from saitama.attention import MultiHeadAttention, causal_mask, scaled_dot_product_attention

torch = pytest.importorskip("torch")


def theirs(tensor: Tensor, requires_grad: bool = False) -> Any:
    made = torch.tensor(tensor.tolist(), dtype=getattr(torch, tensor.dtype))
    return made.requires_grad_(requires_grad)


def flat(x: Any) -> List[float]:
    numbers: List[float] = x.detach().reshape(-1).tolist()
    return numbers


def close(ours: Any, other: Any) -> None:
    assert tuple(ours.shape) == tuple(other.shape)
    assert flat(ours) == pytest.approx(flat(other), rel=1e-10, abs=1e-10)


def same_weights(ours: Any, other: Any) -> None:
    """PyTorch's weights into ours; and ours back, under the same names in the same order."""
    assert list(ours.state_dict()) == list(other.state_dict())
    ours.load_state_dict({name: Tensor(value.tolist()) for name, value in other.state_dict().items()})
    other.load_state_dict({name: theirs(value) for name, value in ours.state_dict().items()})


def same_gradients(ours: Any, other: Any) -> None:
    for p, q in zip(ours.parameters(), other.parameters()):
        close(p.grad, q.grad)


@pytest.mark.parametrize("options", [{}, {"num_layers": 3}, {"batch_first": True}, {"bias": False}])
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU", "RNN relu"])
def test_recurrent_nets(name: str, options: Any) -> None:
    manual_seed(4)
    if name == "RNN relu":
        name, options = "RNN", {**options, "nonlinearity": "relu"}
    ours = getattr(attention, name)(3, 4, **options)
    other = getattr(torch.nn, name)(3, 4, dtype=torch.float64, **options)
    same_weights(ours, other)
    x, state = randn(5, 2, 3, requires_grad=True), [randn(ours.num_layers, 2, 4, requires_grad=True) for _ in ours.kept]
    if ours.batch_first:
        x = randn(2, 5, 3, requires_grad=True)
    y, their_state = theirs(x, True), [theirs(part, True) for part in state]
    results = []
    for net, inputs, first in ((ours, x, state), (other, y, their_state)):
        output, last = net(inputs, tuple(first) if name == "LSTM" else first[0])
        parts = [output, *(last if name == "LSTM" else [last])]
        sum((part * part).sum() for part in parts).backward()
        results.append(parts)
    for a, b in zip(*results):
        close(a, b)
    for a, b in zip((x, *state), (y, *their_state)):
        close(a.grad, b.grad)
    same_gradients(ours, other)


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
def test_cells(name: str) -> None:
    ours, other = getattr(attention, name)(3, 4), getattr(torch.nn, name)(3, 4, dtype=torch.float64)
    same_weights(ours, other)
    x, h = randn(2, 3), [randn(2, 4) for _ in ours.kept]
    state, their_state = (tuple(h), tuple(map(theirs, h))) if len(h) > 1 else (h[0], theirs(h[0]))
    a, b = ours(x, state), other(theirs(x), their_state)
    for p, q in zip(a, b) if len(h) > 1 else [(a, b)]:
        close(p, q)


@pytest.mark.parametrize("mask", ["none", "causal", "bool", "float", "empty rows"])
@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
def test_scaled_dot_product_attention(mask: str, lead: Any) -> None:
    manual_seed(6)
    tensors = [randn(*lead, n, width, requires_grad=True) for n, width in ((4, 3), (5, 3), (5, 2))]
    others = [theirs(tensor, True) for tensor in tensors]
    chosen = {
        "none": None,
        "causal": None,
        "bool": rand(4, 5) < 0.7,
        "float": randn(4, 5),
        "empty rows": Tensor([[True] * 5, [False] * 5, [True, False] * 2 + [True], [False] * 5]),
    }[mask]
    ours: Any = scaled_dot_product_attention(*tensors, chosen, is_causal=mask == "causal")
    if chosen is None:
        options = {"is_causal": mask == "causal"}
    else:
        options = {"attn_mask": theirs(chosen)}
    other = torch.nn.functional.scaled_dot_product_attention(*others, **options)
    close(ours, other)
    (ours * ours).sum().backward()
    (other * other).sum().backward()
    for a, b in zip(tensors, others):
        close(a.grad, b.grad)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("kind", ["self", "cross", "causal", "padding", "no bias"])
def test_multi_head_attention(kind: str, batch_first: bool) -> None:
    manual_seed(7)
    options = {"bias": kind != "no bias", "batch_first": batch_first}
    ours = MultiHeadAttention(6, 3, **options)
    other = torch.nn.MultiheadAttention(6, 3, dtype=torch.float64, **options)
    same_weights(ours, other)
    x = randn(2, 4, 6, requires_grad=True) if batch_first else randn(4, 2, 6, requires_grad=True)
    memory = randn(2, 5, 6) if batch_first else randn(5, 2, 6)
    y, their_memory = theirs(x, True), theirs(memory)
    real = Tensor([[True, True, True, False], [True, True, True, True]])
    a, weights = ours(
        x,
        memory if kind == "cross" else None,
        is_causal=kind == "causal",
        key_mask=real if kind == "padding" else None,
        return_weights=True,
    )
    b, their_weights = other(
        y,
        *([their_memory] * 2 if kind == "cross" else [y, y]),
        attn_mask=~theirs(causal_mask(4)) if kind == "causal" else None,  # there True forbids
        key_padding_mask=~theirs(real) if kind == "padding" else None,
        average_attn_weights=False,
    )
    close(a, b)
    close(weights, their_weights)
    (a * a).sum().backward()
    (b * b).sum().backward()
    close(x.grad, y.grad)
    same_gradients(ours, other)
