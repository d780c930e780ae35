"""Level 12: the block of a transformer. Positions talk to each other (attention), then each thinks (feed-forward)."""

from __future__ import annotations

from typing import Any, Optional

from saitama.attention import MultiHeadAttention
from saitama.tensor import Tensor

from .feed_forward import Residual
from .layer_norm import LayerNorm


class TransformerBlock(Residual):
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

    norm1: LayerNorm
    norm2: LayerNorm

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
        self._options(d_model, dropout, activation, norm_first)
        self.causal = bool(causal)
        self.self_attn = MultiHeadAttention(d_model, nhead, dropout, bias, batch_first=True, dtype=dtype)
        self._feed_forward_parts(dim_feedforward, 2, layer_norm_eps, bias, dtype)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None, key_mask: Optional[Tensor] = None) -> Tensor:
        """mask and key_mask: see MultiHeadAttention; True allows."""
        self._check(x)
        x = self._residual(
            x, self.norm1, lambda y: self.self_attn(y, mask=mask, key_mask=key_mask, is_causal=self.causal)
        )
        return self._residual(x, self.norm2, self.feed_forward)

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
