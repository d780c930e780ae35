"""Recurrent layers: every time step as rows of its own, the first to the last, and back.

A step adds W h of the step before to its part of a; its gates and states are blocks that carry the number of the step.
Going back, the gradient of h is what arrives at the step and what the step after it hands back through W.
"""

from __future__ import annotations

from typing import Callable, Sequence, Tuple

from ..layout import ALL, Index, Shape
from .formula import Cell, Formula, Params, formula
from .limits import MAX_TERMS
from .scope import Scope, View
from .unary import sigmoid

Entry = Callable[[int, int], str]  # (row of the batch, column) -> a formula


def slope(tanh: str) -> str:
    """The derivative of tanh by its value. (Some programs have an error for the square of a tiny number.)"""
    return f"(1-{tanh}*{tanh})"


class ThroughTime(Formula):
    """What the three layers share. The operands are a (T, B, G H), W (G H, H), a bias or none, and the first
    states, p and q; h and c are those of any step."""

    gates: int  # G
    states = "h"  # of which the result consists
    biases = 0
    through = "da"  # the gradient that goes back through W
    cancels = True

    def shape(self, shapes: Sequence[Shape], params: Params) -> Shape:
        a, w = shapes[:2]
        if len(a) == 3 and len(w) == 2 and a[2] == w[0] == self.gates * w[1]:
            T, B, H = a[0], a[1], w[1]
            if list(shapes[2:]) == [(self.gates * H,)] * self.biases + [(B, H)] * len(self.states):
                return (T, B, H) if self.states == "h" else (T, len(self.states), B, H)
        raise ValueError(f"recurrent layer: shapes {', '.join(map(str, shapes))} do not fit")

    def text(self, names: Sequence[str], params: Params) -> str:
        return f"{type(self).__name__}({', '.join(names)})"

    # ---- blocks by name and step -------------------------------------------------------------------------------------
    def write(self, s: Scope, t: int, name: str, maths: str, *parts: Entry) -> View:
        """The block `name` of step t: (B, H) for each of its parts, side by side."""
        B, H = s.x[0].shape[1], s.x[1].shape[1]

        def cell(i: Index) -> str:
            return parts[i[1] // H](i[0], i[1] % H)

        view = s.kept[f"{name} {t}"] = s.helper(f"{name}({t}) = {maths}", (B, len(parts) * H), cell)
        return view

    def read(self, s: Scope, t: int, *names: str) -> Tuple[View, ...]:
        """Blocks of step t; before the first step, the states that were given."""
        if t < 0:
            return tuple(s.x[2 + self.biases + self.states.index(name)] for name in names)
        return tuple(s.kept[f"{name} {t}"] for name in names)

    # ---- forward -----------------------------------------------------------------------------------------------------
    def step(self, s: Scope, t: int) -> None:
        """Write the gates and states of step t."""
        raise NotImplementedError

    def recurrent(self, s: Scope, t: int, gate: int) -> Entry:
        """W h of the step before: a row of h times the row of W of each unit of that gate."""
        w, (h,) = s.x[1], self.read(s, t - 1, "h")
        H = w.shape[1]
        if H <= MAX_TERMS:
            return lambda b, j: s.total([f"{w[gate * H + j, k]}*{h[b, k]}" for k in range(H)])
        return lambda b, j: s.dot(h, (b, ALL), w, (gate * H + j, ALL))

    def net(self, s: Scope, t: int) -> View:
        """a + W h', for all gates."""

        def part(gate: int) -> Entry:
            product = self.recurrent(s, t, gate)
            return lambda b, j: f"{s.x[0][t, b, gate * s.x[1].shape[1] + j]}+{product(b, j)}"

        return self.write(s, t, "net", "a + W · h of the step before", *map(part, range(self.gates)))

    def forward(self, s: Scope) -> Cell:
        for t in range(s.x[0].shape[0]):
            self.step(s, t)
        if self.states == "h":
            return lambda i: self.read(s, i[0], "h")[0][i[1:]]
        return lambda i: self.read(s, i[0], self.states[i[1]])[0][i[2:]]

    # ---- backward ----------------------------------------------------------------------------------------------------
    def step_back(self, s: Scope, t: int) -> None:
        """Write dE/dh and dE/da of step t, and what else goes on."""
        raise NotImplementedError

    def handed_back(self, s: Scope, t: int) -> Entry:
        """Wᵀ da of step t, for the h before it: a row of da times a column of W. Nothing comes from after the end."""
        if t == s.x[0].shape[0]:
            return lambda b, j: ""
        w, (da,) = s.x[1], self.read(s, t, self.through)
        rows = w.shape[0]
        if rows <= MAX_TERMS:
            return lambda b, j: "+" + s.total([f"{da[b, k]}*{w[k, j]}" for k in range(rows)])
        if "turned" not in s.kept:
            label = "Wᵀ = W with its rows as columns"
            s.kept["turned"] = s.aside(label, w.shape[::-1], lambda i: w[i[1], i[0]])
        return lambda b, j: "+" + s.dot(da, (b, ALL), s.kept["turned"], (j, ALL))

    def gradient_of_h(self, s: Scope, t: int) -> View:
        back, leading = self.handed_back(s, t + 1), (t,) if self.states == "h" else (t, 0)
        maths = f"what arrives at h + Wᵀ {self.through} of step {t + 1}"
        return self.write(s, t, "dh", maths, lambda b, j: f"{s.dy[(*leading, b, j)]}{back(b, j)}")

    def backward(self, s: Scope, k: int) -> Cell:
        times = range(s.x[0].shape[0])
        if "da 0" not in s.kept:
            for t in reversed(times):
                self.step_back(s, t)

        def du(t: int) -> View:
            return self.read(s, t, self.through)[0]

        if k == 0:
            return lambda i: self.read(s, i[0], "da")[0][i[1:]]
        if k == 1:
            return lambda i: s.total(
                [s.dot(du(t), (ALL, i[0]), self.read(s, t - 1, "h")[0], (ALL, i[1])) for t in times]
            )
        if k < 2 + self.biases:
            return lambda i: s.total([part for t in times for part in du(t).ranges((ALL, i[0]))])
        entry = self.to_first(s, self.states[k - 2 - self.biases])
        return lambda i: entry(i[0], i[1])

    def to_first(self, s: Scope, state: str) -> Entry:
        """The gradient of the state before the first step."""
        back = self.handed_back(s, 0)
        return lambda b, j: back(b, j)[1:]


@formula("ElmanSteps")
class ElmanSteps(ThroughTime):
    words = "all time steps of a recurrent layer"
    maths = "h(t) = tanh(a(t) + W h(t−1)), or max(0, …) in place of tanh"
    derivative = (
        "dE/da(t) = dE/dh(t) · (1 − h(t)²),  dE/dh(t) = dE/dy(t) + Wᵀ dE/da(t+1)",
        "dE/dW = Σₜ dE/da(t) h(t−1)ᵀ",
        "dE/dp = Wᵀ dE/da(0),  p = h(−1)",
    )
    gates = 1
    letters = ("a", "W", "p")
    last, last_back = "h of every step", ("da of every step", "Σₜ da(t) h(t−1)ᵀ", "Wᵀ da(0)")

    def step(self, s: Scope, t: int) -> None:
        net = self.net(s, t)
        if s.params["nonlinearity"] == "tanh":
            self.write(s, t, "h", "tanh(net)", lambda b, j: f"TANH({net[b, j]})")
        else:
            self.write(s, t, "h", "max(0, net)", lambda b, j: f"MAX(0,{net[b, j]})")

    def step_back(self, s: Scope, t: int) -> None:
        dh, (h, net) = self.gradient_of_h(s, t), self.read(s, t, "h", "net")
        if s.params["nonlinearity"] == "tanh":
            self.write(s, t, "da", "dh · (1 − h²)", lambda b, j: f"{dh[b, j]}*{slope(h[b, j])}")
        else:
            self.write(s, t, "da", "dh where net > 0, else 0", lambda b, j: f"IF(SIGN({net[b, j]})=1,{dh[b, j]},0)")


@formula("LSTMSteps")
class LSTMSteps(ThroughTime):
    words = "all time steps of a layer of long short-term memory"
    maths = "i, f, o = σ, g = tanh of a(t) + W h(t−1);  c(t) = f c(t−1) + i g;  h(t) = o tanh c(t)"
    derivative = (
        "dE/da: di · i(1 − i), df · f(1 − f), dg · (1 − g²), do · o(1 − o);  di = dc g, df = dc c(t−1), dg = dc i, "
        "do = dh tanh c;  dh = dE/dh(t) + Wᵀ dE/da(t+1);  dc = dE/dc(t) + dc(t+1) f(t+1) + dh o (1 − tanh² c)",
        "dE/dW = Σₜ dE/da(t) h(t−1)ᵀ",
        "dE/dp = Wᵀ dE/da(0),  p = h(−1)",
        "dE/dq = dc(0) f(0),  q = c(−1)",
    )
    gates = 4
    letters = ("a", "W", "p", "q")
    last = "h and c of every step"
    last_back = ("da of every step", "Σₜ da(t) h(t−1)ᵀ", "Wᵀ da(0)", "dc(0) · f(0)")
    states = "hc"

    def step(self, s: Scope, t: int) -> None:
        net, H = self.net(s, t), s.x[1].shape[1]
        (last,) = self.read(s, t - 1, "c")
        i = self.write(s, t, "i", "σ(net), first block: what comes in", lambda b, j: sigmoid(net[b, j]))
        f = self.write(s, t, "f", "σ(net), second block: what stays", lambda b, j: sigmoid(net[b, H + j]))
        g = self.write(s, t, "g", "tanh(net), third block: the new", lambda b, j: f"TANH({net[b, 2 * H + j]})")
        o = self.write(s, t, "o", "σ(net), fourth block: what is shown", lambda b, j: sigmoid(net[b, 3 * H + j]))
        c = self.write(
            s, t, "c", "f · c of the step before + i · g", lambda b, j: f"{f[b, j]}*{last[b, j]}+{i[b, j]}*{g[b, j]}"
        )
        self.write(s, t, "h", "o · tanh(c)", lambda b, j: f"{o[b, j]}*TANH({c[b, j]})")

    def step_back(self, s: Scope, t: int) -> None:
        dh, (i, f, g, o, c) = self.gradient_of_h(s, t), self.read(s, t, *"ifgoc")
        (last,) = self.read(s, t - 1, "c")
        later = self.later(s, t + 1)
        dc = self.write(
            s,
            t,
            "dc",
            f"what arrives at c + dc · f of step {t + 1} + dh · o · (1 − tanh² c)",
            lambda b, j: f"{s.dy[t, 1, b, j]}{later(b, j)}+{dh[b, j]}*{o[b, j]}*{slope(f'TANH({c[b, j]})')}",
        )
        self.write(
            s,
            t,
            "da",
            "dc g · i(1 − i), dc c' · f(1 − f), dc i · (1 − g²), dh tanh c · o(1 − o)",
            lambda b, j: f"{dc[b, j]}*{g[b, j]}*{i[b, j]}*(1-{i[b, j]})",
            lambda b, j: f"{dc[b, j]}*{last[b, j]}*{f[b, j]}*(1-{f[b, j]})",
            lambda b, j: f"{dc[b, j]}*{i[b, j]}*{slope(g[b, j])}",
            lambda b, j: f"{dh[b, j]}*TANH({c[b, j]})*{o[b, j]}*(1-{o[b, j]})",
        )

    def later(self, s: Scope, t: int) -> Entry:
        """What the cell of step t hands to that before it."""
        if t == s.x[0].shape[0]:
            return lambda b, j: ""
        dc, f = self.read(s, t, "dc", "f")
        return lambda b, j: f"+{dc[b, j]}*{f[b, j]}"

    def to_first(self, s: Scope, state: str) -> Entry:
        if state == "h":
            return super().to_first(s, state)
        return lambda b, j: self.later(s, 0)(b, j)[1:]


@formula("GRUSteps")
class GRUSteps(ThroughTime):
    words = "all time steps of a layer of gated recurrent units"
    maths = "u = W h(t−1) + b;  r, z = σ(a(t) + u);  n = tanh(a(t) + r u);  h(t) = (1 − z) n + z h(t−1)"
    derivative = (
        "dE/da: dr · r(1 − r), dz · z(1 − z), dn · (1 − n²);  dn = dh (1 − z), dz = dh (h(t−1) − n), "
        "dr = dn (1 − n²) uₙ;  dh = dE/dh(t) + dh(t+1) z(t+1) + Wᵀ du(t+1)",
        "dE/dW = Σₜ du(t) h(t−1)ᵀ,  du = dE/da, its third block times r",
        "dE/db = Σₜ du(t)",
        "dE/dp = dh(0) z(0) + Wᵀ du(0),  p = h(−1)",
    )
    gates = 3
    letters = ("a", "W", "b", "p")
    last = "h of every step"
    last_back = ("da of every step", "Σₜ du(t) h(t−1)ᵀ", "Σₜ du(t)", "dh(0) · z(0) + Wᵀ du(0)")
    biases = 1
    through = "du"

    def step(self, s: Scope, t: int) -> None:
        a, _, bias = s.x[:3]
        H = s.x[1].shape[1]
        (last,) = self.read(s, t - 1, "h")

        def part(gate: int) -> Entry:
            product = self.recurrent(s, t, gate)
            return lambda b, j: f"{product(b, j)}+{bias[(gate * H + j,)]}"

        u = self.write(s, t, "u", "W · h of the step before + b", *map(part, range(3)))

        def gate(k: int) -> Entry:
            return lambda b, j: sigmoid(f"({a[t, b, k * H + j]}+{u[b, k * H + j]})")

        r = self.write(s, t, "r", "σ(a + u), first block: what of the past is used", gate(0))
        z = self.write(s, t, "z", "σ(a + u), second block: what stays", gate(1))
        n = self.write(
            s,
            t,
            "n",
            "tanh(a + r · u), third block: the new",
            lambda b, j: f"TANH({a[t, b, 2 * H + j]}+{r[b, j]}*{u[b, 2 * H + j]})",
        )
        self.write(
            s,
            t,
            "h",
            "(1 − z) · n + z · h of the step before",
            lambda b, j: f"(1-{z[b, j]})*{n[b, j]}+{z[b, j]}*{last[b, j]}",
        )

    def step_back(self, s: Scope, t: int) -> None:
        dh, (r, z, n, u) = self.gradient_of_h(s, t), self.read(s, t, *"rznu")
        (last,) = self.read(s, t - 1, "h")
        H = s.x[1].shape[1]
        da = self.write(
            s,
            t,
            "da",
            "dr · r(1 − r), dz · z(1 − z), dn · (1 − n²)",
            lambda b, j: f"{dh[b, j]}*(1-{z[b, j]})*{slope(n[b, j])}*{u[b, 2 * H + j]}*{r[b, j]}*(1-{r[b, j]})",
            lambda b, j: f"{dh[b, j]}*({last[b, j]}-{n[b, j]})*{z[b, j]}*(1-{z[b, j]})",
            lambda b, j: f"{dh[b, j]}*(1-{z[b, j]})*{slope(n[b, j])}",
        )
        self.write(
            s,
            t,
            "du",
            "da, its third block times r",
            lambda b, j: da[b, j],
            lambda b, j: da[b, H + j],
            lambda b, j: f"{da[b, 2 * H + j]}*{r[b, j]}",
        )

    def handed_back(self, s: Scope, t: int) -> Entry:
        through_w = super().handed_back(s, t)
        if t == s.x[0].shape[0]:
            return through_w
        dh, z = self.read(s, t, "dh", "z")
        return lambda b, j: f"+{dh[b, j]}*{z[b, j]}{through_w(b, j)}"
