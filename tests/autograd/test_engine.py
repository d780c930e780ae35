"""backward(): the chain rule over whole graphs, freeing, retaining, and what it refuses."""

from __future__ import annotations

import gc
import math
import threading
import weakref

import pytest
from gradients import check, leaf

from saitama import Tensor, no_grad, zeros

FREED = (
    r"^the graph was freed by an earlier backward\(\): call backward\(retain_graph=True\) the first time if you need "
    r"it twice, or compute the forward pass again$"
)


def test_where_paths_meet_gradients_add_up():
    x = Tensor(3.0, requires_grad=True)
    a = x * 2
    (a * a + a + x).backward()
    assert x.grad.item() == 2 * 6 * 2 + 2 + 1


def test_a_diamond_of_diamonds_visits_each_node_once():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(60):  # 2^60 paths
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_gradients_of_several_backwards_add_up_until_cleared():
    x = Tensor([1.0, 2.0], requires_grad=True)
    for times in (1.0, 2.0):
        (x * 3).sum().backward()
        assert x.grad.tolist() == [3 * times, 3 * times]
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_threads_that_share_a_leaf_lose_nothing():
    """Large enough for the kernels to let other threads run in the middle of an addition."""
    x = zeros(300_000, requires_grad=True)
    errors = []

    def work():
        try:
            for _ in range(20):
                (x * 3).sum().backward()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and set(x.grad.tolist()) == {3.0 * 20 * 4}


def test_a_second_backward_is_refused_and_leaves_grad_alone():
    x = Tensor(2.0, requires_grad=True)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match=FREED):
        y.backward()
    with pytest.raises(RuntimeError, match=FREED):
        (y * 2 + x).backward()
    assert x.grad.item() == 4.0


def test_a_shared_part_freed_by_the_other_loss():
    x = Tensor(2.0, requires_grad=True)
    h = x * x
    (h * 2).backward()
    with pytest.raises(RuntimeError, match=FREED):
        (h * 3).backward()
    assert x.grad.item() == 8.0


def test_retain_graph():
    x = Tensor(2.0, requires_grad=True)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8.0
    with pytest.raises(RuntimeError, match=FREED):
        y.backward()


def test_retain_grad():
    x = Tensor([1.0, 2.0], requires_grad=True)
    h = x * 2
    h.retain_grad()
    y = (h * h).sum()
    y.retain_grad()
    y.backward(retain_graph=True)
    assert h.grad.tolist() == [4.0, 8.0] and y.grad.item() == 1.0
    y.backward()
    assert h.grad.tolist() == [8.0, 16.0]
    x.retain_grad()  # a leaf keeps it anyway
    with pytest.raises(RuntimeError, match="^retain_grad: this tensor does not require a gradient"):
        Tensor(1.0).retain_grad()


def test_what_is_in_between_keeps_no_grad():
    x = Tensor(1.0, requires_grad=True)
    h = x * 2
    (h * 2).backward()
    assert h.grad is None


def test_a_retained_output_that_is_gone_does_no_harm():
    x = Tensor(1.0, requires_grad=True)
    h = x * 2
    h.retain_grad()
    y = h * 2
    del h
    y.backward()
    assert x.grad.item() == 4.0


def test_backward_of_a_leaf_is_one():
    x = Tensor([5.0], requires_grad=True)
    x.backward()
    assert x.grad.tolist() == [1.0]


def test_gradient_argument():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (x * x).backward([1.0, 10.0])
    assert x.grad.tolist() == [2.0, 40.0]
    (x * x).backward(gradient=Tensor([1.0, math.nan]))
    assert x.grad.tolist()[0] == 4.0 and math.isnan(x.grad.tolist()[1])


@pytest.mark.parametrize(
    "gradient, error, message",
    [
        (
            None,
            ValueError,
            r"^backward: shape \(2,\) has 2 elements; reduce it to one with \.sum\(\) or \.mean\(\), or give gradient= "
            r"of that shape$",
        ),
        ([1.0], ValueError, r"^backward: expected a gradient of float64 \(2,\), got float64 \(1,\)$"),
        (1.0, ValueError, r"^backward: expected a gradient of float64 \(2,\), got float64 \(\)$"),
        (
            zeros(2, dtype="float32"),
            ValueError,
            r"^backward: expected a gradient of float64 \(2,\), got float32 \(2,\)$",
        ),
        ("ab", TypeError, r"^Tensor: expected a number, nested lists or a buffer, got 'ab'$"),
    ],
)
def test_gradients_that_do_not_fit(gradient, error, message):
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    with pytest.raises(error, match=message):
        y.backward(gradient)
    y.backward([1.0, 1.0])  # the graph is still whole
    assert x.grad.tolist() == [2.0, 2.0]


def test_nothing_to_differentiate():
    with pytest.raises(
        RuntimeError, match=r"^backward: nothing here requires a gradient; set requires_grad=True on an"
    ):
        (Tensor(1.0) * 2).backward()
    x = Tensor(1.0, requires_grad=True)
    with no_grad():
        y = x * 2
    with pytest.raises(RuntimeError, match="^backward: nothing here requires a gradient"):
        y.backward()


def test_detach_stops_the_gradient():
    x = Tensor(3.0, requires_grad=True)
    y = x * x.detach()
    y.backward()
    assert x.grad.item() == 3.0 and not x.detach().requires_grad


def test_only_leaves_switch_requires_grad():
    x = Tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"^requires_grad: only a leaf can be switched on or off"):
        (x * 2).requires_grad_(False)
    with pytest.raises(RuntimeError, match=r"^requires_grad: only a leaf can be switched on or off"):
        (x > 0).to("float64").requires_grad = True
    x.requires_grad = False
    assert (x * 2).node is None
    counts = Tensor([1], dtype="int64")
    with pytest.raises(TypeError, match="^requires_grad: only floats have derivatives, this tensor is int64$"):
        counts.requires_grad = True
    assert counts.requires_grad is False


def test_a_constant_behind_the_loss_gets_no_grad():
    x, c = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    (x * c + c).sum().backward()
    assert c.grad is None


def test_memory_is_freed_with_the_graph():
    x = Tensor([1.0], requires_grad=True)
    hidden = x * 2
    gone = weakref.ref(hidden)
    y = (hidden * hidden).sum()
    del hidden
    node = y.node
    y.backward()
    gc.collect()
    assert gone() is None and node.inputs is None and node.saved is None


@pytest.mark.parametrize("retain", [False, True])
def test_a_chain_of_100_000_operations(retain):
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    y.backward(retain_graph=retain)
    assert y.item() == 100_001.0 and x.grad.item() == 1.0
    del y  # the chain, freed or not, goes without recursion


def test_a_chain_that_is_never_differentiated_can_be_deleted():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + x
    del y
    assert x.grad is None


def test_threads_have_graphs_of_their_own():
    results = {}

    def work(k):
        x = Tensor(float(k), requires_grad=True)
        for _ in range(50):
            (x * x).backward()
        results[k] = x.grad.item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: 100.0 * k for k in range(4)}


def test_a_network_against_differences():
    check(
        lambda x, W, b, V: ((x @ W.T + b).tanh() @ V).softmax(-1).log()[:, 0].mean(),
        leaf((3, 2), seed=1),
        leaf((4, 2), seed=2),
        leaf((4,), seed=3),
        leaf((4, 3), seed=4),
    )


def test_an_update_in_place_keeps_the_parameter():
    w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    same, lr = w, 0.5
    loss = (w * w).sum()
    with no_grad():
        old = w.detach()
    loss.backward()
    with no_grad():
        w -= lr * w.grad
    assert w is same and w.requires_grad and w.name == "w" and w.is_leaf
    assert w.tolist() == [0.0, 0.0] and old.tolist() == [1.0, 2.0]


def test_an_update_after_forward_does_not_change_the_recorded_values():
    w = Tensor([3.0], requires_grad=True)
    loss = (w * w).sum()
    with no_grad():
        w += 100.0
    loss.backward()
    assert w.grad.tolist() == [6.0]


def test_each_operator_in_place():
    w = Tensor([4.0], requires_grad=True)
    same = w
    with no_grad():
        w += 1.0
        w *= 2.0
        w -= 1.0
        w /= 3.0
        w **= 2.0
    assert w is same and w.tolist() == [9.0]


def test_in_place_on_a_leaf_outside_no_grad_is_refused():
    w = Tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"^in place: a leaf that requires a gradient can be updated only under"):
        w -= 1.0
    assert w.tolist() == [1.0]


def test_in_place_as_part_of_a_graph_is_the_next_value():
    x = Tensor([1.0], requires_grad=True)
    y = x * 2
    first = y
    y += 1.0
    y.sum().backward()
    assert y is not first and first.tolist() == [2.0] and x.grad.tolist() == [2.0]


def test_in_place_must_keep_the_shape():
    w = Tensor([1.0])
    with pytest.raises(ValueError, match=r"^data: expected float64 of shape \(1,\), got float64 of shape \(2,\)$"):
        w += Tensor([1.0, 2.0])
