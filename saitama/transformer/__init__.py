"""Level 12: the transformer, from its parts.

Attention and a small network in turns, each added to what was there. In the order to be read:

    layer_norm.py   every position to mean 0 and variance 1, by itself
    positional.py   attention sees a set; the position has to be told
    feed_forward.py what each position does with what it has seen
    block.py        attention, feed-forward, residual connections, normalisation: the block that is stacked
    decoder.py      the block that also looks at what an encoder has read
"""

from __future__ import annotations

from .block import EncoderBlock, TransformerBlock
from .decoder import DecoderBlock
from .layer_norm import LayerNorm
from .positional import PositionalEncoding, sinusoidal

__all__ = ["DecoderBlock", "EncoderBlock", "LayerNorm", "PositionalEncoding", "TransformerBlock", "sinusoidal"]
