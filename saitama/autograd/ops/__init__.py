"""Every operation with its derivative: the whole of differentiation is these few small classes."""

# ruff: noqa: F401
from __future__ import annotations

from .arithmetic import Add, Div, Maximum, Minimum, Mul, Neg, Pow, Sub
from .attention import Attention
from .compare import Eq, Ge, Gt, Le, Lt, Ne, Where
from .elementwise import GELU, Abs, Exp, Log, ReLU, Sigmoid, Sqrt, Tanh
from .index import Gather, Slice, Take
from .linear import Linear
from .loss import CrossEntropy, Softplus
from .matmul import MatMul
from .normalise import BatchNorm, LayerNorm
from .recurrent import ElmanSteps, GRUSteps, LSTMSteps
from .reduce import ArgMax, ArgMin, Max, Mean, Min, Sum
from .rounding import Round, RoundGradient
from .shape import Cast, Concat, Expand, Reshape, Transpose
from .softmax import LogSoftmax, Softmax

__all__ = [name for name in dir() if name[0].isupper()]
