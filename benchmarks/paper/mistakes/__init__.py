"""What people get wrong, worked out by hand: for each misconception the steps where it can happen, and what it gives.

A mistake takes the desk of a step, and what else there is on the page, and gives the wrong numbers. ValueError, and the
errors of lists that are too short, mean that it cannot be made here.
"""

from __future__ import annotations

from .mistake import MISTAKES, Mistake, Page, mistakes_at

# In this order they are planted: what is drawn at random depends on it.
# isort: off
from . import signs
from . import arranging
from . import means
from . import derivatives
from . import operations
from . import digits
from . import optimiser
from . import neurons
from . import softmax
from . import references
from . import order
# isort: on

__all__ = ["MISTAKES", "Mistake", "Page", "mistakes_at"]
__all__ += [
    "signs",
    "arranging",
    "means",
    "derivatives",
    "operations",
    "digits",
    "optimiser",
    "neurons",
    "softmax",
    "references",
    "order",
]
