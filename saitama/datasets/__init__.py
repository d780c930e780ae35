"""Small data sets, generated or shipped: tensors (x, y), x one row for each example; and corpus(), a text.

The generated ones are random, and repeated by manual_seed(). Where the shipped ones come from is in data/SOURCES.md.
"""

from __future__ import annotations

from .corpus import corpus
from .digits import digits
from .generated import moons, noisy_line, spirals, xor
from .iris import IRIS_FEATURES, IRIS_SPECIES, iris

__all__ = ["IRIS_FEATURES", "IRIS_SPECIES", "corpus", "digits", "iris", "moons", "noisy_line", "spirals", "xor"]
