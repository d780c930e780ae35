"""The machine: one thread, in pure Python."""

from __future__ import annotations

from typing import Any, Dict


def set_num_threads(n: int) -> None:
    """Accepted, so that a program runs on either backend; pure Python computes on one thread all the same."""
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"set_num_threads: needs a whole number, not {type(n).__name__}")
    if not 1 <= n <= 1024:
        raise ValueError(f"set_num_threads: {n} threads: give a number from 1 to 1024")


def get_num_threads() -> int:
    """Always 1."""
    return 1


def info() -> Dict[str, Any]:
    """What computes."""
    return {"backend": "reference", "threads": 1}
