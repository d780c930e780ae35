"""Accumulation: several small batches give the step of one large batch, in the memory of a small one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, manual_seed, nn, optim, randn
from saitama.nn import functional as F
from saitama.tensor import max_memory_allocated, memory_allocated, reset_peak_memory_stats
from saitama.training import Accumulation, DataLoader, NonFiniteError, TensorDataset, Trainer, accuracy
from saitama.training.accumulate import items_of


def network():
    manual_seed(1)
    return nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 4))


def data(count=30, ignored=()):
    manual_seed(2)
    x = randn(count, 3)
    y = [(7 * i) % 4 for i in range(count)]
    return TensorDataset(x, Tensor([-100 if i in ignored else t for i, t in enumerate(y)], dtype="int64"))


def trained(batch_size, accumulate, loss=None, dataset=None, epochs=3, **options):
    """The parameters after some epochs, and the history."""
    model = network()
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    trainer = Trainer(model, optimizer, loss or nn.CrossEntropyLoss(), accumulate=accumulate, clip_norm=0.5, **options)
    history = trainer.fit(DataLoader(dataset or data(), batch_size), epochs=epochs)
    return [p.reshape(-1).tolist() for p in model.parameters()], history


def same(a, b, rel=1e-12):
    return all(x == pytest.approx(y, rel=rel, abs=1e-14) for x, y in zip(a, b))


@pytest.mark.parametrize(("batch_size", "accumulate"), [(10, 3), (8, 4), (29, 2), (1, 30), (7, 100)])
def test_small_batches_give_the_step_of_one_large_batch(batch_size, accumulate):
    large, history = trained(30, 1)
    small, other = trained(batch_size, accumulate)
    assert same(small, large)
    assert other["loss"] == pytest.approx(history["loss"], rel=1e-12)
    assert other["grad_norm"] == pytest.approx(history["grad_norm"], rel=1e-12)


@pytest.mark.parametrize("ignored", [range(7), range(2, 29, 2), range(8, 16)])  # the last: all of a small batch
def test_the_mean_is_over_the_items_that_count(ignored):
    large, history = trained(30, 1, dataset=data(ignored=ignored))
    small, other = trained(8, 4, dataset=data(ignored=ignored))
    assert same(small, large)
    assert other["loss"] == pytest.approx(history["loss"], rel=1e-12)


def test_a_mean_of_means_is_another():
    large, _ = trained(30, 1, dataset=data(ignored=range(7)))
    wrong, _ = trained(8, 4, dataset=data(ignored=range(7)), items=lambda output, target: 1)
    assert not same(wrong, large, rel=1e-3)


def test_a_step_without_any_item_is_refused():
    with pytest.raises(NonFiniteError, match="every target of the batch is to be ignored"):
        trained(8, 4, dataset=data(ignored=range(30)))


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5))
def test_any_sizes(sizes):
    model = nn.Linear(2, 2)
    x, y = randn(sum(sizes), 2), randn(sum(sizes), 2)
    F.mse_loss(model(x), y).backward()
    wanted = [p.grad.tolist() for p in model.parameters()]
    model.zero_grad()
    mean, start = Accumulation(), 0
    for size in sizes:
        part = slice(start, start + size)
        mean.share(F.mse_loss(model(x[part]), y[part]), size).backward()
        start += size
    assert mean.finish(model.parameters()) == pytest.approx(F.mse_loss(model(x), y).item(), rel=1e-13)
    for p, grad in zip(model.parameters(), wanted):
        assert p.grad.tolist() == [pytest.approx(row, rel=1e-11, abs=1e-14) for row in grad]


def test_losses_that_are_sums_add_up():
    dataset = TensorDataset(data().tensors[0], randn(30, 4))
    large, history = trained(30, 1, loss=nn.MSELoss(reduction="sum"), dataset=dataset)
    small, other = trained(7, 5, loss=nn.MSELoss(reduction="sum"), dataset=dataset)
    assert same(small, large)


def test_metrics_count_examples_and_the_last_step_of_an_epoch_takes_what_there_is():
    _, history = trained(8, 3, metrics=[accuracy], epochs=2)  # 8, 8, 8 and then 6
    large, other = trained(24, 1, metrics=[accuracy], epochs=2)
    assert history["accuracy"] == other["accuracy"]
    assert history["loss"] == pytest.approx(other["loss"], rel=1e-12)


def test_one_batch_a_step_is_what_it_was_to_the_bit():
    model, other = network(), network()
    x, y = data().tensors
    loss = nn.CrossEntropyLoss()
    Trainer(model, optim.SGD(model.parameters(), lr=0.1), loss).fit([(x, y)], epochs=2)
    optimizer = optim.SGD(other.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        loss(other(x), y).backward()
        optimizer.step()
    assert model[0].weight.tolist() == other[0].weight.tolist()


def test_how_many_items_a_loss_has():
    scores, classes = randn(4, 3), Tensor([0, -100, 2, 1], dtype="int64")
    assert items_of(nn.CrossEntropyLoss(), scores, classes, 4) == 3
    assert items_of(nn.CrossEntropyLoss(ignore_index=2), scores, Tensor([0, 0, 2, 2], dtype="int64"), 4) == 2
    assert items_of(nn.CrossEntropyLoss(), scores, scores.softmax(1), 4) == 4
    assert items_of(nn.NLLLoss(), scores, classes, 4) == 3
    assert items_of(F.cross_entropy, scores, classes, 4) == items_of(F.nll_loss, scores, classes, 4) == 3
    assert items_of(nn.MSELoss(), scores, scores, 4) == 12
    assert items_of(nn.L1Loss(reduction="sum"), scores, scores, 4) is None
    assert items_of(lambda output, target: output.sum(), scores, classes, 4) == 4


def test_gradients_that_somebody_holds_stay_as_they_are():
    w = Tensor([1.0, 2.0], requires_grad=True)
    (w * 3).sum().backward()
    held = w.grad
    (w * 3).sum().backward()
    assert (held.tolist(), w.grad.tolist()) == ([3.0, 3.0], [6.0, 6.0])


def test_a_gradient_that_two_leaves_share_is_added_to_once_for_each():
    a, b = (Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    for _ in range(3):
        (a + b).sum().backward()
    assert a.grad.tolist() == b.grad.tolist() == [3.0, 3.0]


def peak(accumulate):
    manual_seed(1)
    model = nn.Sequential(nn.Linear(32, 256), nn.ReLU(), nn.Linear(256, 32))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    dataset = TensorDataset(randn(64, 32), randn(64, 32))
    trainer = Trainer(model, optimizer, nn.MSELoss(), accumulate=accumulate)
    loader = DataLoader(dataset, 2)
    reset_peak_memory_stats()
    before = memory_allocated()
    trainer.fit(loader)
    return max_memory_allocated() - before


def test_memory_does_not_grow_with_the_number_of_batches():
    assert peak(2) == peak(8) == peak(32)  # bytes of all arrays alive at one time


def test_bad_arguments():
    model = network()
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="accumulate must be a whole number of batches from 1 on"):
            Trainer(model, optim.SGD(model.parameters()), nn.MSELoss(), accumulate=wrong)
    with pytest.raises(ValueError, match="a batch without items has no mean loss"):
        Accumulation().share(Tensor(1.0, requires_grad=True), 0)
