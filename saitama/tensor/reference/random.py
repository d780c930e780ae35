"""Random numbers that depend only on (seed, position): Philox 4x32-10 (Salmon et al., 2011, "Parallel Random Numbers:
As Easy as 1, 2, 3"). A counter goes in, four random words come out; nothing is remembered between calls, so every
element can be computed on its own, in any order, and the compiled kernels give the same bits.

A block is four 32-bit words, which make two of 64 bits: elements 2j and 2j + 1 share the block of counter offset + j.
"""

from __future__ import annotations

import math
from typing import Iterator, Tuple

from .array import INT64_MAX, INT64_MIN, Array, check_dtype, check_float, fill, zeros
from .broadcast import Shape, check_shape
from .kernel import kernel

Words = Tuple[int, int, int, int]
MASK32 = 2**32 - 1
MASK64 = 2**64 - 1


def philox(counter: Words, key: Tuple[int, int]) -> Words:
    """Ten rounds: two 32x32 -> 64-bit products mix the words, the key grows by a constant each round."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        p, q = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (q >> 32) ^ x1 ^ k0, q & MASK32, (p >> 32) ^ x3 ^ k1, p & MASK32
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return x0, x1, x2, x3


def pairs(n: int, seed: int, offset: int) -> Iterator[Tuple[int, int]]:
    """The 64-bit words for elements 0 and 1, 2 and 3, ... up to n of them."""
    for j in range((n + 1) // 2):
        c = (offset + j) & MASK64
        w0, w1, w2, w3 = philox((c & MASK32, c >> 32, 0, 0), (seed & MASK32, seed >> 32))
        yield w1 << 32 | w0, w3 << 32 | w2


def words(n: int, seed: int, offset: int) -> Iterator[int]:
    """One 64-bit word per element."""
    for i, pair in enumerate(pairs(n, seed, offset)):
        yield pair[0]
        if 2 * i + 1 < n:
            yield pair[1]


def uniform64(word: int) -> float:
    """The upper 53 bits as a multiple of 2^-53 in [0, 1)."""
    return (word >> 11) * 2.0**-53


def start(op: str, shape: Shape, dtype: str, seed: int, offset: int) -> Array:
    """The empty result, once the arguments are checked."""
    out = zeros(check_shape(op, shape), check_dtype(op, dtype))
    if op != "integers":
        check_float(op, out)
    for name, value in (("seed", seed), ("offset", offset)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{op}: the {name} is a whole number, not {type(value).__name__}")
        if not 0 <= value <= MASK64:
            raise ValueError(f"{op}: the {name} {value} is outside 0 to 2**64 - 1")
    return out


@kernel
def uniform(shape: Shape, dtype: str, seed: int, offset: int) -> Array:
    """Numbers in [0, 1), all equally likely; float32 has the upper 24 bits, so that it never rounds up to 1."""
    out = start("uniform", shape, dtype, seed, offset)
    if dtype == "float32":
        return fill(out, ((word >> 40) * 2.0**-24 for word in words(out.size, seed, offset)))
    return fill(out, map(uniform64, words(out.size, seed, offset)))


@kernel
def normal(shape: Shape, dtype: str, seed: int, offset: int) -> Array:
    """Mean 0, variance 1 (Box and Muller, 1958): two uniform numbers are a radius and an angle, which give two."""
    out = start("normal", shape, dtype, seed, offset)
    for j, (first, second) in enumerate(pairs(out.size, seed, offset)):
        u1, u2 = 1 - uniform64(first), uniform64(second)  # u1 in (0, 1]: its logarithm is finite
        r = math.sqrt(-2 * math.log(u1))
        both = r * math.cos(2 * math.pi * u2), r * math.sin(2 * math.pi * u2)
        for i in range(2 * j, min(2 * j + 2, out.size)):
            out.data[i] = both[i - 2 * j]
    return out


@kernel
def integers(shape: Shape, low: int, high: int, seed: int, offset: int) -> Array:
    """int64 in [low, high): floor(word / 2^64 * (high - low)), in exact arithmetic."""
    check_shape("integers", shape)
    if not low < high:
        raise ValueError(f"integers: low {low} must be below high {high}")
    if low < INT64_MIN or high > INT64_MAX + 1:
        raise ValueError(f"integers: [{low}, {high}) does not fit into int64")
    out = start("integers", shape, "int64", seed, offset)
    return fill(out, (low + (word * (high - low) >> 64) for word in words(out.size, seed, offset)))
