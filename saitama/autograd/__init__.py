"""Levels 2 to 4: derivatives by hand, a scalar engine (Value), and autograd on tensors."""

from __future__ import annotations

from . import by_hand, ops
from .engine import backward
from .function import Function, enable_grad, is_grad_enabled, no_grad
from .gradcheck import GradcheckError, gradcheck
from .graph import to_dot
from .recompute import checkpoint
from .replay import replay
from .value import Value

__all__ = [
    "Function",
    "GradcheckError",
    "Value",
    "backward",
    "by_hand",
    "checkpoint",
    "enable_grad",
    "gradcheck",
    "is_grad_enabled",
    "no_grad",
    "ops",
    "replay",
    "to_dot",
]
