"""Level 12: the block of a transformer. Positions talk to each other (attention), then each thinks (feed-forward)."""

from __future__ import annotations

from typing import Any, ClassVar, Optional

from saitama.attention import MultiHeadAttention
from saitama.nn import Linear, Module
from saitama.regularization import Dropout
from saitama.tensor import Tensor
from saitama.tensor.dtype import is_float

from .feed_forward import ACTIVATIONS, Part, feed_forward, residual
from .layer_norm import LayerNorm


class AttentionBlock(Module):
    """What TransformerBlock and DecoderBlock share: their parts, and the way through each of them."""

    looks_up: ClassVar[bool] = False  # whether there is a second attention, to what an encoder has read

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: Optional[int] = None,
        dropout: float = 0.0,
        activation: str = "gelu",
        norm_first: bool = True,
        causal: bool = False,
        layer_norm_eps: float = 1e-5,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        if activation not in ACTIVATIONS:
            names = " or ".join(f'"{name}"' for name in ACTIVATIONS)
            raise ValueError(f"{type(self).__name__}: activation must be {names}, got {activation!r}")
        self.d_model, self.activation = d_model, activation
        self.norm_first, self.causal = bool(norm_first), bool(causal)
        # Names and order of the parameters are PyTorch's.
        for name in ("self_attn", "multihead_attn") if self.looks_up else ("self_attn",):
            setattr(self, name, MultiHeadAttention(d_model, nhead, dropout, bias, batch_first=True, dtype=dtype))
        hidden = 4 * d_model if dim_feedforward is None else dim_feedforward
        self.linear1 = Linear(d_model, hidden, bias, dtype=dtype)
        self.linear2 = Linear(hidden, d_model, bias, dtype=dtype)
        for name in ("norm1", "norm2", "norm3") if self.looks_up else ("norm1", "norm2"):
            setattr(self, name, LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))
        self.dropout = Dropout(dropout)

    self_attn: MultiHeadAttention
    norm1: LayerNorm
    norm2: LayerNorm

    def _attend(self, x: Tensor, mask: Optional[Tensor], key_mask: Optional[Tensor]) -> Tensor:
        """The first part: every position looks at the others."""
        return self._part(
            x, self.norm1, lambda y: self.self_attn(y, mask=mask, key_mask=key_mask, is_causal=self.causal)
        )

    def feed_forward(self, x: Tensor) -> Tensor:
        """FFN(x), the last part, with dropout inside too."""
        return feed_forward(x, self.linear1, lambda h: self.linear2(self.dropout(h)), self.activation)

    def _part(self, x: Tensor, norm: LayerNorm, part: Part) -> Tensor:
        return residual(x, norm, lambda y: self.dropout(part(y)), self.norm_first)

    def _check(self, x: Any, what: str = "x") -> None:
        if not isinstance(x, Tensor) or not is_float(x.dtype):
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"{type(self).__name__}: {what} must be a Tensor of floats, got {kind}")
        if x.ndim not in (2, 3) or x.shape[-1] != self.d_model:
            raise ValueError(
                f"{type(self).__name__}: expected {what} of shape (B, T, {self.d_model}) or (T, {self.d_model}), "
                f"got {x.shape}"
            )

    def extra_repr(self) -> str:
        return f"{'pre' if self.norm_first else 'post'}-norm, activation={self.activation!r}"


class TransformerBlock(AttentionBlock):
    """Pre-norm:  x = x + Attention(LN1(x));  x = x + FFN(LN2(x))
    Post-norm: x = LN1(x + Attention(x));  x = LN2(x + FFN(x))

    Args:
        d_model: C, the width; nhead: h, the heads, a divisor of it.
        dim_feedforward: the width inside the FFN; 4 C if None.
        dropout: after each part, inside the FFN, and among the attention weights.
        activation: "gelu" or "relu".
        norm_first: pre-norm (True) or post-norm.
        causal: whether nobody may attend to the future, as in a GPT.
        layer_norm_eps: of both normalisations; bias: whether all parts have biases.

    Attributes: self_attn, linear1, linear2, norm1, norm2: PyTorch's names (TransformerEncoderLayer), so a state_dict
        moves both ways.

    Shape: x (B, T, C) or (T, C), unchanged. Raises ValueError for shapes that do not fit, TypeError for wrong dtypes.
    """

    def forward(self, x: Tensor, mask: Optional[Tensor] = None, key_mask: Optional[Tensor] = None) -> Tensor:
        """mask and key_mask: see MultiHeadAttention; True allows."""
        self._check(x)
        x = self._attend(x, mask, key_mask)
        return self._part(x, self.norm2, self.feed_forward)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, causal={self.causal}"


class EncoderBlock(TransformerBlock):
    """The encoder's block of "Attention Is All You Need" (figure 1, left): TransformerBlock with post-norm and ReLU."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: Optional[int] = None,
        dropout: float = 0.1,
        activation: str = "relu",
        norm_first: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(d_model, nhead, dim_feedforward, dropout, activation, norm_first, **options)
