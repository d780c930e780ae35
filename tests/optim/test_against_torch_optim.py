"""Every optimiser and schedule against PyTorch, step by step."""

from __future__ import annotations

from typing import Any

import pytest

from saitama import Tensor, nn, optim
from saitama.optim import lr_scheduler

torch = pytest.importorskip("torch")

OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.1}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "momentum": 0.9, "centered": True, "weight_decay": 0.1}),
]


def loss(a: Any, b: Any) -> Any:
    return ((a @ b).tanh() * (a * a).mean()).mean()


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
@pytest.mark.parametrize(("dtype", "precision"), [("float64", 1e-12), ("float32", 1e-5)])
def test_optimizers(name: str, options: Any, dtype: str, precision: float) -> None:
    start = [[[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], [[0.1, -0.4], [0.3, 0.9], [-1.2, 0.7]]]
    ours = [nn.Parameter(values, dtype=dtype) for values in start]
    theirs = [torch.nn.Parameter(torch.tensor(values, dtype=getattr(torch, dtype))) for values in start]
    optimizers = [getattr(optim, name)(ours, **options), getattr(torch.optim, name)(theirs, **options)]
    for _ in range(10):
        for optimizer, params in zip(optimizers, (ours, theirs)):
            optimizer.zero_grad()
            loss(*params).backward()
            optimizer.step()
    for p, q in zip(ours, theirs):
        assert sum(p.tolist(), []) == pytest.approx(sum(q.tolist(), []), rel=precision, abs=precision)


SCHEDULES = [
    ("StepLR", "StepLR", {"step_size": 3}),
    ("ExponentialLR", "ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", "CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    ("OneCycleLR", "OneCycleLR", {"max_lr": 0.7, "total_steps": 11}),
    ("OneCycleLR", "OneCycleLR", {"max_lr": 0.7, "epochs": 3, "steps_per_epoch": 4, "anneal_strategy": "linear"}),
]


@pytest.mark.parametrize(("name", "theirs", "options"), SCHEDULES)
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_schedules(name: str, theirs: str, options: Any) -> None:
    follow(getattr(lr_scheduler, name), getattr(torch.optim.lr_scheduler, theirs), options, options)


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
def test_linear_warmup_is_linear_lr() -> None:
    follow(
        lr_scheduler.LinearWarmup,
        torch.optim.lr_scheduler.LinearLR,
        {"warmup_steps": 5, "start_factor": 0.25},
        {"total_iters": 5, "start_factor": 0.25},
    )


def follow(ours: Any, theirs: Any, our_options: Any, their_options: Any) -> None:
    a = optim.SGD([nn.Parameter([1.0])], lr=0.3, momentum=0.9)
    b = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.3, momentum=0.9)
    one, other = ours(a, **our_options), theirs(b, **their_options)
    for _ in range(10):
        assert one.get_last_lr() == pytest.approx(other.get_last_lr(), rel=1e-12)
        assert a.param_groups[0]["momentum"] == pytest.approx(b.param_groups[0]["momentum"], rel=1e-12)
        one.step()
        other.step()


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
def test_plateau(mode: str, threshold_mode: str) -> None:
    options = {
        "mode": mode,
        "threshold_mode": threshold_mode,
        "patience": 1,
        "cooldown": 2,
        "threshold": 0.05,
        "factor": 0.5,
    }
    a = optim.SGD([nn.Parameter([1.0])], lr=0.3)
    b = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.3)
    one = lr_scheduler.ReduceLROnPlateau(a, **options)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(b, **options)
    for metric in (1.0, 0.9, 0.89, 0.88, 0.88, 1.2, 1.2, 1.2, 1.2, -1.0, -1.0, -0.99, -0.98, -3.0, -1.0, -1.0, -1.0):
        one.step(Tensor(metric))
        other.step(metric)
        assert a.param_groups[0]["lr"] == pytest.approx(b.param_groups[0]["lr"], rel=1e-12)
