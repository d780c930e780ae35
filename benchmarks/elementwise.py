"""Element by element against NumPy and PyTorch: arithmetic with and without broadcasting, and functions of one number.

A row of the table is one operation, dtype, shape and size; its columns are saitama's time per element and, for each
rival, saitama's median time divided by the rival's (below 1 saitama is faster). The geometric mean is over the faster
rival of each row. All libraries use all cores, in one process; OpenMP's idle threads sleep instead of spinning, so
that the libraries do not measure each other.
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import subprocess
import sys
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Tuple

from benchmarks.timing import alternate

Shape = Tuple[int, ...]
Rivals = Dict[str, Callable[[], Any]]
SIZES = [1_000, 100_000, 10_000_000]
BINARY = ["add", "mul", "div"]
UNARY = ["exp", "log", "tanh", "sigmoid", "relu", "gelu", "gelu_tanh"]


def main() -> None:
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    subprocess.run([sys.executable, "-m", "benchmarks.elementwise", "--measure"], env=environment, check=True)


def operands(n: int) -> Iterator[Tuple[str, Shape, Shape]]:
    """(name, shape of a, shape of b) with n elements in the result."""
    rows = 10 ** (round(math.log10(n)) // 2)
    yield "same shape", (rows, n // rows), (rows, n // rows)
    yield "row", (rows, n // rows), (n // rows,)
    yield "column", (rows, n // rows), (rows, 1)


def cases(libraries: Dict[str, Any]) -> Iterator[Tuple[str, int, Rivals]]:
    """(title, elements, rivals). Numbers lie in [0.1, 3.1], for log's sake."""
    K = libraries["saitama"]
    for n in SIZES:
        for dtype in ("float64", "float32"):
            for layout, shape_a, shape_b in operands(n):
                a, b = (positive(K, shape, dtype) for shape in (shape_a, shape_b))
                for op in BINARY:
                    yield f"{op} {layout}, {dtype}", n, rivals(libraries, op, a, b)
                if layout == "same shape":
                    for op in UNARY:
                        yield f"{op}, {dtype}", n, rivals(libraries, op, a)


def positive(K: Any, shape: Shape, dtype: str) -> Any:
    return K.add(K.mul(K.uniform(shape, dtype, 1, 0), K.full((), 3, dtype)), K.full((), 0.1, dtype))


def rivals(libraries: Dict[str, Any], op: str, *arrays: Any) -> Rivals:
    """The same operation on the same numbers; a library that has no such function is left out."""
    calls: Rivals = {"saitama": partial(getattr(libraries["saitama"], op), *arrays)}
    if "numpy" in libraries:
        np = libraries["numpy"]
        views = [np.asarray(a) for a in arrays]
        named = {"mul": "multiply", "div": "divide"}.get(op, op)
        own = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "relu": lambda x: np.maximum(x, 0)}
        if op in own or hasattr(np, named):
            calls["numpy"] = partial(own.get(op) or getattr(np, named), *views)
    if "torch" in libraries:
        torch = libraries["torch"]
        tensors = [torch.frombuffer(a, dtype=getattr(torch, a.dtype)).reshape(a.shape) for a in arrays]
        gelu = torch.nn.functional.gelu
        owned = {"gelu": gelu, "gelu_tanh": partial(gelu, approximate="tanh")}
        calls["torch"] = partial(owned.get(op) or getattr(torch, op), *tensors)
    return calls


def measure() -> None:
    from saitama.tensor.backend import K

    libraries: Dict[str, Any] = {"saitama": K}
    for name in ("numpy", "torch"):
        try:
            libraries[name] = __import__(name)
        except ImportError:
            print(f"without {name}, which is not installed")
    gc.freeze()  # what the imports made is not searched for garbage before each sample
    peers = list(libraries)[1:]
    print(f"{'':34}{'elements':>10}  {'ns/element':>10}" + "".join(f"{'/ ' + name:>10}" for name in peers))
    best: List[float] = []
    for title, n, calls in cases(libraries):
        times = alternate(calls, rounds=7, seconds_per_sample=0.01)
        medians = {name: statistics.median(samples) for name, samples in times.items()}
        shown = [f"{medians['saitama'] / medians[name]:10.2f}" if name in medians else f"{'':10}" for name in peers]
        print(f"{title:34}{n:>10}  {medians['saitama'] / n * 1e9:10.3f}" + "".join(shown), flush=True)
        if len(medians) > 1:
            best.append(medians["saitama"] / min(medians[name] for name in peers if name in medians))
    if best:
        mean = math.exp(statistics.mean(map(math.log, best)))
        print(f"saitama / the faster of them: geometric mean {mean:.2f}, from {min(best):.2f} to {max(best):.2f}")


if __name__ == "__main__":
    measure() if "--measure" in sys.argv else main()
