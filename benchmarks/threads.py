"""What the second core brings: the time of the main kernels on two threads, against the same on one. 0.5 is all there
is to gain; what the memory limits gains less.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterator

from benchmarks.machine import core_counts
from benchmarks.timing import Result, alternate

TITLE = "Two threads against one"
SIDE = 1024


def kernels(dtype: str) -> Dict[str, Callable[[], Any]]:
    """name -> a call of a kernel on arrays that are worth sharing: a million elements."""
    from saitama.tensor.backend import K

    x, y = (K.normal((SIDE, SIDE), dtype, seed, 0) for seed in (1, 2))
    row, z = K.full((SIDE,), 0.5, dtype), K.normal((SIDE // 2, SIDE // 2), dtype, 3, 0)
    return {
        "add": partial(K.add, x, y),
        "exp": partial(K.exp, x),
        "gelu": partial(K.gelu, x),
        "sum of all": partial(K.sum, x, (0, 1), False),
        "sum of rows": partial(K.sum, x, (1,), False),
        "sum of columns": partial(K.sum, x, (0,), False),
        "softmax": partial(K.softmax, x, 1),
        "layer_norm": partial(K.layer_norm, x, row, row, 1e-5),
        "normal": partial(K.normal, (SIDE, SIDE), dtype, 1, 0),
        f"matmul {SIDE // 2}x{SIDE // 2}": partial(K.matmul, z, z),
        f"matmul {SIDE}x{SIDE}": partial(K.matmul, x, y),
    }


def with_threads(count: int, call: Callable[[], Any]) -> Callable[[], Any]:
    import saitama

    def run() -> Any:
        saitama.set_num_threads(count)
        return call()

    return run


def results() -> Iterator[Result]:
    import saitama

    if core_counts()[-1] < 2:
        print("  threads: needs two cores, skipped")
        return
    before = saitama.get_num_threads()
    try:
        for dtype in ("float64", "float32"):
            for name, call in kernels(dtype).items():
                rivals = {"saitama": with_threads(2, call), "one thread": with_threads(1, call)}
                yield Result(f"{name} {dtype}", alternate(rivals, rounds=11), reach=0.6)
    finally:
        saitama.set_num_threads(before)
