"""How much of a product's time its packing takes, on one thread: the operands of a GPT's layers, x W^T, dy W and
dy^T x, copied by kernels/pack.h to where the tiles read them, beside the whole product. "saitama" is the packing.
Short rows of a transposed a (65 numbers) are shown too, though the kernel reads them where they lie."""

from __future__ import annotations

import ctypes
import sysconfig
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, List, Tuple

from benchmarks import peers
from benchmarks.machine import compiled
from benchmarks.matmul import LAYERS, ROWS
from benchmarks.timing import Result, alternate

TITLE = "Packing, and the product it is for"
DEPTH = 512  # of a run along k, at most
KERNELS = Path(__file__).resolve().parent.parent / "kernels"

Operand = Tuple[str, Any, int, int, int, int]  # "a" or "b", numbers, steps to the next lane and along k, lanes, k


def library(folder: str) -> Any:
    """packing.c, or None without a C compiler or Python's headers."""
    return compiled("packing.c", folder, f"-I{KERNELS}", f"-I{sysconfig.get_paths()['include']}")


def packer(found: Any, dtype: str, operand: Operand) -> Callable[[], Any]:
    which, x, next_lane, next_k, lanes, k = operand
    runs = -(-k // DEPTH)
    number = ctypes.c_double if dtype == "float64" else ctypes.c_float
    out = (number * ((lanes + 64) * (-(-k // runs) + 1)))()
    sizes = [ctypes.c_long(size) for size in (next_lane, next_k, lanes, k, -(-k // runs))]
    return partial(getattr(found, f"pack_{which}_{dtype}"), (number * x.size).from_buffer(x), *sizes, out)


def results() -> Iterator[Result]:
    from saitama.tensor.backend import K

    with tempfile.TemporaryDirectory() as folder, peers.threads(1):
        found = library(folder)
        if found is None or K.info()["backend"] != "compiled":
            print("  packing: needs a C compiler (CC chooses one) and the compiled kernels, skipped")
            return
        for dtype in ("float64", "float32"):
            for k, n in LAYERS:
                x, w, dy = (K.normal(shape, dtype, 1, 0) for shape in ((ROWS, k), (n, k), (ROWS, n)))
                products: List[Tuple[str, Callable[[], Any], List[Operand]]] = [
                    (f"x W^T {ROWS}x{k} @ {k}x{n}", partial(K.matmul, x, w, False, True), [("b", w, k, 1, n, k)]),
                    (f"dy W {ROWS}x{n} @ {n}x{k}", partial(K.matmul, dy, w), [("b", w, 1, k, k, n)]),
                    (
                        f"dy^T x {n}x{ROWS} @ {ROWS}x{k}",
                        partial(K.matmul, dy, x, True),
                        [("a", dy, 1, n, n, ROWS), ("b", x, 1, k, k, ROWS)],
                    ),
                ]
                for title, product, operands in products:
                    calls = [packer(found, dtype, operand) for operand in operands]
                    rivals = {"saitama": lambda calls=calls: [call() for call in calls], "product": product}
                    yield Result(f"{title} {dtype}, 1 thread", alternate(rivals, rounds=5, seconds_per_sample=0.01))
