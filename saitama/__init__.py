"""saitama: a deep-learning framework that a person can check by hand.

Start with `from saitama import Tensor`. The levels of the curriculum are the sub-packages, in order: tensor (1),
autograd (2 to 4), nn (5 and 6), optim (7), regularization (8), attention (9 to 11), transformer (12 and 13),
training, language and datasets; spreadsheets writes any computation into a workbook whose formulas recompute it
independently.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from saitama import source_tree

source_tree.connect()

from saitama import autograd, tensor  # noqa: E402
from saitama.autograd import enable_grad, gradcheck, no_grad  # noqa: E402
from saitama.tensor import *  # noqa: E402, F403
from saitama.tensor import __all__ as _tensor_names  # noqa: E402

__version__ = "0.1.0"
_LATER = (  # imported when first used
    "attention",
    "datasets",
    "language",
    "nn",
    "optim",
    "regularization",
    "spreadsheets",
    "training",
    "transformer",
)


if TYPE_CHECKING:
    from saitama.autograd import Value


def __getattr__(name: str) -> Any:
    if name == "Value":
        return autograd.Value
    if name in _LATER:
        return import_module(f"saitama.{name}")
    raise AttributeError(f"module 'saitama' has no attribute {name!r}")


__all__ = ["Value", "autograd", "enable_grad", "gradcheck", "no_grad", "tensor", *_tensor_names]
