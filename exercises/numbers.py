"""The numbers of a learner's own sheet: from the name and the level, multiples of 1/8, the same on every machine."""

from __future__ import annotations

import hashlib
import random
from typing import Any, Callable, List, Sequence, Set

from saitama import Tensor


def seed_of(learner: str, level: int) -> int:
    """What is printed on the sheet as "numbers"."""
    name = " ".join(learner.split()).casefold()
    return int.from_bytes(hashlib.sha256(f"{name}\n{level}".encode()).digest()[:8], "big") % 100_000


class Numbers:
    """The numbers of one task. Another task that is added or changed moves none of them."""

    def __init__(self, seed: int, task: str) -> None:
        self.random = random.Random(f"{seed} {task}")
        self.taken: Set[float] = set()  # the sizes of single numbers: two alike could be mistaken for each other

    def eighths(self, name: str, *shape: int, most: float = 2.0, grad: bool = False) -> Tensor:
        """Multiples of 1/8."""
        return self.steps(name, shape, 0.125, most, grad)

    def quarters(self, name: str, *shape: int, most: float = 2.5, grad: bool = False) -> Tensor:
        return self.steps(name, shape, 0.25, most, grad)

    def halves(self, name: str, *shape: int, most: float = 3.5, grad: bool = False) -> Tensor:
        """For a long way back, where eighths would grow too many decimals."""
        return self.steps(name, shape, 0.5, most, grad)

    def whole(self, name: str, *shape: int, most: float = 9, grad: bool = False) -> Tensor:
        return self.steps(name, shape, 1.0, most, grad)

    def steps(self, name: str, shape: Sequence[int], step: float, most: float, grad: bool = False) -> Tensor:
        """Multiples of `step` up to `most`, of both signs. No 0 and no 1, which hide what was done with them, and no
        two of the same size while there are enough."""
        sizes = [n * step for n in range(1, int(most / step) + 1) if n * step != 1]
        if not shape:
            sizes = [size for size in sizes if size not in self.taken] or sizes
        count = 1
        for size in shape:
            count *= size
        chosen: List[float] = []
        while len(chosen) < count:
            chosen += self.random.sample(sizes, min(len(sizes), count - len(chosen)))
        signed = [size if self.random.random() < 0.6 else -size for size in chosen]
        if count > 1 and len({x > 0 for x in signed}) == 1:  # both signs, always
            signed[self.random.randrange(count)] *= -1
        if not shape:
            self.taken.update(map(abs, signed))
        return given(name, shaped(signed, shape), grad)

    def one_of(self, name: str, choices: Sequence[Any], grad: bool = False) -> Tensor:
        """One of some numbers, or of some lists of them."""
        return given(name, self.random.choice(choices), grad)

    def until(self, make: Callable[[], Any], good: Callable[..., bool]) -> Any:
        """What `make` gives, as often as it takes until `good` says so of it."""
        for _ in range(10_000):
            self.taken.clear()
            found = make()
            if good(*found):
                return found
        raise ValueError("no numbers are good")

    def between(self, low: int, high: int) -> int:
        """A whole number that is no tensor: a size, say."""
        return self.random.randint(low, high)


def given(name: str, data: Any, grad: bool = False) -> Tensor:
    """What is given on the sheet."""
    return Tensor(data, name=name, requires_grad=grad, dtype="float64")


def shaped(flat: Sequence[float], shape: Sequence[int]) -> Any:
    if not shape:
        return flat[0]
    rest = len(flat) // shape[0]
    return [shaped(flat[n * rest : (n + 1) * rest], shape[1:]) for n in range(shape[0])]


__all__ = ["Numbers", "given", "seed_of"]
