"""Dropout: inverted, repeatable, with a mask that can be seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.autograd.gradcheck import gradcheck
from saitama.autograd.replay import replay
from saitama.regularization import Dropout, dropout
from saitama.tensor import Tensor, manual_seed, ones


def test_what_stays_is_divided_by_the_share_that_stays():
    manual_seed(0)
    layer, x = Dropout(0.25), Tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    y = layer(x)
    assert set(sum(layer.mask.tolist(), [])) == {0.0, 1.0}
    assert y.tolist() == [[a * m / 0.75 for a, m in zip(*rows)] for rows in zip(x.tolist(), layer.mask.tolist())]


@given(p=st.floats(0.05, 0.95), seed=st.integers(0, 1000))
def test_the_share_of_zeros_is_p_and_the_mean_stays(p, seed):
    manual_seed(seed)
    n = 4000
    y = dropout(ones(n), p)
    spread = (p * (1 - p) / n) ** 0.5
    assert abs((y == 0).to("float64").mean().item() - p) < 6 * spread
    assert abs(y.mean().item() - 1) < 6 * spread / (1 - p)


def test_the_seed_repeats_the_mask_and_calls_differ():
    layer, x = Dropout(0.5), ones(40)
    manual_seed(5)
    first, second = layer(x).tolist(), layer(x).tolist()
    manual_seed(5)
    assert layer(x).tolist() == first != second


def test_evaluation_is_the_identity():
    layer, x = Dropout(0.9), ones(3)
    layer(x)
    assert layer.eval()(x) is x
    assert layer.mask is None
    assert dropout(x, 0.9, training=False) is x


def test_the_edges_of_p():
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert Dropout(0)(x) is x
    y = Dropout(1)(x)
    assert y.tolist() == [0.0, 0.0]
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan"), "half", None, True])
def test_p_outside_its_range_is_refused(p):
    with pytest.raises(ValueError, match="p is the probability"):
        Dropout(p)
    with pytest.raises(ValueError, match="p is the probability"):
        dropout(ones(2), p)


@pytest.mark.parametrize(("x", "message"), [(Tensor([1, 2], dtype="int64"), "got int64"), ([1.0], "got list")])
def test_only_floats(x, message):
    with pytest.raises(TypeError, match=message):
        Dropout(0.5)(x)


def test_the_mask_is_an_input_of_the_graph():
    layer, x = Dropout(0.5), Tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    loss = layer(x).sum()
    assert any(leaf is layer.mask and leaf.name == "dropout_mask" for leaf in replay(loss).leaves)
    loss.backward()
    assert x.grad.tolist() == (layer.mask / 0.5).tolist()


def test_the_derivative():
    def fixed(x):
        manual_seed(7)
        return dropout(x, 0.4)

    assert gradcheck(fixed, Tensor([[0.3, -1.2], [2.0, 0.7]], requires_grad=True))


def test_dtype_and_state():
    layer = Dropout(0.5)
    assert layer(ones(3, dtype="float32")).dtype == "float32"
    assert layer.state_dict() == {}
    assert repr(layer) == "Dropout(p=0.5)"
