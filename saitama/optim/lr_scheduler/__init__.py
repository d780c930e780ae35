"""Learning-rate schedules: lr as a function of the number of steps (or epochs) taken."""

from __future__ import annotations

from .decay import CosineAnnealingLR, ExponentialLR, StepLR
from .one_cycle import OneCycleLR
from .plateau import ReduceLROnPlateau
from .scheduler import LRScheduler
from .warmup import LinearWarmup, WarmupCosine, WarmupLinear

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LinearWarmup",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "StepLR",
    "WarmupCosine",
    "WarmupLinear",
]
