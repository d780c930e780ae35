"""A recurrent layer, step by step."""

from __future__ import annotations

from math import tanh

from ..lists import Nested, added, each, times, transposed
from .desk import Desk, backward, forward


def time(step: str) -> int:
    return int(step.partition("(")[2].rstrip(")"))


def state(s: Desk, t: int) -> Nested:
    return s[f"h({t})"] if t >= 0 else s.x[2]


for _t in range(6):

    @forward("ElmanSteps", step=f"net({_t})")
    def net(s: Desk, t: int = _t) -> Nested:
        return added([s.x[0][t], times(state(s, t - 1), transposed(s.x[1]), s.write)])

    @forward("ElmanSteps", step=f"h({_t})")
    def squashed(s: Desk, t: int = _t) -> Nested:
        return each(tanh, s[f"net({t})"])

    for _k in (0, 1):

        @backward("ElmanSteps", step=f"dh({_t})", k=_k)
        def dh(s: Desk, t: int = _t) -> Nested:
            if t == len(s.dy) - 1:
                return s.dy[t]
            return added([s.dy[t], times(s[f"da({t + 1})"], s.x[1], s.write)])

        @backward("ElmanSteps", step=f"da({_t})", k=_k)
        def da(s: Desk, t: int = _t) -> Nested:
            return each(lambda g, h: g * (1 - s.write(h * h)), s[f"dh({t})"], s[f"h({t})"])


@forward("ElmanSteps")
def all_states(s: Desk) -> Nested:
    return [s[f"h({t})"] for t in range(s.shape[0])]


@backward("ElmanSteps", k=0)
def all_da(s: Desk) -> Nested:
    return [s[f"da({t})"] for t in range(s.shape[0])]


@backward("ElmanSteps", k=1)
def recurrent_to_w(s: Desk) -> Nested:
    return added([times(transposed(s[f"da({t})"]), state(s, t - 1), s.write) for t in range(len(s.x[0]))])


@backward("ElmanSteps", k=2)
def recurrent_to_first(s: Desk) -> Nested:
    return times(s["da(0)"], s.x[1], s.write)
