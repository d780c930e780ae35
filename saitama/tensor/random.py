"""Random tensors from a counter-based generator: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy
as 1, 2, 3").

The numbers are a function of (seed, position), so the same seed gives the same bits on every machine and any number of
threads. Without `manual_seed` the seed is drawn from the operating system.
"""

from __future__ import annotations

import os
from typing import Any, Dict, NamedTuple, Optional

from .backend import K
from .creation import _dtype, _made
from .shape import check_shape, flat_sizes, whole
from .tensor import Tensor

_state: Dict[str, int] = {"seed": int.from_bytes(os.urandom(8), "little"), "position": 0}


def manual_seed(seed: int) -> None:
    """Start the sequence of random numbers that belongs to `seed`, an integer in [0, 2^64)."""
    number = whole(seed, "manual_seed: expected an integer")
    if not 0 <= number < 2**64:
        raise ValueError(f"manual_seed: expected an integer from 0 to 2^64 - 1, got {seed}")
    _state.update(seed=number, position=0)


def get_rng_state() -> Dict[str, int]:
    """Seed and position: what `set_rng_state` needs to go on from here."""
    return dict(_state)


def set_rng_state(state: Dict[str, int]) -> None:
    """Go on from a state that `get_rng_state` gave."""
    for key in ("seed", "position"):
        if not 0 <= whole(state.get(key), f"set_rng_state: expected an integer {key}") < 2**64:
            raise ValueError(f"set_rng_state: expected {key} from 0 to 2^64 - 1, got {state[key]}")
    _state.update(seed=state["seed"], position=state["position"])


def _advance(elements: int) -> Dict[str, int]:
    """Seed and offset for the next `elements` numbers; a block of the generator holds two."""
    taken = {"seed": _state["seed"], "offset": _state["position"]}
    _state["position"] += (elements + 1) // 2
    return taken


class BatchShare(NamedTuple):
    """Which rows of a batch this process has, where several processes share one (saitama.distributed)."""

    first: int
    rows: int
    total: int
    counts: bool = True  # False: the row is another process', lent to one that has none


class CurrentShare:
    """`now` is the share of the batch that a forward pass is running on; None: all of it."""

    now: Optional[BatchShare] = None


batch_share = CurrentShare()


def rand_for_batch(shape: Any, dtype: Any = None) -> Tensor:
    """rand(shape), for numbers that belong to the rows of a batch (along the first axis, or folded into it).

    Where processes share the batch, each draws just the numbers of its own rows from those that a single process would
    draw for all rows: a number depends on its position alone, so nobody has to make those of the others. Afterwards all
    stand at the same position.
    """
    share, sizes = batch_share.now, check_shape(flat_sizes((shape,), "rand"), "rand")
    count = _count(sizes)
    if share is None or count % share.rows:
        return rand(sizes, dtype=dtype)
    each = count // share.rows  # numbers that belong to one row
    taken, skipped = _advance(each * share.total), each * share.first
    odd = skipped % 2  # a block of the generator holds two numbers: the first may be the other's
    taken["offset"] += skipped // 2
    numbers = K.uniform((odd + count,), _dtype(dtype), **taken)
    return _made(K.slice(numbers, (odd,), (1,), (count,)).reshape(sizes), False)


def rand(*shape: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uniform random numbers in [0, 1)."""
    sizes = check_shape(flat_sizes(shape, "rand"), "rand")
    return _made(K.uniform(sizes, _dtype(dtype), **_advance(_count(sizes))), requires_grad)


def randn(*shape: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Normal random numbers of mean 0 and variance 1 (Box and Muller 1958)."""
    sizes = check_shape(flat_sizes(shape, "randn"), "randn")
    return _made(K.normal(sizes, _dtype(dtype), **_advance(_count(sizes))), requires_grad)


def randint(low: int, high: int, shape: Any) -> Tensor:
    """Random integers (int64) from low to high - 1. Raises ValueError if there are none."""
    low, high = whole(low, "randint: expected integers"), whole(high, "randint: expected integers")
    if not low < high:
        raise ValueError(f"randint: there is no integer from {low} up to below {high}")
    sizes = check_shape(flat_sizes((shape,), "randint"), "randint")
    return _made(K.integers(sizes, low, high, **_advance(_count(sizes))), False)


def _count(sizes: Any) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total
