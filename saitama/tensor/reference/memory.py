"""How many bytes of numbers arrays hold: counted when a row of numbers is made, and again when nobody reads it any
more."""

from __future__ import annotations

import array
import weakref
from typing import Dict, Tuple

from .kernel import kernel

_held: Dict[int, Tuple[weakref.ref[array.array], int]] = {}  # what is alive, by the id of the reference, and its bytes
_bytes = {"now": 0, "most": 0}


def count_memory(data: array.array) -> None:
    """Count a new row of numbers for as long as it lives."""
    row, nbytes = weakref.ref(data, _forget), len(data) * data.itemsize
    _held[id(row)] = row, nbytes
    _bytes["now"] += nbytes
    _bytes["most"] = max(_bytes.values())


def _forget(row: weakref.ref[array.array]) -> None:
    _bytes["now"] -= _held.pop(id(row))[1]


@kernel
def memory_allocated() -> int:
    """Bytes of numbers that arrays hold now."""
    return _bytes["now"]


@kernel
def max_memory_allocated() -> int:
    """The most bytes that arrays held at one time since the start, or since reset_peak_memory_stats()."""
    return _bytes["most"]


@kernel
def reset_peak_memory_stats() -> None:
    """Let max_memory_allocated() start again from what is held now."""
    _bytes["most"] = _bytes["now"]
