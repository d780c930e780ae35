"""x[...]: a person's key, taken apart into the operations Slice, Take and Reshape."""

from __future__ import annotations

from operator import index as as_index
from typing import TYPE_CHECKING, Any, List, Tuple

from . import dispatch
from .backend import K
from .shape import broadcast_shapes

if TYPE_CHECKING:
    from .tensor import Tensor


def index(x: Any, key: Any) -> Tensor:
    """x[key] for integers, slices, None, ..., int64 tensors or lists, and bool masks, as NumPy reads them.

    Raises IndexError out of range or for too many indices, TypeError for a key that is none of these.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    keys = [_as_index_tensor(each) for each in keys]
    if len(keys) == 1 and _is_mask(keys[0]):
        return _masked(x, keys[0])
    keys = _fill(keys, x.array.shape)
    places = [place for place, each in enumerate(k for k in keys if k is not None) if _is_tensor(each)]
    return _basic(x, keys) if not places else _advanced(x, keys, places)


def _is_tensor(key: Any) -> bool:
    return isinstance(key, K.Exporter)


def _is_mask(key: Any) -> bool:
    return _is_tensor(key) and key.dtype == "bool"


def _as_index_tensor(key: Any) -> Any:
    """Lists and buffers as int64 or bool tensors; a 0-d int64 tensor as the integer it holds."""
    if key is None or key is ... or isinstance(key, slice):
        return key
    if isinstance(key, (float, str, bool)):
        raise TypeError(f"index: expected integers, slices, None, ... or tensors of integers or bools, got {key!r}")
    if not _is_tensor(key):
        try:
            return as_index(key)
        except TypeError:
            from .tensor import Tensor

            kind = Tensor(key).dtype
            key = (
                Tensor(key, dtype="int64") if isinstance(key, (list, tuple, range)) and kind != "bool" else Tensor(key)
            )
    if key.dtype not in ("int64", "bool"):
        raise TypeError(f"index: a tensor of {key.dtype} cannot be an index; make it with dtype='int64', or compare it")
    return key.item() if key.ndim == 0 and key.dtype == "int64" else key


def _fill(keys: List[Any], shape: Tuple[int, ...]) -> List[Any]:
    """The ellipsis, or what is missing at the end, written out as full slices."""
    if sum(each is ... for each in keys) > 1:
        raise IndexError("index: only one ... is possible")
    if any(_is_mask(each) for each in keys):
        raise IndexError("index: a bool mask must be the only index; use mask-free axes in a second step")
    used = sum(each is not None and each is not ... for each in keys)
    if used > len(shape):
        raise IndexError(f"index: {used} indices for a tensor of {len(shape)} axes, shape {shape}")
    at = next((place for place, each in enumerate(keys) if each is ...), len(keys))
    return keys[:at] + [slice(None)] * (len(shape) - used) + keys[at + 1 :]


def _basic(x: Any, keys: List[Any]) -> Tensor:
    """Integers, slices and None: one Slice, whose shape leaves out the integers' axes and has a 1 for each None."""
    starts, steps, sizes, shape = [], [], [], []
    axis = 0
    for key in keys:
        if key is None:
            shape.append(1)
            continue
        length = x.array.shape[axis]
        if isinstance(key, slice):
            try:
                start, stop, step = key.indices(length)
            except (TypeError, ValueError) as error:
                raise type(error)(f"index: {key}: {error}") from None
            size = len(range(start, stop, step))
            shape.append(size)
        else:
            if not -length <= key < length:
                raise IndexError(f"index: {key} is out of range for axis {axis} with {length} elements")
            start, step, size = key % length, 1, 1
        starts.append(start if size else 0)
        steps.append(step)
        sizes.append(size)
        axis += 1
    if tuple(sizes) == x.array.shape and all(step == 1 for step in steps):
        return x.reshape(tuple(shape)) if tuple(shape) != x.array.shape else x
    params = {"starts": tuple(starts), "steps": tuple(steps), "sizes": tuple(sizes), "shape": tuple(shape)}
    return dispatch.apply("Slice", (x,), **params)


def _advanced(x: Any, keys: List[Any], places: List[int]) -> Tensor:
    """Tensors of integers on neighbouring axes: those axes become one, and Take picks from it."""
    if any(each is None for each in keys):
        raise IndexError("index: None together with an index tensor is not possible; use unsqueeze() in a second step")
    first, last = places[0], places[-1]
    if len(places) != last - first + 1 or any(isinstance(each, int) for each in keys):
        raise IndexError("index: index tensors must stand on neighbouring axes without plain integers; use two steps")
    if any(each != slice(None) for each in keys if isinstance(each, slice)):
        x = _basic(x, [slice(None) if place in places else each for place, each in enumerate(keys)])
    picks = [keys[place] for place in places]
    if len(picks) == 1:
        return dispatch.apply("Take", (x, picks[0]), dim=first)
    shape = x.array.shape
    common = broadcast_shapes([pick.shape for pick in picks], "index")
    arrays = [K.expand(pick.array, common) for pick in picks]
    flat = type(x)._wrap(K.flat_index(arrays, shape[first : last + 1]))
    merged = 1
    for size in shape[first : last + 1]:
        merged *= size
    return dispatch.apply("Take", (x.reshape(*shape[:first], merged, *shape[last + 1 :]), flat), dim=first)


def _masked(x: Any, mask: Any) -> Tensor:
    """The elements (or rows) where the mask is True, as a list of them."""
    covered = x.array.shape[: mask.ndim]
    if mask.shape != covered:
        raise IndexError(f"index: a mask of shape {mask.shape} does not cover the first axes of shape {x.array.shape}")
    positions = type(x)._wrap(K.nonzero(mask.array))
    return dispatch.apply("Take", (x.reshape(mask.numel(), *x.array.shape[mask.ndim :]), positions), dim=0)
