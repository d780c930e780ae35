"""Cases for both backends, and what it means that they agree: the same numbers, or the same error in the same words."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, Callable, List, NamedTuple, Sequence, Tuple

from hypothesis import strategies as st

Shape = Tuple[int, ...]
Twins = Tuple[ModuleType, ModuleType]

FLOATS = ("float64", "float32")
DTYPES = ("float64", "float32", "int64", "bool")
ROUNDING = {"float64": 2.0**-52, "float32": 2.0**-23}  # the spacing of numbers near 1


class Case(NamedTuple):
    """An array that no backend has made yet."""

    flat: List[Any]
    shape: Shape
    dtype: str

    def on(self, kernels: ModuleType) -> Any:
        return kernels.from_list(self.flat, self.shape, self.dtype)


def flatten(nested: Any) -> List[Any]:
    """All numbers of a nested list, in row order."""
    return [x for row in nested for x in flatten(row)] if isinstance(nested, list) else [nested]


def close(x: Any, y: Any, ulps: float, scale: float, dtype: str) -> bool:
    """Equal, both NaN, or at most `ulps` roundings of the larger of |x|, |y| and `scale` apart."""
    if x == y or (x != x and y != y):
        return True
    if dtype not in FLOATS or not (math.isfinite(x) and math.isfinite(y)):
        return False
    return abs(x - y) <= ulps * ROUNDING[dtype] * max(abs(x), abs(y), scale)


def outcome(call: Callable[..., Any], kernels: ModuleType, args: Sequence[Any]) -> Any:
    """What the call returns, or the error it raises."""
    try:
        return call(kernels, *(arg.on(kernels) if isinstance(arg, Case) else arg for arg in args))
    except Exception as error:
        return error


def agree(twins: Twins, call: Callable[..., Any], *args: Any, ulps: float = 0, scale: float = 0) -> None:
    """Assert that call(kernels, *args) does the same on both; Cases become arrays of the backend first."""
    ours, theirs = (outcome(call, kernels, args) for kernels in twins)
    if isinstance(ours, Exception) or isinstance(theirs, Exception):
        assert (type(theirs), str(theirs)) == (type(ours), str(ours))
        return
    assert (theirs.shape, theirs.dtype, theirs.size, theirs.ndim) == (ours.shape, ours.dtype, ours.size, ours.ndim)
    for i, (x, y) in enumerate(zip(flatten(ours.tolist()), flatten(theirs.tolist()))):
        assert close(x, y, ulps, scale, ours.dtype), f"element {i}: reference {x!r}, compiled {y!r}"


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan, 1e-30, -1e30, 3e38]


def numbers(dtype: str, special: bool = True, limit: float = 30) -> st.SearchStrategy[Any]:
    """Elements of a dtype: moderate ones, and where asked those that break formulas."""
    if dtype == "bool":
        return st.booleans()
    if dtype == "int64":
        return st.integers(-9, 9) | st.integers(-(2**63), 2**63 - 1)
    width = 32 if dtype == "float32" else 64
    moderate = st.floats(-limit, limit, width=width)
    return moderate | st.sampled_from(SPECIAL) if special else moderate


def shapes(min_dims: int = 0, max_dims: int = 4, max_size: int = 4, min_size: int = 0) -> st.SearchStrategy[Shape]:
    return st.lists(st.integers(min_size, max_size), min_size=min_dims, max_size=max_dims).map(tuple)


@st.composite
def arrays(draw: st.DrawFn, shape: Any = None, dtype: Any = None, special: bool = True, limit: float = 30) -> Case:
    """A case of a given or any shape and float dtype."""
    shape = draw(shapes()) if shape is None else shape
    dtype = draw(st.sampled_from(FLOATS)) if dtype is None else dtype
    n = product(shape)
    flat = draw(st.lists(numbers(dtype, special, limit), min_size=n, max_size=n))
    return Case(flat, shape, dtype)


@st.composite
def shrunk(draw: st.DrawFn, shape: Shape) -> Shape:
    """A shape that broadcasts to `shape`: some sizes become 1, some leading axes go."""
    sizes = [draw(st.sampled_from([1, size])) for size in shape]
    drop = draw(st.integers(0, len(sizes)))
    return tuple(sizes[drop:])


@st.composite
def operands(draw: st.DrawFn, n: int = 2, dtype: Any = None, special: bool = True) -> List[Case]:
    """n cases of one dtype that broadcast most of the time."""
    dtype = draw(st.sampled_from(FLOATS) if dtype is None else dtype)
    shape = draw(shapes())
    one = shrunk(shape) if draw(st.integers(0, 7)) else shapes()
    return [draw(arrays(draw(one), dtype, special)) for _ in range(n)]


@st.composite
def reductions(draw: st.DrawFn, special: bool = False) -> Tuple[Case, Shape, bool]:
    """An array, sorted axes of it, and keepdim."""
    a = draw(arrays(special=special))
    dims = tuple(d for d in range(len(a.shape)) if draw(st.booleans()))
    return a, dims, draw(st.booleans())


def product(shape: Shape) -> int:
    n = 1
    for size in shape:
        n *= size
    return n
