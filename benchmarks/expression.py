"""What a small graph costs: the 2x2 expression (a @ b + a).relu().sum(), forward and backward.

There is next to nothing to compute, so this is the price of making tensors, recording operations and walking back.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

from benchmarks.peers import peer
from benchmarks.timing import Result, alternate

TITLE = "The price of a small graph"
A, B = [[1.0, -2.0], [3.0, 4.0]], [[0.5, 1.0], [-1.5, 2.0]]


def forward(a: Any, b: Any) -> Callable[[], Any]:
    return lambda: (a @ b + a).relu().sum()


def training(a: Any, b: Any) -> Callable[[], Any]:
    def step() -> Any:
        a.grad = b.grad = None
        (a @ b + a).relu().sum().backward()
        return a.grad

    return step


def results() -> Iterator[Result]:
    from saitama import Tensor

    torch = peer("torch")
    for dtype in ("float64", "float32"):
        for case, step in (("forward", forward), ("forward and backward", training)):
            asked = step is training
            ours = [Tensor(data, dtype=dtype, requires_grad=asked) for data in (A, B)]
            rivals = {"saitama": step(*ours)}
            if torch:
                theirs = [torch.tensor(x, dtype=getattr(torch, dtype), requires_grad=asked) for x in (A, B)]
                rivals["torch"] = step(*theirs)
                if rivals["saitama"]().tolist() != rivals["torch"]().tolist():
                    raise ArithmeticError("the two libraries differ")
            reach = 0.5 if asked else None
            yield Result(f"(a @ b + a).relu().sum(), {case}, {dtype}", alternate(rivals), reach=reach)
