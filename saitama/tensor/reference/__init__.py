"""The kernels in pure Python: every function of saitama.kernels, written to be read as the formula.

They run the whole framework where nothing is compiled, and the compiled kernels are tested against them. Read
`broadcast.py` first (how a flat row of numbers has a shape), then `array.py`, then any of the others.

What the package offers are the functions marked as a `kernel`. saitama/kernels.pyi, which says for mypy and for readers
what both backends have, is written from them by `scripts/stub`.
"""

from __future__ import annotations

from importlib import import_module

from .array import Array, Exporter
from .broadcast import MAX_NDIM, Shape
from .kernel import KERNELS
from .record import ORIGIN_NUMBERS, ORIGIN_STEPS, FunctionBase, TensorBase

MODULES = (
    "array",
    "random",
    "elementwise",
    "rounding",
    "reduce",
    "softmax",
    "attention",
    "loss",
    "normalise",
    "recurrent",
    "optim",
    "matmul",
    "move",
    "index",
    "machine",
    "memory",
    "record",
)
for _name in MODULES:
    import_module(f"{__name__}.{_name}")
globals().update(KERNELS)

__all__ = ["Array", "Exporter", "FunctionBase", "MAX_NDIM", "ORIGIN_NUMBERS", "ORIGIN_STEPS", "Shape", "TensorBase"]
__all__ += KERNELS
