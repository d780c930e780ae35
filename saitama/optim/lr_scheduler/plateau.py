"""Reduce lr when there is no more progress."""

from __future__ import annotations

from math import inf
from typing import Any, List, Sequence, Union

from ..optimizer import Optimizer
from .scheduler import LRScheduler, number, whole


class ReduceLROnPlateau(LRScheduler):
    """lr ← max(factor · lr, min_lr) when a metric has not improved for more than `patience` steps.

    Args:
        optimizer: whose lr is reduced.
        mode: "min" for a loss, "max" for an accuracy.
        factor: in (0, 1).
        patience: how many steps without improvement are allowed.
        threshold: by how much the best must be beaten: by this share of its size (threshold_mode "rel"), whatever its
            sign, or by this much ("abs").
        cooldown: steps after a reduction in which nothing is counted.
        min_lr: the lowest lr, one number or one for each group.
        eps: a smaller change of lr is not made.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Union[float, Sequence[float]] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"ReduceLROnPlateau: expected an Optimizer, got a {type(optimizer).__name__}")
        if mode not in ("min", "max"):
            raise ValueError(f'ReduceLROnPlateau: mode must be "min" or "max", got {mode!r}')
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f'ReduceLROnPlateau: threshold_mode must be "rel" or "abs", got {threshold_mode!r}')
        if number(self, "factor", factor, high=1, above=True) == 1:
            raise ValueError("ReduceLROnPlateau: factor must be less than 1, or nothing is reduced")
        groups = len(optimizer.param_groups)
        self.min_lrs: List[Any] = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        if len(self.min_lrs) != groups:
            raise ValueError(
                f"ReduceLROnPlateau: {len(self.min_lrs)} values of min_lr for {groups} groups of parameters"
            )
        for least in self.min_lrs:
            number(self, "min_lr", least)
        self.optimizer, self.mode, self.factor = optimizer, mode, factor
        self.eps = number(self, "eps", eps)
        self.patience, self.cooldown = whole(self, "patience", patience, 0), whole(self, "cooldown", cooldown, 0)
        self.threshold, self.threshold_mode = number(self, "threshold", threshold), threshold_mode
        self.best = inf if mode == "min" else -inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Look at the metric, a number or a tensor of one. NaN is no improvement."""
        value = float(metrics)
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if self._better(value):
            self.best, self.num_bad_epochs = value, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            for group, least in zip(self.optimizer.param_groups, self.min_lrs):
                lr = max(group["lr"] * self.factor, least)
                if group["lr"] - lr > self.eps:
                    group["lr"] = lr

    def _resume(self) -> None:
        """The lr is a part of the state: it follows from all the metrics so far."""

    def _better(self, value: float) -> bool:
        margin = self.threshold * (abs(self.best) if self.threshold_mode == "rel" else 1)
        if self.best in (inf, -inf):
            margin = 0.0  # the first value
        return value < self.best - margin if self.mode == "min" else value > self.best + margin
