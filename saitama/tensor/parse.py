"""From what a person writes (numbers, nested lists, buffers) to an Array, or an error that names the bad position."""

from __future__ import annotations

from itertools import chain
from math import inf
from numbers import Complex, Integral, Number, Real
from typing import Any, List, Optional, Sequence, Tuple

from .backend import K
from .dtype import check_dtype, get_default_dtype, is_float

EXACT = 2**53  # beyond this not every integer is a double
FLOAT32_MAX = (2 - 2**-24) * 2.0**127  # a number from here on rounds to infinity


def parse(data: Any, dtype: Any = None) -> K.Array:
    """An Array of `data`: a number, nested lists or tuples of equal lengths, or an object with the buffer protocol.

    Without a dtype, Python numbers become the default float dtype, bools alone become bool, and a buffer keeps its
    own. Raises TypeError for what is not a number, ValueError for ragged lists; both name the position.
    """
    wanted = None if dtype is None else check_dtype(dtype)
    if isinstance(data, (list, tuple, range)):
        flat, shape = flatten(data)
    elif _is_real(data):
        flat, shape = [data], ()
    elif data is None or isinstance(data, (str, bytes, bytearray, Complex)):
        raise TypeError(f"Tensor: expected a number, nested lists or a buffer, got {_show(data)}")
    else:
        return _from_buffer(data, wanted)
    kinds = set(map(type, flat))
    if not kinds <= {int, float, bool}:
        flat = [_number(value, index, shape) for index, value in enumerate(flat)]
        kinds = set(map(type, flat))
    chosen = wanted or ("bool" if kinds == {bool} else get_default_dtype())
    _check_values(flat, kinds, shape, chosen)
    if chosen == "int64" and float in kinds:
        flat = list(map(int, flat))
    return K.from_list(flat, shape, chosen)


def flatten(data: Sequence[Any]) -> Tuple[List[Any], Tuple[int, ...]]:
    """Nested lists as one flat list and the shape, one level of nesting at a time. Raises ValueError where ragged."""
    first: Any = data
    for _ in range(K.MAX_NDIM + 1):  # checked before the rest: a list may contain itself
        if not isinstance(first, (list, tuple, range)) or not first:
            break
        first = first[0]
    else:
        raise ValueError(f"Tensor: lists are nested more than {K.MAX_NDIM} deep")
    level: List[Any] = list(data)
    shape = [len(level)]
    while level and any(isinstance(item, (list, tuple, range)) for item in level):
        lengths = {len(item) if isinstance(item, (list, tuple, range)) else -1 for item in level}
        if len(lengths) > 1:
            raise ValueError(_ragged(level, tuple(shape)))
        level = list(chain.from_iterable(level))
        shape.append(lengths.pop())
    return level, tuple(shape)


def _ragged(level: List[Any], shape: Tuple[int, ...]) -> str:
    """Say where the first element stands that is not like the first one."""

    def length(item: Any) -> int:
        return len(item) if isinstance(item, (list, tuple, range)) else -1

    def describe(index: int) -> str:
        item = level[index]
        what = f"a list of {len(item)}" if length(item) >= 0 else f"the single value {_show(item)}"
        return f"{_position(index, shape)} is {what}"

    odd = next(index for index, item in enumerate(level) if length(item) != length(level[0]))
    return f"Tensor: ragged data: {describe(0)}, {describe(odd)}; give every list of one level the same length"


def _position(index: int, shape: Tuple[int, ...]) -> str:
    """The flat index as a person writes it: data[1][2]."""
    places = []
    for size in reversed(shape):
        index, place = divmod(index, size)
        places.append(f"[{place}]")
    return "data" + "".join(reversed(places))


def _is_real(value: Any) -> bool:
    """Whether it is a real number. A Decimal is one of Python's Numbers, and neither Real nor Complex."""
    return isinstance(value, Real) or isinstance(value, Number) and not isinstance(value, Complex)


def _number(value: Any, index: int, shape: Tuple[int, ...]) -> Any:
    """A plain Python number for anything that is one (numpy scalars, Fraction); TypeError otherwise."""
    if isinstance(value, (bool, int, float)):
        return bool(value) if isinstance(value, bool) else int(value) if isinstance(value, int) else float(value)
    if isinstance(value, Integral):
        return int(value)
    if _is_real(value):
        try:
            return float(value)
        except OverflowError:
            raise OverflowError(f"Tensor: {_position(index, shape)} is {_show(value)}, too large for a float") from None
    if type(value).__name__ in ("bool", "bool_"):  # NumPy's bool is none of Python's numbers
        return bool(value)
    hint = "; use stack() to join tensors, it keeps their gradients" if isinstance(value, K.Exporter) else ""
    raise TypeError(f"Tensor: {_position(index, shape)} is {_show(value)} ({type(value).__name__}), not a number{hint}")


def _show(value: Any) -> str:
    """What it looks like, in one short line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # repr() may raise: of an integer of 5000 digits, say
        return f"of type {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def _check_values(flat: List[Any], kinds: set, shape: Tuple[int, ...], dtype: str) -> None:
    """Refuse what the dtype cannot hold: a quietly changed number is worse than an error."""
    if dtype == "int64":
        for index, value in enumerate(flat):
            if isinstance(value, float) and not value.is_integer():
                raise TypeError(
                    f"Tensor: {_position(index, shape)} is {_show(value)}, which int64 cannot hold; use float64"
                )
            if not -(2**63) <= value < 2**63:
                raise OverflowError(f"Tensor: {_position(index, shape)} is {_show(value)}, outside the range of int64")
    elif dtype == "bool":
        for index, value in enumerate(flat):
            if value not in (0, 1):
                raise TypeError(f"Tensor: {_position(index, shape)} is {_show(value)}; a bool is True, False, 1 or 0")
        return
    if dtype == "float32":
        for index, value in enumerate(flat):
            if FLOAT32_MAX < abs(value) < inf:
                raise OverflowError(
                    f"Tensor: {_position(index, shape)} is {_show(value)}, outside the range of float32"
                )
    if int in kinds and is_float(dtype):
        for index, value in enumerate(flat):
            if isinstance(value, int) and abs(value) > EXACT and not _exact(value):
                raise OverflowError(
                    f"Tensor: {_position(index, shape)} is {_show(value)}, which {dtype} cannot hold exactly; "
                    "use dtype='int64' or write it as a float"
                )


def _exact(value: int) -> bool:
    try:
        return int(float(value)) == value
    except OverflowError:
        return False


def _from_buffer(data: Any, wanted: Optional[str]) -> K.Array:
    if hasattr(data, "mask") and hasattr(data, "filled"):  # NumPy's masked arrays, whose buffer knows nothing of it
        _refuse_masked(data)
    try:
        array = K.from_buffer(data)
    except (TypeError, ValueError) as error:
        if hasattr(data, "__float__") and not hasattr(data, "__len__"):
            return parse(float(data), wanted)
        what = f"got {type(data).__name__} ({error}); try .tolist() or list()"
        raise TypeError(f"Tensor: expected a number, nested lists or a buffer, {what}") from None
    if wanted is None or wanted == array.dtype:
        return array
    if is_float(wanted) and first_changed(array, wanted) is None:
        return K.cast(array, wanted)
    return parse(array.tolist(), wanted)  # number by number: one that does not fit is refused with its position


def _refuse_masked(data: Any) -> None:
    count = int(data.mask.sum()) if hasattr(data.mask, "sum") else int(data.mask)
    if count:
        raise ValueError(
            f"Tensor: {count} of the {data.size} numbers of this {type(data).__name__} are masked; give them a value "
            "with .filled(value), or leave them out with .compressed()"
        )


def first_changed(array: K.Array, dtype: str) -> Optional[int]:
    """The flat position of the first number that `dtype` cannot hold, but for the rounding of a float; None if it can
    hold them all. A fraction is no integer, 2 no bool, and 1e300 no float32."""
    flat = array.reshape((array.size,))
    if not array.size or array.dtype == dtype:
        return None
    try:
        new = K.cast(flat, dtype)
        if is_float(array.dtype) and is_float(dtype):
            changed = K.ne(_infinite(new), _infinite(flat))
        else:
            changed = K.ne(K.cast(new, array.dtype), flat)
    except ValueError:  # NaN, or beyond the integers
        return next(place for place, each in enumerate(flat.tolist()) if not _holds(dtype, each))
    places = K.nonzero(changed)
    return places.tolist()[0] if places.size else None


def _infinite(array: K.Array) -> K.Array:
    return K.eq(K.abs(array), K.full((), inf, array.dtype))


def _holds(dtype: str, value: Any) -> bool:
    if dtype == "int64":
        return bool(-(2**63) <= value < 2**63 and value == int(value))
    return int(float(value)) == value
