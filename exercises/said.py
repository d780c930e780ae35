"""Numbers as one says them in the answer to a question, with the learner's own."""

from __future__ import annotations

from typing import Any


def said(x: Any) -> str:
    """A number with up to four digits; of a vector (a, b), of a matrix its rows; of a shape (2, 3)."""
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, (list, tuple)):
        inside = ", ".join(map(said, x))
        return f"({inside},)" if isinstance(x, tuple) and len(x) == 1 else f"({inside})"
    return f"{x + 0.0:.4g}"


__all__ = ["said"]
