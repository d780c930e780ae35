"""Matrix products against NumPy and PyTorch, on one thread and on two: squares, and the products of a GPT of width 128
forward (x W^T), backward (dy W and dy^T x) and in its attention's heads. "peak" is what as many multiply-adds take that
never leave the registers, in the same rounds: about as fast as anybody could be.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterator, Tuple

from benchmarks import peers
from benchmarks.machine import alternate_with_peak
from benchmarks.timing import SHARED, Result

TITLE = "Matrix products"
SQUARES = [32, 64, 128, 256, 512, 1024]
LAYERS = [(128, 384), (128, 512), (512, 128), (128, 128), (128, 65)]  # (inputs, outputs)
ROWS = 768  # of x: 12 texts of 64 tokens
HEADS = [((48, 64, 32), (48, 32, 64)), ((48, 64, 64), (48, 64, 32))]  # Q K^T, and the weights times V

Case = Tuple[str, Tuple[int, ...], Tuple[int, ...], bool, bool]  # title, shapes as stored, what is read transposed


def cases() -> Iterator[Case]:
    for n in SQUARES:
        yield f"{n}x{n} @ {n}x{n}", (n, n), (n, n), False, False
    yield from of_layers()
    for (batch, m, k), (_, _, n) in HEADS:
        yield f"{batch} of {m}x{k} @ {k}x{n}", (batch, m, k), (batch, k, n), False, False
        yield f"{batch} of {m}x{k} @ ({n}x{k})^T", (batch, m, k), (batch, n, k), False, True
        yield f"{batch} of ({k}x{m})^T @ {k}x{n}", (batch, k, m), (batch, k, n), True, False


def of_layers() -> Iterator[Case]:
    for k, n in LAYERS:
        yield f"x W^T {ROWS}x{k} @ {k}x{n}", (ROWS, k), (n, k), False, True
        yield f"dy W {ROWS}x{n} @ {n}x{k}", (ROWS, n), (n, k), False, False
        yield f"dy^T x {n}x{ROWS} @ {ROWS}x{k}", (ROWS, n), (ROWS, k), True, False


def rivals(a: Any, b: Any, trans_a: bool, trans_b: bool) -> Dict[str, Callable[[], Any]]:
    from saitama.tensor.backend import K

    calls: Dict[str, Callable[[], Any]] = {"saitama": partial(K.matmul, a, b, trans_a, trans_b)}
    for name in ("numpy", "torch"):
        library = peers.peer(name)
        if library:
            pair = [library.asarray(x) if name == "numpy" else _tensor(library, x) for x in (a, b)]
            views = [x.swapaxes(-1, -2) if flag else x for x, flag in zip(pair, (trans_a, trans_b))]
            calls[name] = partial(library.matmul, *views)
    return calls


def _tensor(torch: Any, a: Any) -> Any:
    return torch.frombuffer(a, dtype=getattr(torch, a.dtype)).reshape(a.shape)


def results() -> Iterator[Result]:
    from saitama.tensor.backend import K

    for count in (1, 2):
        with peers.threads(count):
            for dtype in ("float64", "float32"):
                for title, shape_a, shape_b, trans_a, trans_b in cases():
                    a, b = K.normal(shape_a, dtype, 1, 0), K.normal(shape_b, dtype, 2, 0)
                    y = K.matmul(a, b, trans_a, trans_b)
                    work = 2e-9 * y.size * shape_a[-2 if trans_a else -1]
                    calls = rivals(a, b, trans_a, trans_b)
                    options = SHARED if count > 1 else {"settle": SHARED["settle"]}
                    options = {"rounds": 5, "seconds_per_sample": 0.01, **options}
                    times = alternate_with_peak(calls, dtype, work, count, **options)
                    yield Result(f"{title} {dtype}, {count} thread{'s' * (count > 1)}", times, work, reach=0.6)
