"""Tensors made from a rule instead of from data."""

from __future__ import annotations

from math import ceil
from numbers import Integral, Real
from typing import Any, Optional, Sequence, Tuple

from . import dispatch
from .backend import K
from .dtype import check_dtype, get_default_dtype, is_float
from .methods import _to, alike, as_tensor
from .parse import parse
from .shape import axis, check_shape, flat_sizes, whole
from .tensor import Tensor


def full(shape: Any, fill_value: float, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of `shape` with one number everywhere."""
    return _filled("full", shape, fill_value, dtype, requires_grad)


def zeros(*shape: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """zeros(2, 3) or zeros((2, 3)): a tensor of zeros."""
    return _filled("zeros", flat_sizes(shape, "zeros"), 0, dtype, requires_grad)


def ones(*shape: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """ones(2, 3) or ones((2, 3)): a tensor of ones."""
    return _filled("ones", flat_sizes(shape, "ones"), 1, dtype, requires_grad)


def arange(start: float, end: Optional[float] = None, step: float = 1, *, dtype: Any = None) -> Tensor:
    """start, start + step, ... below end (from 0 when only one number is given); int64 if all three are integers."""
    if end is None:
        start, end = 0, start
    for value in (start, end, step):
        if not isinstance(value, Real):
            raise TypeError(f"arange: expected numbers, got {value!r}")
    if step == 0 or step != step:
        raise ValueError(f"arange: step must be a number other than 0, got {step}")
    whole = all(isinstance(value, Integral) for value in (start, end, step))
    count = -((int(start) - int(end)) // int(step)) if whole else (end - start) / step
    if not abs(count) < 2**31:  # nan too
        raise ValueError(f"arange: from {start} to {end} by {step} is not a list of numbers that fits in memory")
    chosen = check_dtype(dtype) if dtype is not None else "int64" if whole else get_default_dtype()
    return Tensor([start + step * place for place in range(ceil(count))], dtype=chosen)


def eye(n: int, *, dtype: Any = None) -> Tensor:
    """The identity matrix (n, n): ones on the diagonal."""
    check_shape(flat_sizes((n,), "eye"), "eye")
    positions = arange(n)
    return positions.unsqueeze(1).eq(positions.unsqueeze(0)).to(_dtype(dtype))


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new axis. Raises ValueError for none, or for different shapes."""
    items = [as_tensor(each) for each in _some(tensors, "stack")]
    for place, each in enumerate(items):
        if each.shape != items[0].shape:
            raise ValueError(f"stack: tensor 0 has shape {items[0].shape}, tensor {place} has {each.shape}; use cat()")
    new = axis(dim, items[0].ndim + 1, "stack")
    return cat([each.unsqueeze(new) for each in items], new)


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors one after the other along an axis they have; the other sizes must agree, else ValueError."""
    items = [as_tensor(each) for each in _some(tensors, "cat")]
    dtypes = {each.array.dtype for each in items}
    if len(dtypes) > 1:
        floats = sorted(filter(is_float, dtypes))  # sorted, the wider one is the last
        chosen = floats[-1] if floats else get_default_dtype()
        items = [_to(each, chosen) for each in items]
    return dispatch.apply("Concat", items, dim=axis(dim, items[0].array.ndim, "cat"))


def chunk(x: Tensor, chunks: int, dim: int = 0) -> Tuple[Tensor, ...]:
    """The tensor cut along an axis into `chunks` equal parts; the inverse of cat. Raises ValueError for an axis that
    cannot be cut so."""
    at, count = axis(dim, x.ndim, "chunk"), whole(chunks, "chunk: expected a whole number of chunks")
    if count < 1 or x.shape[at] % count:
        raise ValueError(f"chunk: axis {dim} of shape {x.shape} cannot be cut into {count} equal parts")
    sizes = (*x.shape[:at], x.shape[at] // count, *x.shape[at + 1 :])
    before, after, steps = (0,) * at, (0,) * (x.ndim - at - 1), (1,) * x.ndim
    return tuple(
        dispatch.apply("Slice", (x,), starts=(*before, n * sizes[at], *after), steps=steps, sizes=sizes, shape=sizes)
        for n in range(count)
    )


def where(condition: Tensor, a: Any, b: Any) -> Tensor:
    """a where the condition is True, b elsewhere; the three broadcast."""
    mask = as_tensor(condition)
    if mask.dtype != "bool":
        raise TypeError(f"where: the condition must be bool, got {mask.dtype}; compare, as in x > 0")
    return dispatch.apply("Where", (mask, *alike(a, b)))


def _some(tensors: Any, op: str) -> Any:
    if isinstance(tensors, Tensor) or not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{op}: expected a list of tensors, got {type(tensors).__name__}")
    if not tensors:
        raise ValueError(f"{op}: expected at least one tensor, got an empty list")
    return tensors


def _filled(op: str, shape: Any, value: Any, dtype: Any, requires_grad: bool) -> Tensor:
    sizes = check_shape(flat_sizes((shape,), op), op)
    number = parse(value.item() if isinstance(value, Tensor) else value, dtype)  # raises for what the dtype cannot hold
    if number.shape:
        raise ValueError(f"{op}: expected one number for every place, got values of shape {number.shape}")
    return _made(K.expand(number, sizes), requires_grad)


def _dtype(dtype: Any) -> str:
    return get_default_dtype() if dtype is None else check_dtype(dtype)


def _made(array: K.Array, requires_grad: bool) -> Tensor:
    tensor = Tensor._wrap(array)
    return tensor.requires_grad_() if requires_grad else tensor
