"""Data sets that a formula makes. x is in no unit; classes are int64."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any, List, Tuple

from saitama.options import number, whole
from saitama.tensor import Tensor, rand, randn

Pair = Tuple[Tensor, Tensor]


def xor() -> Pair:
    """The four cases of exclusive or: x (4, 2) and y (4, 1), both of zeros and ones. No single layer can do it."""
    return Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), Tensor([[0.0], [1.0], [1.0], [0.0]])


def noisy_line(n: int = 50, slope: float = 2.0, intercept: float = -1.0, noise: float = 0.3) -> Pair:
    """y = slope x + intercept + normal noise of that standard deviation: x (n, 1) uniform in [-1, 1), y (n, 1)."""
    _check("noisy_line", n, 1, noise)
    x = rand(n, 1) * 2 - 1  # (n, 1)
    return x, x * slope + intercept + randn(n, 1) * noise


def moons(n: int = 100, noise: float = 0.1) -> Pair:
    """Two half circles that reach into each other, n // 2 and the rest: x (n, 2), y (n,) of 0 and 1, with normal noise.

    Class 0 is (cos t, sin t) and class 1 is (1 - cos t, 1/2 - sin t), for t evenly from 0 to pi.
    """
    _check("moons", n, 4, noise)
    outer, inner = _evenly(n // 2), _evenly(n - n // 2)
    points = [[cos(pi * t), sin(pi * t)] for t in outer] + [[1 - cos(pi * t), 0.5 - sin(pi * t)] for t in inner]
    return Tensor(points) + randn(n, 2) * noise, Tensor([0] * len(outer) + [1] * len(inner), dtype="int64")


def spirals(n: int = 300, classes: int = 3, noise: float = 0.05, turns: float = 0.75) -> Pair:
    """Arms that wind around the origin, one for each class: x (n, 2), y (n,) from 0 to classes - 1, with normal noise.

    An arm is r (cos a, sin a) with r evenly from 0 to 1 and a = 2 pi (turns r + class / classes). n is dealt out
    evenly; the first classes get what is left.
    """
    _check("spirals", n, 2 * whole("spirals: classes", classes, 2), noise)
    points: List[List[float]] = []
    labels: List[int] = []
    for label in range(classes):
        for r in _evenly(n // classes + (label < n % classes)):
            angle = 2 * pi * (turns * r + label / classes)
            points.append([r * cos(angle), r * sin(angle)])
            labels.append(label)
    return Tensor(points) + randn(n, 2) * noise, Tensor(labels, dtype="int64")


def _evenly(count: int) -> List[float]:
    return [place / (count - 1) for place in range(count)]


def _check(name: str, n: Any, least: int, noise: Any) -> None:
    whole(f"{name}: n", n, least)
    number(f"{name}: noise is a standard deviation and", noise)
