"""Schedules that start low: the moments of Adam are not yet known in the first steps, and large ones do harm."""

from __future__ import annotations

from math import cos, pi

from ..optimizer import Optimizer
from .scheduler import LRScheduler, number, whole


class LinearWarmup(LRScheduler):
    """lr = initial · (start_factor + (1 - start_factor) min(t / warmup_steps, 1)): a straight line up, then constant.

    It is PyTorch's LinearLR with end_factor 1. start_factor must lie in [0, 1]; with 0, the first step changes nothing.
    """

    def __init__(
        self, optimizer: Optimizer, warmup_steps: int, start_factor: float = 1 / 3, last_epoch: int = -1
    ) -> None:
        self.warmup_steps = whole(self, "warmup_steps", warmup_steps)
        self.start_factor = number(self, "start_factor", start_factor, high=1)
        super().__init__(optimizer, last_epoch)

    def rate(self, initial: float, t: int) -> float:
        return initial * (self.start_factor + (1 - self.start_factor) * min(t / self.warmup_steps, 1.0))


class WarmupCosine(LRScheduler):
    """A straight line up for warmup_steps, then half a cosine down to min_lr, as language models are trained (Radford
    et al. 2018, section 4.1; Brown et al. 2020, appendix B, who end at a tenth of the peak):

        t < warmup_steps:   lr = initial (t + 1) / (warmup_steps + 1)
        then:               lr = min_lr + (initial - min_lr) (1 + cos(pi s)) / 2,  s = (t - warmup) / (total - warmup)

    From total_steps on it stays at min_lr.
    """

    def __init__(
        self, optimizer: Optimizer, warmup_steps: int, total_steps: int, min_lr: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.warmup_steps = whole(self, "warmup_steps", warmup_steps, least=0)
        self.total_steps = whole(self, "total_steps", total_steps)
        if warmup_steps >= total_steps:
            raise ValueError(f"WarmupCosine: warmup_steps {warmup_steps} must be fewer than total_steps {total_steps}")
        self.min_lr = number(self, "min_lr", min_lr)
        super().__init__(optimizer, last_epoch)

    def rate(self, initial: float, t: int) -> float:
        if t < self.warmup_steps:
            return initial * (t + 1) / (self.warmup_steps + 1)
        s = min((t - self.warmup_steps) / (self.total_steps - self.warmup_steps), 1.0)
        return self.min_lr + (initial - self.min_lr) * (1 + cos(pi * s)) / 2


class WarmupLinear(WarmupCosine):
    """A straight line up for warmup_steps, then a straight line down to min_lr, which it keeps from total_steps on;
    with min_lr as high as the initial rate, the rate stays (Devlin et al. 2019, appendix A.2):

        t < warmup_steps:   lr = initial (t + 1) / (warmup_steps + 1)
        then:               lr = initial + (min_lr - initial) s,  s = (t - warmup) / (total - warmup)
    """

    def rate(self, initial: float, t: int) -> float:
        if t < self.warmup_steps:
            return super().rate(initial, t)
        s = min((t - self.warmup_steps) / (self.total_steps - self.warmup_steps), 1.0)
        return initial + (self.min_lr - initial) * s
