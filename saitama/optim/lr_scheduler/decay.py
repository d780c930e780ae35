"""Schedules that only go down: in steps, exponentially, along half a cosine."""

from __future__ import annotations

from math import cos, pi

from ..optimizer import Optimizer
from .scheduler import LRScheduler, number, whole


class StepLR(LRScheduler):
    """lr = initial · gamma^(t // step_size)."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = whole(self, "step_size", step_size)
        self.gamma = number(self, "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def rate(self, initial: float, t: int) -> float:
        return initial * self.gamma ** (t // self.step_size)


class ExponentialLR(LRScheduler):
    """lr = initial · gamma^t."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = number(self, "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def rate(self, initial: float, t: int) -> float:
        return float(initial * self.gamma**t)


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (initial - eta_min) (1 + cos(pi t / T_max)) / 2 (Loshchilov and Hutter 2017, equation 5, without
    restarts): after T_max steps it is eta_min, and then rises again."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = whole(self, "T_max", T_max)
        self.eta_min = number(self, "eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def rate(self, initial: float, t: int) -> float:
        return self.eta_min + (initial - self.eta_min) * (1 + cos(pi * t / self.T_max)) / 2
