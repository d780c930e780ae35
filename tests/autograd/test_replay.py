"""A graph computed again, with everything kept."""

from __future__ import annotations

import pytest

from saitama import Tensor, where
from saitama.autograd import replay


def network():
    x = Tensor([[1.0, -2.0]], name="x")
    W = Tensor([[0.5, 0.25], [-1.0, 2.0]], requires_grad=True, name="W")
    h = x @ W.T
    return x, W, h, (where(h > 0, h, 0.1 * h) ** 2).sum()


def test_values_gradients_and_contributions():
    x, W, h, loss = network()
    again = replay(loss)
    assert [node.seq for node in again.nodes] == sorted(node.seq for node in again.nodes)
    assert again.nodes[-1] is loss.node
    assert any(leaf is x for leaf in again.leaves) and any(leaf is W for leaf in again.leaves)
    assert again.values[loss.node].item() == loss.item()
    assert again.values[h.node].tolist() == h.tolist()
    again.backward()
    assert W.grad is None, "the user's .grad is not touched"
    loss.backward()
    assert again.gradients[W].tolist() == W.grad.tolist()
    assert x not in again.gradients
    assert again.gradients[again.nodes[-1]].item() == 1.0


def test_a_sum_of_contributions_is_the_gradient():
    x = Tensor([2.0], requires_grad=True)
    again = replay((x * x + x).sum())
    again.backward()
    given = [dx.item() for node, grads in again.contributions.items() for s, dx in zip(node.inputs, grads) if s is x]
    assert sum(given) == again.gradients[x].item() == 5.0


def test_it_computes_from_the_numbers_of_now():
    w = Tensor([1.0], requires_grad=True)
    loss = (w * 3).sum()
    w.data = [2.0]
    assert replay(loss).values[loss.node].item() == 6.0 and loss.item() == 3.0


def test_what_has_no_graph():
    with pytest.raises(RuntimeError, match="^no operation made this tensor: set requires_grad=True on an input"):
        replay(Tensor(1.0))
    loss = network()[-1]
    loss.backward()
    with pytest.raises(RuntimeError, match="^the graph was freed by an earlier backward"):
        replay(loss)


def test_many_elements_have_no_gradient_without_a_choice():
    x = Tensor([1.0, 2.0], requires_grad=True)
    again = replay(x * 2)
    with pytest.raises(ValueError, match=r"^backward: shape \(2,\) has 2 elements"):
        again.backward()


def test_a_long_chain():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y + 1.0
    again = replay(y)
    again.backward()
    assert again.gradients[x].item() == 1.0
