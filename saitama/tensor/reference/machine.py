"""The machine: one thread, in pure Python."""

from __future__ import annotations

from typing import Any, Dict

from .kernel import kernel


@kernel
def set_num_threads(n: int) -> None:
    """Compute on n threads, from 1 to 1024. Pure Python takes the number and uses one all the same."""
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"set_num_threads: needs a whole number, not {type(n).__name__}")
    if not 1 <= n <= 1024:
        raise ValueError(f"set_num_threads: {n} threads: give a number from 1 to 1024")


@kernel
def get_num_threads() -> int:
    """How many threads compute: 1 in pure Python."""
    return 1


@kernel
def info() -> Dict[str, Any]:
    """What computes: the backend, and what it was built with."""
    return {"backend": "reference", "threads": 1}
