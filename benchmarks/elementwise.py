"""Element by element against NumPy and PyTorch: arithmetic with and without broadcasting, and functions of one number.

A row is one operation, layout, dtype and size. The rate is that of the memory: what is read and written at least once,
which is the limit of the largest size and far from that of the others.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Tuple

from benchmarks.peers import peer
from benchmarks.timing import Result, alternate

TITLE = "Elementwise operations"
REACH = 1.1  # of every row; 0.7 of their geometric mean
SIZES = {1_000: "1e3", 100_000: "1e5", 10_000_000: "1e7"}
BINARY = ["add", "mul", "div"]
UNARY = ["exp", "log", "tanh", "sigmoid", "relu", "gelu", "gelu_tanh"]
Shape = Tuple[int, ...]
Rivals = Dict[str, Callable[[], Any]]


def results() -> Iterator[Result]:
    for n, size in SIZES.items():
        for dtype in ("float64", "float32"):
            for case, arrays, calls in cases(n, dtype):
                times = alternate(calls, rounds=7, seconds_per_sample=0.01)
                numbers = n + sum(a.size for a in arrays)
                yield Result(f"{case} {dtype} ({size})", times, numbers * int(dtype[5:]) / 8e9, "GB/s", REACH)


def operands(n: int) -> Iterator[Tuple[str, Shape, Shape]]:
    """(name, shape of a, shape of b) with n elements in the result."""
    rows = 10 ** (round(math.log10(n)) // 2)
    yield "same shape", (rows, n // rows), (rows, n // rows)
    yield "row", (rows, n // rows), (n // rows,)
    yield "column", (rows, n // rows), (rows, 1)


def cases(n: int, dtype: str) -> Iterator[Tuple[str, List[Any], Rivals]]:
    """(name, arrays, rivals)."""
    for layout, shape_a, shape_b in operands(n):
        a, b = positive(shape_a, dtype), positive(shape_b, dtype)
        for op in BINARY:
            yield f"{op} {layout}", [a, b], rivals(op, a, b)
        if layout == "same shape":
            for op in UNARY:
                yield op, [a], rivals(op, a)


def positive(shape: Shape, dtype: str) -> Any:
    """Numbers in [0.1, 3.1], for log's sake."""
    from saitama.tensor.backend import K

    return K.add(K.mul(K.uniform(shape, dtype, 1, 0), K.full((), 3, dtype)), K.full((), 0.1, dtype))


def rivals(op: str, *arrays: Any) -> Rivals:
    """The same operation on the same numbers; a library that has no such function is left out."""
    from saitama.tensor.backend import K

    calls: Rivals = {"saitama": partial(getattr(K, op), *arrays)}
    np, torch = peer("numpy"), peer("torch")
    if np:
        views = [np.asarray(a) for a in arrays]
        named = {"mul": "multiply", "div": "divide"}.get(op, op)
        own = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "relu": lambda x: np.maximum(x, 0)}
        if op in own or hasattr(np, named):
            calls["numpy"] = partial(own.get(op) or getattr(np, named), *views)
    if torch:
        tensors = [torch.frombuffer(a, dtype=getattr(torch, a.dtype)).reshape(a.shape) for a in arrays]
        gelu = torch.nn.functional.gelu
        owned = {"gelu": gelu, "gelu_tanh": partial(gelu, approximate="tanh")}
        calls["torch"] = partial(owned.get(op) or getattr(torch, op), *tensors)
    return calls
