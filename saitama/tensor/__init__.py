"""Level 1: tensors. Scalars, vectors, matrices and beyond; shapes, broadcasting, arithmetic, printing."""

from __future__ import annotations

from .backend import K
from .creation import arange, cat, chunk, eye, full, ones, stack, where, zeros
from .dtype import bool_, float32, float64, get_default_dtype, int64, set_default_dtype
from .random import get_rng_state, manual_seed, rand, randint, randn, set_rng_state
from .tensor import Tensor

set_num_threads = K.set_num_threads
get_num_threads = K.get_num_threads
memory_allocated = K.memory_allocated
max_memory_allocated = K.max_memory_allocated
reset_peak_memory_stats = K.reset_peak_memory_stats

__all__ = [
    "Tensor",
    "arange",
    "bool_",
    "cat",
    "chunk",
    "eye",
    "float32",
    "float64",
    "full",
    "get_default_dtype",
    "get_num_threads",
    "get_rng_state",
    "int64",
    "manual_seed",
    "max_memory_allocated",
    "memory_allocated",
    "ones",
    "rand",
    "randint",
    "randn",
    "reset_peak_memory_stats",
    "set_default_dtype",
    "set_num_threads",
    "set_rng_state",
    "stack",
    "where",
    "zeros",
]
