"""Softmax, log-softmax, cross-entropy, layer and batch normalisation, forward and backward.

PyTorch is called at its kernels, below autograd, as saitama is, so that both do the same work. NumPy has none of these.
The rate counts what must be read and written once.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Tuple

from benchmarks.peers import peer, threads
from benchmarks.timing import Result, alternate

TITLE = "Softmax, cross-entropy and normalisation"
Shape = Tuple[int, int]
Calls = Dict[str, Callable[[], Any]]

SIZES: Dict[str, List[Shape]] = {
    "softmax": [(32, 10), (768, 65), (12288, 65), (1000, 1000)],
    "softmax, axis 0": [(768, 65), (1000, 1000)],
    "log_softmax": [(32, 10), (768, 65), (12288, 65), (1000, 1000)],
    "cross_entropy": [(32, 10), (768, 65), (12288, 65), (1000, 1000)],
    "layer_norm": [(32, 10), (768, 128), (12288, 65), (1000, 1000)],
    "batch_norm": [(32, 10), (768, 128), (12288, 65), (1000, 1000)],
}
ONE_THREAD: Dict[str, List[Shape]] = {name: [(1000, 1000)] for name in SIZES}
EPS = 1e-5


def results() -> Iterator[Result]:
    for count, sizes in ((2, SIZES), (1, ONE_THREAD)):
        with threads(count):
            for dtype in ("float64", "float32"):
                for name, shapes in sizes.items():
                    for shape in shapes:
                        for title, calls, passes in cases(name, shape, dtype):
                            times = alternate(calls, rounds=9, seconds_per_sample=0.01)
                            work = passes * shape[0] * shape[1] * (8 if dtype == "float64" else 4) / 1e9
                            note = "" if count == 2 else ", 1 thread"
                            case = f"{title}, {shape[0]}x{shape[1]} {dtype}{note}"
                            yield Result(case, times, work, "GB/s", 0.6)


def cases(name: str, shape: Shape, dtype: str) -> List[Tuple[str, Calls, int]]:
    """(title, rivals, arrays of `shape` read and written) of the operation and of its derivative."""
    from saitama.tensor.backend import K

    x, dy = K.normal(shape, dtype, 1, 0), K.normal(shape, dtype, 2, 0)
    ours = saitama_calls(K, name, x, dy)
    theirs = torch_calls(name, x, dy)
    return [
        (
            name if way == "forward" else f"{name} backward",
            {"saitama": ours[way], **({"torch": theirs[way]} if theirs else {})},
            3 if way == "backward" and name != "cross_entropy" else 2,
        )
        for way in ("forward", "backward")
    ]


def saitama_calls(K: Any, name: str, x: Any, dy: Any) -> Calls:
    rows, width = x.shape
    if name == "cross_entropy":
        t, losses = targets(K, rows, width), K.full((rows,), 1 / rows, x.dtype)
        log_p = K.cross_entropy(x, t, -100, 0.0)[1]
        return {
            "forward": partial(K.cross_entropy, x, t, -100, 0.0),
            "backward": partial(K.cross_entropy_grad, log_p, t, losses, -100, 0.0),
        }
    if name in ("layer_norm", "batch_norm"):
        w, b = K.uniform((width,), x.dtype, 3, 0), K.uniform((width,), x.dtype, 4, 0)
        forward, backward = getattr(K, name), getattr(K, f"{name}_grad")
        statistics = forward(x, w, b, EPS)[1:]
        more = (EPS,) if name == "batch_norm" else ()
        return {"forward": partial(forward, x, w, b, EPS), "backward": partial(backward, dy, x, w, *statistics, *more)}
    op, dim = name.split(",")[0], 0 if name.endswith("axis 0") else 1
    y = getattr(K, op)(x, dim)
    return {"forward": partial(getattr(K, op), x, dim), "backward": partial(getattr(K, f"{op}_grad"), y, dy, dim)}


def targets(K: Any, rows: int, width: int) -> Any:
    return K.integers((rows,), 0, width, 5, 0)


def torch_calls(name: str, x: Any, dy: Any) -> Calls:
    torch = peer("torch")
    if torch is None:
        return {}
    from saitama.tensor.backend import K

    def tensor(a: Any) -> Any:
        return torch.frombuffer(a, dtype=getattr(torch, a.dtype)).reshape(a.shape)

    rows, width = x.shape
    aten = torch.ops.aten
    x, dy = tensor(x), tensor(dy)
    if name == "cross_entropy":
        t, losses = tensor(targets(K, rows, width)), torch.full((rows,), 1 / rows, dtype=x.dtype)
        log_p, none = torch.log_softmax(x, 1), torch.tensor(0.0, dtype=x.dtype)

        def backward() -> Any:
            g = aten.nll_loss_backward(losses, log_p, t, None, 0, -100, none)
            return aten._log_softmax_backward_data(g, log_p, 1, x.dtype)

        return {"forward": partial(torch.nn.functional.cross_entropy, x, t, reduction="none"), "backward": backward}
    if name in ("layer_norm", "batch_norm"):
        w, b = torch.rand(width, dtype=x.dtype), torch.rand(width, dtype=x.dtype)
        every = [True, True, True]
        if name == "layer_norm":
            _, mean, rstd = torch.native_layer_norm(x, [width], w, b, EPS)
            return {
                "forward": partial(torch.native_layer_norm, x, [width], w, b, EPS),
                "backward": partial(aten.native_layer_norm_backward, dy, x, [width], mean, rstd, w, b, every),
            }
        _, mean, rstd = torch.native_batch_norm(x, w, b, None, None, True, 0.1, EPS)
        return {
            "forward": partial(torch.native_batch_norm, x, w, b, None, None, True, 0.1, EPS),
            "backward": partial(aten.native_batch_norm_backward, dy, x, w, None, None, mean, rstd, True, EPS, every),
        }
    op, dim = name.split(",")[0], 0 if name.endswith("axis 0") else 1
    y = getattr(torch, op)(x, dim)
    backward_data = getattr(aten, f"_{op}_backward_data")
    return {"forward": partial(getattr(torch, op), x, dim), "backward": partial(backward_data, dy, y, dim, x.dtype)}
