"""Level 7 by hand: steps of SGD, momentum and Adam; schedules."""

from __future__ import annotations

from math import cos, pi

from saitama import nn, optim

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


@page(
    "07-sgd",
    "Two steps of SGD",
    "The step is lr times the gradient, downhill: w - lr g.",
    "The second step starts from the new w.",
)
def sgd(n: Numbers) -> Work:
    w, g_1, g_2 = n.eighths("w", 2), n.halves("g_1", 2), n.halves("g_2", 2)
    lr = n.one_of("lr", [0.125, 0.25, 0.5])
    s_1 = lr * g_1
    w_1 = w - s_1
    s_2 = lr * g_2
    w_2 = w_1 - s_2
    slips = {
        "sign": {"w_1": w + s_1},
        "wrong-operation": {"s_1": lr + g_1},
        "order-of-operations": {"w_1": lr * (w - g_1)},
    }
    return Work(locals(), w_2, slips=slips)


@page(
    "07-stability",
    "Which learning rates are stable?",
    "On a bowl with curvature h a step makes (1 - lr h) w of w.",
    "Between 0 and 1 it shrinks; between -1 and 0 it jumps across, and shrinks; beyond -1 it explodes.",
    question="Say for each of the three: shrinks, jumps, or explodes.",
)
def stability(n: Numbers) -> Work:
    h = n.one_of("h", [2.0, 4.0, 8.0])
    share = {2.0: 1.0, 4.0: 0.5, 8.0: 0.25}[h.item()]
    lr = given(
        "lr",
        [share * rate for rate in n.random.choice([[0.25, 0.75, 1.25], [0.125, 0.625, 1.5], [0.375, 0.875, 1.125]])],
    )
    step = lr * h
    factor = 1 - step
    slips = {
        "sign": {"factor": 1 + step},
        "wrong-operation": {"step": lr + h},
        "order-of-operations": {"factor": (1 - lr) * h},
    }

    def does(f: float) -> str:
        return "explodes" if abs(f) > 1 else "shrinks" if f >= 0 else "jumps across 0 and shrinks"

    answer = (
        "; ".join(
            f"lr = {said(rate)}: {said(f)} each time, it {does(f)}" for rate, f in zip(lr.tolist(), factor.tolist())
        )
        + ". A step is stable while this factor lies between -1 and 1, so while lr h is below 2."
    )
    return Work(locals(), factor, slips=slips, answer=answer)


@page(
    "07-momentum",
    "Momentum, three steps",
    "g is h w, taken at the w of now. v = μ v + g, and w goes down by lr v.",
    "v starts at 0, so the first v is g.",
)
def momentum(n: Numbers) -> Work:
    w, h = n.whole("w", most=4), n.one_of("h", [2.0, 4.0])
    mu, lr = n.one_of("μ", [0.5, 0.75]), n.one_of("lr", [0.125, 0.25])
    g_1 = h * w
    v_1 = 1 * g_1
    s_1 = lr * v_1
    w_1 = w - s_1
    g_2 = h * w_1
    kept_1 = mu * v_1
    v_2 = kept_1 + g_2
    s_2 = lr * v_2
    w_2 = w_1 - s_2
    g_3 = h * w_2
    kept_2 = mu * v_2
    v_3 = kept_2 + g_3
    s_3 = lr * v_3
    w_3 = w_2 - s_3
    slips = {
        "sign": {"w_1": w + s_1},
        "wrong-operation": {"v_2": kept_1 * g_2},
        "order-of-operations": {"v_3": mu * (v_2 + g_3)},
    }
    return Work(locals(), w_3, slips=slips)


@page(
    "07-momentum-limit",
    "How fast can momentum get?",
    "At the limit nothing changes any more: v = μ v + g, so v = g / (1 - μ).",
    "If g flips its sign at each step, v = g / (1 + μ), with a sign that flips.",
    question="Why does momentum help in a long valley, and calm across it?",
)
def momentum_limit(n: Numbers) -> Work:
    mu, g = n.one_of("μ", [0.5, 0.75]), n.whole("g", most=4)
    kept_1 = mu * g
    v_2 = kept_1 + g
    kept_2 = mu * v_2
    v_3 = kept_2 + g
    kept_3 = mu * v_3
    v_4 = kept_3 + g
    rest = 1 - mu
    limit = g / rest
    flips_2 = kept_1 - g
    kept_f = mu * flips_2
    flips_3 = kept_f + g
    both = 1 + mu
    limit_flips = g / both
    answer = (
        "Along the valley the gradient keeps its sign, and the steps add up towards g / (1 - μ) = "
        f"{said(limit)}, where plain steps have g = {said(g)}. Across it the gradient flips its sign at each "
        f"step, most of v cancels, and what is left comes to the size of {said(limit_flips)}."
    )
    return Work(
        locals(), [v_4, limit, flips_3, limit_flips], slips={"sign": {"rest": both, "v_2": kept_1 - g}}, answer=answer
    )


@page(
    "07-adam",
    "Adam, two steps",
    "m = β1 m + (1 - β1) g, v = β2 v + (1 - β2) g². Both start at 0.",
    "m̂ divides m by 1 - β1^t, v̂ divides v by 1 - β2^t. The step is lr m̂ / √v̂.",
    "The first step is lr long, whatever g is: m̂ is g, and √v̂ is |g|.",
)
def adam(n: Numbers) -> Work:
    w, g_1, g_2 = n.eighths("w"), n.halves("g_1"), n.halves("g_2")
    beta_1, beta_2 = given("β1", 0.5), given("β2", 0.75)
    lr = n.one_of("lr", [0.125, 0.25])
    rest_1, rest_2 = 1 - beta_1, 1 - beta_2
    m_1, square_1 = rest_1 * g_1, g_1**2
    v_1 = rest_2 * square_1
    mh_1, vh_1 = m_1 / rest_1, v_1 / rest_2
    root_1 = vh_1.sqrt()
    ratio_1 = mh_1 / root_1
    s_1 = lr * ratio_1
    w_1 = w - s_1
    new_2, kept_2 = rest_1 * g_2, beta_1 * m_1
    m_2 = kept_2 + new_2
    square_2 = g_2**2
    fresh_2, held_2 = rest_2 * square_2, beta_2 * v_1
    v_2 = held_2 + fresh_2
    power_1, power_2 = beta_1**2, beta_2**2
    c_1, c_2 = 1 - power_1, 1 - power_2
    mh_2, vh_2 = m_2 / c_1, v_2 / c_2
    root_2 = vh_2.sqrt()
    ratio_2 = mh_2 / root_2
    s_2 = lr * ratio_2
    w_2 = w_1 - s_2
    names = {"m̂_1": mh_1, "v̂_1": vh_1, "m̂_2": mh_2, "v̂_2": vh_2, **locals()}
    return Work(names, [w_1, w_2], slips={"sign": {"w_1": w + s_1}, "wrong-operation": {"m_1": rest_1 + g_1}})


@page(
    "07-adam-step",
    "Adam, the third step",
    "The same rules; m and v are those after two steps, and t is 3.",
    "1 - β1³ and 1 - β2³ divide m and v.",
)
def adam_step(n: Numbers) -> Work:
    w = nn.Parameter(n.eighths("w"))
    g = n.halves("g")
    optimizer = optim.Adam([w], lr=0.125, betas=(0.5, 0.75), eps=0.0)
    for gradient in (n.halves("g_1"), n.halves("g_2")):
        w.grad = gradient
        optimizer.step()
    optimizer.zero_grad()
    w.name = "w"
    L = w * g
    return Work({"w": w, "g": g, "L": L}, L, blanks="update", optimizer=optimizer)


@page(
    "07-adam-without-correction",
    "Adam without its correction",
    "Without it the first step is lr m / √v, with m = (1 - β1) g and v = (1 - β2) g².",
    "The factor is the wrong step divided by the right one, lr: (1 - β1) / √(1 - β2).",
)
def adam_without_correction(n: Numbers) -> Work:
    g = n.halves("g")
    beta_1, beta_2 = n.one_of("β1", [0.5, 0.75, 0.875]), n.one_of("β2", [0.75, 0.9375, 0.984375])
    lr = n.one_of("lr", [0.125, 0.25])
    rest_1, rest_2 = 1 - beta_1, 1 - beta_2
    m = rest_1 * g
    square = g**2
    v = rest_2 * square
    root = v.sqrt()
    ratio = m / root
    step = lr * ratio
    size = step.abs()
    factor = size / lr
    return Work(locals(), factor, slips={"wrong-operation": {"m": rest_1 + g}, "other-block": {"ratio": m}})


@page(
    "07-schedules",
    "Three schedules",
    "cos holds cos(π t / T). The cosine goes from lr_0 to 0: lr_0 (1 + cos) / 2.",
    "The steps halve lr_0 each time: lr_0 times 1, 1/2, 1/4, …",
    "The warm-up: lr_0 t / n.",
)
def schedules(n: Numbers) -> Work:
    lr_0 = n.one_of("lr_0", [0.5, 0.25, 0.75])
    T = 8.0
    t = given("t", [0.0, 2.0, 4.0, 6.0, 8.0])
    c = given("cos", [round(cos(pi * k / T), 4) + 0.0 for k in (0, 2, 4, 6, 8)])
    halves = given("halvings", [0.0, 1.0, 2.0, 3.0, 4.0])
    steps = given("n", float(n.random.choice([8, 10, 16])))
    half = lr_0 / 2
    above = 1 + c
    cosine = half * above
    two = given("two", 2.0)
    powers = two**halves
    stepped = lr_0 / powers
    share = t / steps
    warm_up = lr_0 * share
    return Work(
        locals(),
        [cosine, stepped, warm_up],
        slips={
            "sign": {"above": 1 - c},
            "wrong-operation": {"stepped": lr_0 * powers},
            "order-of-operations": {"cosine": half + c},
        },
    )
