"""One step of SGD, Adam and AdamW, and clipping the norm of the gradients, against PyTorch's foreach implementations.

The parameters are one array of 1e6, or the 52 arrays of a small GPT: 4 blocks of width 128, 65 characters, about 800
thousand numbers. The gradients stay what they are, so that every step costs the same. The rate counts what must be read
and written once: for Adam p, g, m, v in, p, m, v out.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Tuple

from benchmarks.peers import peer, threads
from benchmarks.timing import Result, alternate

TITLE = "Optimizer steps and gradient clipping"
Calls = Dict[str, Callable[[], Any]]
Shapes = List[Tuple[int, ...]]

BLOCK: Shapes = [
    *[(128,), (128,), (384, 128), (384,), (128, 128), (128,)],  # attention, its norm first
    *[(128,), (128,), (512, 128), (512,), (128, 512), (128,)],  # the feed-forward network
]
MODELS: Dict[str, Shapes] = {
    "1e6 in one array": [(1_000_000,)],
    "small GPT": [(65, 128), (64, 128), *BLOCK * 4, (128,), (128,)],
}
STEPS: Dict[str, Tuple[str, Dict[str, Any], int]] = {  # title -> class, options, arrays read and written
    "SGD": ("SGD", {"lr": 1e-6}, 3),
    "SGD, momentum 0.9": ("SGD", {"lr": 1e-6, "momentum": 0.9}, 5),
    "Adam": ("Adam", {"lr": 1e-6}, 7),
    "AdamW": ("AdamW", {"lr": 1e-6, "weight_decay": 0.01}, 7),
}


def results() -> Iterator[Result]:
    for count in (2, 1):
        with threads(count):
            for dtype in ("float64", "float32") if count == 2 else ("float32",):
                for model, shapes in MODELS.items():
                    yield from measure(model, shapes, dtype, "" if count == 2 else ", 1 thread")


def measure(model: str, shapes: Shapes, dtype: str, note: str) -> Iterator[Result]:
    ours = parameters(shapes, dtype)
    theirs = torch_parameters(ours)
    array = sum(p.numel() for p in ours) * (8 if dtype == "float64" else 4) / 1e9
    for title, (name, options, arrays) in STEPS.items():
        times = alternate(steps(ours, theirs, name, options), rounds=11)
        yield Result(f"{title}, {model} {dtype}{note}", times, arrays * array, "GB/s", 0.5)
    for title, largest, arrays in (("shortened", 0.999e-6, 3), ("left", 1e9, 1)):
        times = alternate(clips(ours, theirs, largest), rounds=11)
        yield Result(f"clip_grad_norm_ ({title}), {model} {dtype}{note}", times, arrays * array, "GB/s", 0.5)


def parameters(shapes: Shapes, dtype: str) -> List[Any]:
    from saitama import randn

    made = [randn(*shape, dtype=dtype, requires_grad=True) for shape in shapes]
    for p in made:
        p.grad = randn(*p.shape, dtype=dtype)
    return made


def torch_parameters(ours: List[Any]) -> List[Any]:
    torch = peer("torch")
    if torch is None:
        return []
    made = []
    for p in ours:
        made.append(torch.tensor(p.tolist(), dtype=getattr(torch, p.dtype)).requires_grad_())
        made[-1].grad = torch.tensor(p.grad.tolist(), dtype=made[-1].dtype)
    return made


def steps(ours: List[Any], theirs: List[Any], name: str, options: Dict[str, Any]) -> Calls:
    from saitama import optim

    calls: Calls = {"saitama": getattr(optim, name)(ours, **options).step}
    torch = peer("torch")
    if torch:
        calls["torch"] = getattr(torch.optim, name)(theirs, foreach=True, **options).step
    return calls


def clips(ours: List[Any], theirs: List[Any], largest: float) -> Calls:
    """Both add 1e-6 to the norm, so that a largest norm below that makes gradients shorter by a little every time."""
    from saitama.training import clip_grad_norm_

    calls: Calls = {"saitama": partial(clip_grad_norm_, ours, largest)}
    torch = peer("torch")
    if torch:
        calls["torch"] = partial(torch.nn.utils.clip_grad_norm_, theirs, largest, foreach=True)
    return calls
