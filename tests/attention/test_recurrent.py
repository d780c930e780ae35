"""RNN, LSTM and GRU: known values, derivatives, layers, dropout between them, truncated backpropagation, bad input."""

from __future__ import annotations

from math import exp, tanh
from typing import Any, Tuple

import pytest
from gradients import leaf

from saitama import Tensor, attention, full, manual_seed, randn, stack, zeros
from saitama.attention import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell, detach_state
from saitama.autograd import gradcheck

NETS = [RNN, LSTM, GRU]
CELLS = {RNN: RNNCell, LSTM: LSTMCell, GRU: GRUCell}


def sigmoid(a: float) -> float:
    return 1 / (1 + exp(-a))


def filled(module: Any, *values: float) -> Any:
    """The module with 1, 2, ... numbers of `values` in its parameters, in their order."""
    for parameter, value in zip(module.parameters(), values):
        parameter.data = full(parameter.shape, value)
    return module


# --- known values -----------------------------------------------------------------------------------------------------
def test_rnn_cell() -> None:
    cell = filled(RNNCell(1, 1), 0.5, -2.0, 0.1, 0.3)
    assert cell(Tensor([[3.0]]), Tensor([[0.25]])).item() == pytest.approx(tanh(1.5 - 0.5 + 0.4), rel=1e-14)
    cell = filled(RNNCell(1, 1, nonlinearity="relu", bias=False), 0.5, -2.0)
    assert cell(Tensor([3.0]), Tensor([0.25])).tolist() == [1.0]
    assert cell(Tensor([-3.0])).tolist() == [0.0]


def test_lstm_cell_has_its_gates_in_the_order_input_forget_candidate_output() -> None:
    cell = LSTMCell(1, 1, bias=False)
    cell.weight_ih.data = Tensor([[1.0], [-1.0], [0.5], [2.0]])
    cell.weight_hh.data = Tensor([[0.0], [0.0], [0.0], [1.0]])
    h, c = cell(Tensor([[2.0]]), (Tensor([[0.5]]), Tensor([[4.0]])))
    expected = sigmoid(-2.0) * 4.0 + sigmoid(2.0) * tanh(1.0)
    assert c.item() == pytest.approx(expected, rel=1e-14)
    assert h.item() == pytest.approx(sigmoid(4.5) * tanh(expected), rel=1e-14)


def test_gru_cell_has_its_gates_in_the_order_reset_update_new() -> None:
    cell = GRUCell(1, 1)
    cell.weight_ih.data = Tensor([[1.0], [-1.0], [0.5]])
    cell.weight_hh.data = Tensor([[0.0], [0.0], [3.0]])
    cell.bias_ih.data = zeros(3)
    cell.bias_hh.data = Tensor([0.0, 0.0, 0.7])
    r, z = sigmoid(2.0), sigmoid(-2.0)
    n = tanh(1.0 + r * (3.0 * 0.5 + 0.7))
    assert cell(Tensor([[2.0]]), Tensor([[0.5]])).item() == pytest.approx((1 - z) * n + z * 0.5, rel=1e-14)


@pytest.mark.parametrize("net", NETS)
def test_the_net_is_its_cell_step_by_step(net: Any) -> None:
    whole, cell, x = net(3, 2), CELLS[net](3, 2), randn(4, 5, 3)
    walked = net(3, 2, unroll=True)
    walked.load_state_dict(whole.state_dict())
    cell.load_state_dict({name.replace("_l0", ""): value for name, value in whole.state_dict().items()})
    output, last = walked(x)
    state, seen = None, []
    for t in range(4):
        state = cell(x[t], state)
        seen.append(state[0] if net is LSTM else state)
    assert output.tolist() == stack(seen).tolist()
    assert (last[0] if net is LSTM else last)[0].tolist() == output[-1].tolist()
    assert (whole(x)[0] - output).abs().max().item() < 1e-15


@pytest.mark.parametrize("net", NETS)
def test_unrolling_changes_no_number(net: Any) -> None:
    results = []
    for options in ({}, {"unroll": True}):
        manual_seed(3)
        model = net(2, 3, num_layers=2, batch_first=True, **options)
        x = leaf((2, 4, 2))
        output, last = model(x)
        (output * output).sum().backward()
        parts = [output, *(last if net is LSTM else [last]), x.grad, *(p.grad for p in model.parameters())]
        results.append([number for part in parts for number in part.reshape(-1).tolist()])
    assert results[0] == pytest.approx(results[1], rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("net", NETS)
def test_shapes(net: Any) -> None:
    model = net(3, 4, num_layers=2)
    first = net(3, 4, num_layers=2, batch_first=True)
    first.load_state_dict(model.state_dict())
    x = randn(5, 2, 3)
    output, last = model(x)
    turned, same = first(x.transpose(0, 1))
    assert output.shape == (5, 2, 4) and turned.shape == (2, 5, 4)
    assert turned.transpose(0, 1).tolist() == output.tolist()
    parts = last if net is LSTM else (last,)
    assert [part.shape for part in parts] == [(2, 2, 4)] * len(parts)
    one, alone = model(x[:, 1])  # without a batch
    assert one.tolist() == output[:, 1].tolist()
    assert (alone[0] if net is LSTM else alone).shape == (2, 4)
    again, _ = first(x[:, 1])  # there is no batch to be first
    assert again.tolist() == one.tolist()


def test_names_and_order_of_the_parameters() -> None:
    shapes = {name: value.shape for name, value in LSTM(3, 2, num_layers=2).state_dict().items()}
    assert shapes == {
        "weight_ih_l0": (8, 3),
        "weight_hh_l0": (8, 2),
        "bias_ih_l0": (8,),
        "bias_hh_l0": (8,),
        "weight_ih_l1": (8, 2),
        "weight_hh_l1": (8, 2),
        "bias_ih_l1": (8,),
        "bias_hh_l1": (8,),
    }
    assert list(GRU(3, 2, bias=False).state_dict()) == ["weight_ih_l0", "weight_hh_l0"]
    assert all(abs(number) <= 0.5 for p in RNN(1, 4).parameters() for number in p.reshape(-1).tolist())


# --- derivatives ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("options", [{}, {"nonlinearity": "relu"}])
@pytest.mark.parametrize("net", NETS)
def test_backpropagation_through_time(net: Any, options: Any) -> None:
    if options and net is not RNN:
        options = {"bias": False}
    manual_seed(2)
    model = net(2, 2, num_layers=2, **options)
    names = list(model.state_dict())

    def outputs(x: Tensor, *weights: Tensor) -> Tuple[Tensor, ...]:
        for name, weight in zip(names, weights):
            vars(model)[name] = weight
        output, last = model(x)
        return (output, *last) if net is LSTM else (output, last)

    weights = [leaf(weight.shape, -0.8, 0.8, seed) for seed, weight in enumerate(model.state_dict().values())]
    assert gradcheck(outputs, [leaf((3, 2, 2)), *weights])


@pytest.mark.parametrize("net", NETS)
def test_the_gradient_reaches_the_first_state(net: Any) -> None:
    model = net(2, 3)
    shape = (1, 2, 3)
    state = (leaf(shape), leaf(shape, seed=1)) if net is LSTM else leaf(shape)
    output, _ = model(randn(4, 2, 2), state)
    output[-1].sum().backward()
    for part in state if net is LSTM else (state,):
        assert part.grad is not None and min(part.grad.abs().reshape(-1).tolist()) > 0


def test_unrolled_every_time_step_has_a_name() -> None:
    _, (h, c) = LSTM(2, 2, unroll=True)(randn(3, 1, 2))
    seen, stack_of = set(), [h.node, c.node]
    while stack_of:
        node = stack_of.pop()
        if hasattr(node, "inputs"):
            seen.add(node.name)
            stack_of += node.inputs
    assert {f"{part}{t}_l0" for part in "hc" for t in range(3)} <= seen


def test_truncation_stops_the_gradient_and_keeps_the_numbers() -> None:
    model, x = LSTM(2, 3), leaf((6, 1, 2))
    whole, _ = model(x)
    _, state = model(x[:3])
    cut = detach_state(state)
    assert [part.tolist() for part in cut] == [part.tolist() for part in state]
    output, _ = model(x[3:], cut)
    assert output.tolist() == whole[3:].tolist()
    output.sum().backward()
    assert x.grad is not None
    assert x.grad[:3].abs().sum().item() == 0 and x.grad[3:].abs().min().item() > 0
    assert detach_state(None) is None
    with pytest.raises(TypeError, match="detach_state: expected a Tensor or a tuple of them, got a str"):
        detach_state("h")


def test_dropout_is_between_layers_only() -> None:
    """One layer has none. With two, a zero of layer 0 reaches layer 1, but not the next step of layer 0."""
    x = randn(5, 2, 3)
    alone = RNN(3, 4, dropout=0.9)
    assert alone(x)[0].tolist() == alone.eval()(x)[0].tolist()
    two = RNN(3, 4, num_layers=2, dropout=0.5)
    output, last = two(x)
    evaluated, expected = two.eval()(x)
    assert output.tolist() != evaluated.tolist()
    assert last[0].tolist() == expected[0].tolist()  # layer 0 went through time unharmed
    assert last[1].tolist() != expected[1].tolist()
    everything = RNN(3, 4, num_layers=2, dropout=1.0)
    h, expected_h = everything(x)[0], RNN(4, 4)
    expected_h.load_state_dict(
        {name[:-1] + "0": value for name, value in everything.state_dict().items() if name.endswith("1")}
    )
    assert h.tolist() == expected_h(zeros(5, 2, 4))[0].tolist()  # layer 1 was told nothing


# --- bad input --------------------------------------------------------------------------------------------------------
def test_bad_sizes() -> None:
    for bad in (0, -1, 2.0, True, None):
        with pytest.raises(ValueError, match="LSTM: hidden_size must be a whole number from 1 on"):
            LSTM(2, bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="GRU: num_layers"):
        GRU(2, 2, num_layers=0)
    with pytest.raises(ValueError, match="RNN: dropout must be a number from 0 to 1, got 2"):
        RNN(2, 2, dropout=2)
    with pytest.raises(ValueError, match="""nonlinearity must be "tanh" or "relu", got 'gelu'"""):
        RNNCell(2, 2, nonlinearity="gelu")


def test_bad_inputs() -> None:
    with pytest.raises(ValueError, match=r"RNN: expected x of shape \(T, B, 3\), got \(4, 2, 2\)"):
        RNN(3, 2)(zeros(4, 2, 2))
    with pytest.raises(ValueError, match=r"RNN: expected x of shape \(B, T, 3\), got \(3,\)"):
        RNN(3, 2, batch_first=True)(zeros(3))
    with pytest.raises(ValueError, match="has no time steps"):
        GRU(3, 2)(zeros(0, 2, 3))
    with pytest.raises(TypeError, match="GRU: x must be a Tensor of floats, got int64"):
        GRU(1, 2)(Tensor([[1]], dtype="int64"))
    with pytest.raises(ValueError, match=r"GRUCell: expected x of shape \(B, 3\), got \(2, 2, 3\)"):
        GRUCell(3, 2)(zeros(2, 2, 3))
    with pytest.raises(ValueError, match=r"GRU: the state h has shape \(2, 2\), expected \(1, 2, 2\)"):
        GRU(3, 2)(zeros(4, 2, 3), zeros(2, 2))
    with pytest.raises(TypeError, match=r"LSTM: the state must be a pair \(h, c\), got a Tensor"):
        LSTM(3, 2)(zeros(4, 2, 3), zeros(1, 2, 2))
    with pytest.raises(ValueError, match=r"LSTM: the state c has shape \(1, 3, 2\), expected \(1, 2, 2\)"):
        LSTM(3, 2)(zeros(4, 2, 3), (zeros(1, 2, 2), zeros(1, 3, 2)))


def test_float32() -> None:
    output, (h, c) = LSTM(3, 2, dtype="float32")(zeros(4, 2, 3, dtype="float32"))
    assert {output.dtype, h.dtype, c.dtype} == {"float32"}


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("weights, x", [("float32", "float64"), ("float64", "float32")])
def test_dtypes_that_differ_meet_in_float64_as_unrolled(net: Any, weights: str, x: str) -> None:
    fused = net(2, 3, 2, dtype=weights)
    steps = net(2, 3, 2, dtype=weights, unroll=True)
    steps.load_state_dict(fused.state_dict())
    inputs = randn(4, 1, 2).to(x)
    for each in (fused, steps):
        each(inputs)[0].sum().backward()
    output = fused(inputs)[0]
    assert output.dtype == "float64"
    assert (output - steps(inputs)[0]).abs().max().item() < 1e-6
    for a, b in zip(fused.parameters(), steps.parameters()):
        assert a.grad is not None and b.grad is not None and a.grad.dtype == b.grad.dtype == weights
        assert (a.grad - b.grad).abs().max().item() < 1e-5


def test_public_names() -> None:
    assert all(hasattr(attention, name) for name in attention.__all__)
