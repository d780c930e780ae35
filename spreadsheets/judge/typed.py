"""What a person put into a blank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Typed:
    """`number` is None for something that is no number; `formula` is there if they put one that gave the number."""

    number: Optional[float]
    formula: Optional[str] = None
