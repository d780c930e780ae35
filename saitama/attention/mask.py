"""Who may look at whom: a bool mask is True where a query may attend to a key.

A masked score becomes -inf, and e^-inf = 0: the key has no share in the softmax. A row without any key to attend to
would be 0 / 0; it gets weights of 0, and so an output and gradients of 0.
"""

from __future__ import annotations

from typing import Any, Optional, Tuple

from saitama.tensor import Tensor, arange, where
from saitama.tensor.dtype import is_float
from saitama.tensor.shape import broadcast_shapes, whole

Shape = Tuple[int, ...]


def causal_mask(queries: int, keys: Optional[int] = None, past: int = 0) -> Tensor:
    """bool (queries, keys): query i may attend to the keys 0 to past + i, so nobody sees the future.

    Args:
        queries, keys: T and S; keys = past + queries if None.
        past: how many keys come before the first query's own, as with a cache of keys and values.

    Raises ValueError for negative numbers, TypeError for anything but integers.
    """
    sizes = [whole(each, "causal_mask: expected integers") for each in (queries, past)]
    sizes.append(sum(sizes) if keys is None else whole(keys, "causal_mask: expected integers"))
    if min(sizes) < 0:
        raise ValueError(f"causal_mask: sizes must not be negative, got {queries}, {keys}, past={past}")
    t, before, s = sizes
    return arange(s).unsqueeze(0).le(arange(before, before + t).unsqueeze(1))


def combine(mask: Any, is_causal: bool, shape: Shape) -> Optional[Tensor]:
    """A mask for scores of `shape` (..., T, S) with the causal one worked in; None if all is allowed."""
    if not is_causal:
        return mask
    causal = causal_mask(shape[-2], shape[-1])
    if mask is None:
        return causal
    return where(mask, causal, False) if mask.dtype == "bool" else where(causal, mask, float("-inf"))


def rows_with_keys(mask: Tensor) -> Optional[Tensor]:
    """bool, (..., T, 1): whether a row may attend to anything at all; None if every row may."""
    allowed = mask if mask.dtype == "bool" else mask.detach() != float("-inf")
    allowed = allowed if allowed.ndim else allowed.reshape(1)  # a scalar mask is one answer for all
    alive = allowed.to("float64").sum(-1, keepdim=True) > 0
    return None if all(alive.reshape(-1).tolist()) else alive


def check_mask(mask: Any, shape: Shape) -> None:
    """TypeError or ValueError unless the mask holds bools or floats and broadcasts to scores of `shape` (..., T, S)."""
    if not isinstance(mask, Tensor) or not (mask.dtype == "bool" or is_float(mask.dtype)):
        kind = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(
            f"attention: a mask is a Tensor of bools (True: may attend) or of floats (added to the scores), got {kind}"
        )
    try:
        fits = broadcast_shapes([mask.shape, shape], "attention") == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"attention: the mask has shape {mask.shape}, which does not broadcast to the scores' {shape} = (..., "
            "queries, keys)"
        )
