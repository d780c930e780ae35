"""matmul against NumPy, on one thread and on all: the median ratio of alternating runs.

NumPy reads its number of threads when it is imported, so every count starts a fresh interpreter. There, OpenMP's idle
threads sleep instead of spinning (which is its default, and faster by itself): two libraries that both spin on the same
cores measure each other.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial

from benchmarks.timing import alternate, table

CASES = [("float64", 384), ("float64", 128), ("float64", 1024), ("float32", 384)]


def main() -> None:
    for threads in sorted({1, os.cpu_count() or 1}):
        variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, "OMP_WAIT_POLICY": "passive", **{name: str(threads) for name in variables}}
        subprocess.run([sys.executable, "-m", "benchmarks.matmul", "--measure"], env=environment, check=True)


def measure() -> None:
    import numpy

    from saitama.tensor.backend import K

    for dtype, n in CASES:
        a, b = K.normal((n, n), dtype, 1, 0), K.normal((n, n), dtype, 2, 0)
        x, y = numpy.asarray(a), numpy.asarray(b)
        times = alternate({"saitama": partial(K.matmul, a, b), "numpy": partial(numpy.matmul, x, y)})
        print(table(f"matmul {n}x{n} {dtype}, threads: {K.get_num_threads()}", times, work=2e-9 * n**3))


if __name__ == "__main__":
    measure() if "--measure" in sys.argv else main()
