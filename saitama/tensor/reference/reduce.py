"""Reductions over any axes: sum, mean, max, min, argmax, argmin, and sum_to, which undoes broadcasting.

Each output element reads one `block` of the input: its own position along the kept axes, plus every position along the
reduced axes, row by row.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Sequence, Tuple

from .array import Array, check_float, check_is, fill, zeros
from .broadcast import Shape, check_axis, check_shape, count, spread, strides, walk
from .kernel import kernel


def reduced_shape(op: str, shape: Shape, dims: Shape, keepdim: bool) -> Shape:
    """`shape` without the axes `dims`, or with size 1 in their place."""
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"{op}: dims is a tuple of axes, not {type(dims).__name__}")
    for i, dim in enumerate(dims):
        check_axis(op, dim, shape)
        if dim in dims[:i]:
            raise ValueError(f"{op}: dims {tuple(dims)} name an axis twice")
    if keepdim:
        return tuple(1 if d in dims else size for d, size in enumerate(shape))
    return tuple(size for d, size in enumerate(shape) if d not in dims)


def axes(shape: Shape, dims: Sequence[int]) -> Tuple[List[int], List[int]]:
    """The sizes and the strides of some axes."""
    steps = strides(shape)
    return [shape[d] for d in dims], [steps[d] for d in dims]


def blocks(shape: Shape, dims: Shape) -> Iterator[List[int]]:
    """For each output element, the positions it reads."""
    kept = [d for d in range(len(shape)) if d not in dims]
    starts = walk(*axes(shape, kept))
    offsets = walk(*axes(shape, sorted(dims))) if starts else []  # there may be 2**40 of them, and no start
    for start in starts:
        yield [start + offset for offset in offsets]


def reduce(f: Callable[[List[Any]], Any], op: str, a: Array, dims: Shape, keepdim: bool, dtype: str) -> Array:
    """f(block) for each output element."""
    out = zeros(reduced_shape(op, a.shape, dims, keepdim), dtype)
    return fill(out, (f([a.data[i] for i in block]) for block in blocks(a.shape, dims)))


def pairwise(xs: List[float]) -> float:
    """The sum of the sums of both halves: rounding errors grow with log n, where one after the other gives n."""
    if len(xs) <= 8:
        total = 0.0
        for x in xs:
            total += x
        return total
    middle = len(xs) // 2
    return pairwise(xs[:middle]) + pairwise(xs[middle:])


def first(better: Callable[[float, float], bool], xs: List[float]) -> int:
    """The first position whose element no other is better than; a NaN is better than everything."""
    best = 0
    for i, x in enumerate(xs):
        if xs[best] != xs[best]:
            return best
        if x != x or better(x, xs[best]):
            best = i
    return best


def greater(x: float, y: float) -> bool:
    return x > y


def less(x: float, y: float) -> bool:
    return x < y


@kernel
def sum(a: Array, dims: Shape, keepdim: bool) -> Array:
    """Of nothing: 0."""
    check_float("sum", a)
    return reduce(pairwise, "sum", a, dims, keepdim, a.dtype)


@kernel
def mean(a: Array, dims: Shape, keepdim: bool) -> Array:
    """Of nothing: NaN."""
    check_float("mean", a)
    nan = float("nan")
    return reduce(lambda xs: pairwise(xs) / len(xs) if xs else nan, "mean", a, dims, keepdim, a.dtype)


@kernel
def max(a: Array, dims: Shape, keepdim: bool) -> Array:
    """NaN if any element is. Of nothing: ValueError."""
    check_reducible("max", a, dims)
    return reduce(lambda xs: xs[first(greater, xs)], "max", a, dims, keepdim, a.dtype)


@kernel
def min(a: Array, dims: Shape, keepdim: bool) -> Array:
    """NaN if any element is. Of nothing: ValueError."""
    check_reducible("min", a, dims)
    return reduce(lambda xs: xs[first(less, xs)], "min", a, dims, keepdim, a.dtype)


@kernel
def argmax(a: Array, dims: Shape, keepdim: bool) -> Array:
    """The position of the first maximum, counted row by row inside the reduced part; the first NaN if there is one."""
    check_reducible("argmax", a, dims)
    return reduce(lambda xs: first(greater, xs), "argmax", a, dims, keepdim, "int64")


@kernel
def argmin(a: Array, dims: Shape, keepdim: bool) -> Array:
    """The position of the first minimum, counted row by row inside the reduced part; the first NaN if there is one."""
    check_reducible("argmin", a, dims)
    return reduce(lambda xs: first(less, xs), "argmin", a, dims, keepdim, "int64")


def check_reducible(op: str, a: Array, dims: Shape) -> None:
    """TypeError unless float; IndexError for bad axes; ValueError when there is nothing to choose from."""
    check_float(op, a)
    reduced_shape(op, a.shape, dims, False)
    if any(a.shape[d] == 0 for d in dims):
        raise ValueError(f"{op}: cannot reduce zero elements over dims {tuple(dims)} of shape {a.shape}")


@kernel
def scatter_first(position: Array, dy: Array, shape: Shape, dims: Shape) -> Array:
    """Zeros of `shape`, with each dy put back where argmax found its element: the derivative of max and min."""
    dx = zeros(check_shape("scatter_first", shape), dy.dtype)
    reduced_shape("scatter_first", dx.shape, dims, False)
    check_is("scatter_first", "the position", position, "int64")
    part = count(tuple(dx.shape[d] for d in dims))
    if position.size != dy.size or position.size * part != dx.size:
        raise ValueError(
            f"scatter_first: {position.shape} positions and {dy.shape} gradients do not belong to shape {dx.shape} "
            f"reduced over dims {tuple(dims)}"
        )
    for at in position.data:
        if not 0 <= at < part:
            raise IndexError(f"scatter_first: position {at} is out of range for {part} elements")
    for block, at, value in zip(blocks(dx.shape, dims), position.data, dy.data):
        dx.data[block[at]] = value
    return dx


@kernel
def sum_to(a: Array, shape: Shape) -> Array:
    """Undoes broadcasting: sums over every axis along which `shape` was stretched to a.shape."""
    check_float("sum_to", a)
    shape = check_stretch("sum_to", shape, a.shape)
    missing = a.ndim - len(shape)
    dims = tuple(d for d in range(a.ndim) if d < missing or (shape[d - missing] == 1 and a.shape[d] != 1))
    return sum(a, dims, False).reshape(shape)


@kernel
def expand(a: Array, shape: Shape) -> Array:
    """Broadcasting made real: `a` repeated to `shape`."""
    shape = check_stretch("expand", a.shape, check_shape("expand", shape))
    out = zeros(shape, a.dtype)
    return fill(out, (a.data[i] for i in spread(a.shape, shape)))


def check_stretch(op: str, small: Shape, large: Shape) -> Shape:
    """The shape an operation returns; ValueError unless `small` broadcasts to exactly `large`."""
    small = check_shape(op, small)
    tail = large[len(large) - len(small) :]
    if len(small) > len(large) or any(m not in (1, n) for m, n in zip(small, tail)):
        raise ValueError(f"{op}: {small} does not broadcast to {large}")
    return small if op == "sum_to" else large
