"""Shapes: how many elements they hold, where each element lies, and how two of them broadcast.

An array is a row of numbers in row order (C order): the last axis moves fastest, so moving by one along an axis jumps
over everything the later axes hold. That jump is the axis's stride, and `walk` is all there is to a view: broadcasting
is a stride of 0, a transpose is strides in another order, a slice is a start and longer strides.
"""

from __future__ import annotations

from typing import List, Sequence, Tuple

Shape = Tuple[int, ...]

MAX_NDIM = 32
MAX_SIZE = (2**63 - 1) // 64  # elements; more cannot be addressed


def count(shape: Shape) -> int:
    """The number of elements: the product of the sizes."""
    n = 1
    for size in shape:
        n *= size
    return n


def check_sizes(op: str, shape: Sequence[int], smallest: int = 0) -> Shape:
    """`shape` as a tuple; TypeError unless it is one of integers, ValueError for a size or a length out of bounds."""
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{op}: a shape is a tuple of sizes, not {type(shape).__name__}")
    if len(shape) > MAX_NDIM:
        raise ValueError(f"{op}: {len(shape)} dimensions; at most {MAX_NDIM} are possible")
    for size in shape:
        if not isinstance(size, int):
            raise TypeError(f"{op}: shape {shape}: a size is a whole number, not {type(size).__name__}")
        if size < smallest:
            raise ValueError(f"{op}: shape {shape}: a size cannot be negative")
    return tuple(shape)


def check_shape(op: str, shape: Sequence[int]) -> Shape:
    """`shape` as a tuple; ValueError, too, where it has more elements than any memory.

    A size of 0 does not excuse the others: an array of (0, 2**62) could not be summed over its empty axis.
    """
    shape = check_sizes(op, shape)
    if count(tuple(size for size in shape if size)) > MAX_SIZE:
        raise ValueError(f"{op}: shape {shape} has more elements than memory can address")
    return shape


def strides(shape: Shape) -> Shape:
    """For each axis, how many elements lie between one index and the next: (2, 3, 4) -> (12, 4, 1)."""
    steps: List[int] = []
    step = 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return tuple(reversed(steps))


def walk(sizes: Sequence[int], steps: Sequence[int], start: int = 0) -> List[int]:
    """The positions start + sum_i index_i * step_i, for every index below `sizes`, in row order."""
    if 0 in sizes:
        return []
    positions = [start]
    for size, step in zip(sizes, steps):
        positions = [position + i * step for position in positions for i in range(size)]
    return positions


def broadcast_shape(op: str, a: Shape, b: Shape) -> Shape:
    """The shape both stretch to: aligned at the right, equal sizes stay, a size of 1 (or a missing axis) stretches."""
    ndim = max(len(a), len(b))
    sizes = []
    for m, n in zip((1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b):
        if m != n and m != 1 and n != 1:
            raise ValueError(f"{op}: {a} and {b} do not broadcast: sizes {m} and {n} differ")
        sizes.append(n if m == 1 else m)
    return check_shape(op, sizes)


def spread(shape: Shape, to: Shape) -> Sequence[int]:
    """For each element of the larger shape `to`, the position it reads in an array of `shape`."""
    if shape == to:
        return range(count(shape))
    # A stretched axis has stride 0: every index along it reads the same element.
    steps = [0 if size == 1 else step for size, step in zip(shape, strides(shape))]
    return walk(to, [0] * (len(to) - len(shape)) + steps)


def check_axis(op: str, dim: int, shape: Shape) -> None:
    """IndexError unless `dim` is an axis of `shape`, counted from 0."""
    if not 0 <= dim < len(shape):
        raise IndexError(f"{op}: there is no axis {dim} in shape {shape}")
