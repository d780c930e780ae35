"""Array: numbers in a row, with the shape that says how to read them; and the ways to make one."""

from __future__ import annotations

import array
import struct
import sys
from typing import Any, Iterable, List, Sequence

from .broadcast import Shape, check_shape, check_sizes, count
from .kernel import kernel
from .memory import count_memory

TYPECODES = {"float64": "d", "float32": "f", "int64": "q", "bool": "b"}  # how array.array stores each dtype
FLOATS = ("float64", "float32")
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


class Array:
    """A dense array in row order. Nobody changes an Array after it was made: every operation returns a new one."""

    __slots__ = ("data", "shape", "dtype")

    def __init__(self, data: array.array[Any], shape: Shape, dtype: str) -> None:
        self.data = data  # flat; a bool is a byte, 0 or 1
        self.shape = shape
        self.dtype = dtype

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def item(self) -> Any:
        """The only element, as a Python number. Raises ValueError when there are more, or none."""
        if self.size != 1:
            raise ValueError(
                f"item: shape {self.shape} has {self.size} elements; only a single one can become a number"
            )
        return self._flat()[0]

    def tolist(self) -> Any:
        """Nested lists, one level per axis; a number for shape ()."""
        rows: List[Any] = self._flat()
        if not self.shape:
            return rows[0]
        for axis in range(self.ndim - 1, 0, -1):  # fold the last axis first: (2, 3, 4) -> 6 rows of 4 -> 2 rows of 3
            size, above = self.shape[axis], count(self.shape[:axis])
            rows = [rows[i * size : (i + 1) * size] for i in range(above)]
        return rows

    def reshape(self, shape: Shape) -> Array:
        """The same numbers read in another shape, without a copy; one size may be -1. Raises ValueError."""
        wanted = check_sizes("reshape", shape, smallest=-1)
        if wanted.count(-1) > 1:
            raise ValueError(f"reshape: shape {wanted}: only one size can be -1")
        known = count(tuple(size for size in wanted if size != -1))
        if max(known, *wanted, 0) > INT64_MAX:
            raise ValueError(f"reshape: shape {wanted} has more elements than memory can address")
        has = f"reshape: {self.shape} has {self.size} elements"
        if -1 in wanted:
            if known == 0 or self.size % known:
                raise ValueError(f"{has}, from which no size for -1 in {wanted} follows")
        elif known != self.size:
            raise ValueError(f"{has}, but {wanted} needs {known}")
        return Array(self.data, tuple(self.size // known if size == -1 else size for size in wanted), self.dtype)

    def __buffer__(self, flags: int) -> memoryview:
        """The numbers without a copy (PEP 688, Python 3.12 and later). An empty array exports as one empty row."""
        flat = memoryview(self.data)
        if not self.size:
            return flat
        code = "?" if self.dtype == "bool" else flat.format
        return flat.cast("B").cast(code, self.shape)  # type: ignore[call-overload]

    def __repr__(self) -> str:
        return f"Array({self.tolist()}, shape={self.shape}, dtype={self.dtype})"

    def _flat(self) -> List[Any]:
        return [bool(x) for x in self.data] if self.dtype == "bool" else self.data.tolist()


class Exporter:
    """Has one attribute, `array`, and offers its buffer as its own: memoryview(exporter) reads the array's numbers."""

    __slots__ = ("array",)
    array: Array

    def __buffer__(self, flags: int) -> memoryview:
        return self.array.__buffer__(flags)


def check_dtype(op: str, dtype: str) -> str:
    """`dtype`; TypeError unless it is one of the four."""
    if not isinstance(dtype, str) or dtype not in TYPECODES:
        raise TypeError(f"{op}: unknown dtype {dtype!r}; there are {', '.join(TYPECODES)}")
    return dtype


def check_float(op: str, *arrays: Array) -> None:
    """TypeError unless all have one dtype, and it is a float dtype."""
    check_same_dtype(op, *arrays)
    if arrays[0].dtype not in FLOATS:
        raise TypeError(f"{op}: needs float64 or float32, not {arrays[0].dtype}; convert it with .to(dtype)")


def check_same_dtype(op: str, *arrays: Array) -> None:
    """TypeError unless all have one dtype."""
    for other in arrays[1:]:
        if other.dtype != arrays[0].dtype:
            raise TypeError(f"{op}: dtypes {arrays[0].dtype} and {other.dtype} differ; convert one with .to(dtype)")


def check_is(op: str, what: str, array: Array, dtype: str) -> None:
    """TypeError unless `array` has the dtype."""
    if array.dtype != dtype:
        raise TypeError(f"{op}: {what} must be {dtype}, not {array.dtype}")


def check_gradient(op: str, a: Array, dy: Array) -> None:
    """ValueError unless dy has a's shape, TypeError unless both have one float dtype."""
    if a.shape != dy.shape:
        raise ValueError(f"{op}: shapes {a.shape} and {dy.shape} differ")
    check_float(op, a, dy)


def zeros(shape: Shape, dtype: str) -> Array:
    """Zeros. Made before the work starts, so an impossible size fails at once: MemoryError with the bytes asked for."""
    code = TYPECODES[dtype]
    try:
        data = array.array(code, [0]) * count(shape)
    except (MemoryError, OverflowError):
        nbytes = count(shape) * array.array(code).itemsize
        raise MemoryError(f"out of memory: {nbytes} bytes were asked for") from None
    count_memory(data)
    return Array(data, shape, dtype)


def fill(out: Array, values: Iterable[Any]) -> Array:
    """`out` with `values` written in row order. Storing into float32 rounds; beyond its range it gives inf."""
    data = out.data
    for i, value in enumerate(values):
        data[i] = value
    return out


def store(op: str, value: Any, dtype: str) -> Any:
    """A Python number as `dtype` holds it; TypeError for what is none, OverflowError for one beyond its range."""
    if dtype == "bool":
        return bool(value)
    try:
        return array.array(TYPECODES[dtype], (value,))[0]
    except TypeError:
        raise TypeError(f"{op}: a {type(value).__name__} cannot be stored as {dtype}") from None
    except OverflowError:
        raise OverflowError(f"{op}: a number is too large for {dtype}") from None


@kernel
def from_list(flat: Sequence[Any], shape: Shape, dtype: str) -> Array:
    """An array of `shape` from its numbers in row order. Raises ValueError if their count or size does not fit."""
    shape = check_shape("from_list", shape)
    check_dtype("from_list", dtype)
    out = zeros(shape, dtype)
    if len(flat) != out.size:
        raise ValueError(f"from_list: shape {shape} needs {out.size} numbers, but {len(flat)} were given")
    return fill(out, (store("from_list", value, dtype) for value in flat))


@kernel
def from_buffer(obj: object) -> Array:
    """A copy of any buffer of C ints, floats or bools, strided too.

    Floats keep their width (half precision widens), integers become int64. Raises TypeError for any other format,
    OverflowError for an unsigned number beyond int64.
    """
    view = memoryview(obj)  # type: ignore[arg-type]
    own_order = "@=<" if sys.byteorder == "little" else "@=>!"
    code = view.format.lstrip("@=<>!" if view.itemsize == 1 else own_order)
    shape = check_shape("from_buffer", view.shape or ())
    # A letter says the kind, the item size says the rest: a C long has 4 or 8 bytes.
    if code in ("d", "f", "e"):
        dtype, letter = ("float64" if code == "d" else "float32"), code
    elif code in ("b", "h", "i", "l", "q", "n"):
        dtype, letter = "int64", {2: "h", 4: "i", 8: "q"}.get(view.itemsize, "b")
    elif code in ("B", "H", "I", "L", "Q", "N"):
        dtype, letter = "int64", {2: "H", 4: "I", 8: "Q"}.get(view.itemsize, "B")
    elif code == "?":
        dtype, letter = "bool", "?"
    else:
        raise TypeError(
            f"from_buffer: format {view.format!r} is not supported; "
            "give C integers, floats or bools in native byte order"
        )
    numbers = struct.iter_unpack("=" + letter, view.tobytes())  # tobytes follows the strides and writes in row order
    out = zeros(shape, dtype)
    for i, (number,) in enumerate(numbers):
        if letter == "Q" and number > INT64_MAX:
            raise OverflowError(f"from_buffer: {number} at position {i} is too large for int64")
        out.data[i] = number
    return out


@kernel
def full(shape: Shape, value: float, dtype: str) -> Array:
    """An array with the same number everywhere."""
    out = zeros(check_shape("full", shape), check_dtype("full", dtype))
    if dtype == "int64" and isinstance(value, float) and value.is_integer():
        value = int(value)
    number = store("full", value, dtype)
    return fill(out, (number for _ in range(out.size)))


@kernel
def cast(a: Array, dtype: str) -> Array:
    """The same numbers in another dtype: int64 drops the fraction, in bool anything but 0 is True.

    Raises ValueError for a float that int64 cannot hold: NaN, an infinity, or one beyond its range.
    """
    out = zeros(a.shape, check_dtype("cast", dtype))
    if dtype == "int64":
        for i, x in enumerate(a.data):
            if not INT64_MIN <= x <= INT64_MAX:  # NaN is refused here too
                raise ValueError(f"cast: {x} at position {i} has no int64 value")
        return fill(out, map(int, a.data))
    return fill(out, (x != 0 for x in a.data) if dtype == "bool" else a.data)
