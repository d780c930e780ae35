"""Sum, mean and max over each axis and over all: large arrays show the memory's speed, small ones the cost of a call.

PyTorch's max over an axis is `amax`, as `max` also looks for positions. The rate counts the bytes that are read.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from benchmarks.peers import peer, threads
from benchmarks.timing import Result, alternate

TITLE = "Reductions"
Shape = Tuple[int, ...]
Axes = Optional[int]  # None: all

OPERATIONS = ["sum", "mean", "max"]
CASES: Dict[Shape, Tuple[Axes, ...]] = {
    (32, 10): (0, 1, None),
    (768, 65): (0, 1),
    (768, 128): (0, 1, None),
    (12288, 65): (0, 1),
    (1000, 1000): (0, 1, None),
    (10, 1000, 1000): (0, 1, 2, None),
}
ONE_THREAD = {(1000, 1000): (0, None), (10, 1000, 1000): (1, 2)}  # what is measured on one thread too


def results() -> Iterator[Result]:
    for count, cases in ((2, CASES), (1, ONE_THREAD)):
        with threads(count):
            for dtype in ("float64", "float32"):
                for shape, every in cases.items():
                    for axis in every:
                        for op in OPERATIONS:
                            yield measure(op, shape, axis, dtype, "" if count == 2 else ", 1 thread")


def measure(op: str, shape: Shape, axis: Axes, dtype: str, note: str) -> Result:
    from saitama.tensor.backend import K

    x = K.normal(shape, dtype, 1, 0)
    calls = rivals(op, x, axis)
    large = x.size > 1e6
    times = alternate(calls, rounds=7 if large else 9, seconds_per_sample=0.01)
    over = "all" if axis is None else f"axis {axis}"
    size = "x".join(map(str, shape))
    work = x.size * (8 if dtype == "float64" else 4) / 1e9  # bytes read
    return Result(f"{op} over {over}, {size} {dtype}{note}", times, work, "GB/s", 0.6)


def rivals(op: str, x: Any, axis: Axes) -> Dict[str, Callable[[], Any]]:
    """The same reduction of the same numbers."""
    from saitama.tensor.backend import K

    dims = tuple(range(x.ndim)) if axis is None else (axis,)
    calls: Dict[str, Callable[[], Any]] = {"saitama": partial(getattr(K, op), x, dims, False)}
    np, torch = peer("numpy"), peer("torch")
    if np:
        calls["numpy"] = partial(getattr(np.asarray(x), op), axis)
    if torch:
        t = torch.frombuffer(x, dtype=getattr(torch, x.dtype)).reshape(x.shape)
        calls["torch"] = partial(getattr(t, "amax" if op == "max" else op), *(() if axis is None else (axis,)))
    return calls
