"""What each kernel gets of one core: of its multiply-adds if it multiplies matrices, else of the memory's bandwidth.

The arrays are a GPT's, 12 texts of 64 tokens and a width of 128 (cached), and ten times what the third cache holds
(large). Bytes are those of every operand and result, moved once; FLOP those of the formula, an exponential not
counted. So long formulas (GELU, random numbers) have a small share of the bandwidth, and a kernel whose arrays are
in a cache may have more than all of it.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterator, Tuple

from benchmarks import peers
from benchmarks.timing import Result, alternate

TITLE = "Shares of the machine, one thread"
SHAPES = {"cached": (768, 128), "large": (20000, 2000)}
HEADS, TOKENS, WIDTH = 48, 64, 32  # of attention: every head of every text
STEPS, BATCH, HIDDEN = 64, 64, 128  # of a recurrent layer

Call = Tuple[Callable[[], Any], float, str]  # what to call, its work in GB or GFLOP, the unit of a rate


def moving(shape: Tuple[int, int], dtype: str) -> Dict[str, Call]:
    """Kernels that are measured by the bytes they read and write."""
    from saitama.tensor.backend import K

    x, y = K.normal(shape, dtype, 1, 0), K.normal(shape, dtype, 2, 0)
    row, positive = K.full(shape[1:], 0.5, dtype), K.exp(x)
    bools, targets = K.gt(x, y), K.integers(shape[:1], 0, shape[1], 3, 0)
    rows = K.integers(shape[:1], 0, shape[0], 4, 0)
    size = x.size * (8 if dtype == "float64" else 4) * 1e-9

    def call(arrays: float, name: str, *arguments: Any) -> Call:
        return partial(getattr(K, name), *arguments), arrays * size, "GB/s"

    calls = {name: call(2, name, x) for name in ("relu", "exp", "tanh", "sigmoid", "gelu")}
    return {
        **calls,
        "log": call(2, "log", positive),
        "add": call(3, "add", x, y),
        "add a row": call(2, "add", x, row),
        "greater": call(2 + 1 / x.size, "gt", x, y),
        "where": call(3, "where", bools, x, y),
        "transpose": call(2, "transpose", x, (1, 0)),
        "concat": call(4, "concat", [x, y], 0),
        "take rows": call(2, "take", x, rows, 0),
        "add taken rows": call(2, "take_grad", x, rows, 0, shape[0]),
        "full": call(1, "full", shape, 0.5, dtype),
        "normal": call(1, "normal", shape, dtype, 1, 0),
        "sum of rows": call(1, "sum", x, (1,), False),
        "sum of columns": call(1, "sum", x, (0,), False),
        "argmax of rows": call(1, "argmax", x, (1,), False),
        "softmax": call(2, "softmax", x, 1),
        "softmax backward": call(3, "softmax_grad", x, y, 1),
        "cross-entropy": call(2, "cross_entropy", x, targets, -100, 0.0),
        "layer_norm": call(2, "layer_norm", x, row, row, 1e-5),
        "batch_norm": call(2, "batch_norm", x, row, row, 1e-5),
        "norm": call(1, "norm", [x]),
    }


def multiplying(dtype: str) -> Dict[str, Call]:
    """Kernels that are measured by their multiply-adds, two FLOP each."""
    from saitama.tensor.backend import K

    x, w = K.normal((768, 128), dtype, 1, 0), K.normal((128, 512), dtype, 2, 0)
    q, k, v, dy = (K.normal((HEADS, TOKENS, WIDTH), dtype, seed, 0) for seed in (1, 2, 3, 4))
    y, rows = K.attention(q, k, v, None, 0, True, WIDTH**-0.5)
    seen = HEADS * TOKENS * (TOKENS + 1) / 2 * WIDTH  # causal: half of the scores
    a, recurrent = K.normal((STEPS, BATCH, 4 * HIDDEN), dtype, 5, 0), K.normal((4 * HIDDEN, HIDDEN), dtype, 6, 0)
    h = K.full((BATCH, HIDDEN), 0.0, dtype)
    return {
        "matmul": (partial(K.matmul, x, w), 2e-9 * 768 * 128 * 512, "GFLOP/s"),
        "matmul, one row": (partial(K.matmul, K.slice(x, (0, 0), (1, 1), (1, 128)), w), 2e-9 * 128 * 512, "GFLOP/s"),
        "attention": (partial(K.attention, q, k, v, None, 0, True, WIDTH**-0.5), 2e-9 * 2 * seen, "GFLOP/s"),
        "attention backward": (
            partial(K.attention_grad, dy, q, k, v, None, 0, True, WIDTH**-0.5, y, rows),
            2e-9 * 5 * seen,
            "GFLOP/s",
        ),
        "lstm": (partial(K.lstm_steps, a, recurrent, h, h), 2e-9 * a.size * HIDDEN, "GFLOP/s"),
    }


def results() -> Iterator[Result]:
    with peers.threads(1):
        for dtype in ("float64", "float32"):
            for name, (call, work, unit) in multiplying(dtype).items():
                yield Result(f"{name} {dtype}, 1 thread", alternate({"saitama": call}, rounds=5), work, unit)
            for size, shape in SHAPES.items():
                for name, (call, work, unit) in moving(shape, dtype).items():
                    times = alternate({"saitama": call}, rounds=5, seconds_per_sample=0.005)
                    yield Result(f"{name} {dtype}, {size}, 1 thread", times, work, unit)
