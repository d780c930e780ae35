"""checkpoint(): the gradients of a graph that was not kept are those of the one that was, to the bit."""

from __future__ import annotations

import pytest

from saitama import Tensor, manual_seed, nn, no_grad, rand, randn
from saitama.autograd import checkpoint
from saitama.autograd.function import ancestors
from saitama.regularization import BatchNorm1d, Dropout
from saitama.spreadsheets import export
from saitama.tensor import get_rng_state, max_memory_allocated, memory_allocated, reset_peak_memory_stats
from saitama.transformer import GPT


def layer(**options):
    manual_seed(1)
    return nn.Sequential(nn.Linear(6, 12), nn.GELU(), Dropout(0.3), nn.Linear(12, 6), **options)


def gradients(run, module, x):
    """Value and all gradients of run(x), with the same random numbers every time."""
    manual_seed(5)
    module.zero_grad()
    x.grad = None
    y = run(x)
    (y * y).sum().backward()
    return y.tolist(), x.grad.tolist(), [p.grad.tolist() for p in module.parameters()], get_rng_state()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients_are_the_same_to_the_bit_with_dropout(dtype):
    module, x = layer().to(dtype), Tensor(randn(5, 6), dtype=dtype, requires_grad=True)
    plain = gradients(lambda x: module(module(x)), module, x)
    assert gradients(lambda x: checkpoint(module, checkpoint(module, x)), module, x) == plain


def test_an_input_that_is_used_elsewhere_too():
    """Sums of gradients are rounded in the order in which they are added, so that has to be the same."""
    module, x = layer(), randn(5, 6, requires_grad=True)

    def run(block):
        def network(x):
            h = x * 1.7
            y = block(h) + h
            return (block(y) * h + block(h)) / 3 + x

        return network

    plain = gradients(run(module), module, x)
    assert gradients(run(lambda h: checkpoint(module, h)), module, x) == plain


def test_parts_of_an_input_taken_inside():
    module, x = layer(), randn(5, 12, requires_grad=True)

    def inside(x):
        return module(x[:, 6:]) * x[:, :6].tanh()

    def outside(inner):
        return lambda x: inner(x * 1.0) + x[:, 3:9]

    plain = gradients(outside(inside), module, x)
    assert gradients(outside(lambda x: checkpoint(inside, x)), module, x) == plain


def test_several_results_and_other_arguments():
    module, x = layer(), randn(5, 6, requires_grad=True)

    def two(x, factor, *, shift):
        y = module(x)
        return y * factor, "text", (y + shift).exp(), x > 0

    def network(run):
        def result(x):
            a, text, b, positive = run(x)
            assert text == "text" and positive.dtype == "bool"
            return a * b

        return result

    plain = gradients(network(lambda x: two(x, 2.0, shift=0.5)), module, x)
    assert gradients(network(lambda x: checkpoint(two, x, 2.0, shift=0.5)), module, x) == plain


def test_one_of_several_results_that_nobody_uses():
    x = randn(3, requires_grad=True)
    a, b = checkpoint(lambda x: (x.exp(), x.sin() if hasattr(x, "sin") else x.tanh()), x)
    a.sum().backward()
    assert x.grad.tolist() == x.exp().tolist()


def test_checkpoints_inside_a_checkpoint():
    module, x = layer(), randn(5, 6, requires_grad=True)
    plain = gradients(lambda x: module(module(x)).tanh(), module, x)

    def inner(x):
        return checkpoint(module, checkpoint(module, x)).tanh()

    assert gradients(lambda x: checkpoint(inner, x), module, x) == plain


def test_what_the_function_reads_besides_its_arguments_gets_its_gradient():
    h = randn(4, requires_grad=True)
    outer = h * 2
    y = checkpoint(lambda: (outer * outer).sum())
    y.backward()
    assert h.grad.tolist() == (h * 8).tolist()


def test_other_random_numbers_where_that_is_asked_for():
    module, x = Dropout(0.5), Tensor([[1.0] * 40], requires_grad=True)
    y = checkpoint(module, x, preserve_rng_state=False)
    y.sum().backward()
    assert (x.grad > 0).tolist() != (y > 0).tolist()
    x.grad = None
    y = checkpoint(module, x)
    drawn = rand(3).tolist()  # in between
    y.sum().backward()
    assert (x.grad > 0).tolist() == (y > 0).tolist()
    assert rand(3).tolist() != drawn  # the sequence went on


def test_running_averages_count_a_batch_once():
    module, x = BatchNorm1d(6), randn(5, 6, requires_grad=True)
    other = BatchNorm1d(6)
    checkpoint(module, x).sum().backward()
    other(x)
    assert module.num_batches_tracked.item() == 1
    assert module.running_mean.tolist() == other.running_mean.tolist()


def test_retained_graphs_and_freed_ones():
    x = Tensor([0.5, 2.0], requires_grad=True)
    y = checkpoint(lambda x: x.exp() * x, x).sum()
    y.backward(retain_graph=True)
    once = x.grad.tolist()
    y.backward()
    assert x.grad.tolist() == pytest.approx([2 * g for g in once], rel=1e-15)
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        y.backward()


def test_nothing_is_recorded_where_no_gradient_is_asked_for():
    x = Tensor([1.0], requires_grad=True)
    with no_grad():
        assert checkpoint(lambda x: x * 2, x).node is None
    assert checkpoint(lambda x: x * 2, Tensor([1.0])).node is None
    assert checkpoint(lambda x: x, x) is x


def test_a_function_that_does_something_else_the_second_time():
    calls = []

    def fickle(x):
        calls.append(1)
        return x[: 4 - len(calls)] * 2

    y = checkpoint(fickle, Tensor([1.0, 2.0, 3.0], requires_grad=True))
    with pytest.raises(RuntimeError, match=r"the second run gave \[\(2,\)\], a gradient of shape \(3,\)"):
        y.sum().backward()


def test_bad_arguments():
    with pytest.raises(TypeError, match="expected a function or a Module, got a Tensor"):
        checkpoint(Tensor(1.0))
    with pytest.raises(TypeError, match="the function gave a dict; expected a Tensor"):
        checkpoint(lambda x: {"y": x}, Tensor(1.0, requires_grad=True))


def test_a_workbook_cannot_show_it_and_says_so(tmp_path):
    x = Tensor([1.0, 2.0], requires_grad=True)
    loss = checkpoint(lambda x: x * x, x).sum()
    with pytest.raises(RuntimeError, match="passes through a checkpoint"):
        export(loss, tmp_path / "x.xlsx")


def gpt(checkpoint_blocks):
    manual_seed(2)
    sizes = {"n_layer": 6, "n_head": 2, "n_embd": 32}
    return GPT(11, 16, **sizes, dropout=0.2, dtype="float32", checkpoint_blocks=checkpoint_blocks)


def step(model):
    manual_seed(3)
    idx = Tensor([[i * j % 11 for i in range(16)] for j in range(1, 5)], dtype="int64")
    _, loss = model(idx, idx)
    loss.backward()
    return [loss.item(), *(p.grad.tolist() for p in model.parameters())]


def test_a_gpt_learns_the_same_in_less_memory():
    plain, checkpointed = gpt(False), gpt(True)
    peaks, results = [], []
    for model in (plain, checkpointed):
        reset_peak_memory_stats()
        before = memory_allocated()
        results.append(step(model))
        peaks.append(max_memory_allocated() - before)
    assert results[0] == results[1]
    assert peaks[1] < 0.6 * peaks[0]
    names = {type(node).__name__ for node in ancestors(checkpointed(Tensor([[1, 2]], dtype="int64"))[0].node)}
    assert "Attention" not in names and "Recomputed" in names
