"""Level 12: the decoder's block: it reads what has been written so far, and looks up what the encoder has read."""

from __future__ import annotations

from typing import Any, Optional

from saitama.attention import MultiHeadAttention
from saitama.tensor import Tensor

from .block import AttentionBlock
from .layer_norm import LayerNorm


class DecoderBlock(AttentionBlock):
    """The decoder's block of "Attention Is All You Need" (figure 1, right):

    x = LN1(x + Attention(x, x, x))           causal: nobody sees what is still to be written
    x = LN2(x + Attention(x, memory, memory)) queries from here, keys and values from the encoder
    x = LN3(x + FFN(x))

    or, with norm_first, x + part(LN(x)) each. Arguments as for TransformerBlock, with the paper's defaults.

    Attributes: self_attn, multihead_attn (the cross-attention), linear1, linear2, norm1, norm2, norm3: PyTorch's names
        (TransformerDecoderLayer), so a state_dict moves both ways.

    Shape: x (B, T, C), memory (B, S, C) -> (B, T, C); or all without B. Raises ValueError for shapes that do not fit,
    TypeError for wrong dtypes.
    """

    looks_up = True
    multihead_attn: MultiHeadAttention
    norm3: LayerNorm

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: Optional[int] = None,
        dropout: float = 0.1,
        activation: str = "relu",
        norm_first: bool = False,
        causal: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(d_model, nhead, dim_feedforward, dropout, activation, norm_first, causal, **options)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Optional[Tensor] = None,
        key_mask: Optional[Tensor] = None,
        memory_mask: Optional[Tensor] = None,
        memory_key_mask: Optional[Tensor] = None,
    ) -> Tensor:
        """mask and key_mask for x, memory_mask (T, S) and memory_key_mask (B, S) for the memory; True allows."""
        self._check(x)
        self._check(memory, "memory")
        x = self._attend(x, mask, key_mask)
        x = self._part(
            x, self.norm2, lambda y: self.multihead_attn(y, memory, mask=memory_mask, key_mask=memory_key_mask)
        )
        return self._part(x, self.norm3, self.feed_forward)
