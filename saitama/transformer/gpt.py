"""Level 13: the GPT (Radford et al. 2018, 2019): causal transformer blocks that say which token comes next.

    x = wte[token] + wpe[position]
    x = x + Attention(LN1(x));  x = x + MLP(LN2(x))        n_layer times
    logits = LN_f(x) W^T

Names of the parts, and so of the parameters, are those of Andrej Karpathy's nanoGPT: weights move both ways.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import Any, Dict, Mapping, Optional, Tuple, Union

from saitama.attention import MultiHeadAttention, causal_mask
from saitama.autograd import checkpoint
from saitama.nn import Embedding, Linear, Module, ModuleList, init
from saitama.nn import functional as F
from saitama.nn.state import LoadResult
from saitama.options import whole
from saitama.regularization import Dropout
from saitama.tensor import Tensor, arange, cat, chunk

from .feed_forward import feed_forward, residual
from .layer_norm import LayerNorm


class KeyValueCache:
    """The keys and values of the tokens already read, for each layer; `length` tokens.

    In a causal model they do not depend on what comes later, so a new token needs only its own query, key and value.
    """

    def __init__(self) -> None:
        self.length = 0
        self._pairs: Dict[Module, Tuple[Tensor, Tensor]] = {}

    def extend(self, layer: Module, k: Tensor, v: Tensor) -> Tuple[Tensor, Tensor]:
        """Keep k and v (B, T, C) behind those that are there, and return all (B, length + T, C)."""
        if layer in self._pairs:
            k, v = (cat([old, new], -2) for old, new in zip(self._pairs[layer], (k, v)))
        self._pairs[layer] = k, v
        return k, v


class CausalSelfAttention(MultiHeadAttention):
    """Multi-head attention to oneself and to what came before: MultiHeadAttention under nanoGPT's names.

    Attributes: c_attn: Linear(C, 3 C), queries, keys and values at once; c_proj: Linear(C, C).
    """

    def __init__(self, n_embd: int, n_head: int, dropout: float, bias: bool, dtype: Any = None) -> None:
        self._options(n_embd, n_head, dropout, batch_first=True)
        self.c_attn = Linear(n_embd, 3 * n_embd, bias, dtype=dtype)
        self.c_proj = Linear(n_embd, n_embd, bias, dtype=dtype)
        self.resid_dropout = Dropout(dropout)

    def forward(self, x: Tensor, cache: Optional[KeyValueCache] = None) -> Tensor:  # type: ignore[override]
        """x (..., T, C) -> (..., T, C)."""
        T = x.shape[-2]
        q, k, v = chunk(self.c_attn(x), 3, -1)  # (..., T, 3 C) -> 3 times (..., T, C), the heads side by side
        q.name, k.name, v.name = "q", "k", "v"
        past = 0 if cache is None else cache.length
        if cache is not None:
            k, v = cache.extend(self, k, v)  # (..., past + T, C)
        mask = causal_mask(T, past=past) if past and T > 1 else None  # a single new query may attend to all keys
        y: Tensor = self.resid_dropout(self.c_proj(self._attend(q, k, v, mask, is_causal=not past)))
        return y

    def extra_repr(self) -> str:
        return ""  # the GPT says it


class MLP(Module):
    """gelu(x W_1^T + b_1) W_2^T + b_2, at every position alike; four times as wide inside."""

    def __init__(self, n_embd: int, dropout: float, bias: bool, dtype: Any = None) -> None:
        self.c_fc = Linear(n_embd, 4 * n_embd, bias, dtype=dtype)
        self.c_proj = Linear(4 * n_embd, n_embd, bias, dtype=dtype)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.dropout(feed_forward(x, self.c_fc, self.c_proj))
        return y


class Block(Module):
    """x = x + Attention(LN1(x));  x = x + MLP(LN2(x)): the pre-norm TransformerBlock under nanoGPT's names."""

    def __init__(self, n_embd: int, n_head: int, dropout: float, bias: bool, dtype: Any = None) -> None:
        self.ln_1 = LayerNorm(n_embd, bias=bias, dtype=dtype)
        self.attn = CausalSelfAttention(n_embd, n_head, dropout, bias, dtype)
        self.ln_2 = LayerNorm(n_embd, bias=bias, dtype=dtype)
        self.mlp = MLP(n_embd, dropout, bias, dtype)

    def forward(self, x: Tensor, cache: Optional[KeyValueCache] = None) -> Tensor:
        x = residual(x, self.ln_1, lambda y: self.attn(y, cache))
        return residual(x, self.ln_2, self.mlp)


class Trunk(Module):
    """From tokens to the vectors that the last layer reads."""

    def __init__(
        self,
        vocab_size: int,
        block_size: int,
        n_layer: int,
        n_head: int,
        n_embd: int,
        dropout: float,
        bias: bool,
        dtype: Any = None,
        checkpoint_blocks: bool = False,
    ) -> None:
        self.checkpoint_blocks = checkpoint_blocks
        self.wte = Embedding(vocab_size, n_embd, dtype=dtype)  # what the token is
        self.wpe = Embedding(block_size, n_embd, dtype=dtype)  # where it stands
        self.drop = Dropout(dropout)
        self.h = ModuleList(Block(n_embd, n_head, dropout, bias, dtype) for _ in range(n_layer))
        self.ln_f = LayerNorm(n_embd, bias=bias, dtype=dtype)

    def forward(self, idx: Tensor, cache: Optional[KeyValueCache] = None) -> Tensor:
        """idx (..., T) -> (..., T, C)."""
        past, T = 0 if cache is None else cache.length, idx.shape[-1]
        positions = arange(past, past + T)
        positions.name = "positions"
        x = self.drop(self.wte(idx) + self.wpe(positions))
        for block in self.h:
            x = checkpoint(block, x) if self.checkpoint_blocks and cache is None else block(x, cache)
        if cache is not None:
            cache.length += T
        return self.ln_f(x)


class GPT(Module):
    """Logits of the next token, at every position, from the tokens up to there.

    Args:
        vocab_size: V, how many tokens there are.
        block_size: the longest context.
        n_layer: blocks; n_head: heads in each; n_embd: C, the width, a multiple of n_head.
        dropout: in training: of the embeddings, the attention weights, and what each part adds.
        bias: whether linear layers and normalisations have one.
        weight_tying: whether one table serves for reading tokens (wte) and for writing them (lm_head) (Press and Wolf
            2017), as in GPT-2 and nanoGPT.
        checkpoint_blocks: whether training keeps only what goes into each block, and computes the block again in the
            backward pass: the same gradients, in the memory of one block and for a third more time.

    Attributes: transformer.wte, .wpe, .h (the blocks: ln_1, attn.c_attn, attn.c_proj, ln_2, mlp.c_fc, mlp.c_proj),
        .ln_f; lm_head: Linear(C, V) without bias. Weights start normal with a deviation of 0.02, those that add to the
        residual path (c_proj) of 0.02 / sqrt(2 n_layer), so that the sum over the layers keeps its size (GPT-2).

    Raises ValueError for sizes that are not whole numbers from 1 on, or a width that the heads do not divide.
    """

    def __init__(
        self,
        vocab_size: int,
        block_size: int,
        n_layer: int,
        n_head: int,
        n_embd: int,
        dropout: float = 0.0,
        bias: bool = True,
        weight_tying: bool = True,
        dtype: Any = None,
        checkpoint_blocks: bool = False,
    ) -> None:
        self.config: Dict[str, Any] = {
            "vocab_size": vocab_size,
            "block_size": block_size,
            "n_layer": n_layer,
            "n_head": n_head,
            "n_embd": n_embd,
        }
        for name, size in self.config.items():
            whole(f"GPT: {name}", size)
        if n_embd % n_head:
            raise ValueError(
                f"GPT: a width of n_embd={n_embd} cannot be split among n_head={n_head} heads: {n_embd} / {n_head} is "
                "not whole"
            )
        self.config.update(dropout=dropout, bias=bool(bias), weight_tying=bool(weight_tying))
        self.vocab_size, self.block_size, self.weight_tying = vocab_size, block_size, bool(weight_tying)
        trunk = (vocab_size, block_size, n_layer, n_head, n_embd, dropout, bool(bias), dtype, bool(checkpoint_blocks))
        self.transformer = Trunk(*trunk)
        self.lm_head = Linear(n_embd, vocab_size, bias=False, dtype=dtype)
        if weight_tying:
            self.lm_head.weight = self.transformer.wte.weight
        for name, parameter in self.named_parameters():
            if name.endswith("c_proj.weight"):
                init.normal_(parameter, 0.0, 0.02 / sqrt(2 * n_layer))
            elif parameter.ndim == 2:
                init.normal_(parameter, 0.0, 0.02)
            elif "ln_" not in name:
                init.zeros_(parameter)

    def forward(
        self, idx: Tensor, targets: Optional[Tensor] = None, cache: Optional[KeyValueCache] = None
    ) -> Tuple[Tensor, Optional[Tensor]]:
        """What comes next, and how well that was known.

        Args:
            idx: tokens, int64 (B, T) or (T,), with T up to block_size.
            targets: the token that follows each of idx, same shape; -1 counts for nothing.
            cache: what has been read before idx; it is extended by idx. For generation, see generate().

        Returns logits (B, T, V), and the loss, () in nats per token, or None without targets. Raises TypeError for
        other dtypes, ValueError for other shapes or a longer context, IndexError for tokens outside [0, V).
        """
        self.check_tokens(idx)
        context = idx.shape[-1] + (0 if cache is None else cache.length)
        if context > self.block_size:
            raise ValueError(
                f"GPT: a context of {context} tokens is longer than block_size={self.block_size}; keep the last ones, "
                f"idx[..., -{self.block_size}:]"
            )
        logits = self.lm_head(self.transformer(idx, cache))  # (B, T, V)
        logits.name = "logits"
        if targets is None:
            return logits, None
        # Teacher forcing: position t has read the true tokens 0 to t, whatever the model itself would have said, and
        # is asked for the token t + 1. So the T questions of a text need no generation, and are answered at once; that
        # none of them can see its answer is what the causal mask is for.
        _int64("targets", targets)
        if targets.shape != idx.shape:
            raise ValueError(f"GPT: targets must have the shape of idx, {idx.shape}, got {targets.shape}")
        flat = logits.reshape(idx.numel(), self.vocab_size)
        loss = F.cross_entropy(flat, targets.reshape(-1), ignore_index=-1)
        loss.name = "loss"
        return logits, loss

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> LoadResult:
        """As Module.load_state_dict. The causal masks that some files hold (attn.bias) are passed over, and tied
        weights may come under one of their two names, but not as two different tables (ValueError)."""
        if not isinstance(state, Mapping):
            return super().load_state_dict(state, strict)
        state = {name: value for name, value in state.items() if not name.endswith((".attn.bias", ".attn.masked_bias"))}
        tied = ("transformer.wte.weight", "lm_head.weight")
        there = [name for name in tied if name in state]
        if self.weight_tying and len(there) == 1:
            state.update(dict.fromkeys(tied, state[there[0]]))
        elif self.weight_tying and there:
            tables = [state[name].tolist() if isinstance(state[name], Tensor) else state[name] for name in tied]
            if tables[0] != tables[1]:
                raise ValueError(
                    f"load_state_dict: {tied[0]} and {tied[1]} differ, but this GPT has one table for both; make it "
                    "with weight_tying=False"
                )
        return super().load_state_dict(state, strict)

    def check_tokens(self, idx: Any) -> None:
        """Raises TypeError, ValueError or IndexError unless idx holds tokens of this model; of any length."""
        _int64("idx", idx)
        if idx.ndim not in (1, 2) or not idx.numel():
            raise ValueError(f"GPT: idx must have shape (B, T) or (T,) with at least one token, got {idx.shape}")
        for token in F.extremes(idx):
            if not 0 <= token < self.vocab_size:  # a negative one would count from the end
                raise IndexError(f"GPT: token {token:.0f} is outside the vocabulary, 0 to {self.vocab_size - 1}")

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.config.items())


def _int64(name: str, tokens: Any) -> None:
    if not isinstance(tokens, Tensor) or tokens.dtype != "int64":
        kind = tokens.dtype if isinstance(tokens, Tensor) else type(tokens).__name__
        raise TypeError(f"GPT: {name} must be a Tensor of int64 tokens, got {kind}; make it with dtype='int64'")


def perplexity(loss: Union[Tensor, float]) -> float:
    """e^loss, for a mean loss in nats per token: among how many equally likely tokens the model is undecided. 1 is
    certainty, vocab_size is knowing nothing; inf where e^loss is beyond the floats."""
    nats = float(loss.item() if isinstance(loss, Tensor) else loss)
    try:
        return exp(nats)
    except OverflowError:
        return float("inf")
