"""Moving numbers without computing: transpose, slice, concat. Each is a walk over the input with other strides."""

from __future__ import annotations

from typing import List, Sequence

from .array import Array, check_same_dtype, fill, zeros
from .broadcast import Shape, check_axis, check_shape, count, strides, walk
from .kernel import kernel


@kernel
def transpose(a: Array, dims: Shape) -> Array:
    """Axis i of the result is axis dims[i] of `a`."""
    dims = check_shape("transpose", dims)
    if sorted(dims) != list(range(a.ndim)):
        raise ValueError(f"transpose: dims {tuple(dims)} do not name each of the {a.ndim} axes of shape {a.shape} once")
    steps = strides(a.shape)
    sizes = tuple(a.shape[d] for d in dims)
    return fill(zeros(sizes, a.dtype), (a.data[i] for i in walk(sizes, [steps[d] for d in dims])))


def slice_positions(op: str, shape: Shape, starts: Shape, steps: Shape, sizes: Shape) -> List[int]:
    """Where the elements of a slice lie in an array of `shape`."""
    if not len(starts) == len(steps) == len(sizes) == len(shape):
        raise ValueError(
            f"{op}: starts {starts} and steps {steps}: give one start, step and size per axis of shape {shape}"
        )
    for axis, (start, step, size) in enumerate(zip(starts, steps, sizes)):
        if step == 0:
            raise ValueError(f"{op}: the step along axis {axis} is 0; it is at least 1 or at most -1")
        last = start + (size - 1) * step
        if size > 0 and not (0 <= start < shape[axis] and 0 <= last < shape[axis]):
            raise IndexError(f"{op}: start {start}, step {step} and size {size} leave axis {axis} of shape {shape}")
    jumps = strides(shape)
    begin = sum(start * jump for start, jump in zip(starts, jumps))
    return walk(sizes, [step * jump for step, jump in zip(steps, jumps)], begin)


@kernel
def slice(a: Array, starts: Shape, steps: Shape, sizes: Shape) -> Array:
    """The elements start, start + step, ... along each axis, `size` of them; a step may be negative."""
    sizes = check_shape("slice", sizes)
    positions = slice_positions("slice", a.shape, starts, steps, sizes)
    return fill(zeros(sizes, a.dtype), (a.data[i] for i in positions))


@kernel
def slice_grad(dy: Array, shape: Shape, starts: Shape, steps: Shape) -> Array:
    """Zeros of `shape`, with dy put back where the slice took its elements."""
    shape = check_shape("slice_grad", shape)
    positions = slice_positions("slice_grad", shape, starts, steps, dy.shape)
    dx = zeros(shape, dy.dtype)
    for position, value in zip(positions, dy.data):
        dx.data[position] = value
    return dx


@kernel
def concat(arrays: Sequence[Array], dim: int) -> Array:
    """The arrays one after the other along an axis; all other sizes must be equal."""
    if not arrays:
        raise ValueError("cat: needs at least one array")
    shape = arrays[0].shape
    check_axis("cat", dim, shape)
    for a in arrays:
        check_same_dtype("cat", arrays[0], a)
        if a.ndim != len(shape) or any(m != n for d, (m, n) in enumerate(zip(a.shape, shape)) if d != dim):
            raise ValueError(f"cat: {shape} and {a.shape} differ outside axis {dim}")
    total = sum(a.shape[dim] for a in arrays)
    out = zeros(check_shape("cat", (*shape[:dim], total, *shape[dim + 1 :])), arrays[0].dtype)
    inner = count(shape[dim + 1 :])
    at = 0
    for outer in range(count(shape[:dim])):
        for a in arrays:
            length = a.shape[dim] * inner  # contiguous in `a`, for each index of the outer axes
            out.data[at : at + length] = a.data[outer * length : (outer + 1) * length]
            at += length
    return out
