"""GradScaler: its rule, what it refuses, and what float16 does without it."""

from __future__ import annotations

import pytest

from saitama import Tensor, manual_seed, nn, optim
from saitama.optim.loss_scale import scaled
from saitama.training import (
    GradScaler,
    Trainer,
    autocast,
    clip_grad_norm_,
    clip_grad_value_,
    grad_norm,
    load_checkpoint,
    save_checkpoint,
)


def setting(**options):
    w = Tensor([1.0, 2.0], dtype="float32", requires_grad=True)
    return w, optim.SGD([w], lr=0.5), GradScaler(**options)


def test_gradients_are_what_they_are_without_it():
    w, optimizer, scaler = setting()
    scaler.scale((w * w).sum()).backward()
    assert w.grad.tolist() == [2.0 * 65536, 4.0 * 65536]
    assert scaler.step(optimizer) is True
    scaler.update()
    assert w.tolist() == [0.0, 0.0]
    assert scaler.get_scale() == 65536


def backward(w, scaler, factor):
    w.grad = None
    scaler.scale((w * factor).sum()).backward()


def test_a_step_with_an_infinity_is_left_out_and_the_scale_halved_once():
    w, optimizer, scaler = setting(init_scale=8.0, growth_interval=3)
    other = Tensor([1.0], dtype="float32", requires_grad=True)
    second = optim.SGD([other], lr=1.0)
    scales = []
    for infinite in (True, True, False, False, True, False, False, False, False):
        backward(w, scaler, float("inf") if infinite else 0.25)
        backward(other, scaler, float("nan") if infinite else 0.25)  # two optimisers: halved once all the same
        before = w.tolist()
        assert scaler.step(optimizer) is scaler.step(second) is not infinite
        assert (w.tolist() == before) is infinite
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [4.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0]


def test_clipping_sees_the_true_gradients_after_unscale():
    w, optimizer, scaler = setting()
    scaler.scale((w * Tensor([3.0, 4.0], dtype="float32")).sum()).backward()
    scaler.unscale_(optimizer)
    assert clip_grad_norm_([w], 1.0).item() == 5.0
    scaler.step(optimizer)
    scaler.update()
    assert w.tolist() == pytest.approx([1 - 0.5 * 0.6, 2 - 0.5 * 0.8], rel=1e-6)


@pytest.mark.parametrize(
    "use",
    [
        lambda w, optimizer: clip_grad_norm_([w], 1.0),
        lambda w, optimizer: clip_grad_value_([w], 1.0),
        lambda w, optimizer: grad_norm([w]),
        lambda w, optimizer: optimizer.step(),
    ],
)
def test_the_wrong_order_is_refused(use):
    w, optimizer, scaler = setting()
    backward(w, scaler, 1.0)
    before = w.tolist()
    with pytest.raises(
        RuntimeError, match=r"still multiplied by the scaler's 65536; call scaler.unscale_\(optimizer\)"
    ):
        use(w, optimizer)
    assert w.tolist() == before
    scaler.unscale_(optimizer)
    use(w, optimizer)
    scaler.update()
    assert scaled == {}


def test_others_are_not_disturbed():
    w, optimizer, scaler = setting()
    backward(w, scaler, 1.0)
    other = Tensor([1.0], requires_grad=True)
    (other * 2).sum().backward()
    assert clip_grad_norm_([other], 10.0).item() == 2.0  # no scaler had to do with it
    scaler.step(optimizer)
    scaler.update()


def test_each_is_done_once_between_updates():
    w, optimizer, scaler = setting()
    with pytest.raises(RuntimeError, match="no gradients were looked at"):
        scaler.update()
    backward(w, scaler, 1.0)
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) was called for this optimiser since"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) was called for this optimiser since"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) was called"):
        scaler.unscale_(optimizer)
    scaler.update()


def test_gradients_of_large_doubles_are_no_infinities():
    w = Tensor([1.0], requires_grad=True)
    optimizer, scaler = optim.SGD([w], lr=0.0), GradScaler()
    backward(w, scaler, 1e200)
    assert scaler.step(optimizer) is True
    scaler.update()


def test_switched_off_it_does_nothing():
    w, optimizer, scaler = setting(enabled=False)
    loss = (w * w).sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    assert scaler.step(optimizer) is True
    scaler.update()
    assert scaler.get_scale() == 1.0 and scaler.state_dict() == {}
    assert w.tolist() == [0.0, 0.0]


def tiny_gradients(use_scaler):
    """A network whose gradients are smaller than what float16 holds; the change of its first weight."""
    manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).float()
    x = Tensor([[0.5, -1.0, 2.0, 1.0], [1.0, 0.25, -0.5, 2.0]], dtype="float32")
    optimizer, scaler = optim.SGD(model.parameters(), lr=1.0), GradScaler(enabled=use_scaler)
    before = model[0].weight.tolist()
    with autocast("float16"):
        loss = (model(x) * 1e-8).mean()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    gradient = model[0].weight.grad
    scaler.step(optimizer)
    scaler.update()
    return gradient.abs().max().item(), model[0].weight.tolist() != before


def test_small_gradients_are_lost_without_it_and_kept_with_it():
    assert tiny_gradients(False)[0] == 0.0
    assert 1e-9 < tiny_gradients(True)[0] < 1e-8


def test_a_trainer_gives_up_where_no_scale_helps():
    model = nn.Linear(1, 1).float()

    def loss(output, target):
        return (output * 0).sqrt().sum()  # its slope is infinite

    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.1), loss, precision="float16")
    x = Tensor([[1.0]], dtype="float32")
    with pytest.raises(ArithmeticError, match="the gradient of"):
        trainer.fit([(x, x)] * 30)
    assert trainer.step == 16  # 65536 = 2^16 was halved down to 1
    assert trainer.history.steps == []


def test_its_state_is_kept(tmp_path):
    w, optimizer, scaler = setting(growth_interval=5)
    backward(w, scaler, float("inf"))
    scaler.step(optimizer)
    scaler.update()
    model = nn.Linear(1, 1)
    save_checkpoint(tmp_path / "x.safetensors", model, scaler=scaler)
    other = GradScaler()
    load_checkpoint(tmp_path / "x.safetensors", scaler=other)
    assert other.state_dict() == scaler.state_dict() == {
        "scale": 32768.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 5, "_growth_tracker": 0,
    }  # fmt: skip
    with pytest.raises(ValueError, match="expected a state with scale"):
        other.load_state_dict({"factor": 1})


@pytest.mark.parametrize(
    "options",
    [{"init_scale": 0}, {"init_scale": "big"}, {"growth_factor": 1.0}, {"backoff_factor": 1.0}, {"growth_interval": 0}],
)
def test_bad_options(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        GradScaler(**options)
