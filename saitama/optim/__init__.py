"""Level 7: optimisers, each with its equations, and learning-rate schedules.

Start with momentum.py, where the equation is the code. The others run one kernel for all parameters of a group; the
rule that it applies to each number stands beside the equation in saitama/tensor/reference/optim.py.
"""

from __future__ import annotations

from . import lr_scheduler
from .adam import Adam
from .adamw import AdamW
from .momentum import Momentum
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Momentum", "Optimizer", "RMSprop", "lr_scheduler"]
