"""Recording: what becomes a node, what does not, and the modes that switch it off."""

from __future__ import annotations

import json
import threading

import pytest

from saitama import Tensor, enable_grad, no_grad, where
from saitama.autograd import is_grad_enabled
from saitama.autograd.function import OPS, Function, ancestors
from saitama.tensor.backend import K


def test_a_node_knows_its_inputs_order_and_output():
    x, w = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    y = x * w
    z = y + 1
    assert len(y.node.inputs) == 2 and y.node.inputs[0] is x and y.node.inputs[1] is w
    assert y.node.needs == (True, False)
    assert (y.node.shape, y.node.dtype, y.is_leaf, x.is_leaf) == ((2,), "float64", False, True)
    assert z.node.inputs[0] is y.node and z.node.seq > y.node.seq
    assert set(ancestors(z.node)) == {y.node, z.node}


def test_nothing_is_recorded_without_a_reason():
    y = Tensor([1.0]) * 2 + 1
    assert y.node is None and y.is_leaf and not y.requires_grad


def test_every_operation_is_in_the_table_and_its_params_are_json():
    assert {"Add", "MatMul", "Slice", "Softmax", "Where", "ArgMax"} <= set(OPS)
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = where(x > 1, x[:, [0, 1]].reshape(4)[::2].unsqueeze(0).T, x.softmax(0).sum((0,), keepdim=True).gelu())
    for node in ancestors(y.node):
        assert OPS[type(node).__name__] is type(node)
        params = {name: getattr(node, name) for name in node.params}
        copy = type(node)(**json.loads(json.dumps(params)))
        assert {name: getattr(copy, name) for name in node.params} == params


def test_names_survive_the_tensor():
    x = Tensor([1.0], requires_grad=True, name="x")
    h = x * 2
    h.name = "h"
    node = h.node
    z = h + 1
    del h
    assert node.name == "h" and z.node.inputs[0].name == "h" and z.name is None
    x.sum().backward()
    assert node.name == "h"
    with pytest.raises(TypeError, match=r"^name: expected a str or None, got 5$"):
        z.name = 5


def test_no_grad_as_context_and_decorator():
    x = Tensor([1.0], requires_grad=True)

    @no_grad()
    def double(x):
        """Twice x."""
        assert not is_grad_enabled()
        return x * 2

    assert double(x).node is None and double.__doc__ == "Twice x."
    with no_grad():
        assert (x * 2).node is None
        with enable_grad():
            assert (x * 2).node is not None
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_no_grad_ends_with_an_error_and_nests_in_itself():
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert is_grad_enabled()
    mode = no_grad()
    with mode:
        with mode:
            pass
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_no_grad_is_per_thread():
    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
        assert not is_grad_enabled()
    assert seen == [True]


def test_an_operation_of_ones_own():
    class Cube(Function):
        """y = x^3."""

        __slots__ = ()

        def forward(self, x):
            self.saved = x
            return (Tensor._wrap(x) ** 3).array

        def backward(self, dy):
            return ((Tensor._wrap(dy) * 3 * Tensor._wrap(self.saved) ** 2).array,)

    try:
        from saitama.autograd.function import apply

        x = Tensor([2.0], requires_grad=True)
        apply("Cube", (x,)).sum().backward()
        assert x.grad.tolist() == [12.0]
    finally:
        del OPS["Cube"]


def test_a_gradient_of_another_shape_is_refused(monkeypatch):
    monkeypatch.setattr(OPS["Exp"], "backward", lambda node, dy: (K.full((2,), 1, "float64"),))
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"^backward: a gradient of shape \(2,\) for a tensor of shape \(1, 2\)$"):
        x.exp().sum().backward()
    assert x.grad is None


def test_a_function_without_rules_says_which():
    with pytest.raises(NotImplementedError, match="Function.forward"):
        Function().forward()
    with pytest.raises(NotImplementedError, match="Function.backward"):
        Function().backward(None)
