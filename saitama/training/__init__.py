"""Level 6: training. Batches, the loop that a learner reads (train_loop.py), and the Trainer that long runs want."""

from __future__ import annotations

from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from .clipping import clip_grad_norm_, clip_grad_value_, grad_norm
from .data_loader import DataLoader
from .dataset import TensorDataset, random_split
from .finite import NonFiniteError
from .history import History, export_histories
from .metrics import accuracy
from .train_loop import train_loop
from .trainer import Trainer

__all__ = [
    "Checkpoint",
    "DataLoader",
    "History",
    "NonFiniteError",
    "TensorDataset",
    "Trainer",
    "accuracy",
    "clip_grad_norm_",
    "clip_grad_value_",
    "export_histories",
    "grad_norm",
    "load_checkpoint",
    "random_split",
    "save_checkpoint",
    "train_loop",
]
