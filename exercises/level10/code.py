"""Level 10 in code: attention on lists of lists, a mask, and the way back."""

from __future__ import annotations

import math
from typing import Any, Optional

from ..plain import attention, causal, mistakes, product, turned
from ..task import code
from ..trying import Try, Wrong, expect, expect_gradients, numbers, show

Q = [[1.0, -0.5], [0.25, 2.0], [-1.0, 0.75]]
K = [[0.5, 1.0], [-1.5, 0.25], [2.0, -0.5]]
V = [[1.0, 2.0, -1.0], [0.5, -2.0, 3.0], [4.0, 0.25, 1.0]]
DO = [[1.0, -1.0, 0.5], [2.0, 0.25, -0.5], [-1.0, 3.0, 0.5]]


def tried(my: Try, text: str, q: Any, k: Any, v: Any, seen: Optional[Any], **options: Any) -> None:
    got = my.run(text, my.get("attention"), q, k, v, **options)
    if not isinstance(got, (tuple, list)) or len(got) != 2:
        raise Wrong(f"{text} returned {show(got)}, expected two: the output and the weights")
    out, weights = attention(q, k, v, seen)
    known = mistakes(q, k, v, seen)
    expect(f"{text}: the weights", got[1], weights, faults={name: wrong[1] for name, wrong in known.items()})
    expect(
        f"{text}: the output",
        got[0],
        out,
        faults={
            "the keys were averaged in place of the values": product(weights, k),
            **{n: w[0] for n, w in known.items()},
        },
    )


@code(
    "10-code-attention",
    "attention(Q, K, V)",
    "Scores Q Kᵀ / √d, softmax along each row, times V.",
    "Take the largest score of a row off before e^x, or large scores overflow.",
)
def plain_attention(my: Try) -> None:
    tried(my, "attention(Q (3, 2), K (3, 2), V (3, 3))", Q, K, V, None)
    tried(my, "attention(Q (2, 2), K (3, 2), V (3, 3))", Q[:2], K, V, None)
    large = [[1000.0, 0.0], [0.0, -1000.0]]
    tried(my, f"attention({show(large)}, K, V), large scores,", large, K, V, None)
    my.refuses("attention(Q (3, 2), K (3, 3), V (3, 3))", "the widths 2 and 3 do not fit", my.get("attention"), Q, V, V)
    my.refuses(
        "attention(Q (3, 2), K (3, 2), V (2, 3))", "3 keys and 2 values do not fit", my.get("attention"), Q, K, V[:2]
    )


@code(
    "10-code-mask",
    "A mask, and causal",
    "A score that is hidden counts as -∞: its weight is 0, before the row is divided by its sum.",
    "causal: query i sees the keys 0 to i. A row that sees nothing gives zeros, not NaN.",
)
def masked(my: Try) -> None:
    tried(my, "attention(Q, K, V, causal=True)", Q, K, V, causal(3, 3), causal=True)
    mask = [[True, False, True], [False, True, True], [True, True, False]]
    tried(my, f"attention(Q, K, V, mask={show(mask)})", Q, K, V, mask, mask=mask)
    both = [[a and b for a, b in zip(x, y)] for x, y in zip(mask, causal(3, 3))]
    tried(my, "attention(Q, K, V, mask=…, causal=True)", Q, K, V, both, mask=mask, causal=True)
    blind = [[False, False, False], [True, True, False], [True, False, False]]
    text = "attention(Q, K, V, mask=…) with a row that may look at nothing"
    got = my.run(text, my.get("attention"), Q, K, V, mask=blind)
    first = numbers(got[0])[0] if isinstance(got, (tuple, list)) else got
    if isinstance(first, list) and any(v is not None and math.isnan(v) for v in first):
        raise Wrong(f"{text}: the row is {show(first)}: -∞ everywhere gives 0 / 0; such a row gives zeros")
    out, _ = attention(Q, K, V, blind)
    expect(f"{text}: the output", got[0], out)


def back(
    q: Any, k: Any, v: Any, do: Any, mask: Any = None, mean: bool = True, scale: bool = True, slope: bool = True
) -> Any:
    """dQ, dK, dV, or what a part left out gives."""
    _, P = attention(q, k, v, mask)
    dP = product(do, turned(v))
    s = 1 / math.sqrt(len(q[0])) if scale else 1.0
    dS = []
    for p, d in zip(P, dP):
        m = sum(a * b for a, b in zip(p, d)) if mean else 0.0
        dS.append([s * (a if slope else 1.0) * (b - m) for a, b in zip(p, d)])
    return [product(dS, k), product(turned(dS), q), product(turned(P), do)]


@code(
    "10-code-backward",
    "attention_backward(Q, K, V, dO)",
    "dV = Pᵀ dO, dP = dO Vᵀ.",
    "dS = P (dP - m), with m = Σ P dP of each row; then dQ = dS K / √d and dK = dSᵀ Q / √d.",
)
def backward(my: Try) -> None:
    for text, mask, options in (("", None, {}), (", causal=True", causal(3, 3), {"causal": True})):
        what = f"attention_backward(Q, K, V, dO{text})"
        got = my.run(what, my.get("attention_backward"), Q, K, V, DO, **options)
        if not isinstance(got, (tuple, list)) or len(got) != 3:
            raise Wrong(f"{what} returned {show(got)}, expected three: dQ, dK, dV")
        want = back(Q, K, V, DO, mask)
        for sentence, left_out in (
            ("the row's mean Σ P dP is not taken off in dS", "mean"),
            ("the scale 1/√d is missing in dQ and dK", "scale"),
            ("dS is without the factor P", "slope"),
        ):
            wrong = back(Q, K, V, DO, mask, **{left_out: False})
            if _same(got[0], wrong[0]) and not _same(got[0], want[0]):
                raise Wrong(f"{what}: {sentence}; dQ is {show(got[0])}, expected {show(want[0])}")
        expect_gradients(what, list(zip(("dQ", "dK", "dV"), got, want)))


def _same(a: Any, b: Any) -> bool:
    from ..trying import same

    return same(numbers(a), numbers(b))
