"""Levels 6 and 14: training. Batches, the loop that a learner reads (train_loop.py), and the Trainer that long runs
want.

At scale, in the order to be read:

    accumulate.py    the step of one large batch from several small ones
    lr_find.py       which learning rate: a test of all
    precision.py     products of 16-bit numbers, and grad_scaler.py, which keeps small gradients from becoming 0
    profile.py       where the time goes
    checkpoint.py    all that a run needs to go on, in one file

checkpoint(), which trades time for memory, is in saitama/autograd/recompute.py; several machines in
saitama/distributed.
"""

from __future__ import annotations

from .accumulate import Accumulation
from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .clipping import clip_grad_norm_, clip_grad_value_, grad_norm
from .data_loader import DataLoader
from .dataset import TensorDataset, random_split
from .finite import NonFiniteError
from .grad_scaler import GradScaler
from .history import History, export_histories
from .lr_find import RateTest, lr_find
from .metrics import accuracy
from .precision import autocast
from .profile import profile
from .train_loop import train_loop
from .trainer import Trainer

from saitama.autograd.recompute import checkpoint  # isort: skip  (after the module of that name, which it hides)

__all__ = [
    "Accumulation",
    "Checkpoint",
    "DataLoader",
    "GradScaler",
    "History",
    "NonFiniteError",
    "RateTest",
    "TensorDataset",
    "Trainer",
    "accuracy",
    "autocast",
    "checkpoint",
    "clip_grad_norm_",
    "clip_grad_value_",
    "export_histories",
    "grad_norm",
    "load_checkpoint",
    "lr_find",
    "profile",
    "random_split",
    "save_checkpoint",
    "train_loop",
]
