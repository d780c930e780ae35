"""The optimisers, each from its paper's equations."""

from __future__ import annotations

from typing import Any, List, Mapping

from .rule import Rule, Working, rule

BEFORE = "with the {} before this step"


@rule("SGD")
class SGD(Rule):
    words = (
        "stochastic gradient descent: a step against the gradient, with momentum a ball that keeps some of its speed"
    )
    paper = "Sutskever et al. 2013, equations 1 to 4, with lr outside the velocity v"
    state = {"started": "", "v": "momentum_buffer"}
    switches = {"momentum": ("v",), "dampening": ("started",), "nesterov": ()}

    def live(self, options: Mapping[str, Any]) -> List[str]:
        without = () if options["momentum"] else self.switches  # they change only the velocity
        return [name for name in super().live(options) if name not in without]

    def step(self, w: Working) -> None:
        lr, momentum, dampening, nesterov, weight_decay = w.options(
            "lr", "momentum", "dampening", "nesterov", "weight_decay"
        )
        g = w.decay("g ← g + weight_decay p", w.g + weight_decay * w.p, w.g)
        if "v" not in w.state:
            w.keep("p ← p − lr g", w.p - lr * g)
            return
        v = w.state["v"]
        if "started" in w.state:
            damped = momentum * v + (1 - dampening) * g
            v = w.keep(
                "v ← momentum v + (1 − dampening) g,  and g at the first step (started = 0)",
                w.either(w.state["started"] * momentum, damped, g),
            )
        else:
            v = w.keep("v ← momentum v + g", momentum * v + g)
        if nesterov is None:
            w.keep("p ← p − lr v", w.p - lr * v)
            return
        d = w.keep("d = g + momentum v,  or v where nesterov = 0", w.either(nesterov, g + momentum * v, v))
        w.keep("p ← p − lr d", w.p - lr * d)


@rule("Momentum")
class Momentum(Rule):
    words = "gradient descent with momentum: the velocity v remembers the gradients before"
    paper = "Polyak 1964, with lr outside the velocity v; inside: Sutskever et al. 2013, equations 1 and 2"
    state = {"v": "velocity"}
    switches = {"dampening": ()}
    conventions = ("lr_inside", "old_moments")

    def step(self, w: Working) -> None:
        lr, momentum, dampening = w.options("lr", "momentum", "dampening")
        old = w.state["v"]
        words = "g" if dampening is None else "(1 − dampening) g"
        if w.has("lr_inside"):
            share = lr if dampening is None else lr * (1 - dampening)
            v = w.keep(f"v ← momentum v − lr {words}", momentum * old - share * w.g)
        else:
            fresh = w.g if dampening is None else (1 - dampening) * w.g
            v = w.keep(f"v ← momentum v + {words}", momentum * old + fresh)
        step, when = (old, f",  {BEFORE.format('v')}") if w.has("old_moments") else (v, "")
        if w.has("lr_inside"):
            w.keep(f"p ← p + v{when}", w.p + step)
        else:
            w.keep(f"p ← p − lr v{when}", w.p - lr * step)


@rule("Adam")
class Adam(Rule):
    words = "Adam: steps of about lr, whatever the size of the gradients"
    paper = "Kingma and Ba 2015, algorithm 1"
    state = {"t": "step", "m": "exp_avg", "v": "exp_avg_sq"}
    conventions = ("bias_correction", "old_moments")
    divides = True

    def step(self, w: Working) -> None:
        lr, weight_decay = w.options("lr", "weight_decay")
        g = w.decay("g ← g + weight_decay p", w.g + weight_decay * w.p, w.g)
        w.keep("p ← p − s", w.p - self.adaptive_step(w, lr, g))

    def adaptive_step(self, w: Working, lr: Any, g: Any) -> Any:
        beta1, beta2, eps = w.options("beta1", "beta2", "eps")
        corrected = w.has("bias_correction")
        t = (w.keep if corrected else w.count)("t ← t + 1", w.state["t"] + 1)
        m = w.keep("m ← beta1 m + (1 − beta1) g", beta1 * w.state["m"] + (1 - beta1) * g)
        v = w.keep("v ← beta2 v + (1 − beta2) g²", beta2 * w.state["v"] + (1 - beta2) * g**2)
        if w.has("old_moments"):
            m, v = w.state["m"], w.state["v"]
        when = [f",  {BEFORE.format(name)}" if w.has("old_moments") else "" for name in ("m", "v", "m and v")]
        if not corrected:
            return w.keep(f"s = lr m / (√v + eps){when[2]}", lr * m / (v.sqrt() + eps))
        m_hat = w.keep(f"m̂ = m / (1 − beta1ᵗ){when[0]}", m / (1 - beta1**t))
        v_hat = w.keep(f"v̂ = v / (1 − beta2ᵗ){when[1]}", v / (1 - beta2**t))
        return w.keep("s = lr m̂ / (√v̂ + eps)", lr * m_hat / (v_hat.sqrt() + eps))


@rule("AdamW")
class AdamW(Adam):
    words = "Adam with decoupled weight decay: every weight shrinks by the same factor, beside the step"
    paper = "Loshchilov and Hutter 2019, algorithm 2"

    def step(self, w: Working) -> None:
        lr, weight_decay = w.options("lr", "weight_decay")
        decayed = w.decay("d = p − lr weight_decay p", w.p - lr * weight_decay * w.p, w.p)
        w.keep("p ← d − s", decayed - self.adaptive_step(w, lr, w.g))


@rule("RMSprop")
class RMSprop(Rule):
    words = "RMSprop: the gradient divided by the root of the mean of its squares"
    paper = "Tieleman and Hinton 2012, lecture 6.5; centered: Graves 2013"
    state = {"s": "square_avg", "a": "grad_avg", "b": "momentum_buffer"}
    switches = {"momentum": ("b",), "centered": ("a",)}
    conventions = ("old_moments",)
    divides = True

    def step(self, w: Working) -> None:
        lr, alpha, eps, weight_decay, momentum, centered = w.options(
            "lr", "alpha", "eps", "weight_decay", "momentum", "centered"
        )
        g = w.decay("g ← g + weight_decay p", w.g + weight_decay * w.p, w.g)
        old = w.has("old_moments")
        s = w.keep("s ← alpha s + (1 − alpha) g²", alpha * w.state["s"] + (1 - alpha) * g**2)
        if "a" in w.state:
            a = w.keep("a ← alpha a + (1 − alpha) g", alpha * w.state["a"] + (1 - alpha) * g)
            if old:
                s, a = w.state["s"], w.state["a"]
            size = w.keep(
                "c = s − a²,  or s where centered = 0" + f",  {BEFORE.format('s and a')}" * old,
                w.either(centered, s - a**2, s),
            )
            u = w.keep("u = g / (√c + eps)", g / (size.sqrt() + eps))
        else:
            size = w.state["s"] if old else s
            u = w.keep("u = g / (√s + eps)" + f",  {BEFORE.format('s')}" * old, g / (size.sqrt() + eps))
        if "b" in w.state:
            u = w.keep("b ← momentum b + u", momentum * w.state["b"] + u)
        w.keep(f"p ← p − lr {'b' if 'b' in w.state else 'u'}", w.p - lr * u)
