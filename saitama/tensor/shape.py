"""Shapes and axes as a person gives them, checked and made plain."""

from __future__ import annotations

from math import prod
from operator import index as as_index
from typing import Any, List, Sequence, Tuple, Union

from .backend import K

ALL_AXES = [tuple(range(ndim)) for ndim in range(K.MAX_NDIM + 1)]


def whole(value: Any, expectation: str) -> int:
    """An int for anything that is one, NumPy's too; otherwise TypeError with the expectation. A bool is none."""
    try:
        if not isinstance(value, bool):
            return as_index(value)
    except TypeError:
        pass
    raise TypeError(f"{expectation}, got {value!r}")


def axis(dim: Any, ndim: int, op: str) -> int:
    """The axis as a number from 0: -1 is the last one. Raises IndexError out of range, TypeError for a non-integer."""
    place = dim if type(dim) is int else whole(dim, f"{op}: expected an integer axis")
    if not -ndim <= place < ndim:
        names = f"axes 0 to {ndim - 1}" if ndim else "no axes"
        raise IndexError(f"{op}: there is no axis {dim}; the tensor has {names}")
    return place % ndim


def axis_of_any(dim: Any, ndim: int, op: str) -> int:
    """The same, but a single number, which has no axes, takes 0 and -1 as a row of one number does (PyTorch's rule)."""
    if ndim == 0 and whole(dim, f"{op}: expected an integer axis") not in (0, -1):
        raise IndexError(f"{op}: there is no axis {dim}; a single number takes only 0 or -1")
    return axis(dim, ndim or 1, op)


def axes(dim: Union[None, int, Sequence[int]], ndim: int, op: str) -> Tuple[int, ...]:
    """All axes for None, else the given ones, sorted. Raises as `axis`, and ValueError for none or one named twice.

    The axis 0 or -1 of a single number is no axis: ()."""
    if dim is None:
        return ALL_AXES[ndim]
    if not isinstance(dim, (tuple, list)):
        place = axis_of_any(dim, ndim, op)
        return (place,) if ndim else ()
    places = sorted(axis_of_any(each, ndim, op) for each in dim)
    if len(set(places)) < len(places):
        raise ValueError(f"{op}: dim={dim!r} names an axis twice")
    if not places:
        raise ValueError(f"{op}: dim={dim!r} names no axis; use dim=None for all")
    return tuple(places) if ndim else ()


def flat_sizes(sizes: Tuple[Any, ...], op: str) -> Tuple[int, ...]:
    """reshape(2, 3), reshape((2, 3)) and reshape([2, 3]) mean the same."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    return tuple([size if type(size) is int else whole(size, f"{op}: expected integers") for size in sizes])


def check_shape(sizes: Tuple[int, ...], op: str) -> Tuple[int, ...]:
    """Refuse negative sizes and more axes than arrays have."""
    if sizes and min(sizes) < 0:
        raise ValueError(f"{op}: shape {sizes} has a negative size")
    if len(sizes) > K.MAX_NDIM:
        raise ValueError(f"{op}: shape has {len(sizes)} axes, at most {K.MAX_NDIM} are possible")
    return sizes


def resolve_shape(sizes: Tuple[int, ...], array: K.Array, op: str) -> Tuple[int, ...]:
    """`sizes` with its -1 worked out for the array's number of elements. Raises ValueError if they do not fit."""
    known = prod(sizes)
    if known < 0 and sizes.count(-1) == 1 and array.size % known == 0:
        sizes = tuple([array.size // -known if size == -1 else size for size in sizes])
        known = array.size
    if known != array.size or -1 in sizes:
        raise ValueError(f"{op}: shape {array.shape} has {array.size} elements, which do not fit {sizes}")
    return check_shape(sizes, op)


def broadcast_shapes(shapes: Sequence[Tuple[int, ...]], op: str) -> Tuple[int, ...]:
    """The shape all of `shapes` broadcast to: aligned on the right, a size of 1 stretches. Else ValueError."""
    result: List[int] = [1] * max(map(len, shapes), default=0)
    for shape in shapes:
        for place in range(1, len(shape) + 1):
            if shape[-place] != 1 and result[-place] not in (1, shape[-place]):
                sizes = f"sizes {result[-place]} and {shape[-place]} differ"
                raise ValueError(f"{op}: shapes {', '.join(map(str, shapes))} do not broadcast: {sizes}")
            if shape[-place] != 1:
                result[-place] = shape[-place]
    return tuple(result)
