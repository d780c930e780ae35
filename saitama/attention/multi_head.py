"""Level 11: multi-head attention (Vaswani et al. 2017, section 3.2.2): several attentions, each on its own projections.

One softmax gives one average. With h heads of width C / h each, a position can look at h places at once, for the price
of one head of width C.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple, Union

from saitama.nn import Linear, Module, Parameter, init
from saitama.nn import functional as F
from saitama.options import number, whole
from saitama.tensor import Tensor, chunk, where, zeros
from saitama.tensor.dtype import is_float

from .attention import scaled_dot_product_attention


class MultiHeadAttention(Module):
    """MultiHead(Q, K, V) = Concat(head_1, ..., head_h) W_O,  head_i = Attention(Q W_Q,i, K W_K,i, V W_V,i)

    Args:
        embed_dim: C, the width of queries, keys, values and output.
        num_heads: h, a divisor of C.
        dropout: the probability of a zero among the attention weights, in training.
        bias: whether the projections have one.
        batch_first: tensors are (B, T, C) instead of (T, B, C).

    Attributes:
        in_proj_weight: (3 C, C): W_Q, W_K and W_V of all heads one below the other; in_proj_bias: (3 C,) or None.
        out_proj: Linear(C, C), the W_O. The names are PyTorch's, so a state_dict moves both ways.

    Raises ValueError for a width that the heads do not divide.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        batch_first: bool = False,
        dtype: Any = None,
    ) -> None:
        self._options(embed_dim, num_heads, dropout, batch_first)
        self.in_proj_weight = init.xavier_uniform_(Parameter(zeros(3 * embed_dim, embed_dim, dtype=dtype)))
        self.in_proj_bias = Parameter(zeros(3 * embed_dim, dtype=dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype=dtype)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def _options(self, embed_dim: int, num_heads: int, dropout: float, batch_first: bool) -> None:
        embed_dim = whole("MultiHeadAttention: embed_dim", embed_dim)
        num_heads = whole("MultiHeadAttention: num_heads", num_heads)
        if embed_dim % num_heads:
            raise ValueError(
                f"MultiHeadAttention: a width of {embed_dim} cannot be split among {num_heads} heads: "
                f"{embed_dim} / {num_heads} is not whole"
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.dropout = float(number("MultiHeadAttention: dropout", dropout, most=1))
        self.batch_first = bool(batch_first)

    def forward(
        self,
        query: Tensor,
        key: Optional[Tensor] = None,
        value: Optional[Tensor] = None,
        mask: Optional[Tensor] = None,
        key_mask: Optional[Tensor] = None,
        is_causal: bool = False,
        return_weights: bool = False,
    ) -> Union[Tensor, Tuple[Tensor, Tensor]]:
        """Self-attention for one tensor, cross-attention for queries from one and keys and values from another.

        Args:
            query: (T, B, C), or (B, T, C) with batch_first, or (T, C) without a batch.
            key, value: (S, B, C) and so on; key = query and value = key if None.
            mask: bool (True: may attend) or floats to add: (T, S) for all, or (B, h, T, S), where B and h may be 1.
            key_mask: bool (B, S), or (S,) without a batch: False for keys that are padding, whoever asks.
            is_causal: nobody attends to the future.
            return_weights: whether to return the weights of each head too, (B, h, T, S); without a batch (h, T, S).

        Note that PyTorch's module has masks that are True where attention is *forbidden*; here, as in
        scaled_dot_product_attention of both, True allows.

        Returns the shape of the query. Raises ValueError for shapes that do not fit, TypeError for wrong dtypes.
        """
        key = query if key is None else key
        value = key if value is None else value
        self._check(query, key, value)
        q, k, v = self._project(query, key, value)  # (B, T, C), (B, S, C), (B, S, C)
        if isinstance(mask, Tensor) and mask.ndim not in (2, q.ndim + 1):  # (B, T, S) would pass for (h, T, S)
            raise ValueError(
                f"MultiHeadAttention: the mask has shape {mask.shape}, expected (T, S) or "
                f"({'B, ' * (q.ndim - 2)}h, T, S); a size may be 1, as unsqueeze() makes it"
            )
        if key_mask is not None:
            mask = self._with_keys(mask, key_mask, k.shape[:-1])
        found = self._attend(q, k, v, mask, is_causal, return_weights)
        y, weights = found if return_weights else (found, found)  # (B, T, C), (B, h, T, S)
        y = self.out_proj(self._turn(y))
        return (y, weights) if return_weights else y

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Q W_Q, K W_K and V W_V for all heads, with the batch in front."""
        W, b, C = self.in_proj_weight, self.in_proj_bias, self.embed_dim
        thirds = [slice(0, C), slice(C, 2 * C), slice(2 * C, 3 * C)]
        if query is key is value:  # one product instead of three
            q, k, v = chunk(F.linear(self._turn(query), W, b), 3, -1)  # (B, T, 3 C) -> 3 times (B, T, C)
        else:
            q, k, v = (
                F.linear(self._turn(x), W[third], None if b is None else b[third])
                for x, third in zip((query, key, value), thirds)
            )
        return q, k, v

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], is_causal: bool, return_weights: bool = False
    ) -> Any:
        """The heads, side by side again: (B, T, C); with return_weights (B, h, T, S) too."""
        p = self.dropout if self.training else 0.0
        options: Any = {"dropout_p": p, "num_heads": self.num_heads}
        return scaled_dot_product_attention(q, k, v, mask, is_causal, return_weights, **options)

    def _turn(self, x: Tensor) -> Tensor:
        """(T, B, C) <-> (B, T, C) where the batch is not first already."""
        return x if self.batch_first or x.ndim == 2 else x.transpose(0, 1)

    def _with_keys(self, mask: Optional[Tensor], key_mask: Any, shape: Tuple[int, ...]) -> Tensor:
        """Both masks as one, (B, 1, 1, S) or what `mask` makes of it."""
        if not isinstance(key_mask, Tensor) or key_mask.dtype != "bool":
            kind = key_mask.dtype if isinstance(key_mask, Tensor) else type(key_mask).__name__
            raise TypeError(f"MultiHeadAttention: key_mask must be a Tensor of bools (True: may attend), got {kind}")
        if key_mask.shape != shape:
            raise ValueError(f"MultiHeadAttention: key_mask has shape {key_mask.shape}, expected {shape}")
        keys = key_mask.reshape(*shape[:-1], 1, 1, shape[-1])  # (B, 1, 1, S)
        if mask is None:
            return keys
        if not isinstance(mask, Tensor) or mask.dtype == "int64":
            return mask  # attention raises the TypeError for it
        return where(keys, mask, False if mask.dtype == "bool" else float("-inf"))

    def _check(self, query: Any, key: Any, value: Any) -> None:
        for name, x in (("query", query), ("key", key), ("value", value)):
            if not isinstance(x, Tensor) or not is_float(x.dtype):
                kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
                raise TypeError(f"MultiHeadAttention: {name} must be a Tensor of floats, got {kind}")
            if x.ndim not in (2, 3) or x.ndim != query.ndim or x.shape[-1] != self.embed_dim:
                axes = "(B, T" if self.batch_first else "(T, B"
                raise ValueError(
                    f"MultiHeadAttention: {name} has shape {x.shape}, expected {axes}, {self.embed_dim}), or all three "
                    f"without B"
                )
        batch = 0 if self.batch_first else 1
        if query.ndim == 3 and len({x.shape[batch] for x in (query, key, value)}) > 1:
            shapes = f"{query.shape}, {key.shape} and {value.shape}"
            raise ValueError(f"MultiHeadAttention: query, key and value {shapes} have batches of different sizes")

    def extra_repr(self) -> str:
        return f"{self.embed_dim}, {self.num_heads}, dropout={self.dropout}, batch_first={self.batch_first}"
