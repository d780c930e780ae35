"""Levels 2 to 4: derivatives by hand, a scalar engine (Value), and autograd on tensors."""

from __future__ import annotations

from . import ops
from .engine import backward
from .function import Function, enable_grad, is_grad_enabled, no_grad
from .replay import replay

__all__ = ["Function", "backward", "enable_grad", "is_grad_enabled", "no_grad", "ops", "replay"]
