"""Attention tile by tile, to be read: the online softmax (Milakov and Gimelshein 2018) as FlashAttention uses it
(Dao et al. 2022).

softmax(s)_j = e^(s_j - m) / sum_k e^(s_k - m) needs the largest score m, and so, it seems, all (T, S) scores at
once. But a sum that was made with another m can be corrected by a factor, as e^(s - m') = e^(s - m) e^(m - m'). So a
few keys at a time are enough, and what is kept for each query is one maximum m, one sum l and one row o:

    m' = max(m, max_j s_j)
    l' = l e^(m - m') + sum_j e^(s_j - m')
    o' = o e^(m - m') + sum_j e^(s_j - m') v_j

and at the end y = o / l. scaled_dot_product_attention runs this as one compiled operation; here each tile's numbers are
tensors with names, which a workbook shows: export(online_attention(q, k, v, tile=2).sum(), "online.xlsx").
"""

from __future__ import annotations

from math import sqrt
from typing import Optional

from saitama.options import whole
from saitama.tensor import Tensor


def online_attention(q: Tensor, k: Tensor, v: Tensor, tile: int, scale: Optional[float] = None) -> Tensor:
    """softmax(q k^T scale) v for q (T, d), k (S, d), v (S, d_v), `tile` keys at a time -> (T, d_v).

    scale is 1 / sqrt(d) by default. Raises ValueError for other shapes or a tile that is not a whole number from 1 on.
    """
    if not (q.ndim == k.ndim == v.ndim == 2 and q.shape[1] == k.shape[1] and len(k) == len(v) and len(k)):
        raise ValueError(
            f"online_attention: expected q (T, d), k (S, d), v (S, d_v), got {q.shape}, {k.shape}, {v.shape}"
        )
    tile = whole("online_attention: tile", tile, wanted="a whole number of keys from 1 on")
    scale = 1 / sqrt(q.shape[1]) if scale is None else scale
    m = l = o = None  # noqa: E741  (the papers' names)
    for number, start in enumerate(range(0, len(k), tile), 1):
        keys, values = k[start : start + tile], v[start : start + tile]  # (t, d), (t, d_v)
        s = q @ keys.T * scale  # (T, t)
        largest = s.max(1, keepdim=True)  # (T, 1)
        if m is None or l is None or o is None:  # the first tile
            m = largest
            p = (s - m).exp()  # (T, t)
            l, o = p.sum(1, keepdim=True), p @ values  # noqa: E741  # (T, 1), (T, d_v)
        else:
            before, m = m, m.maximum(largest)
            correction, p = (before - m).exp(), (s - m).exp()  # (T, 1), (T, t)
            l, o = l * correction + p.sum(1, keepdim=True), o * correction + p @ values  # noqa: E741
        for name, tensor in (("scores", s), ("maximum", m), ("sum", l), ("output", o)):
            tensor.name = f"{name} after tile {number}" if name != "scores" else f"scores of tile {number}"
    assert o is not None and l is not None
    return o / l
