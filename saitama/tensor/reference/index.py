"""Reading and writing by position: take, gather, flat_index, nonzero."""

from __future__ import annotations

from typing import Iterator, Sequence

from .array import Array, check_float, check_is, fill, zeros
from .broadcast import Shape, check_axis, check_shape, count, strides, walk
from .kernel import kernel


def check_position(op: str, at: int, axis: int, rows: int) -> int:
    """`at` counted from the start; IndexError unless it lies in the axis."""
    if not -rows <= at < rows:
        raise IndexError(f"{op}: index {at} is out of range for axis {axis} with {rows} rows")
    return at + rows if at < 0 else at


def take_positions(op: str, shape: Shape, index: Array, dim: int) -> Iterator[int]:
    """For each element of take's output, the position it reads in an array of `shape`."""
    rows, inner = shape[dim], count(shape[dim + 1 :])
    chosen = [check_position(op, at, dim, rows) for at in index.data]
    for outer in range(count(shape[:dim])):
        for row in chosen:
            start = (outer * rows + row) * inner
            yield from range(start, start + inner)


@kernel
def take(a: Array, index: Array, dim: int) -> Array:
    """Rows of axis `dim`, chosen by `index`: its shape replaces that axis. Negatives count from the end."""
    check_axis("take", dim, a.shape)
    check_is("take", "the index", index, "int64")
    shape = check_shape("take", (*a.shape[:dim], *index.shape, *a.shape[dim + 1 :]))
    out = zeros(shape, a.dtype)
    return fill(out, (a.data[i] for i in take_positions("take", a.shape, index, dim)))


@kernel
def take_grad(dy: Array, index: Array, dim: int, size: int) -> Array:
    """The derivative of take from an axis of `size` rows: dy added up where a row was taken more than once."""
    check_float("take_grad", dy)
    before, after = dy.shape[:dim], dy.shape[dim + index.ndim :]
    if not 0 <= dim <= dy.ndim - index.ndim or dy.shape[dim : dim + index.ndim] != index.shape or size < 0:
        raise ValueError(
            f"take_grad: a gradient of shape {dy.shape} does not come from taking {index.shape} along axis {dim}"
        )
    check_is("take_grad", "the index", index, "int64")
    dx = zeros(check_shape("take_grad", (*before, size, *after)), dy.dtype)
    for i, value in zip(take_positions("take_grad", dx.shape, index, dim), dy.data):
        dx.data[i] += value
    return dx


def gather_positions(op: str, shape: Shape, dim: int, index: Array) -> Iterator[int]:
    """For each element of the index, the position it reads: its own, but moved along `dim` to what the index says."""
    steps = strides(shape)
    home = [0 if d == dim else step for d, step in enumerate(steps)]
    for start, at in zip(walk(index.shape, home), index.data):
        yield start + check_position(op, at, dim, shape[dim]) * steps[dim]


def check_gather(op: str, shape: Shape, dim: int, index: Array) -> None:
    """The index must have the array's rank, and fit inside it along every axis but `dim`."""
    check_axis(op, dim, shape)
    if index.ndim != len(shape) or any(m > n for d, (m, n) in enumerate(zip(index.shape, shape)) if d != dim):
        raise ValueError(
            f"{op}: an index of shape {index.shape} does not fit into {shape}: it needs as many axes, none longer "
            f"except axis {dim}"
        )
    check_is(op, "the index", index, "int64")


@kernel
def gather(a: Array, dim: int, index: Array) -> Array:
    """For dim 1: y[i, j] = a[i, index[i, j]]."""
    check_gather("gather", a.shape, dim, index)
    out = zeros(index.shape, a.dtype)
    return fill(out, (a.data[i] for i in gather_positions("gather", a.shape, dim, index)))


@kernel
def gather_grad(dy: Array, dim: int, index: Array, shape: Shape) -> Array:
    """For dim 1: dx[i, index[i, j]] += dy[i, j]."""
    check_float("gather_grad", dy)
    dx = zeros(check_shape("gather_grad", shape), dy.dtype)
    if dy.shape != index.shape:
        raise ValueError(f"gather_grad: {index.shape} and {dy.shape}: a gradient has the shape of its index")
    check_gather("gather_grad", dx.shape, dim, index)
    for i, value in zip(gather_positions("gather_grad", dx.shape, dim, index), dy.data):
        dx.data[i] += value
    return dx


@kernel
def flat_index(indices: Sequence[Array], shape: Shape) -> Array:
    """Rows, columns, ... (one index per axis, all of one shape) -> positions in the flat array."""
    shape = check_shape("flat_index", shape)
    if not indices or len(indices) != len(shape):
        raise ValueError(f"flat_index: {len(indices)} indices for shape {shape}; give one per axis")
    out = zeros(indices[0].shape, "int64")
    for axis, (index, rows) in enumerate(zip(indices, shape)):
        if index.shape != out.shape:
            raise ValueError(f"flat_index: {out.shape} and {index.shape}: the indices need one shape")
        check_is("flat_index", "the index", index, "int64")
        for i, at in enumerate(index.data):
            out.data[i] = out.data[i] * rows + check_position("flat_index", at, axis, rows)
    return out


@kernel
def nonzero(mask: Array) -> Array:
    """The flat positions of the True elements: int64, shape (n,)."""
    check_is("nonzero", "the mask", mask, "bool")
    found = [i for i, x in enumerate(mask.data) if x]
    return fill(zeros((len(found),), "int64"), found)
