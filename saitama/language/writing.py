"""A prompt continued, as text."""

from __future__ import annotations

from typing import Any

from saitama.tensor import Tensor
from saitama.transformer import GPT, CharTokenizer, generate


def encode_prompt(tokenizer: CharTokenizer, prompt: str) -> Tensor:
    """The tokens (T,) of a prompt. Raises ValueError for an empty one, and for characters that no token stands for."""
    if not prompt:
        raise ValueError("the prompt is empty; give at least one character to begin with")
    return Tensor(tokenizer.encode(prompt), dtype="int64")


def write(model: GPT, tokenizer: CharTokenizer, prompt: str, length: int, **options: Any) -> str:
    """The prompt and `length` more characters. options: generate's temperature, top_k, top_p, greedy, seed."""
    return tokenizer.decode(generate(model, encode_prompt(tokenizer, prompt), length, **options))


def first_prompt(tokenizer: CharTokenizer) -> str:
    """What a text begins after: the end of a line, or else the first character that there is."""
    return "\n" if "\n" in tokenizer.characters else tokenizer.characters[0]
