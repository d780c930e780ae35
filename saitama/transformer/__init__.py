"""Levels 12 and 13: the transformer, from its parts, and the GPT that is made of it.

Attention and a small network in turns, each added to what was there. In the order to be read:

    layer_norm.py   every position to mean 0 and variance 1, by itself
    positional.py   attention sees a set; the position has to be told
    feed_forward.py what each position does with what it has seen
    block.py        attention, feed-forward, residual connections, normalisation: the block that is stacked
    decoder.py      the block that also looks at what an encoder has read
    gpt.py          embeddings, a stack of causal blocks, logits of the next token: the language model
    tokenizer.py    text to numbers and back
    generate.py     the model writes
"""

from __future__ import annotations

from .block import EncoderBlock, TransformerBlock
from .decoder import DecoderBlock
from .generate import generate, sample, stream
from .gpt import GPT, KeyValueCache, perplexity
from .layer_norm import LayerNorm
from .positional import PositionalEncoding, sinusoidal
from .tokenizer import CharTokenizer

__all__ = [
    "CharTokenizer",
    "DecoderBlock",
    "EncoderBlock",
    "GPT",
    "KeyValueCache",
    "LayerNorm",
    "PositionalEncoding",
    "TransformerBlock",
    "generate",
    "perplexity",
    "sample",
    "sinusoidal",
    "stream",
]
