"""Level 9 by hand: a recurrent network, unrolled, and the way back through time."""

from __future__ import annotations

from math import floor, log, tanh

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


def network(n: Numbers):  # type: ignore[no-untyped-def]
    """x (3,), w, u, b, h_0, with states that are not all silent."""

    def draw():  # type: ignore[no-untyped-def]
        x = [n.halves(f"x_{t}", most=2.5) for t in (1, 2, 3)]
        return [*x, *(n.halves(name, most=1.5, grad=True) for name in ("w", "u", "b", "h_0"))]

    def speaks(x1, x2, x3, w, u, b, h0):  # type: ignore[no-untyped-def]
        h, found = h0.item(), []
        for x in (x1, x2, x3):
            a = w.item() * x.item() + u.item() * h + b.item()
            h = max(0.0, a)
            found.append(a > 0)
        return found[2] and sum(found) >= 2

    return n.until(draw, speaks)


@page(
    "09-unroll",
    "Unroll three steps",
    "a_t = w x_t + u h_(t-1) + b, then h_t = max(0, a_t).",
    "The same w, u and b at every step; the state of the last step goes in.",
)
def unroll(n: Numbers) -> Work:
    x_1, x_2, x_3, w, u, b, h_0 = (value.detach() for value in network(n))
    for name, value in {"x_1": x_1, "x_2": x_2, "x_3": x_3, "w": w, "u": u, "b": b, "h_0": h_0}.items():
        value.name = name
    wx_1, uh_0 = w * x_1, u * h_0
    s_1 = wx_1 + uh_0
    a_1 = s_1 + b
    h_1 = a_1.relu()
    wx_2, uh_1 = w * x_2, u * h_1
    s_2 = wx_2 + uh_1
    a_2 = s_2 + b
    h_2 = a_2.relu()
    wx_3, uh_2 = w * x_3, u * h_2
    s_3 = wx_3 + uh_2
    a_3 = s_3 + b
    h_3 = a_3.relu()
    return Work(
        locals(),
        h_3,
        slips={"missing-bias": {"a_1": s_1}, "wrong-operation": {"wx_1": w + x_1}, "sign": {"a_2": s_2 - b}},
    )


@page(
    "09-bptt",
    "Back through three steps",
    "f' is 1 where the state is above 0, else 0. δ_t is what comes back to a_t: dh_t f'_t; and dh_(t-1) = u δ_t.",
    "w, u and b were used three times: add up the shares δ_t x_t, δ_t h_(t-1) and δ_t.",
)
def bptt(n: Numbers) -> Work:
    x_1, x_2, x_3, w, u, b, h_0 = (value.detach() for value in network(n))
    states = [h_0.item()]
    for x in (x_1, x_2, x_3):
        states.append(max(0.0, w.item() * x.item() + u.item() * states[-1] + b.item()))
    h_1, h_2, h_3 = (given(f"h_{t}", states[t]) for t in (1, 2, 3))
    f_1, f_2, f_3 = (given(f"f'_{t}", float(states[t] > 0)) for t in (1, 2, 3))
    for name, value in {"x_1": x_1, "x_2": x_2, "x_3": x_3, "u": u, "h_0": h_0}.items():
        value.name = name
    dh_3 = n.halves("dh_3", most=2.5)
    delta_3 = dh_3 * f_3
    dh_2 = u * delta_3
    delta_2 = dh_2 * f_2
    dh_1 = u * delta_2
    delta_1 = dh_1 * f_1
    dh_0 = u * delta_1
    w_3, w_2, w_1 = delta_3 * x_3, delta_2 * x_2, delta_1 * x_1
    w_32 = w_3 + w_2
    dw = w_32 + w_1
    u_3, u_2, u_1 = delta_3 * h_2, delta_2 * h_1, delta_1 * h_0
    u_32 = u_3 + u_2
    du = u_32 + u_1
    b_32 = delta_3 + delta_2
    db = b_32 + delta_1
    names = {"δ_3": delta_3, "δ_2": delta_2, "δ_1": delta_1, **locals()}
    return Work(names, [dh_0, dw, du, db], slips={"sign": {"dh_2": -u * delta_3}})


@page(
    "09-bptt-every-step",
    "A loss at every step",
    "dh_t is the step's own ∂ℓ_t/∂h_t plus what comes back from the next step, u δ_(t+1).",
    "δ_t = dh_t · f'_t.",
)
def bptt_every_step(n: Numbers) -> Work:
    l_1, l_2, l_3 = (n.halves(f"∂ℓ_{t}") for t in (1, 2, 3))
    u = n.halves("u", most=1.5)
    f_1, f_2, f_3 = (n.one_of(f"f'_{t}", [0.25, 0.5, 0.75]) for t in (1, 2, 3))
    delta_3 = l_3 * f_3
    back_2 = u * delta_3
    dh_2 = l_2 + back_2
    delta_2 = dh_2 * f_2
    back_1 = u * delta_2
    dh_1 = l_1 + back_1
    delta_1 = dh_1 * f_1
    names = {"δ_3": delta_3, "δ_2": delta_2, "δ_1": delta_1, **locals()}
    slips = {"sign": {"dh_2": l_2 - back_2}, "wrong-operation": {"δ_3": l_3 + f_3}}
    slips["order-of-operations"] = {"δ_2": l_2 + back_2 * f_2}
    return Work(names, delta_1, slips=slips)


@page(
    "09-tanh",
    "Through tanh, three times",
    "The slope of tanh at a step is 1 - h², with the h of that step.",
    "δ_3 = dh_3 (1 - h_3²), then dh_2 = u δ_3, and so on.",
)
def tanh_steps(n: Numbers) -> Work:
    u, dh_3 = n.halves("u", most=1.5), n.halves("dh_3")
    h_1, h_2, h_3 = (
        given(f"h_{t}", round(tanh(n.random.choice([-1, 1]) * n.between(2, 12) / 8), 2)) for t in (1, 2, 3)
    )
    q_3, q_2, q_1 = h_3**2, h_2**2, h_1**2
    f_3, f_2, f_1 = 1 - q_3, 1 - q_2, 1 - q_1
    delta_3 = dh_3 * f_3
    dh_2 = u * delta_3
    delta_2 = dh_2 * f_2
    dh_1 = u * delta_2
    delta_1 = dh_1 * f_1
    names = {"δ_3": delta_3, "δ_2": delta_2, "δ_1": delta_1, **locals()}
    slips = {"sign": {"f_3": 1 + q_3}, "wrong-operation": {"δ_3": dh_3 + f_3, "f_2": h_2 * (1 - h_2)}}
    slips["order-of-operations"] = {"f_3": (1 - h_3) ** 2}
    return Work(names, delta_1, slips=slips)


def whole_steps(left: float) -> str:
    """After how many steps less than a hundredth is left, of `left` for each."""
    count = floor(log(0.01) / log(left)) + 1
    return f"{count} steps until less than 1/100 is left: {said(left**count)}"


def twice_as_large(left: float) -> str:
    left = 2 * left
    if left < 1:
        return f"With u twice as large each leaves {said(left)}, and it takes {whole_steps(left)}."
    return f"With u twice as large each makes {said(left)}: " + (
        "all of it stays." if left == 1 else "it grows instead."
    )


@page(
    "09-vanishing",
    "How a gradient vanishes",
    "Each step multiplies by u f'. Five steps multiply five times.",
    "After k steps (u f')^k is left: less than 1/100 once k is above ln(1/100) / ln(u f').",
    question="After how many whole steps is less than 1/100 left? And with u twice as large?",
)
def vanishing(n: Numbers) -> Work:
    u, slope = n.one_of("u", [0.5, 0.75, 1.0, 1.25]), n.one_of("f'", [0.25, 0.5, 0.625])
    step = u * slope
    after_2 = step * step
    after_3 = after_2 * step
    after_4 = after_3 * step
    after_5 = after_4 * step
    left, small = step.log(), given("1/100", 0.01).log()
    steps = small / left
    names = {"ln_left": left, "ln_small": small, **locals()}
    answer = f"Each step leaves {said(step)}, so it takes {whole_steps(step.item())}. {twice_as_large(step.item())}"
    return Work(
        names,
        [after_5, steps],
        slips={"wrong-operation": {"step": u + slope}, "log-base": {"ln_left": left / 2.302585092994046}},
        answer=answer,
    )


@page(
    "09-clipping",
    "Clipping",
    "|g| = √(g_1² + g_2²). If it is above c, multiply g by c / |g|.",
    "Cut number by number, each is held between -c and c: the direction changes.",
    question="Which of the two keeps the direction, and how do you see it?",
)
def clipping(n: Numbers) -> Work:
    g = n.one_of("g", [[3.0, -4.0], [-6.0, 8.0], [5.0, 12.0], [-1.5, 2.0], [8.0, -15.0]])
    c = n.one_of("c", [1.0, 1.25, 0.5])
    squares = g**2
    total = squares.sum()
    length = total.sqrt()
    factor = c / length
    clipped = factor * g
    below = g.minimum(c)
    floor = -c
    cut = below.maximum(floor)
    slips = {"other-block": {"length": total}, "wrong-operation": {"factor": c * length}}
    slips["order-of-operations"] = {"length": g.abs().sum()}
    slips["swapped"] = {"factor": length / c}
    answer = (
        f"The factor: both numbers are multiplied by {said(factor)}, so their quotient stays "
        f"{said(g[0] / g[1])}. Cut number by number they are {said(cut)}, whose quotient is "
        f"{said(cut[0] / cut[1])}: that is another direction."
    )
    return Work(locals(), [clipped, cut], slips=slips, answer=answer)


@page(
    "09-gate",
    "A gated cell",
    "c_t = f_t c_(t-1) + i_t g_t. Along the cells alone each step multiplies by f_t.",
    "dc_3/dc_0 = f_1 f_2 f_3: no weight and no slope in it.",
    question="Why does this product not vanish as fast as (u f')³ of a plain network?",
)
def gate(n: Numbers) -> Work:
    f = [n.one_of(f"f_{t}", [0.5, 0.75, 0.875]) for t in (1, 2, 3)]
    i = [n.one_of(f"i_{t}", [0.25, 0.5, 0.625]) for t in (1, 2, 3)]
    g = [n.halves(f"g_{t}") for t in (1, 2, 3)]
    c_0 = n.halves("c_0")
    kept_1, new_1 = f[0] * c_0, i[0] * g[0]
    c_1 = kept_1 + new_1
    kept_2, new_2 = f[1] * c_1, i[1] * g[1]
    c_2 = kept_2 + new_2
    kept_3, new_3 = f[2] * c_2, i[2] * g[2]
    c_3 = kept_3 + new_3
    ff = f[0] * f[1]
    slope = ff * f[2]
    answer = (
        f"It is a product of gates alone, {said(slope)} here. A gate close to 1 hands nearly everything on, "
        "and the network can learn for each step how far to open it. In the plain network every step brings "
        "the same u and a slope of at most 1, and whatever u is, its powers shrink or grow."
    )
    return Work(
        locals(),
        [c_3, slope],
        slips={"sign": {"c_1": kept_1 - new_1}, "wrong-operation": {"ff": f[0] + f[1]}},
        answer=answer,
    )
