"""How the cost of an operation grows with its size, from one number to ten million: where calling ends and computing
begins.

Every library works on its own tensors, as its users would. Sizes are elements of the result; a product of matrices is
of square ones.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any, Callable, Dict, Iterator, Tuple

from benchmarks.peers import peer
from benchmarks.timing import SHARED, Result, alternate

TITLE = "Cost against size"
SIZES = [10**power for power in range(8)]
LARGEST_MATMUL = 10**6  # elements: the work grows faster than the size
DTYPE = "float64"


def point(result: Result) -> Tuple[str, float]:
    name, size = re.match(r"(\w+) .*\((.*)\)", result.case).groups()  # type: ignore[union-attr]
    return name, float(size)


def rivals(name: str, operands: Tuple[Any, ...]) -> Dict[str, Callable[[], Any]]:
    """The operation on saitama's tensors and, on the same numbers, on those of its peers."""
    import saitama

    libraries = {"saitama": saitama, "numpy": peer("numpy"), "torch": peer("torch")}
    calls: Dict[str, Callable[[], Any]] = {}
    for library, module in libraries.items():
        if module is None:
            continue
        own = operands
        if library == "numpy":
            own = tuple(module.asarray(x) for x in operands)
        elif library == "torch":
            own = tuple(module.frombuffer(x, dtype=getattr(module, DTYPE)).reshape(x.shape) for x in operands)
        if name == "exp" and library == "numpy":  # whose arrays have no such method
            calls[library] = partial(module.exp, *own)
        else:
            calls[library] = CALLS[name](*own)
    return calls


CALLS: Dict[str, Callable[..., Callable[[], Any]]] = {
    "add": lambda x, y: lambda: x + y,
    "exp": lambda x, y: lambda: x.exp(),
    "sum": lambda x, y: lambda: x.sum(),
    "matmul": lambda x, y: lambda: x @ y,
}


def results() -> Iterator[Result]:
    import saitama

    for name in CALLS:
        for size in SIZES:
            side = max(1, round(math.sqrt(size)))
            if name == "matmul" and size > LARGEST_MATMUL:
                continue
            shape = (side, side) if name == "matmul" else (size,)
            x, y = (saitama.rand(*shape, dtype=DTYPE) for _ in range(2))
            work, unit = {
                "add": (24e-9 * size, "GB/s"),
                "exp": (16e-9 * size, "GB/s"),
                "sum": (8e-9 * size, "GB/s"),
                "matmul": (2e-9 * side**3, "GFLOP/s"),
            }[name]
            shown = f" {side}x{side}" if name == "matmul" else ""
            times = alternate(rivals(name, (x, y)), rounds=5, seconds_per_sample=0.01, **SHARED)
            yield Result(f"{name}{shown} {DTYPE} (1e{round(math.log10(size))})", times, work, unit)
