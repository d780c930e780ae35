"""Every operation with its derivative: the whole of differentiation is these few small classes."""

# ruff: noqa: F403
from __future__ import annotations

from ..function import OPS
from .arithmetic import *
from .attention import *
from .compare import *
from .elementwise import *
from .index import *
from .linear import *
from .loss import *
from .matmul import *
from .normalise import *
from .recurrent import *
from .reduce import *
from .rounding import *
from .shape import *
from .softmax import *

__all__ = sorted(OPS)
