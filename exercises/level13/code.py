"""Level 13 in code: a small GPT, its training, and what it writes."""

from __future__ import annotations

import math
from typing import Any, List

import saitama
from saitama import Tensor, no_grad

from ..task import code
from ..trying import Try, Wrong, difference, numbers, shape_of, show

TEXT = [0, 1, 2, 3] * 12


def model_of(my: Try, **change: int) -> Any:
    saitama.manual_seed(3)
    sizes = {"vocab_size": 5, "block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8, **change}
    return my.run(f"GPT({', '.join(f'{k}={v}' for k, v in sizes.items())})", lambda: my.get("GPT")(**sizes))


@code(
    "13-code-gpt",
    "GPT: logits from tokens",
    "Embeddings of tokens and positions, blocks, a norm, and a linear layer to the vocabulary.",
    "No output may depend on a later token: the attention is causal.",
)
def gpt(my: Try) -> None:
    model = model_of(my)
    with no_grad():
        first = numbers(my.run("GPT(…)([0, 1, 2, 3, 4, 0])", model, [0, 1, 2, 3, 4, 0]))
        if shape_of(first) != (6, 5):
            raise Wrong(
                f"GPT(vocab_size=5, …)(6 tokens) has the shape {shape_of(first)}, expected (6, 5): logits of "
                "every position"
            )
        other = numbers(my.run("GPT(…)([0, 1, 2, 4, 1, 3])", model, [0, 1, 2, 4, 1, 3]))
        if (difference(first[:3], other[:3]) or 0) > 1e-9:
            raise Wrong(
                "the outputs 0 to 2 change with the tokens 3 to 5: the model sees what it is to guess (no causal mask?)"
            )
        other = numbers(my.run("GPT(…)([3, 1, 2, 3, 4, 0])", model, [3, 1, 2, 3, 4, 0]))
        if (difference(first[5], other[5]) or 0) < 1e-9:
            raise Wrong("output 5 does not change with the tokens before: do the positions attend to each other?")
        repeated = numbers(my.run("GPT(…)([1, 1, 1])", model, [1, 1, 1]))
        if (difference(repeated[0], repeated[2]) or 0) < 1e-9:
            raise Wrong("GPT(…)([1, 1, 1]) gives the same logits at every position: the positions are missing")
    my.refuses("GPT(…, block_size=8)(9 tokens)", "there are positions for 8 tokens only", model, [0] * 9)


@code(
    "13-code-loop",
    "train(model, tokens, block, steps, lr)",
    "Take a window of the text; the targets are the same window, one further.",
    "cross_entropy of the logits (T, V) with the targets; clear, backward, step.",
)
def loop(my: Try) -> None:
    model = model_of(my, block_size=8)
    text = "train(GPT(…), 48 tokens 0 1 2 3 0 1 …, block=8, steps=60, lr=0.02)"
    losses = my.run(text, my.get("train"), model, list(TEXT), 8, 60, 0.02)
    held: List[Any] = [numbers(v) for v in losses] if isinstance(losses, (list, tuple)) else []
    if len(held) != 60 or not all(isinstance(v, float) for v in held):
        raise Wrong(f"{text} returned {show(losses)}, expected the 60 losses as numbers")
    start, end = sum(held[:3]) / 3, sum(held[-3:]) / 3
    if not 0.8 < start < 3.5:
        raise Wrong(
            f"{text}: the first losses are {start:.3g}; of an untrained model about ln 5 = "
            f"{math.log(5):.3g} is due, the mean over positions"
        )
    if not end < 0.7 * start:
        raise Wrong(
            f"{text}: the loss goes from {start:.3g} to {end:.3g}; it must fall well below: is there a "
            "step, against the gradient?"
        )
    with no_grad():
        out = numbers(my.run("the trained GPT(…)([0, 1, 2, 3])", model, [0, 1, 2, 3]))
    best = [row.index(max(row)) for row in out]
    if best[1:] == [1, 2, 3]:
        raise Wrong("the trained model says its own input again: the targets are not shifted by one")
    if best[1:] != [2, 3, 0]:
        raise Wrong(f"after training on 0 1 2 3 0 1 … the model expects {best} after 0, 1, 2, 3; expected [1, 2, 3, 0]")


class Counting:
    """A model that is sure of the next token: one more than the last, modulo 4; and keeps what it was asked."""

    block_size, context = 4, 4

    def __init__(self, sure: float = 50.0) -> None:
        self.sure, self.asked = sure, []  # type: float, List[List[int]]

    def __call__(self, tokens: Any) -> Any:
        given = [int(t) for t in (tokens.tolist() if hasattr(tokens, "tolist") else tokens)]
        self.asked.append(given)
        if len(given) > self.block_size:
            raise ValueError(f"{len(given)} tokens; the context has room for {self.block_size}")
        return Tensor([[self.sure * (k == (t + 1) % 4) + 0.5 * k for k in range(4)] for t in given])

    def eval(self) -> Any:
        return self

    def train(self, mode: bool = True) -> Any:
        return self


@code(
    "13-code-generation",
    "generate(model, tokens, n, …)",
    "Only the logits of the last position count for the next token.",
    "model.block_size says how many tokens it reads; give it the last ones only.",
    "Divide the logits by the temperature; top_k keeps the k largest and forbids the rest.",
)
def generation(my: Try) -> None:
    f = my.get("generate")
    model = Counting()
    got = _whole(my.run("generate(model, [0, 1], 6, seed=1)", lambda: f(model, [0, 1], 6, seed=1)))
    if got != [0, 1, 2, 3, 0, 1, 2, 3]:
        why = (
            ": the tokens that were given come first"
            if got == [2, 3, 0, 1, 2, 3]
            else ": the last position's logits decide"
        )
        raise Wrong(
            f"generate(model, [0, 1], 6), with a model that counts on, returned {show(got)}, expected "
            f"[0, 1, 2, 3, 0, 1, 2, 3]{why}"
        )
    if any(asked and asked != [0, 1, 2, 3, 0, 1, 2, 3][: 2 + n][-4:] for n, asked in enumerate(model.asked)):
        raise Wrong(
            f"beyond the context (block_size 4) generate() asked the model with {model.asked[-1]}, "
            "expected the last 4 tokens"
        )
    unsure = Counting(0.0)

    def drawn(**options: Any) -> Any:
        return _whole(my.run(f"generate(model, [0], 40, {options})", lambda: f(unsure, [0], 40, **options)))

    if drawn(seed=5) != drawn(seed=5):
        raise Wrong("generate(…, seed=5) twice gave different texts: the same seed must give the same text")
    if drawn(seed=5) == drawn(seed=6):
        raise Wrong(
            "generate() with seed=5 and seed=6 gave the same 40 tokens: is the next token drawn, or is "
            "it always the largest?"
        )
    if len(set(drawn(seed=5, top_k=1)[1:])) > 1:
        raise Wrong("generate(…, top_k=1) gave different tokens: only the most probable one may be drawn")
    if set(drawn(seed=5, top_k=2)[1:]) - {2, 3}:
        raise Wrong("generate(…, top_k=2) gave a token that is not among the two most probable, 2 and 3")
    if len(set(drawn(seed=5, temperature=0.01)[1:])) > 1:
        raise Wrong(
            "generate(…, temperature=0.01) is not nearly always the most probable token: divide the "
            "logits by the temperature"
        )


def _whole(tokens: Any) -> Any:
    held = numbers(tokens)
    return [int(t) for t in held] if isinstance(held, list) and all(isinstance(t, float) for t in held) else held
