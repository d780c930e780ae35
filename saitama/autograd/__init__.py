"""Levels 2 to 4: derivatives by hand, a scalar engine (Value), and autograd on tensors."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import by_hand, ops
from .engine import backward
from .function import Function, enable_grad, is_grad_enabled, no_grad
from .gradcheck import GradcheckError, gradcheck
from .recompute import checkpoint
from .replay import replay

if TYPE_CHECKING:
    from .graph import to_dot
    from .value import Value

_LATER = {"to_dot": "graph", "Value": "value"}  # name -> module, imported when first used


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'saitama.autograd' has no attribute {name!r}")
    return getattr(import_module(f"saitama.autograd.{_LATER[name]}"), name)


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
