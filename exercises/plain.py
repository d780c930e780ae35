"""Attention on plain lists, by the book and with each of its known mistakes: what the checks of levels 10, 11 and 14
hold a learner's numbers against."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Tuple

Table = List[List[float]]


def product(A: Any, B: Any) -> Table:
    return [[sum(x * y for x, y in zip(row, column)) for column in zip(*B)] for row in A]


def turned(A: Any) -> Table:
    return [list(column) for column in zip(*A)]


def softmax(row: List[float]) -> List[float]:
    largest = max(row)
    if largest == -math.inf:
        return [0.0] * len(row)
    e = [math.exp(v - largest) for v in row]
    return [v / sum(e) for v in e]


def causal(rows: int, columns: int) -> List[List[bool]]:
    return [[j <= i for j in range(columns)] for i in range(rows)]


def attention(Q: Any, K: Any, V: Any, mask: Optional[Any] = None, scale: Optional[float] = None) -> Tuple[Table, Table]:
    scale = 1 / math.sqrt(len(Q[0])) if scale is None else scale
    S = [[v * scale for v in row] for row in product(Q, turned(K))]
    if mask is not None:
        S = [[v if seen else -math.inf for v, seen in zip(row, see)] for row, see in zip(S, mask)]
    P = [softmax(row) for row in S]
    return product(P, V), P


def mistakes(Q: Any, K: Any, V: Any, mask: Optional[Any] = None) -> Dict[str, Tuple[Table, Table]]:
    """What each known mistake gives, by what is said of it."""
    d = len(Q[0])
    found = {
        "the scores are not divided by √d": attention(Q, K, V, mask, 1.0),
        "the scores are divided by d; it is √d": attention(Q, K, V, mask, 1 / d),
        "the scores are multiplied by √d; divide": attention(Q, K, V, mask, math.sqrt(d)),
    }
    S = [[v / math.sqrt(d) for v in row] for row in product(Q, turned(K))]
    if len(Q) > 1 and mask is None:
        down = turned([softmax(list(column)) for column in zip(*S)])
        found["softmax runs down the columns; each query shares itself out along its row"] = product(down, V), down
        raw = [[math.exp(min(v, 700.0)) for v in row] for row in S]
        found["the exponentials are not divided by the sum of their row"] = product(raw, V), raw
    if mask is not None:
        found["the mask is missing"] = attention(Q, K, V)
        late = [[p * seen for p, seen in zip(row, see)] for row, see in zip(attention(Q, K, V)[1], mask)]
        found["the mask came after the softmax: the rows do not sum to 1"] = product(late, V), late
        if mask == causal(len(Q), len(K)):
            more = [[j <= i + 1 for j in range(len(K))] for i in range(len(Q))]
            found["each query sees one key too many: the mask is shifted"] = attention(Q, K, V, more)
            less = [[j < i for j in range(len(K))] for i in range(len(Q))]
            found["no query sees itself: the mask is shifted"] = attention(Q, K, V, less)
        added = [softmax([v + seen for v, seen in zip(row, see)]) for row, see in zip(S, mask)]
        found["the mask of 0 and 1 was added to the scores; what is hidden needs -∞"] = product(added, V), added
    return found
