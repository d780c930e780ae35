"""What the schedules share: they count, and write lr into the optimiser's groups."""

from __future__ import annotations

from math import inf
from typing import Any, Dict, List, Mapping

from saitama import options

from ..optimizer import Optimizer


class LRScheduler:
    """lr after t steps is `rate(initial lr, t)`; a subclass defines `rate`. Call step() after optimizer.step().

    Args:
        optimizer: its groups' lr at this moment are the initial ones (or their "initial_lr", when one goes on).
        last_epoch: t so far; -1 starts at t = 0. To go on with a saved run, prefer load_state_dict().

    Each schedule sets lr itself, so two for one optimiser do not multiply: the last to step wins.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: expected an Optimizer, got a {type(optimizer).__name__}")
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(f"{type(self).__name__}: last_epoch {last_epoch} needs initial_lr in group {i}")
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def rate(self, initial: float, t: int) -> float:
        """lr after t steps, for a group that started with `initial`."""
        raise NotImplementedError(f"{type(self).__name__}.rate")

    def step(self) -> None:
        """Count one step, and set the lr that follows."""
        self._set(self.last_epoch + 1)

    def _set(self, t: int) -> None:
        lrs = [self.rate(initial, t) for initial in self.base_lrs]  # may raise, so before anything changes
        self.last_epoch = t
        for group, lr in zip(self.optimizer.param_groups, lrs):
            group["lr"] = lr

    def get_last_lr(self) -> List[float]:
        """lr of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> Dict[str, Any]:
        """Everything but the optimiser: numbers, names and lists of them."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what state_dict() gave; the optimiser loads its own lr. ValueError for another schedule's."""
        own = self.state_dict()
        if set(own) != set(state_dict):
            missing, unexpected = sorted(set(own) - set(state_dict)), sorted(set(state_dict) - set(own))
            what = f"load_state_dict: this is not the state of a {type(self).__name__}"
            raise ValueError(f"{what}: missing {missing}, unexpected {unexpected}")
        if "base_lrs" in own and len(state_dict["base_lrs"]) != len(own["base_lrs"]):
            theirs, ours = len(state_dict["base_lrs"]), len(own["base_lrs"])
            raise ValueError(f"load_state_dict: this state has {theirs} groups of parameters, the optimiser {ours}")
        vars(self).update(state_dict)


def number(scheduler: object, name: str, value: Any, low: float = 0.0, high: float = inf, above: bool = False) -> float:
    """`value` if it is a finite number from `low` (or, `above`, any greater) up to `high`, else an error that names the
    option."""
    wanted = f"a finite number {'above' if above else 'of at least'} {low:g}"
    if high < inf:
        wanted = f"a number in {'(' if above else '['}{low:g}, {high:g}]"
    return options.number(f"{type(scheduler).__name__}: {name}", value, low, high, above=above, wanted=wanted)


def whole(scheduler: object, name: str, value: Any, least: int = 1) -> int:
    """`value` if it is a whole number from `least` on, else an error that names the option."""
    return options.whole(f"{type(scheduler).__name__}: {name}", value, least)
