"""A GPT so small that a workbook shows all of it, and the loss of a text, as the root of such a workbook."""

from __future__ import annotations

from typing import Tuple

from saitama.tensor import Tensor, get_rng_state, manual_seed, set_rng_state
from saitama.transformer import GPT, CharTokenizer

TEXT = "attention"  # 8 characters to read, and 8 to answer with


def tiny_gpt(text: str = TEXT, seed: int = 0) -> Tuple[GPT, CharTokenizer]:
    """An untrained GPT of 2 blocks, 2 heads, width 8 and context 8, float64, for the characters of `text`.

    Its weights are drawn as GPT-2's, but ten times as large and rounded to two decimals: large enough for every step to
    show, and short enough to be typed. The global random numbers are left as they are.
    """
    tokenizer = CharTokenizer(text)
    before = get_rng_state()
    try:
        manual_seed(seed)
        model = GPT(tokenizer.vocab_size, block_size=8, n_layer=2, n_head=2, n_embd=8, dtype="float64")
    finally:
        set_rng_state(before)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            rounded = [[round(10 * number, 2) for number in row] for row in parameter.tolist()]
            parameter.data = Tensor(rounded, dtype="float64")
    return model, tokenizer


def loss_of_text(model: GPT, tokenizer: CharTokenizer, text: str) -> Tensor:
    """How well the model knows each next character of `text`: the mean loss, () in nats, with its graph.

    Raises ValueError for a text of fewer than 2 characters, one longer than the context and the answer after it, and
    unknown characters.
    """
    most = model.block_size + 1
    if not 2 <= len(text) <= most:
        raise ValueError(
            f"the text has {len(text)} characters; give 2 to {most}: a context of up to {model.block_size}, and the "
            "character that follows it"
        )
    tokens = tokenizer.encode(text)
    idx, targets = Tensor(tokens[:-1], dtype="int64", name="idx"), Tensor(tokens[1:], dtype="int64", name="targets")
    _, loss = model(idx, targets)
    assert loss is not None  # as there are targets
    return loss
