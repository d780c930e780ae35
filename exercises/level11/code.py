"""Level 11 in code: heads on lists of lists."""

from __future__ import annotations

import math
from typing import Any, List

from ..plain import attention, causal, product, turned
from ..task import code
from ..trying import Try, Wrong, expect, show

X = [[1.0, -0.5, 0.25, 2.0], [0.5, 1.5, -1.0, 0.75], [-2.0, 0.5, 1.0, -0.25]]
M = [[0.5, 1.0, -1.5, 0.25], [2.0, -0.75, 0.5, 1.0]]
WEIGHTS = [
    [[0.5, -0.25, 1.0, 0.75], [-1.0, 0.5, 0.25, -0.5], [0.25, 1.0, -0.75, 0.5], [0.75, -0.5, 0.5, 1.0]],
    [[1.0, 0.5, -0.5, 0.25], [0.25, -1.0, 0.75, 0.5], [-0.5, 0.25, 1.0, -0.75], [0.5, 0.75, 0.25, -1.0]],
    [[-0.5, 1.0, 0.25, 0.5], [0.75, 0.25, -1.0, 1.0], [0.5, -0.75, 0.5, 0.25], [1.0, 0.5, -0.25, 0.75]],
    [[0.25, 0.75, -0.5, 1.0], [0.5, -0.25, 1.0, -0.75], [1.0, 0.5, 0.25, 0.5], [-0.75, 1.0, 0.5, -0.25]],
]


def split(A: Any, h: int) -> List[Any]:
    d = len(A[0]) // h
    return [[row[k * d : (k + 1) * d] for row in A] for k in range(h)]


def join(heads: Any) -> Any:
    return [[v for head in heads for v in head[t]] for t in range(len(heads[0]))]


def straight(A: Any, h: int) -> List[Any]:
    """What reshaping straight to (h, T, d) gives."""
    flat = [v for row in A for v in row]
    d = len(A[0]) // h
    rows = [flat[n * d : (n + 1) * d] for n in range(len(flat) // d)]
    return [rows[k * len(A) : (k + 1) * len(A)] for k in range(h)]


def reference(
    x: Any, h: int, mask: Any = None, memory: Any = None, scale: Any = None, weights: Any = WEIGHTS, apart: Any = split
) -> Any:
    W_Q, W_K, W_V, W_O = weights
    source = x if memory is None else memory
    Q, K, V = product(x, W_Q), product(source, W_K), product(source, W_V)
    found = [attention(q, k, v, mask, scale) for q, k, v in zip(apart(Q, h), apart(K, h), apart(V, h))]
    return product(join([out for out, _ in found]), W_O), [p for _, p in found]


@code(
    "11-code-split",
    "split and join",
    "Head k has the columns k d to (k + 1) d of every row.",
    "join puts the heads' rows side by side again.",
)
def split_and_join(my: Try) -> None:
    for h in (2, 4):
        what = f"split({show(X)}, {h})"
        got = my.run(what, my.get("split"), X, h)
        expect(
            what,
            got,
            split(X, h),
            faults={"reshaped straight to (h, T, d): the first head has other positions' numbers": straight(X, h)},
        )
        expect(f"join(split(X, {h}))", my.run("join(…)", my.get("join"), got), X, "each undoes the other")
    heads = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
    expect(
        f"join({show(heads)})",
        my.call("join", heads),
        [[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]],
        faults={"the heads stand below each other; put them side by side": [row for head in heads for row in head]},
    )
    my.refuses("split(X (3, 4), 3)", "3 does not divide 4", my.get("split"), X, 3)


def tried(my: Try, text: str, x: Any, h: int, mask: Any, second: Any, **options: Any) -> None:
    got = my.run(text, my.get("multi_head"), x, *WEIGHTS, h, **options)
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        raise Wrong(f"{text} returned {show(got)}, expected two: the output and the weights of each head")
    out, weights = reference(x, h, mask, second)
    plain = [[list(row) for row in w] for w in WEIGHTS]
    known = {
        "the scores are divided by √C; a head has d = C / h": reference(x, h, mask, second, 1 / math.sqrt(4)),
        "the scores are not divided by √d": reference(x, h, mask, second, 1.0),
        "Wᵀ in place of W in every projection": reference(x, h, mask, second, None, [turned(w) for w in WEIGHTS]),
        "Wᵀ in place of W in Q, K and V": reference(x, h, mask, second, None, [*map(turned, WEIGHTS[:3]), WEIGHTS[3]]),
        "Wᵀ in place of W in W_O": reference(x, h, mask, second, None, [*WEIGHTS[:3], turned(WEIGHTS[3])]),
        "all of it is one head": reference(x, 1, mask, second),
        "W_O is missing": reference(x, h, mask, second, None, [*plain[:3], _unit()]),
    }
    if second is None:
        known["reshaped straight to (h, T, d)"] = reference(x, h, mask, second, apart=straight)
    if mask is not None:
        known["the mask is missing"] = reference(x, h)
    if second is not None:
        known["keys and values come from X; they belong to the second sequence"] = reference(x, h)
    expect(f"{text}: the output", got[0], out, faults={name: wrong[0] for name, wrong in known.items()})
    expect(f"{text}: the weights", got[1], weights, faults={name: wrong[1] for name, wrong in known.items()})


def _unit() -> Any:
    return [[float(i == j) for j in range(4)] for i in range(4)]


@code(
    "11-code-multi-head",
    "multi_head(X, W_Q, W_K, W_V, W_O, h)",
    "Project with X W, split, attend head by head, join, project with W_O.",
    "The scale is 1/√d with d = C / h, the width of one head.",
)
def multi_head(my: Try) -> None:
    tried(my, "multi_head(X (3, 4), …, 2)", X, 2, None, None)
    tried(my, "multi_head(X (3, 4), …, 4)", X, 4, None, None)
    tried(my, "multi_head(X (3, 4), …, 2, causal=True)", X, 2, causal(3, 3), None, causal=True)


@code("11-code-cross", "A second sequence", "Queries from X, keys and values from memory: the weights are (T, S).")
def cross(my: Try) -> None:
    tried(my, "multi_head(X (3, 4), …, 2, memory=M (2, 4))", X, 2, None, M, memory=M)
