"""What batch and layer normalisation share on pages 8 and 12: short numbers, and the steps there and back."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from saitama import Tensor

from .numbers import Numbers, given
from .task import Work


def vector(n: Numbers) -> Tensor:
    """Four numbers whose standard deviation is short: m ± s, twice each, in some order."""
    m, s = n.random.choice([1.0, -1.0, 2.0, 0.5, -2.0]), n.random.choice([2.0, 4.0, 0.5])
    numbers = [m + s, m - s, m + s, m - s]
    n.random.shuffle(numbers)
    return given("x", numbers)


def forward(x: Tensor, gamma: Tensor, beta: Tensor) -> Work:
    """y, by way of everything that is not written in one line."""
    mu = x.mean()
    apart = x - mu
    squares = apart**2
    v = squares.mean()
    root = v.sqrt()
    r = 1 / root
    xh = apart * r
    scaled = gamma * xh
    y = scaled + beta
    slips = {"sum-for-mean": {"μ": x.sum()}, "sample-variance": {"v": squares.sum() / 3}, "missing-bias": {"y": scaled}}
    slips["order-of-operations"] = {"y": gamma * (xh + beta), "squares": x**2 - mu**2}
    return Work({"μ": mu, "x̂": xh, **locals()}, y, slips=slips)


def normalised(x: Tensor) -> Tuple[Tensor, Tensor]:
    """x̂ and r, to be given."""
    m = x.mean().item()
    s = (x - m).pow(2).mean().sqrt().item()
    return given("x̂", [(v - m) / s for v in x.tolist()]), given("r", 1 / s)


def backward(xh: Tensor, r: Tensor, g: Tensor) -> Dict[str, Tensor]:
    """The steps from g, the gradient at x̂, to dx."""
    mean_g = g.mean()
    gx = g * xh
    mean_gx = gx.mean()
    second = xh * mean_gx
    off = g - mean_g
    inner = off - second
    dx = r * inner
    return {name: step for name, step in locals().items() if name not in ("xh", "r", "g")}


def in_a_network(norm: Any, x: Tensor, c: Tensor) -> Work:
    """As the framework writes it, under L = Σ c y."""
    y = norm(x)
    weighted = y * c
    L = weighted.sum()
    return Work({"γ": norm.weight, "β": norm.bias, **locals()}, L)


__all__ = ["backward", "forward", "in_a_network", "normalised", "vector"]
