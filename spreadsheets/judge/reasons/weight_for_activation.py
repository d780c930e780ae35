"""Multiplied by the weight in place of the activation, or the reverse."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas import View
from ...graph.keys import Gradient, Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, misconception
from .case import Case, Cell


@misconception("weight-for-activation", KNOWS_THE_OPERATION)
class WeightForActivation(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        node = case.node
        if node is None or case.k is None or case.op not in ("MatMul", "Linear", "Mul") or len(node.inputs) < 2:
            return
        k = case.k
        mine, other = node.inputs[k], node.inputs[1 - k] if k < 2 else node.inputs[0]
        words = f"multiplied by {mine.name} in place of {other.name}"
        own, dy = case.work.view(Value(mine)), case.work.view(Gradient(node))
        if own.shape == dy.shape:
            yield words, lambda i: f"{dy[i]}*{own[i]}"
        if case.op == "Mul":
            yield words, lambda i: f"{dy[dy.broadcast(widest(i, dy.shape))]}*{own[i]}"
        if len(own.shape) == 2 and len(dy.shape) == 2:
            yield from self.products(case, words, own, dy)

    @staticmethod
    def products(case: Case, words: str, own: View, dy: View) -> Iterator[Tuple[str, Cell]]:
        """Products of two matrices with the weight in the activation's place, as far as the shapes let one."""
        rows, columns = case.step.shape
        (m, n), (p, q) = dy.shape, own.shape
        for turn_dy in (False, True):
            for turn_own in (False, True):
                for dy_first in (True, False):
                    a, b = ((n, m) if turn_dy else (m, n)), ((q, p) if turn_own else (p, q))
                    left, right = (a, b) if dy_first else (b, a)
                    if left[1] == right[0] and (left[0], right[1]) == (rows, columns):
                        first, second = (dy, own) if dy_first else (own, dy)
                        turns = (turn_dy, turn_own) if dy_first else (turn_own, turn_dy)
                        yield words, lambda i, f=first, s=second, t=turns, size=left[1]: product(f, s, t, size, i)


def product(first: View, second: View, turned: Tuple[bool, bool], size: int, i: Index) -> str:
    row, column = i
    pairs = []
    for k in range(size):
        a = first[(k, row)] if turned[0] else first[(row, k)]
        b = second[(column, k)] if turned[1] else second[(k, column)]
        pairs.append(f"{a}*{b}")
    return "+".join(pairs)


def widest(i: Index, shape: Tuple[int, ...]) -> Index:
    """An index of the operand as one of the result, where the operand was not repeated."""
    if len(i) > len(shape):
        raise ValueError("no index of the result")
    return (*(0,) * (len(shape) - len(i)), *i)
