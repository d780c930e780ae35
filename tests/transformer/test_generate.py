"""Generation: the cache, the ways of drawing, repeatability, bad input."""

from __future__ import annotations

from math import inf, log, nan
from typing import Any, List, Optional

import pytest

from saitama import Tensor, get_rng_state, manual_seed, rand, randint
from saitama.autograd import is_grad_enabled
from saitama.tensor import cat
from saitama.transformer import GPT, generate, sample, stream
from saitama.transformer.gpt import CausalSelfAttention


def model(**options: Any) -> GPT:
    manual_seed(3)
    gpt = GPT(7, 6, 2, 2, 8, **options)
    for parameter in gpt.parameters():
        parameter.data = parameter.detach() * 8  # opinions strong enough to differ
    return gpt


PROMPT = Tensor([[1, 2], [6, 0]], dtype="int64")


# --- the cache --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("options", [{"greedy": True}, {"seed": 4}, {"seed": 4, "temperature": 2.0, "top_k": 5}])
def test_with_and_without_a_cache(options: Any) -> None:
    """12 tokens: within block_size, and twice as far."""
    gpt = model()
    cached = generate(gpt, PROMPT, 10, **options)
    assert cached.shape == (2, 12) and cached[:, :2].tolist() == PROMPT.tolist()
    assert cached.tolist() == generate(gpt, PROMPT, 10, use_cache=False, **options).tolist()


def test_a_new_token_costs_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: List[int] = []
    forward = CausalSelfAttention.forward

    def counted(self: Any, x: Tensor, cache: Any = None) -> Tensor:
        lengths.append(x.shape[-2])
        return forward(self, x, cache)

    monkeypatch.setattr(CausalSelfAttention, "forward", counted)
    generate(model(), PROMPT, 6, greedy=True)
    assert lengths[::2] == [2, 1, 1, 1, 1, 6]  # the last context is longer than block_size: cropped, computed anew


def test_greedy_is_the_argmax_of_the_model() -> None:
    gpt, tokens = model(), [1, 2]
    for _ in range(8):
        logits, _ = gpt(Tensor(tokens[-6:], dtype="int64"))
        tokens.append(logits[-1].argmax().item())
    assert generate(gpt, PROMPT[0], 8, greedy=True).tolist() == tokens
    assert generate(gpt, PROMPT[0], 8, top_k=1).tolist() == tokens
    assert generate(gpt, PROMPT[0], 8, top_p=1e-9).tolist() == tokens
    assert generate(gpt, PROMPT[0], 8, temperature=1e-9).tolist() == tokens


def test_long_prompts_and_none() -> None:
    gpt = model()
    long = randint(0, 7, (1, 20))
    grown = generate(gpt, long, 3, greedy=True)
    assert grown[:, :20].tolist() == long.tolist()
    assert grown[:, 20:].tolist() == generate(gpt, long[:, -6:], 3, greedy=True)[:, 6:].tolist()
    assert generate(gpt, PROMPT, 0).tolist() == PROMPT.tolist()


# --- drawing ----------------------------------------------------------------------------------------------------------
def test_seeds() -> None:
    gpt = model()
    manual_seed(1)
    before = get_rng_state()
    first = generate(gpt, PROMPT, 10, seed=5)
    assert get_rng_state() == before
    assert generate(gpt, PROMPT, 10, seed=5).tolist() == first.tolist()
    assert generate(gpt, PROMPT, 10, seed=6).tolist() != first.tolist()
    free = generate(gpt, PROMPT, 10)
    assert get_rng_state() != before
    manual_seed(1)
    assert generate(gpt, PROMPT, 10).tolist() == free.tolist()


@pytest.mark.parametrize("seed", [5, None])
def test_token_by_token(seed: Optional[int]) -> None:
    gpt = model(dropout=0.5)
    manual_seed(1)
    whole = generate(gpt, PROMPT, 10, seed=seed)[:, PROMPT.shape[1] :]
    manual_seed(1)
    tokens = []
    for token in stream(gpt, PROMPT, 10, seed=seed):
        assert token.shape == (2, 1) and is_grad_enabled() and gpt.training  # the reader's world is as it was
        if seed is not None:
            rand(3)  # and what it draws changes nothing
        tokens.append(token)
    assert cat(tokens, 1).tolist() == whole.tolist()
    with pytest.raises(ValueError, match="temperature"):
        stream(gpt, PROMPT, 10, temperature=0)  # at once, not at the first token


def test_evaluation_while_it_writes() -> None:
    gpt = model(dropout=0.5)
    gpt.transformer.h[0].eval()
    texts = [generate(gpt, PROMPT, 4, greedy=True) for _ in range(2)]
    assert texts[0].tolist() == texts[1].tolist() and not texts[0].requires_grad
    assert gpt.training and not gpt.transformer.h[0].mlp.training and gpt.transformer.h[1].mlp.training


def test_the_share_of_each_token() -> None:
    """Probabilities 0.1, 0.2, 0.3, 0.4, drawn at evenly spaced u."""
    logits, us = [log(p) for p in (0.1, 0.2, 0.3, 0.4)], [(i + 0.5) / 1000 for i in range(1000)]

    def shares(**options: Any) -> List[int]:
        drawn = [sample(logits, u, **options) for u in us]
        return [drawn.count(token) for token in range(4)]

    assert shares() == [100, 200, 300, 400]
    assert shares(top_k=2) == pytest.approx([0, 0, 3000 / 7, 4000 / 7], abs=1)
    assert shares(top_k=9) == shares()
    assert shares(top_p=0.65) == shares(top_k=2) and shares(top_p=0.75) == shares(top_k=3)
    assert shares(top_p=0.4 - 1e-9) == [0, 0, 0, 1000]
    assert shares(top_p=1.0) == shares()
    assert shares(top_k=3, top_p=0.7) == shares(top_k=2)  # 0.7 of what top_k has left: 0.4 / 0.9 is not enough
    assert shares(temperature=0.5) == pytest.approx([1000 / 30, 4000 / 30, 9000 / 30, 16000 / 30], abs=1)


def test_the_edges_of_drawing() -> None:
    assert sample([0.0, 5.0, 5.0], 0.0) == 1
    assert sample([0.0, -inf, -inf], 1 - 2**-53) == 0
    assert sample([-1e308, 1e308], 0.999, temperature=1e-300) == 1
    for bad in ([0.0, nan], [nan, 0.0], [inf, 0.0], [-inf, -inf]):
        with pytest.raises(ValueError, match="logits hold NaN or infinity"):
            sample(bad, 0.5)


# --- bad input --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "options, message",
    [
        ({"max_new_tokens": -1}, "max_new_tokens must be a whole number from 0 on, got -1"),
        ({"max_new_tokens": 2.0}, "max_new_tokens must be a whole number from 0 on, got 2.0"),
        ({"temperature": 0}, "temperature must be a number above 0, got 0; .* set greedy=True"),
        ({"temperature": nan}, "temperature must be a number above 0, got nan"),
        ({"top_k": 0}, "top_k must be a whole number from 1 on, or None for all tokens, got 0"),
        ({"top_p": 0.0}, "top_p must be a number above 0 and up to 1, or None, got 0.0"),
        ({"top_p": 1.5}, "top_p must be a number above 0 and up to 1, or None, got 1.5"),
        ({"seed": -1}, "seed must be a whole number from 0 to 2.64 - 1, or None, got -1"),
    ],
)
def test_bad_options(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        generate(model(), **{"idx": PROMPT, "max_new_tokens": 2, **options})


def test_bad_prompts() -> None:
    gpt = model()
    with pytest.raises(ValueError, match=r"at least one token, got \(1, 0\)"):
        generate(gpt, Tensor([[]], dtype="int64"), 2)
    with pytest.raises(IndexError, match="token 7 is outside the vocabulary, 0 to 6"):
        generate(gpt, Tensor([7, *[0] * 9], dtype="int64")[:6], 2)
    with pytest.raises(IndexError, match="token 9 is outside the vocabulary, 0 to 6"):
        generate(gpt, Tensor([9, *[0] * 9], dtype="int64"), 2)  # even where the model would not read it
    with pytest.raises(TypeError, match="idx must be a Tensor of int64 tokens, got list"):
        generate(gpt, [1, 2], 2)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="idx must be a Tensor of int64 tokens, got float64"):
        generate(gpt, rand(1, 2), 2)
    with pytest.raises(TypeError, match="expected a GPT as the model, got a int"):
        generate(3, PROMPT, 2)  # type: ignore[arg-type]


def test_a_diverged_model() -> None:
    gpt = model()
    gpt.lm_head.weight.data = gpt.lm_head.weight.detach() * nan
    with pytest.raises(ValueError, match="go back to an earlier checkpoint"):
        generate(gpt, PROMPT, 2, greedy=True)
