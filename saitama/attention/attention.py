"""Level 10: scaled dot-product attention (Vaswani et al. 2017, "Attention Is All You Need", section 3.2.1).

Each query is compared with every key; the values are averaged with what comes out. No step is repeated through time,
so a gradient has one step to go, whatever the distance.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, Optional, Tuple, Union

from saitama.options import whole
from saitama.regularization import dropout
from saitama.tensor import Tensor, where
from saitama.tensor.dispatch import product
from saitama.tensor.dtype import FLOATS
from saitama.tensor.shape import broadcast_shapes

from .mask import check_mask, combine, rows_with_keys


def scaled_dot_product_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Optional[Tensor] = None,
    is_causal: bool = False,
    return_weights: bool = False,
    *,
    dropout_p: float = 0.0,
    scale: Optional[float] = None,
    num_heads: Optional[int] = None,
) -> Union[Tensor, Tuple[Tensor, Tensor]]:
    """Attention(Q, K, V) = softmax(Q K^T / sqrt(d_k)) V    (equation 1)

    Args:
        q: queries (..., T, d_k).
        k: keys (..., S, d_k).
        v: values (..., S, d_v); the axes in front, batch and heads, broadcast.
        mask: bool, True where a query may attend to a key; or floats that are added to the scores (-inf forbids).
            Broadcasts to (..., T, S).
        is_causal: query i attends to the keys 0 to i only; together with a mask, both must allow it.
        return_weights: whether to return the weights too, before dropout.
        dropout_p: the probability of a zero among the weights; the caller sets 0 in evaluation.
        scale: instead of 1 / sqrt(d_k).
        num_heads: h, if the last axes hold the vectors of h heads side by side: q (..., T, h d_k) and so on. Each head
            attends by itself; scores, mask and weights are (..., h, T, S), the output is (..., T, h d_v).

    Returns (..., T, d_v), or that and the weights (..., T, S), whose rows sum to 1. A row that may attend to nothing
    has weights and an output of 0. A forbidden key or value must be finite all the same: its share may be computed, and
    0 times infinity or NaN is NaN. Raises ValueError for shapes that do not fit, TypeError for a wrong dtype.
    """
    shape = _scores_shape(q, k, v, num_heads)
    if mask is not None:
        check_mask(mask, shape)
    scale = 1 / sqrt(q.shape[-1] // (num_heads or 1)) if scale is None else float(scale)
    if return_weights or dropout_p or not q.dtype == k.dtype == v.dtype or (mask is not None and mask.requires_grad):
        if num_heads is not None:
            q, k, v = split_heads(q, num_heads), split_heads(k, num_heads), split_heads(v, num_heads)
        y, weights = equation_one(q, k, v, combine(mask, is_causal, shape), scale, dropout_p)
        y = y if num_heads is None else merge_heads(y)
        return (y, weights) if return_weights else y
    masks = () if mask is None else (mask if mask.dtype == "bool" else mask.to(q.dtype),)
    options: Any = {"num_heads": num_heads or 0, "is_causal": bool(is_causal), "scale": scale}
    return product("Attention", (q, k, v), masks, **options)


def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """(..., T, h d) -> (..., T, h, d) -> (..., h, T, d)."""
    return x.reshape(*x.shape[:-1], num_heads, x.shape[-1] // num_heads).transpose(-3, -2)


def merge_heads(x: Tensor) -> Tensor:
    """(..., h, T, d) -> (..., T, h, d) -> (..., T, h d)."""
    x = x.transpose(-3, -2)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def equation_one(
    q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], scale: float, dropout_p: float = 0.0
) -> Tuple[Tensor, Tensor]:
    """Attention step by step: the output (..., T, d_v), and the weights (..., T, S) before dropout.

    The operation that scaled_dot_product_attention runs where nobody asks for the weights gives the same output and
    gradients, but never holds a (T, S) matrix.
    """
    scores = q @ k.transpose(-2, -1) * scale  # (..., T, S)
    alive: Optional[Tensor] = None
    if mask is not None:
        scores = where(mask, scores, float("-inf")) if mask.dtype == "bool" else scores + mask.to(scores.dtype)
        alive = rows_with_keys(mask)  # (..., T, 1), or None if every row has one
    if alive is None:
        weights = scores.softmax(-1)  # (..., T, S)
    else:  # the softmax of nothing but -inf is 0 / 0
        weights = where(alive, where(alive, scores, 0.0).softmax(-1), 0.0)
    return dropout(weights, dropout_p) @ v, weights  # (..., T, d_v), (..., T, S)


def _scores_shape(q: Any, k: Any, v: Any, num_heads: Optional[int]) -> Tuple[int, ...]:
    """(..., T, S) or (..., h, T, S), if the three fit together."""
    for name, x in (("q", q), ("k", k), ("v", v)):
        if not isinstance(x, Tensor) or x.array.dtype not in FLOATS:
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise TypeError(f"attention: {name} must be a Tensor of floats, got {kind}")
        if x.array.ndim < 2:
            raise ValueError(f"attention: {name} has shape {x.shape}, expected (..., positions, width)")
    (*q_batch, T, d_k), (*k_batch, S, width), (*v_batch, values, d_v) = q.array.shape, k.array.shape, v.array.shape
    if d_k != width or not d_k:
        raise ValueError(f"attention: {_shapes(q, k, v)}: queries and keys must have the same width, at least 1")
    if S != values:
        raise ValueError(f"attention: {_shapes(q, k, v)}: there are {S} keys but {values} values")
    heads: Tuple[int, ...] = ()
    if num_heads is not None:
        whole("attention: num_heads", num_heads)
        if d_k % num_heads or d_v % num_heads:
            raise ValueError(f"attention: {_shapes(q, k, v)}: the widths cannot be split among {num_heads} heads")
        heads = (num_heads,)
    if q_batch == k_batch == v_batch:
        return (*q_batch, *heads, T, S)
    try:
        broadcast_shapes([tuple(q_batch), tuple(k_batch), tuple(v_batch)], "attention")
    except ValueError:
        raise ValueError(f"attention: {_shapes(q, k, v)}: the axes in front of the last two do not broadcast") from None
    return (*broadcast_shapes([tuple(q_batch), tuple(k_batch)], "attention"), *heads, T, S)


def _shapes(q: Tensor, k: Tensor, v: Tensor) -> str:
    return f"q {q.shape}, k {k.shape}, v {v.shape}"
