"""From three loops to the matmul kernel: how fast each step of matmul_steps.c is, and the kernel at the end of them.

kernels/MATMUL.md explains the steps. All that run on as many threads take turns. The smaller matrices fit the second
cache, the larger ones do not; there the first two steps would take seconds.
"""

from __future__ import annotations

import ctypes
import tempfile
from functools import partial
from typing import Any, Callable, Iterator

from benchmarks import peers
from benchmarks.machine import alternate_with_peak, compiled, core_counts
from benchmarks.matmul import rivals
from benchmarks.timing import PEAK, SHARED, Result

TITLE = "From three loops to the matmul kernel"
STEPS = {384: ["three_loops", "reordered", "tiled", "packed"], 1536: ["tiled", "packed"]}  # on one thread
TOLERANCE = 1e-10  # of sums of up to 1536 products of normal numbers


def step(library: ctypes.CDLL, name: str, a: Any, b: Any, threads: int) -> Callable[[], Any]:
    """A call of a step, tried once: ValueError where its result is not that of our kernel."""
    from saitama.tensor.backend import K

    n, right = a.shape[0], K.matmul(a, b)
    numbers = ctypes.c_double * (n * n)
    x, y, expected = map(numbers.from_buffer, (a, b, right))
    out = numbers()
    call = partial(getattr(library, name), ctypes.c_long(n), x, y, out, threads)
    call()
    off = max(abs(p - q) for p, q in zip(out, expected))
    if not off < TOLERANCE:
        raise ValueError(f"matmul_steps: {name} of {n}x{n} is {off:g} off the kernel's result")
    return call


def results() -> Iterator[Result]:
    from saitama.tensor.backend import K

    with tempfile.TemporaryDirectory() as folder:
        library = compiled("matmul_steps.c", folder, "-fopenmp") or compiled("matmul_steps.c", folder)
        if library is None or K.info()["backend"] != "compiled":
            print("  matmul_steps: needs a C compiler (CC chooses one) and the compiled kernels, skipped")
            return
        for n, alone in STEPS.items():
            a, b = (K.normal((n, n), "float64", seed, 0) for seed in (1, 2))
            for threads in core_counts():
                case = f"{n}x{n} float64, {threads} thread{'s' * (threads > 1)}"
                kernel = rivals(a, b, False, False)
                steps = {name: step(library, name, a, b, threads) for name in (alone if threads == 1 else ["threaded"])}
                with peers.threads(threads):
                    options = {"rounds": 7, **(SHARED if threads > 1 else {})}
                    times = alternate_with_peak({**steps, **kernel}, "float64", 2e-9 * n**3, threads, **options)
                rows = {**{name: [name] for name in steps}, "the kernel": list(kernel)}
                for name, shown in rows.items():
                    measured = {who: times[who] for who in (*shown, PEAK) if who in times}
                    yield Result(f"{name} {case}", measured, 2e-9 * n**3)
