"""Learning rates at known steps, going on from a saved state, and what the schedules refuse."""

from __future__ import annotations

import math
from typing import Any, List

import pytest

from saitama import Tensor, nn
from saitama.optim import SGD, Adam
from saitama.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearWarmup,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    StepLR,
    WarmupCosine,
)


def optimizer(lr: float = 1.0, **options: Any) -> SGD:
    return SGD([nn.Parameter([1.0])], lr=lr, **options)


def rates(scheduler: LRScheduler, steps: int) -> List[float]:
    """lr before the first step and after each."""
    found = [scheduler.get_last_lr()[0]]
    for _ in range(steps):
        scheduler.step()
        found.append(scheduler.get_last_lr()[0])
    return found


SCHEDULES = {
    "StepLR": (lambda o: StepLR(o, 2, 0.5), [1, 1, 0.5, 0.5, 0.25]),
    "ExponentialLR": (lambda o: ExponentialLR(o, 0.5), [1, 0.5, 0.25, 0.125, 0.0625]),
    "CosineAnnealingLR": (
        lambda o: CosineAnnealingLR(o, 4, 0.2),
        [1, 0.6 + 0.2 * math.sqrt(2), 0.6, 0.6 - 0.2 * math.sqrt(2), 0.2],
    ),
    "LinearWarmup": (lambda o: LinearWarmup(o, 4, 0.2), [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]),
    "WarmupCosine": (lambda o: WarmupCosine(o, 2, 4, 0.1), [1 / 3, 2 / 3, 1, 0.55, 0.1, 0.1]),
    "OneCycleLR": (
        lambda o: OneCycleLR(o, 1.0, 5, pct_start=0.6, anneal_strategy="linear", cycle_momentum=False),
        [0.04, 0.52, 1.0, 0.5 + 0.5 * 0.04e-4, 0.04e-4],
    ),
}
schedules = pytest.mark.parametrize("name", SCHEDULES)


@schedules
def test_known_rates(name: str) -> None:
    make, expected = SCHEDULES[name]
    assert rates(make(optimizer()), len(expected) - 1) == pytest.approx(expected, rel=1e-12)


@schedules
def test_going_on_from_a_saved_state(name: str) -> None:
    make, expected = SCHEDULES[name]
    old = optimizer()
    scheduler = make(old)
    scheduler.step()
    new = optimizer(lr=7.0)
    again = make(new)
    again.load_state_dict(scheduler.state_dict())
    new.load_state_dict(old.state_dict())
    assert rates(again, len(expected) - 2) == pytest.approx(expected[1:], rel=1e-12)


def test_groups_keep_their_proportions() -> None:
    groups = SGD([{"params": [nn.Parameter([1.0])]}, {"params": [nn.Parameter([1.0])], "lr": 0.5}], lr=1.0)
    scheduler = StepLR(groups, 1, 0.1)
    scheduler.step()
    assert scheduler.get_last_lr() == pytest.approx([0.1, 0.05])


def test_the_optimiser_steps_with_the_rate() -> None:
    p = nn.Parameter([1.0])
    sgd = SGD([p], lr=1.0)
    scheduler = ExponentialLR(sgd, 0.5)
    for expected in (0.0, -0.5, -0.75):
        sgd.zero_grad()
        p.sum().backward()
        sgd.step()
        scheduler.step()
        assert float(p) == expected
    assert scheduler.last_epoch == 3


def test_one_cycle_turns_the_momentum() -> None:
    sgd, adam = optimizer(momentum=0.9), Adam([nn.Parameter([1.0])])
    for o, read in ((sgd, lambda g: g["momentum"]), (adam, lambda g: g["betas"][0])):
        scheduler = OneCycleLR(o, 1.0, epochs=2, steps_per_epoch=5, pct_start=0.5, anneal_strategy="linear")
        found = [read(o.param_groups[0])]
        for _ in range(9):
            scheduler.step()
            found.append(read(o.param_groups[0]))
        assert (found[0], found[4], found[9]) == pytest.approx((0.95, 0.85, 0.95))
        with pytest.raises(ValueError, match="the cycle has 10 steps, and this would be step 11"):
            scheduler.step()
        assert scheduler.last_epoch == 9


def test_plateau() -> None:
    o = optimizer()
    scheduler = ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=1, min_lr=0.2)
    found = []
    for metric in (1.0, 0.5, 0.5, Tensor(0.5), 0.5, 0.5, math.nan, 0.5, 0.4, 9.0, 9.0, 9.0, 9.0):
        scheduler.step(metric)
        found.append(o.param_groups[0]["lr"])
    assert found == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]


def test_plateau_of_an_accuracy() -> None:
    o = optimizer()
    scheduler = ReduceLROnPlateau(o, mode="max", patience=0, threshold=0.1, threshold_mode="abs")
    for metric in (0.5, 0.7, 0.75):
        scheduler.step(metric)
    assert o.param_groups[0]["lr"] == pytest.approx(0.1)
    state = scheduler.state_dict()
    again = ReduceLROnPlateau(optimizer(), mode="max")
    again.load_state_dict(state)
    assert (again.best, again.patience, again.last_epoch) == (0.7, 0, 3)


REFUSED = [
    (lambda o: StepLR([1], 1), TypeError, "expected an Optimizer, got a list"),
    (lambda o: StepLR(o, 0), ValueError, "step_size must be a whole number from 1 on, got 0"),
    (lambda o: StepLR(o, 1.5), TypeError, "step_size must be a whole number"),
    (lambda o: StepLR(o, 1, last_epoch=3), KeyError, "needs initial_lr in group 0"),
    (lambda o: LinearWarmup(o, 3, start_factor=2.0), ValueError, r"start_factor must be a number in \[0, 1\], got 2"),
    (lambda o: WarmupCosine(o, 5, 5), ValueError, "warmup_steps 5 must be fewer than total_steps 5"),
    (lambda o: OneCycleLR(o, 1.0), ValueError, "give total_steps, or both epochs and steps_per_epoch"),
    (lambda o: OneCycleLR(o, 1.0, 5), ValueError, "cycle_momentum needs an optimiser with momentum"),
    (lambda o: OneCycleLR(o, [1.0, 2.0], 5, cycle_momentum=False), ValueError, "2 values of max_lr for 1 groups"),
    (lambda o: OneCycleLR(o, 1.0, 5, pct_start=2.0), ValueError, r"pct_start must be a number in \[0, 1\]"),
    (lambda o: OneCycleLR(o, 1.0, 5, anneal_strategy="cubic"), ValueError, "anneal_strategy must be"),
    (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, "factor must be less than 1"),
    (lambda o: ReduceLROnPlateau(o, factor=0.0), ValueError, r"factor must be a number in \(0, 1\], got 0"),
    (lambda o: ReduceLROnPlateau(o, min_lr=float("nan")), ValueError, "min_lr must be a finite number of at least 0"),
    (lambda o: ExponentialLR(o, float("nan")), ValueError, "gamma must be a finite number of at least 0, got nan"),
    (lambda o: StepLR(o, 2, gamma=-0.1), ValueError, "gamma must be a finite number of at least 0, got -0.1"),
    (lambda o: StepLR(o, 2, gamma="0.1"), TypeError, "gamma must be a finite number of at least 0, got '0.1'"),
    (lambda o: CosineAnnealingLR(o, 5, eta_min=-1.0), ValueError, "eta_min must be"),
    (lambda o: WarmupCosine(o, 1, 5, min_lr=float("inf")), ValueError, "min_lr must be"),
    (lambda o: OneCycleLR(o, float("nan"), 5), ValueError, "max_lr must be"),
    (lambda o: OneCycleLR(o, 1.0, 5, div_factor=0), ValueError, "div_factor must be a finite number above 0, got 0"),
    (lambda o: OneCycleLR(o, 1.0, 5, final_div_factor=0), ValueError, "final_div_factor must be"),
    (lambda o: ReduceLROnPlateau(o, mode="best"), ValueError, 'mode must be "min" or "max"'),
    (lambda o: ReduceLROnPlateau(o, min_lr=[0.1, 0.2]), ValueError, "2 values of min_lr for 1 groups"),
    (lambda o: ReduceLROnPlateau(1), TypeError, "expected an Optimizer"),
    (lambda o: StepLR(o, 1).load_state_dict(ExponentialLR(o, 0.5).state_dict()), ValueError, "missing"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSED)
def test_refusals(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make(optimizer())
