"""The products of a GPT's layers as its training step meets them: each with other matrices than the one before, 48 MB
of them in turn, so that no operand is left in a core's own cache. (benchmarks/matmul.py repeats a product with the
same.)
"""

from __future__ import annotations

from itertools import cycle
from typing import Any, Callable, Iterator, List

from benchmarks import peers
from benchmarks.machine import alternate_with_peak
from benchmarks.matmul import of_layers, rivals
from benchmarks.timing import SHARED, Result

TITLE = "Matrix products whose operands no cache of the core holds"
BYTES = 48 << 20


def in_turn(calls: List[Callable[[], Any]]) -> Callable[[], Any]:
    """Calls one after the other, one for each call."""
    ring = cycle(calls)
    return lambda: next(ring)()


def results() -> Iterator[Result]:
    from saitama.tensor.backend import K

    for count in (1, 2):
        with peers.threads(count):
            for dtype in ("float64", "float32"):
                for title, shape_a, shape_b, trans_a, trans_b in of_layers():
                    a, b = (K.normal(shape, dtype, 0, 0) for shape in (shape_a, shape_b))
                    y = K.matmul(a, b, trans_a, trans_b)
                    size = sum(memoryview(x).nbytes for x in (a, b, y))
                    each = [
                        rivals(K.normal(shape_a, dtype, i, 0), K.normal(shape_b, dtype, i, 1), trans_a, trans_b)
                        for i in range(-(-BYTES // size))
                    ]
                    calls = {name: in_turn([one[name] for one in each]) for name in each[0]}
                    work = 2e-9 * y.size * shape_a[-2 if trans_a else -1]
                    options = {**SHARED, "rounds": 5, "seconds_per_sample": 0.02}
                    times = alternate_with_peak(calls, dtype, work, count, **options)
                    yield Result(f"{title} {dtype}, {count} thread{'s' * (count > 1)}", times, work, reach=1.0)
