"""Levels 9 to 11: how a network reads a sequence, from the recurrent nets to what replaced them.

A recurrent net reads one step after the other; attention looks at all positions at once. In the order to be read:

    recurrent.py    what RNN, LSTM and GRU share: layers, time steps, truncated backpropagation through time
    rnn.py          h carries what was read; its gradient vanishes or explodes over many steps
    lstm.py         a cell with gates, through which a gradient passes unharmed
    gru.py          the same idea with fewer parts
    mask.py         who may look at whom
    attention.py    every position looks at every other in one step: equation 1 of "Attention Is All You Need"
    online.py       the same a few keys at a time, as FlashAttention computes it
    multi_head.py   several such looks side by side
"""

from __future__ import annotations

from .attention import scaled_dot_product_attention
from .gru import GRU, GRUCell
from .lstm import LSTM, LSTMCell
from .mask import causal_mask
from .multi_head import MultiHeadAttention
from .online import online_attention
from .recurrent import detach_state
from .rnn import RNN, RNNCell

__all__ = [
    "GRU",
    "GRUCell",
    "LSTM",
    "LSTMCell",
    "MultiHeadAttention",
    "RNN",
    "RNNCell",
    "causal_mask",
    "detach_state",
    "online_attention",
    "scaled_dot_product_attention",
]
