"""Level 13: writing. The model gives a distribution of the next token; one is drawn, appended, and read again.

temperature   p_i ~ e^(logit_i / temperature): below 1 bolder in its likes, above 1 more even
top_k         only the k most likely tokens (Fan et al. 2018)
top_p         only the most likely tokens that together reach p, "nucleus sampling" (Holtzman et al. 2020)
greedy        always the most likely one
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from itertools import accumulate
from math import exp, inf, isnan
from typing import Any, Dict, Iterator, List, Optional

from saitama.autograd import no_grad
from saitama.nn import Module
from saitama.options import number, whole
from saitama.tensor import Tensor, cat, get_rng_state, rand, set_rng_state

from .gpt import GPT, KeyValueCache


def stream(
    model: GPT,
    idx: Tensor,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: Optional[int] = None,
    top_p: Optional[float] = None,
    greedy: bool = False,
    seed: Optional[int] = None,
    *,
    use_cache: bool = True,
) -> Iterator[Tensor]:
    """Continue each row of idx by max_new_tokens tokens, and give them as they are drawn: int64 (B, 1) or (1,) each.

    Args:
        idx: the prompt, int64 (B, T) or (T,), at least one token.
        temperature: above 0. top_k: from 1 on. top_p: above 0, up to 1. First the temperature counts, then top_k,
            then top_p. With greedy none of them matters.
        seed: the same seed gives the same text, and leaves the global random numbers as they are; None draws from them.
        use_cache: whether keys and values are kept, so that a new token costs one step; the tokens are the same.

    Beyond block_size the model reads the last block_size tokens. Each then has another position than before, which
    makes a cache useless: everything is computed anew for each token.

    The model is in evaluation while a token is computed. Raises TypeError and ValueError for other arguments,
    IndexError for unknown tokens, ValueError where the model's logits are not numbers.
    """
    _check_options(model, max_new_tokens, temperature, top_k, top_p, seed)
    model.check_tokens(idx)
    if greedy:
        top_k, top_p = 1, None
    numbers = None if seed is None else {"seed": seed, "position": 0}

    def draw(logits: Tensor) -> List[List[int]]:
        """One token for each row of logits (B, 1, V)."""
        rows: List[List[float]] = [row for [row] in logits.tolist()]
        draws = [0.0] * len(rows) if greedy else rand(len(rows), dtype="float64").tolist()
        return [[sample(row, u, temperature, top_k, top_p)] for row, u in zip(rows, draws)]

    def tokens() -> Iterator[Tensor]:
        rows, cache = idx if idx.ndim == 2 else idx.unsqueeze(0), KeyValueCache()  # (B, T)
        unread, parts = rows, list(model.modules())
        for _ in range(max_new_tokens):
            with _evaluation(parts), _random(numbers), no_grad():  # and left again before each token is given
                if use_cache and rows.shape[1] <= model.block_size:
                    logits, _loss = model(unread, cache=cache)  # first the prompt, then token by token
                else:
                    logits, _loss = model(rows[:, -model.block_size :])
                new = unread = Tensor(draw(logits[:, -1:]), dtype="int64")  # (B, 1)
                rows = cat([rows, new], 1)
            yield new if idx.ndim == 2 else new[0]

    return tokens()


def generate(model: GPT, idx: Tensor, max_new_tokens: int, *choices: Any, **named: Any) -> Tensor:
    """Continue each row of idx by max_new_tokens tokens.

    Takes what stream() takes: temperature=1.0, top_k=None, top_p=None, greedy=False, seed=None, use_cache=True; and
    raises what it raises. Returns int64 (B, T + max_new_tokens) or (T + max_new_tokens,): the prompt and what follows.
    """
    return cat([idx, *stream(model, idx, max_new_tokens, *choices, **named)], -1)


def sample(
    logits: List[float], u: float, temperature: float = 1.0, top_k: Optional[int] = None, top_p: Optional[float] = None
) -> int:
    """The token that a number u in [0, 1) draws: where the running sum of the probabilities, from the most likely
    token on, passes u. Of equals the first counts as more likely. Raises ValueError for logits with NaN or +inf."""
    best = max(logits)
    if any(map(isnan, logits)) or best in (inf, -inf):
        raise ValueError(
            "generate: the model's logits hold NaN or infinity, so there is nothing to draw from; its weights have "
            "probably diverged in training: go back to an earlier checkpoint"
        )
    order = sorted(range(len(logits)), key=logits.__getitem__, reverse=True)[:top_k]  # equals stay in order
    sums = list(accumulate([exp((logits[token] - best) / temperature) for token in order]))
    if top_p is not None:
        sums = sums[: bisect_left(sums, top_p * sums[-1]) + 1]  # up to the first sum that reaches top_p
    last = bisect_left(sums, sums[-1])  # the last token with a share: rounding may bring u to the end
    return order[min(bisect_right(sums, u * sums[-1]), last)]


@contextmanager
def _evaluation(parts: List[Module]) -> Iterator[None]:
    """Without dropout; every part goes back to the mode it was in."""
    in_training = [part for part in parts if part.training]
    for part in in_training:
        vars(part)["training"] = False  # past the checks of __setattr__
    try:
        yield
    finally:
        for part in in_training:
            vars(part)["training"] = True


@contextmanager
def _random(own: Optional[Dict[str, int]]) -> Iterator[None]:
    """Inside, the random numbers go on from the state `own`, which is kept up to date; nothing for None."""
    if own is None:
        yield
        return
    before = get_rng_state()
    try:
        set_rng_state(own)
        yield
        own.update(get_rng_state())
    finally:
        set_rng_state(before)


def _check_options(model: Any, count: Any, temperature: Any, top_k: Any, top_p: Any, seed: Any) -> None:
    if not isinstance(model, GPT):
        raise TypeError(f"generate: expected a GPT as the model, got a {type(model).__name__}")
    whole("generate: max_new_tokens", count, 0)
    always = "; for the most likely token always, set greedy=True"
    number("generate: temperature", temperature, above=True, advice=always)
    if top_k is not None:
        whole("generate: top_k", top_k, wanted="a whole number from 1 on, or None for all tokens")
    if top_p is not None:
        number("generate: top_p", top_p, most=1, above=True, wanted="a number above 0 and up to 1, or None")
    if seed is not None:
        whole("generate: seed", seed, 0, 2**64 - 1, wanted="a whole number from 0 to 2^64 - 1, or None")
