"""Trainer: the same numbers as the loop a learner reads, and everything that goes wrong in long runs."""

from __future__ import annotations

import math
import os
import signal

import pytest

from saitama import nn, optim
from saitama.datasets import moons
from saitama.regularization import BatchNorm1d, Dropout, EarlyStopping
from saitama.tensor import Tensor, manual_seed, randn
from saitama.training import (
    DataLoader,
    NonFiniteError,
    TensorDataset,
    Trainer,
    accuracy,
    load_checkpoint,
    save_checkpoint,
    train_loop,
)


def setting(seed=0, **options):
    """A small run with everything that draws random numbers or keeps a state."""
    manual_seed(seed)
    data = TensorDataset(*moons(40))
    model = nn.Sequential(nn.Linear(2, 8), BatchNorm1d(8), nn.ReLU(), Dropout(0.2), nn.Linear(8, 2))
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    options.setdefault("scheduler", optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5))
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), metrics=[accuracy], **options)
    return trainer, DataLoader(data, 16, shuffle=True), DataLoader(data, 40)


def weights(trainer):
    return {name: tensor.tolist() for name, tensor in trainer.model.state_dict().items()}


def plain(batch_size=8):
    manual_seed(1)
    x = randn(24, 3)
    data = TensorDataset(x, x.sum(1, keepdim=True))
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    return model, DataLoader(data, batch_size, shuffle=True), optim.SGD(model.parameters(), lr=0.1)


def test_it_does_what_the_loop_does_bit_for_bit():
    model, loader, optimizer = plain()
    losses = train_loop(model, loader, nn.MSELoss(), optimizer, 4)
    other, loader, optimizer = plain()
    history = Trainer(other, optimizer, nn.MSELoss()).fit(loader, epochs=4)
    assert history["loss"] == losses
    assert losses[-1] < losses[0]
    assert other[0].weight.tolist() == model[0].weight.tolist()


def test_the_loss_of_an_epoch_counts_every_example_alike():
    model = nn.Linear(1, 1)
    model.weight.data, model.bias.data = [[0.0]], [0.0]
    data = TensorDataset(Tensor([[1.0], [1.0], [1.0]]), Tensor([[1.0], [2.0], [3.0]]))
    loader = DataLoader(data, 2)  # batches of 2 and 1
    losses = train_loop(model, loader, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.0), 1)
    assert losses == [pytest.approx((1 + 4 + 9) / 3)]


def test_history_and_evaluation():
    trainer, loader, validation = setting(record_steps=True, clip_norm=0.5)
    history = trainer.fit(loader, validation, epochs=3)
    names = ["epoch", "loss", "accuracy", "grad_norm", "lr", "val_loss", "val_accuracy"]
    assert list(history.epochs[0]) == names
    assert [row["step"] for row in history.steps] == list(range(1, 10))
    assert history["lr"] == [0.02, 0.02, 0.01]
    trainer.model.train()
    last = trainer.evaluate(validation)
    assert (last["loss"], last["accuracy"]) == (history["val_loss"][-1], history["val_accuracy"][-1])
    assert trainer.model.training is True
    assert (trainer.epoch, trainer.step) == (3, 9)


def test_the_same_seed_gives_the_same_run():
    first, loader, _ = setting(3)
    first.fit(loader, epochs=2)
    second, loader, _ = setting(3)
    second.fit(loader, epochs=2)
    assert weights(first) == weights(second)
    assert first.history.epochs == second.history.epochs


def test_a_schedule_for_each_batch_and_plateau():
    trainer, loader, _ = setting(scheduler_every="batch", record_steps=True)
    trainer.fit(loader, epochs=1)
    assert [row["lr"] for row in trainer.history.steps] == [0.02, 0.02, 0.01]
    trainer, loader, validation = setting()
    trainer.scheduler = optim.lr_scheduler.ReduceLROnPlateau(trainer.optimizer, patience=0, threshold=10.0)
    trainer.fit(loader, validation, epochs=4)
    assert trainer.history["lr"][-1] < 0.02


def test_early_stopping_restores_the_best():
    trainer, loader, validation = setting(early_stopping=EarlyStopping(patience=2, mode="max"), monitor="val_accuracy")
    history = trainer.fit(loader, validation, epochs=200)
    stopping = trainer.early_stopping
    assert stopping.stopped
    assert len(history) == trainer.epoch == stopping.best_step + 2 < 200
    assert trainer.evaluate(validation)["accuracy"] == max(history["val_accuracy"]) == stopping.best
    trainer.fit(loader, validation, epochs=200)
    assert len(history) == trainer.epoch  # it has stopped for good


def test_the_monitor_must_exist():
    trainer, loader, _ = setting(early_stopping=EarlyStopping(), monitor="val_acuracy")
    with pytest.raises(ValueError, match="monitor is 'val_acuracy', but an epoch has only loss, accuracy"):
        trainer.fit(loader)


def test_a_resumed_run_is_the_run_that_never_stopped(tmp_path):
    path = tmp_path / "run.safetensors"
    options = {"early_stopping": EarlyStopping(patience=50)}
    whole, loader, validation = setting(**options)
    whole.fit(loader, validation, epochs=5)
    first, loader, validation = setting(checkpoint=path, early_stopping=EarlyStopping(patience=50))
    first.fit(loader, validation, epochs=2)
    second, loader, validation = setting(seed=8, checkpoint=path, early_stopping=EarlyStopping(patience=50))
    loader.dataset, validation.dataset = TensorDataset(*first_data(0)), TensorDataset(*first_data(0))
    second.resume()
    assert second.epoch == 2
    second.fit(loader, validation, epochs=5)
    assert second.history.epochs == whole.history.epochs
    assert weights(second) == weights(whole)
    assert second.early_stopping.best_step == whole.early_stopping.best_step


def first_data(seed):
    from saitama.tensor import get_rng_state, set_rng_state

    state = get_rng_state()
    manual_seed(seed)
    data = moons(40)
    set_rng_state(state)
    return data


class PressAfter:
    """A loss that presses Ctrl-C in the middle of its n-th call."""

    def __init__(self, calls):
        self.left = calls

    def __call__(self, output, target):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return nn.functional.cross_entropy(output, target)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize("calls", [5, 3, 4])  # in the middle of an epoch, at its end, in its validation
def test_ctrl_c_saves_and_the_run_goes_on_as_if_nothing_had_been(tmp_path, calls):
    path = tmp_path / "run.safetensors"
    whole, loader, validation = setting()
    whole.fit(loader, validation, epochs=4)
    first, loader, validation = setting(checkpoint=path, checkpoint_every=100)
    first.loss_function = PressAfter(calls)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="make the same Trainer and call resume"):
        first.fit(loader, validation, epochs=4)
    assert signal.getsignal(signal.SIGINT) is handler
    second, loader, validation = setting(checkpoint=path)
    second.resume()
    assert second.step == first.step
    second.fit(loader, validation, epochs=4)
    assert second.history.epochs == whole.history.epochs
    assert weights(second) == weights(whole)


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_without_a_checkpoint_says_so():
    trainer, loader, _ = setting()
    trainer.loss_function = PressAfter(2)
    with pytest.raises(KeyboardInterrupt, match="in epoch 1 after 2 batches; nothing was saved"):
        trainer.fit(loader)


def test_resume_refuses_what_does_not_fit(tmp_path):
    trainer, loader, _ = setting(checkpoint=tmp_path / "run.safetensors")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        trainer.resume()
    trainer.fit(loader)
    other = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="does not fit Linear"):
        Trainer(other, optim.SGD(other.parameters(), lr=1), nn.MSELoss()).resume(tmp_path / "run.safetensors")
    with pytest.raises(ValueError, match="no checkpoint is configured"):
        setting()[0].resume()
    assert load_checkpoint(tmp_path / "run.safetensors", trainer.model).step == 3


# --- numbers that go bad ----------------------------------------------------------------------------------------------
def test_resume_refuses_a_checkpoint_that_no_trainer_wrote_before_it_changes_anything(tmp_path):
    other, _, optimizer = plain()
    nn.init.zeros_(other[0].weight)
    save_checkpoint(tmp_path / "other.safetensors", other, optimizer)
    model, _, optimizer = plain()
    trainer = Trainer(model, optimizer, nn.MSELoss())
    before = weights(trainer)
    with pytest.raises(ValueError, match="not written by a Trainer"):
        trainer.resume(tmp_path / "other.safetensors")
    assert weights(trainer) == before


def message(model, x, y, loss=None, **options):
    optimizer = optim.SGD(list(model.parameters()) or [Tensor(1.0, requires_grad=True)], lr=0.1)
    before = {name: tensor.tolist() for name, tensor in model.named_parameters()}
    with pytest.raises(NonFiniteError) as error:
        Trainer(model, optimizer, loss or nn.MSELoss(), **options).fit(DataLoader(TensorDataset(x, y), len(x)))
    assert {name: tensor.tolist() for name, tensor in model.named_parameters()} == before
    assert "training stopped in epoch 1, batch 1" in str(error.value)
    return str(error.value)


class Log(nn.Module):
    def forward(self, x):
        return x.log()


def test_a_bad_input_is_named():
    nan = float("nan")
    text = message(nn.Linear(2, 1), Tensor([[1.0, 2.0], [nan, 1.0]]), Tensor([[1.0], [1.0]]))
    assert "the inputs of the batch has nan at [1, 0] (1 of its 4" in text
    text = message(nn.Linear(1, 1), Tensor([[1.0]]), Tensor([[float("inf")]]))
    assert "the targets of the batch has inf at [0, 0]" in text


def test_a_bad_parameter_is_named():
    model = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
    model[1].bias.data = [float("inf")]
    with pytest.raises(NonFiniteError, match=r"parameter 1.bias has inf at \[0\]"):
        Trainer(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()).fit(
            DataLoader(TensorDataset(Tensor([[1.0]]), Tensor([[1.0]])))
        )


def test_a_bad_output_is_named_by_module_and_operation():
    model = nn.Sequential(nn.Linear(1, 1), Log(), nn.Linear(1, 1))
    model[0].weight.data, model[0].bias.data = [[-1.0]], [0.0]
    text = message(model, Tensor([[-1.0], [1.0]]), Tensor([[1.0], [1.0]]))
    assert "the output of module 1 (Log) has nan at [1, 0]" in text
    assert "the first operation that went bad is Log of" in text


def test_a_bad_loss_is_named_by_its_operation():
    text = message(nn.Linear(1, 1), Tensor([[1.0]]), Tensor([[1.0]]), lambda output, target: (output * 0).log().sum())
    assert "every module's output is finite, the loss is not" in text
    assert "Log of Mul" in text
    assert "which gave -inf" in text


def test_a_bad_gradient_stops_before_the_step():
    text = message(
        nn.Linear(1, 1), Tensor([[0.0]]), Tensor([[0.0]]), lambda output, target: ((output * 0).sqrt()).sum()
    )
    assert "the loss is finite, its gradient is not" in text
    assert "the gradient of bias has nan" in text


def test_running_statistics_of_the_bad_batch_are_neither_blamed_nor_kept():
    model = nn.Sequential(nn.Linear(2, 3), BatchNorm1d(3), nn.Linear(3, 1))
    nn.init.constant_(model[0].weight, 1e200)
    x = Tensor([[1e200, 1.0], [1.0, 1e200]], dtype="float64")
    data = DataLoader(TensorDataset(x, Tensor([[0.0], [0.0]], dtype="float64")), 2)
    with pytest.raises(NonFiniteError, match="the output of module 0 "):
        Trainer(model, optim.SGD(model.parameters()), nn.MSELoss()).fit(data)
    assert model[1].running_mean.tolist() == [0.0, 0.0, 0.0] and model[1].num_batches_tracked.item() == 0


def test_looking_for_the_fault_leaves_the_statistics_alone():
    model = nn.Sequential(BatchNorm1d(1), Dropout(0.5), Log())
    text = message(model, Tensor([[-1.0], [1.0]]), Tensor([[1.0], [1.0]]))
    assert "module 2 (Log)" in text
    assert model[0].num_batches_tracked.item() == 0  # as before the bad batch


# --- use --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"scheduler_every": "minute"}, ValueError, "scheduler_every"),
        ({"checkpoint_every": 0}, ValueError, "checkpoint_every"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        setting(**options)


def test_bad_input():
    trainer, loader, _ = setting()
    with pytest.raises(ValueError, match="epochs must be"):
        trainer.fit(loader, epochs=0)
    with pytest.raises(TypeError, match="use DataLoader"):
        trainer.fit(iter(loader))
    with pytest.raises(ValueError, match="no batches"):
        trainer.fit([])
    with pytest.raises(TypeError, match="expected a Module"):
        Trainer(lambda x: x, None, nn.MSELoss())


def test_a_bar_is_shown_where_it_is_wanted_and_nowhere_else(capsys):
    trainer, loader, _ = setting()
    trainer.fit(loader)
    assert capsys.readouterr().out == ""
    trainer, loader, _ = setting(progress=True)
    trainer.fit(loader)
    assert "epoch 1/1" in capsys.readouterr().out


def test_accuracy():
    scores = Tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert accuracy(scores, Tensor([1, 0, 0], dtype="int64")) == pytest.approx(2 / 3)
    assert accuracy(Tensor([[2.0], [-1.0]]), Tensor([[1.0], [1.0]])) == 0.5
    assert math.isclose(accuracy(Tensor([1.0, -2.0, 3.0]), Tensor([True, False, False])), 2 / 3)
    with pytest.raises(ValueError, match=r"\(3, 2\) for int64 \(2,\)"):
        accuracy(scores, Tensor([1, 0], dtype="int64"))
    with pytest.raises(ValueError, match="no examples"):
        accuracy(Tensor([]), Tensor([]))
