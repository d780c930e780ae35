"""Levels 5 and 6: modules, layers, activations and losses, with PyTorch's names, defaults and shapes.

Layers of later levels are found here too, where PyTorch has them (nn.LayerNorm, nn.LSTM ...): the same classes, which
are imported when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, List

from . import functional, init
from .activation import GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from .container import ModuleList, Sequential
from .embedding import Embedding
from .linear import Linear
from .loss import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from .module import Module
from .parameter import Parameter
from .summary import Summary, summary

if TYPE_CHECKING:
    from saitama.attention import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
    from saitama.attention import MultiHeadAttention as MultiheadAttention
    from saitama.regularization import BatchNorm1d, Dropout
    from saitama.transformer import LayerNorm

ELSEWHERE = {  # PyTorch's name: where it is
    "BatchNorm1d": "saitama.regularization",
    "Dropout": "saitama.regularization",
    "GRU": "saitama.attention",
    "GRUCell": "saitama.attention",
    "LSTM": "saitama.attention",
    "LSTMCell": "saitama.attention",
    "LayerNorm": "saitama.transformer",
    "MultiheadAttention": "saitama.attention",
    "RNN": "saitama.attention",
    "RNNCell": "saitama.attention",
}


def __getattr__(name: str) -> Any:
    if name not in ELSEWHERE:
        raise AttributeError(f"module 'saitama.nn' has no attribute {name!r}")
    ours = {"MultiheadAttention": "MultiHeadAttention"}.get(name, name)  # the same but for one letter
    return getattr(import_module(ELSEWHERE[name]), ours)


def __dir__() -> List[str]:
    return sorted({*globals(), *ELSEWHERE})


__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "GELU",
    "GRU",
    "GRUCell",
    "L1Loss",
    "LSTM",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "ModuleList",
    "MultiheadAttention",
    "NLLLoss",
    "Parameter",
    "RNN",
    "RNNCell",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Summary",
    "Tanh",
    "functional",
    "init",
    "summary",
]
