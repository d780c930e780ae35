"""Handwritten digits, 8 by 8: 1,797 of them by 13 people (Alpaydin and Kaynak 1998)."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Tuple

from saitama.tensor import Tensor


def digits() -> Tuple[Tensor, Tensor]:
    """x (1797, 64), the pixels row by row, from 0 (paper) to 1 (ink) in steps of 1/16; y (1797,) int64, the digit."""
    text = gzip.decompress((Path(__file__).parent / "data" / "digits.csv.gz").read_bytes()).decode("ascii")
    rows = [[int(value) for value in line.split(",")] for line in text.splitlines()]
    pixels = [[value / 16 for value in row[:64]] for row in rows]
    return Tensor(pixels), Tensor([row[64] for row in rows], dtype="int64")
