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
from math import exp, inf
from typing import Any, Iterator, List, Optional

from saitama.autograd import no_grad
from saitama.tensor import Tensor, cat, get_rng_state, manual_seed, rand, set_rng_state

from .gpt import GPT, KeyValueCache


def generate(
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
) -> Tensor:
    """Continue each row of idx by max_new_tokens tokens.

    Args:
        idx: the prompt, int64 (B, T) or (T,), at least one token.
        temperature: above 0. top_k: from 1 on. top_p: above 0, up to 1. First the temperature counts, then top_k,
            then top_p. With greedy none of them matters.
        seed: the same seed gives the same text, and leaves the global random numbers as they are; None draws from them.
        use_cache: whether keys and values are kept, so that a new token costs one step; the tokens are the same.

    Beyond block_size the model reads the last block_size tokens. Each then has another position than before, which
    makes a cache useless: everything is computed anew for each token.

    Returns int64 (B, T + max_new_tokens) or (T + max_new_tokens,): the prompt and what follows. The model is in
    evaluation while this runs. Raises TypeError and ValueError for other arguments, IndexError for unknown tokens,
    ValueError where the model's logits are not numbers.
    """
    _check_options(model, max_new_tokens, temperature, top_k, top_p)
    model.check_tokens(idx)
    rows = idx if idx.ndim == 2 else idx.unsqueeze(0)  # (B, T)
    cache = KeyValueCache()
    with _evaluation(model), _random(seed), no_grad():
        for _ in range(max_new_tokens):
            if use_cache and rows.shape[1] <= model.block_size:
                logits, _loss = model(rows[:, cache.length :], cache=cache)  # the prompt first, then token by token
            else:
                logits, _loss = model(rows[:, -model.block_size :])
            scores: List[List[float]] = logits[:, -1].tolist()  # (B, V)
            draws = [0.0] * len(scores) if greedy else rand(len(scores), dtype="float64").tolist()
            chosen = [
                [sample(row, u, temperature, 1 if greedy else top_k, None if greedy else top_p)]
                for row, u in zip(scores, draws)
            ]
            rows = cat([rows, Tensor(chosen, dtype="int64")], 1)
    return rows if idx.ndim == 2 else rows[0]


def sample(
    logits: List[float], u: float, temperature: float = 1.0, top_k: Optional[int] = None, top_p: Optional[float] = None
) -> int:
    """The token that a number u in [0, 1) draws: where the running sum of the probabilities, from the most likely
    token on, passes u. Of equals the first counts as more likely. Raises ValueError for logits with NaN or +inf."""
    best = max(logits)
    if any(logit != logit for logit in logits) or best in (inf, -inf):
        raise ValueError(
            "generate: the model's logits hold NaN or infinity, so there is nothing to draw from; its weights have "
            "probably diverged in training: go back to an earlier checkpoint"
        )
    order = sorted(range(len(logits)), key=lambda token: -logits[token])[:top_k]
    sums = list(accumulate(exp((logits[token] - best) / temperature) for token in order))
    if top_p is not None:
        sums = sums[: bisect_left(sums, top_p * sums[-1]) + 1]  # up to the first that reaches it
    last = bisect_left(sums, sums[-1])  # the last one that adds anything, should u times the sum be rounded up to it
    return order[min(bisect_right(sums, u * sums[-1]), last)]


@contextmanager
def _evaluation(model: GPT) -> Iterator[None]:
    """Without dropout; every part goes back to the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _random(seed: Optional[int]) -> Iterator[None]:
    """The random numbers of `seed` inside, the global ones untouched; nothing for None."""
    if seed is None:
        yield
        return
    before = get_rng_state()
    try:
        manual_seed(seed)
        yield
    finally:
        set_rng_state(before)


def _check_options(model: Any, count: Any, temperature: Any, top_k: Any, top_p: Any) -> None:
    if not isinstance(model, GPT):
        raise TypeError(f"generate: expected a GPT as the model, got a {type(model).__name__}")
    if not _is(count, int) or count < 0:
        raise ValueError(f"generate: max_new_tokens must be a whole number from 0 on, got {count!r}")
    if not _is(temperature, (int, float)) or not 0 < temperature < inf:
        raise ValueError(
            f"generate: temperature must be a number above 0, got {temperature!r}; for the most likely token always, "
            "set greedy=True"
        )
    if top_k is not None and (not _is(top_k, int) or top_k < 1):
        raise ValueError(f"generate: top_k must be a whole number from 1 on, or None for all tokens, got {top_k!r}")
    if top_p is not None and (not _is(top_p, (int, float)) or not 0 < top_p <= 1):
        raise ValueError(f"generate: top_p must be a number above 0 and up to 1, or None, got {top_p!r}")


def _is(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
