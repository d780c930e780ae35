"""Level 14 by hand: what changes when training becomes large."""

from __future__ import annotations

from math import cos, exp, pi

from saitama.autograd.function import apply

from ..numbers import Numbers, given
from ..said import said
from ..task import Work, page


@page(
    "14-noise",
    "A batch is less noisy than an example",
    "s² is the mean square of the distances of the eight gradients from their mean.",
    "The pairs are given by what they hold; the variance of their means is taken about the mean of all.",
    question="How close is it to s²/2, and why not exactly that?",
)
def noise(n: Numbers) -> Work:
    g = n.halves("g", 8)
    order = list(range(8))
    n.random.shuffle(order)
    values = g.tolist()
    left, right = given("left", [values[k] for k in order[:4]]), given("right", [values[k] for k in order[4:]])
    mean = g.mean()
    apart = g - mean
    squares = apart**2
    s2 = squares.mean()
    sums = left + right
    means = sums / 2
    off = means - mean
    off2 = off**2
    variance = off2.mean()
    half = s2 / 2
    count = len(values)
    answer = (
        f"It is {said(variance)}, and s²/2 is {said(half)}. For pairs drawn from very many examples both "
        f"would agree on average; here no example is paired with itself, which makes {count - 2}/{count - 1} "
        f"of it on average. And these are only {count // 2} pairs of one draw."
    )
    return Work(
        locals(),
        [variance, half],
        slips={
            "sum-for-mean": {"mean": g.sum()},
            "sample-variance": {"s2": squares.sum() / 7},
            "order-of-operations": {"means": left + right / 2},
        },
        answer=answer,
    )


@page(
    "14-accumulation",
    "Pieces of unequal size",
    "Each piece counts with its share of the examples: n_i / N.",
    "1/3 each is wrong unless all three are equally large.",
)
def accumulation(n: Numbers) -> Work:
    g = n.halves("g", 3)
    sizes = given("n", [float(v) for v in n.random.choice([[4, 3, 1], [2, 5, 1], [1, 2, 5], [4, 1, 3]])])
    N = sizes.sum()
    weighted = sizes * g
    total = weighted.sum()
    right = total / N
    wrong = g.mean()
    apart = wrong - right
    slips = {"not-summed": {"total": weighted[0]}, "sign": {"apart": right - wrong}}
    slips["order-of-operations"] = {"total": sizes.sum() * g.sum()}
    return Work(locals(), apart, slips=slips)


@page(
    "14-schedule",
    "Warm-up, then a cosine",
    "Up, while t is below n: lr_0 (t + 1) / (n + 1).",
    "Down: lr_end + (lr_0 - lr_end) (1 + cos) / 2. cos is cos(π s) for a quarter, a half, three quarters and all "
    "of the way.",
)
def schedule(n: Numbers) -> Work:
    lr_0, lr_end = n.one_of("lr_0", [0.5, 0.75, 1.0]), n.one_of("lr_end", [0.125, 0.25])
    steps = n.one_of("n", [3.0, 4.0, 7.0])
    t = given("t", [0.0, 1.0])
    c = given("cos", [round(cos(pi * s), 4) + 0.0 for s in (0.25, 0.5, 0.75, 1.0)])
    counted = t + 1
    up = steps + 1
    share = counted / up
    warm_up = lr_0 * share
    span = lr_0 - lr_end
    above = 1 + c
    half = above / 2
    part = span * half
    cosine = lr_end + part
    slips = {"sign": {"span": lr_0 + lr_end}, "wrong-operation": {"warm_up": lr_0 + share}}
    slips["order-of-operations"] = {"half": 1 + c / 2, "cosine": (lr_end + span) * half}
    return Work(locals(), [warm_up, cosine], slips=slips)


@page(
    "14-clipping",
    "Clip the sum, not the pieces",
    "G is the sum of both. If |G| is above c, multiply by c / |G|.",
    "Clipping each piece first gives another direction.",
    question="Which of the two is the clipped gradient of the whole batch?",
)
def clipping(n: Numbers) -> Work:
    pairs = [([3.0, 1.0], [0.0, 3.0]), ([1.0, -4.0], [2.0, 0.0]), ([-2.0, 6.0], [8.0, 2.0]), ([4.0, 2.0], [1.0, 10.0])]
    one, two = n.random.choice(pairs)
    g_1, g_2, c = given("g_1", one), given("g_2", two), n.one_of("c", [1.0, 1.25, 0.5])
    G = g_1 + g_2
    squares = G**2
    total = squares.sum()
    length = total.sqrt()
    factor = c / length
    clipped = factor * G
    squares_1, squares_2 = g_1**2, g_2**2
    total_1, total_2 = squares_1.sum(), squares_2.sum()
    length_1, length_2 = total_1.sqrt(), total_2.sqrt()
    factor_1, factor_2 = c / length_1, c / length_2
    clipped_1, clipped_2 = factor_1 * g_1, factor_2 * g_2
    summed = clipped_1 + clipped_2
    blanks = ["G", "length", "factor", "clipped", "length_1", "length_2", "clipped_1", "clipped_2", "summed"]
    slips = {"other-block": {"length": total}, "sign": {"G": g_1 - g_2}}
    slips["order-of-operations"] = {"length": G.abs().sum()}
    answer = (
        f"clipped: it is G made as short as c = {said(c)}, in its own direction. summed is {said(summed)}, "
        "where the longer piece was cut more than the shorter: it points elsewhere, and its length depends "
        "on how the batch was split."
    )
    return Work(locals(), [clipped, summed], blanks=blanks, slips=slips, answer=answer)


@page(
    "14-bfloat16",
    "Rounding to bfloat16",
    "bfloat16 keeps 8 binary digits: between 2^e and 2^(e+1) its numbers are 2^(e-7) apart, for e = 5 a quarter.",
    "n says how many of these distances x has. Round it to a whole number, a half to the even one, and multiply again.",
    "A step smaller than half the distance moves nothing. Where room is below 0, it is smaller.",
    question="Which of the four does the step move?",
)
def bfloat16(n: Numbers) -> Work:
    powers = n.random.sample([5, 6, 7, 8, 9], 4)
    fractions = [*n.random.sample([0.25, 0.5, 0.5, 0.75], 3), 0.5]
    x = given("x", [(n.between(130, 250) + f) * 2.0 ** (e - 7) for f, e in zip(fractions, powers)])
    distance = given("distance", [2.0 ** (e - 7) for e in powers])
    step = n.one_of("step", [0.375, 0.75, 1.5])
    y = apply("Round", (x,), format="bfloat16")
    lost = x - y
    half = distance / 2
    room = step - half
    slips = {"sign": {"lost": y - x, "room": half - step}, "other-block": {"room": half}}
    after = apply("Round", (y + step,), format="bfloat16")
    answer = (
        f"Of y = {said(y)} it makes {said(after)}. It moves those whose distance is less than twice the step, "
        "where room is above 0; with room at 0 it ends half-way, and goes to the even one; below that the "
        "number stays, however often the step is made."
    )
    return Work(locals(), [lost, room], slips=slips, answer=answer)


@page(
    "14-loss-scale",
    "The loss scale",
    "A format whose smallest number is small holds whole multiples of it: g / small, rounded to the nearest of them.",
    "With S the format sees S g. Divide by S when you have the number back in a wide format.",
)
def loss_scale(n: Numbers) -> Work:
    small = n.one_of("small", [0.125, 0.25])
    g = given("g", small.item() * n.random.choice([0.125, 0.25, 0.375]))
    S = n.one_of("S", [16.0, 32.0, 64.0])
    share = g / small
    scaled = S * g
    count = scaled / small
    back = scaled / S
    slips = {"wrong-operation": {"back": scaled * S, "share": g * small}, "swapped": {"share": small / g}}
    return Work(locals(), [share, count, back], slips=slips)


@page(
    "14-bubble",
    "The pipeline's bubble",
    "K stages, M pieces: K + M - 1 times, of which each stage works M.",
    "The idle share is (K - 1) / (K + M - 1). It is below 1/5 once M is above 4 (K - 1).",
    question="Draw the timetable: a row for each stage, a column for each time.",
)
def bubble(n: Numbers) -> Work:
    K, M = n.one_of("K", [3.0, 4.0, 5.0, 6.0]), n.one_of("M", [2.0, 4.0, 7.0, 8.0])
    idle = K - 1
    times = idle + M
    share = idle / times
    enough = 4 * idle
    slips = {"sign": {"times": idle - M}, "wrong-operation": {"share": idle * times}, "factor": {"enough": 2 * idle}}
    answer = (
        "Counted from 0, stage k has piece m at the time k + m. The first stage is idle in the last "
        f"{said(idle)} of the {said(times)} times, the last one in the first {said(idle)}. Of "
        f"{said(K * times)} fields {said(K * M)} are filled in: {said(share)} of the table is the bubble."
    )
    return Work(locals(), [share, enough], slips=slips, answer=answer)


@page(
    "14-online-softmax",
    "Online softmax, two tiles",
    "After tile 1: m is its largest score, l the sum of the exponentials, o that of exponential times value.",
    "f is e^(m - m'), with the new and larger m': the old l and o are multiplied by it before the new terms come in.",
    "At the end o is divided by l, once.",
)
def online_softmax(n: Numbers) -> Work:
    s1, s2 = [n.between(-4, 3) / 4 for _ in "ab"], [n.between(-4, 2) / 4, n.between(4, 8) / 4]  # m rises: f is not 1
    n.random.shuffle(s2)
    m1, m2 = max(s1), max(*s1, *s2)
    scores_1, scores_2 = given("scores_1", s1), given("scores_2", s2)
    v_1, v_2 = n.whole("v_1", 2), n.whole("v_2", 2)
    e_1 = given("e_1", [round(exp(s - m1), 4) for s in s1])
    e_2 = given("e_2", [round(exp(s - m2), 4) for s in s2])
    f = given("f", round(exp(m1 - m2), 4))
    m_1 = scores_1.max()
    l_1 = e_1.sum()
    terms_1 = e_1 * v_1
    o_1 = terms_1.sum()
    largest_2 = scores_2.max()
    m_2 = m_1.maximum(largest_2)
    old_l, new_l = f * l_1, e_2.sum()
    l_2 = old_l + new_l
    old_o, terms_2 = f * o_1, e_2 * v_2
    new_o = terms_2.sum()
    o_2 = old_o + new_o
    out = o_2 / l_2
    slips = {"sign": {"o_2": old_o - new_o}, "wrong-operation": {"out": o_2 * l_2}}
    slips["order-of-operations"] = {"l_2": f * (l_1 + new_l), "o_1": e_1.sum() * v_1.sum()}
    return Work(locals(), [m_2, out], slips=slips)


@page(
    "14-checkpoints",
    "How many checkpoints?",
    "With k checkpoints one holds k of them, and n / k layers between two.",
    "The sum is smallest where both are equal: k = √n.",
)
def checkpoints(n: Numbers) -> Work:
    layers = n.one_of("n", [16.0, 36.0, 64.0, 100.0])
    k = given("k", [2.0, 4.0, 8.0, 16.0])
    between = layers / k
    held = k + between
    best = layers.sqrt()
    least = 2 * best
    slips = {"wrong-operation": {"between": layers * k, "held": k * between}, "factor": {"least": best}}
    slips["swapped"] = {"between": k / layers}
    return Work(locals(), [held, least], slips=slips)
