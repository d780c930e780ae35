"""Every step of a network, worked out by hand: plain Python on nested lists, from the mathematics.

`write` stands for what a person jots down on the way: products inside of a sum may be rounded.
"""

from __future__ import annotations

from . import attention, elementwise, layer_norm, matrices, optimiser, recurrent, softmax, sums
from .desk import STEPS, Desk
from .elementwise import FUNCTIONS, slope
from .matrices import rows
from .recurrent import state
from .sums import lines

__all__ = ["FUNCTIONS", "STEPS", "Desk", "lines", "rows", "slope", "state"]
__all__ += ["elementwise", "sums", "matrices", "softmax", "attention", "layer_norm", "recurrent", "optimiser"]
