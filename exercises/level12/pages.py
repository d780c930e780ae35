"""Level 12 by hand: layer normalisation, residuals, positions."""

from __future__ import annotations

from math import cos, sin
from typing import Any

from saitama.transformer import LayerNorm

from .. import norms
from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


@page(
    "12-layer-norm",
    "Layer normalisation",
    "μ is the mean of the four, v the mean of the squares of what is left.",
    "r = 1 / √v, x̂ = (x - μ) r, y = γ x̂ + β, place by place.",
)
def layer_norm(n: Numbers) -> Work:
    return norms.forward(norms.vector(n), n.halves("γ", 4), n.halves("β", 4))


@page(
    "12-layer-norm-back",
    "Layer normalisation, backward",
    "g = γ dy. Here dβ is dy and dγ is dy x̂, as there is one position only.",
    "dx = r (g - mean of g - x̂ · mean of g x̂). Σ dx is 0.",
)
def layer_norm_back(n: Numbers) -> Work:
    x, dy, gamma = norms.vector(n), n.eighths("dy", 4), n.halves("γ", 4)
    xh, r = norms.normalised(x)
    db = 1 * dy
    dg = dy * xh
    g = gamma * dy
    steps = norms.backward(xh, r, g)
    check = steps["dx"].sum()
    slips = {"sum-for-mean": {"mean_g": g.sum()}, "sign": {"inner": steps["off"] + steps["second"]}}
    slips["order-of-operations"] = {"dx": r * steps["off"] - steps["second"]}
    return Work({"dβ": db, "dγ": dg, **steps, **locals()}, [db, dg, check], slips=slips)


@page(
    "12-layer-norm-page",
    "Layer normalisation in a network",
    "The same rules, as the framework writes them, under L = Σ c y with unequal c.",
)
def layer_norm_page(n: Numbers) -> Work:
    norm: Any = LayerNorm(4, eps=0.0)
    norm.weight.data, norm.bias.data = n.halves("γ", 4), n.halves("β", 4)
    x = given("x", norms.vector(n).tolist(), grad=True)
    return norms.in_a_network(norm, x, n.halves("c", 4))


@page(
    "12-plain-sum",
    "Under a plain sum",
    "g is 1 everywhere; its mean is 1; the mean of x̂ is 0.",
    "So dx = r (1 - 1 - x̂ · 0).",
    question="Why may no test of a LayerNorm be made with a plain sum?",
)
def plain_sum(n: Numbers) -> Work:
    x, dy = norms.vector(n), given("dy", [1.0, 1.0, 1.0, 1.0])
    steps = norms.backward(*norms.normalised(x), dy)
    answer = (
        f"dx is {said(steps['dx'])} whatever x is: the sum of x̂ is always 0, so a plain sum cannot feel it. "
        "A backward that is wrong, or that does nothing, would pass such a test. Weights that differ, L = Σ "
        "c y, show what it does."
    )
    return Work({"dy": dy, **steps}, steps["dx"], slips={"sum-for-mean": {"mean_g": dy.sum()}}, answer=answer)


@page(
    "12-residual",
    "Around a part, and through it",
    "y = x + F(x): the direct way hands dL/dy on as it is. With L = Σ c y it is c.",
    "The way through F: back through W2, the ReLU, and W1. dL/dx is the sum of both.",
    question="What would dL/dx be if all of F's weights were 0?",
)
def residual(n: Numbers) -> Work:
    def draw():  # type: ignore[no-untyped-def]
        return n.halves("x", 2, most=2.5, grad=True), n.halves("W1", 2, 2, most=2.5), n.halves("W2", 2, 2, most=2.5)

    x, W1, W2 = n.until(draw, lambda x, W1, W2: sorted((W1 @ x)[i].item() > 0 for i in (0, 1)) == [False, True])
    c = n.halves("c", 2)
    z = W1 @ x
    h = z.relu()
    F = W2 @ h
    y = x + F
    weighted = y * c
    L = weighted.sum()
    blanks = ["z", "h", "F", "y", "x"]
    answer = (
        f"Then nothing comes back through F, and dL/dx is c = {said(c)}, as it arrived. That is why a deep "
        "stack of such blocks can begin to learn: the gradient reaches the lowest block whole, whatever the "
        "parts in between do."
    )
    return Work(
        locals(),
        L,
        blanks=blanks,
        slips={"transposed": {"z": W1.T @ x}, "wrong-operation": {"y": x * F}},
        answer=answer,
    )


@page(
    "12-pre-and-post",
    "Norm first, or norm last",
    "Pre: x + a LN(x). Post: LN(x + a x). x̂ is LN(x) with γ = 1, β = 0.",
    "LN does not see a factor: LN((1 + a) x) is LN(x) for 1 + a above 0.",
    question="Which of the two still has x in it, as it was?",
)
def pre_and_post(n: Numbers) -> Work:
    x = norms.vector(n)
    a = n.one_of("a", [0.5, 2.0, 3.0, 0.25])
    mu = x.mean()
    apart = x - mu
    squares = apart**2
    v = squares.mean()
    root = v.sqrt()
    xh = apart / root
    part = a * xh
    pre = x + part
    ax = a * x
    inside = x + ax
    mean = inside.mean()
    off = inside - mean
    off2 = off**2
    wide = off2.mean()
    spread = wide.sqrt()
    post = off / spread
    blanks = ["μ", "apart", "v", "root", "x̂", "part", "pre", "ax", "inside", "mean", "off", "wide", "spread", "post"]
    slips = {"sum-for-mean": {"μ": x.sum()}, "wrong-operation": {"pre": x * part}}
    slips["order-of-operations"] = {"pre": a * (x + xh)}
    answer = (
        f"Pre: it is x = {said(x)} and something added, {said(pre)}. Post is normalised as a whole, "
        f"{said(post)}, and the size of x is gone: here (1 + a) x gives the same for every a above 0."
    )
    return Work({"μ": mu, "x̂": xh, **locals()}, [pre, post], blanks=blanks, slips=slips, answer=answer)


@page(
    "12-positions",
    "Positions as sines and cosines",
    "PE_p = (sin ω p, cos ω p); s and c hold the values for p = 0, 1, 2, to four digits.",
    "The dot product of p and q is cos ω (p - q): it knows the distance only.",
    "One step on is a rotation: sin ω (p + 1) = sin ωp cos ω + cos ωp sin ω.",
)
def positions(n: Numbers) -> Work:
    omega = n.random.choice([0.25, 0.5, 0.75, 1.25])
    s_0, s_1, s_2 = (given(f"s_{p}", round(sin(omega * p), 4)) for p in range(3))
    c_0, c_1, c_2 = (given(f"c_{p}", round(cos(omega * p), 4)) for p in range(3))
    ss_01, cc_01 = s_0 * s_1, c_0 * c_1
    dot_01 = ss_01 + cc_01
    ss_12, cc_12 = s_1 * s_2, c_1 * c_2
    dot_12 = ss_12 + cc_12
    ss_02, cc_02 = s_0 * s_2, c_0 * c_2
    dot_02 = ss_02 + cc_02
    forward, across = s_1 * c_1, c_1 * s_1
    turned = forward + across
    return Work(
        locals(),
        [dot_01, dot_12, dot_02, turned],
        slips={"sign": {"dot_12": cc_12 - ss_12}, "wrong-operation": {"cc_12": c_1 + c_2}},
    )


@page(
    "12-count",
    "Parameters of a block",
    "Attention: four times C · C weights and C biases. FFN: C to 4 C and back, with 4 C and C biases.",
    "Each norm has γ and β: 2 C. There are two.",
)
def count(n: Numbers) -> Work:
    C = n.one_of("C", [4.0, 6.0, 8.0, 10.0, 16.0])
    square = C * C
    weights = 4 * square
    biases = 4 * C
    attention = weights + biases
    ffn_weights = 8 * square
    ffn_biases = 5 * C
    ffn = ffn_weights + ffn_biases
    norms = 4 * C
    parts = attention + ffn
    total = parts + norms
    return Work(locals(), total, slips={"factor": {"ffn_weights": 4 * square}, "wrong-operation": {"square": C + C}})
