"""FLOP and bytes of operations, counted by hand."""

from __future__ import annotations

import pytest

from saitama import Tensor, nn, randn
from saitama.attention import GRU, scaled_dot_product_attention
from saitama.autograd.cost import backward_cost, forward_cost
from saitama.autograd.function import OPS
from saitama.autograd.observe import Observer, observe


class Counter(Observer):
    def __init__(self):
        self.inputs, self.found = {}, []

    def forward(self, node, inputs, output, seconds):
        assert seconds >= 0
        self.inputs[id(node)] = inputs
        self.found.append((type(node).__name__, *forward_cost(node, inputs, output)))

    def backward(self, node, dy, gradients, seconds):
        self.found.append((f"{type(node).__name__}'", *backward_cost(node, self.inputs[id(node)], dy, gradients)))


def counted(run):
    counter = Counter()
    with observe(counter):
        run()
    return {name: costs for name, *costs in counter.found}


def test_a_product():
    a, b = randn(3, 4, requires_grad=True), randn(4, 5)
    costs = counted(lambda: (a @ b).sum().backward())
    assert costs["MatMul"] == [2 * 3 * 4 * 5 + 15, 8 * (12 + 20 + 15)]
    assert costs["MatMul'"] == [2 * 3 * 4 * 5, 8 * (15 + 12 + 20 + 12)]  # one gradient is asked for
    assert costs["Sum"] == [15, 8 * 16]


def test_a_linear_layer():
    layer, x = nn.Linear(4, 5, dtype="float32"), randn(2, 3, 4, dtype="float32", requires_grad=True)
    costs = counted(lambda: layer(x).sum().backward())
    assert costs["Linear"] == [2 * 6 * 4 * 5 + 30, 4 * (24 + 20 + 5 + 30)]
    assert costs["Linear'"] == [2 * 2 * 6 * 4 * 5 + 30, 4 * (30 + 24 + 20 + 5 + 24 + 20 + 5)]


@pytest.mark.parametrize(("causal", "meetings"), [(False, 16), (True, 10)])
def test_attention(causal, meetings):
    q, k, v = (randn(2, 4, 6, requires_grad=True) for _ in range(3))
    costs = counted(lambda: scaled_dot_product_attention(q, k, v, is_causal=causal, num_heads=2).sum().backward())
    assert costs["Attention"][0] == 2 * 2 * meetings * 12 + 48
    assert costs["Attention'"][0] == 5 * (2 * 2 * meetings * 12) // 2


def test_a_recurrent_layer():
    layer, x = GRU(3, 4), randn(5, 2, 3)
    costs = counted(lambda: layer(x)[0].sum().backward())
    assert costs["GRUSteps"][0] == 2 * (5 * 2 * 12) * 4 + 5 * 2 * 4


def test_views_cost_nothing_and_copies_only_bytes():
    x = randn(2, 3, requires_grad=True)
    costs = counted(lambda: x.reshape(3, 2).T.exp().sum().backward())
    assert costs["Reshape"] == costs["Reshape'"] == [0, 0]
    assert costs["Transpose"] == [0, 96]
    assert costs["Exp"] == [6, 96]
    assert costs["Exp'"] == [6, 8 * 18]


def test_who_looks_is_told_and_leaves_no_trace():
    before = {name: (operation.forward, operation.backward) for name, operation in OPS.items()}
    with observe(Observer()):
        assert OPS["MatMul"].forward is not before["MatMul"][0]
        with pytest.raises(RuntimeError, match="another profile"), observe(Observer()):
            pass
    with pytest.raises(ZeroDivisionError), observe(Observer()):
        Tensor(1.0)
        raise ZeroDivisionError
    assert {name: (operation.forward, operation.backward) for name, operation in OPS.items()} == before
