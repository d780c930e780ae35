"""One step of each optimiser for many parameters at once; and the norm and the scaling of gradients.

Each rule is a formula for one element, and `each_element` maps it over lists of arrays. Nothing is changed: a step
returns the new parameters and the new state.
"""

from __future__ import annotations

import math
from typing import Any, Callable, List, Optional, Sequence, Tuple

from . import c_math as c
from .array import Array, check_float, check_gradient, fill, zeros

Arrays = List[Array]
State = Optional[Sequence[Array]]


def each_element(op: str, results: int, f: Callable[..., Tuple[float, ...]], *lists: Any) -> List[Arrays]:
    """f(p, g, ...) for every element of each parameter p, its gradient g and so on; a list for each result of f."""
    check_lists(op, *lists)
    out = [[zeros(p.shape, p.dtype) for p in lists[0]] for _ in range(results)]
    for i, arrays in enumerate(zip(*lists)):
        for k, elements in enumerate(zip(*(a.data for a in arrays))):
            for new, value in zip(out, f(*elements)):
                new[i].data[k] = value
    return out


def check_lists(op: str, params: Sequence[Array], *lists: Sequence[Array]) -> None:
    """Errors unless all lists hold, for each parameter, an array of its shape and float dtype."""
    for arrays in lists:
        if len(arrays) != len(params):
            raise ValueError(f"{op}: {len(params)} parameters, but {len(arrays)} arrays that belong to them")
    for p, *others in zip(params, *lists):
        check_float(op, p)
        for other in others:
            check_gradient(op, p, other)


def decayed(g: float, weight_decay: float, p: float) -> float:
    """g + weight_decay p, where no decay is none: 0 times an infinite p would be NaN."""
    return g if weight_decay == 0 else g + weight_decay * p


def sgd_step(
    params: Sequence[Array],
    grads: Sequence[Array],
    momenta: State,
    lr: float,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
) -> Tuple[Arrays, Optional[Arrays]]:
    """(params, momenta); momenta is None before the first step, and stays None without momentum."""

    def first(p: float, g: float) -> Tuple[float, float]:
        g = decayed(g, weight_decay, p)
        return p - lr * (g + momentum * g if nesterov else g), g

    def later(p: float, g: float, v: float) -> Tuple[float, float]:
        g = decayed(g, weight_decay, p)
        v = momentum * v + (1 - dampening) * g
        return p - lr * (g + momentum * v if nesterov else v), v

    if momentum == 0:
        return each_element("sgd_step", 1, lambda p, g: (p - lr * (g + weight_decay * p),), params, grads)[0], None
    if momenta is None:
        new, buffers = each_element("sgd_step", 2, first, params, grads)
    else:
        new, buffers = each_element("sgd_step", 2, later, params, grads, momenta)
    return new, buffers


def adam_step(
    params: Sequence[Array],
    grads: Sequence[Array],
    first: Sequence[Array],
    second: Sequence[Array],
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
) -> Tuple[Arrays, Arrays, Arrays]:
    """(params, first moments m, second moments v) after step number `step`, which counts from 1."""
    if step < 1:
        raise ValueError(f"adam_step: step {step}: the first step is 1")
    size = c.divide(lr, 1 - beta1**step)
    root = math.sqrt(1 - beta2**step)

    def rule(p: float, g: float, m: float, v: float) -> Tuple[float, float, float]:
        if decoupled:
            p = decayed(p, -lr * weight_decay, p)
        else:
            g = decayed(g, weight_decay, p)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g * g)
        return p - c.divide(size * m, c.divide(c.sqrt(v), root) + eps), m, v

    new, m, v = each_element("adam_step", 3, rule, params, grads, first, second)
    return new, m, v


def rmsprop_step(
    params: Sequence[Array],
    grads: Sequence[Array],
    square: Sequence[Array],
    momenta: State,
    averages: State,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> Tuple[Arrays, Arrays, Optional[Arrays], Optional[Arrays]]:
    """(params, mean squares, momenta, mean gradients); the last two are None where None was given."""

    def rule(p: float, g: float, s: float, b: float, a: float) -> Tuple[float, float, float, float]:
        g = decayed(g, weight_decay, p)
        s = alpha * s + (1 - alpha) * (g * g)
        a = alpha * a + (1 - alpha) * g
        u = c.divide(g, c.sqrt(s - a * a if averages is not None else s) + eps)
        b = momentum * b + u if momenta is not None else u
        return p - lr * b, s, b, a

    absent = [zeros(p.shape, p.dtype) for p in params]
    given = [absent if state is None else state for state in (momenta, averages)]
    new, s, b, a = each_element("rmsprop_step", 4, rule, params, grads, square, *given)
    return new, s, None if momenta is None else b, None if averages is None else a


def norm(arrays: Sequence[Array]) -> float:
    """The square root of the sum of the squares of all elements."""
    for a in arrays:
        check_float("norm", a)
    return math.sqrt(sum(sum(x * x for x in a.data) for a in arrays))


def scale(arrays: Sequence[Array], factor: float) -> Arrays:
    """factor x for every element x."""
    for a in arrays:
        check_float("scale", a)
    return [fill(zeros(a.shape, a.dtype), (factor * x for x in a.data)) for a in arrays]
