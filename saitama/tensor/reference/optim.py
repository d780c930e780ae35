"""One step of each optimiser for many parameters at once; and the norm and the scaling of gradients.

Each rule is a formula for one element, and `step` maps it over the numbers of lists of tensors (of anything that has an
`array`). No array is changed: a tensor is given a new one, and after an error each still has its old one.
"""

from __future__ import annotations

import math
from itertools import repeat
from typing import Any, Callable, List, Optional, Sequence, Tuple

from . import c_math as c
from .array import Array, Exporter, check_float, check_gradient, fill, zeros
from .kernel import kernel

Tensors = Sequence[Exporter]


def step(op: str, rule: Callable[..., Tuple[float, ...]], params: Tensors, grads: Tensors, *states: Any) -> None:
    """p, *state = rule(p, g, *state) for every element of each parameter p with its gradient g. A list of states that
    is None stands for zeros, and is not kept."""
    check_lists(op, *(arrays_of(op, field) for field in (params, grads, *states) if field is not None))
    changed = [params, *states]
    new = [[zeros(t.array.shape, t.array.dtype) for t in field or ()] for field in changed]
    for i, (p, g) in enumerate(zip(params, grads)):
        rows = [repeat(0.0) if state is None else state[i].array.data for state in states]
        for k, elements in enumerate(zip(p.array.data, g.array.data, *rows)):
            for arrays, value in zip(new, rule(*elements)):
                if arrays:
                    arrays[i].data[k] = value
    for field, arrays in zip(changed, new):
        give(field or (), arrays)


def give(tensors: Tensors, arrays: Sequence[Array]) -> None:
    for tensor, array in zip(tensors, arrays):
        tensor.array = array


def arrays_of(op: str, tensors: Tensors) -> List[Array]:
    for tensor in tensors:
        if not isinstance(tensor, Exporter):
            raise TypeError(f"{op}: needs a tensor, not {type(tensor).__name__}")
    return [getattr(tensor, "array", None) for tensor in tensors]  # type: ignore[misc]


def check_lists(op: str, params: Sequence[Array], *lists: Sequence[Array]) -> None:
    """Errors unless all lists hold, for each parameter, an array of its shape and float dtype."""
    for arrays in lists:
        if len(arrays) != len(params):
            raise ValueError(f"{op}: {len(params)} parameters, but {len(arrays)} arrays that belong to them")
    for p, *others in zip(params, *lists):
        check_array(op, p)
        check_float(op, p)
        for other in others:
            check_array(op, other)
            check_gradient(op, p, other)


def check_array(op: str, a: Any) -> None:
    if not isinstance(a, Array):
        raise TypeError(f"{op}: needs an array, not {type(a).__name__}")


def decayed(g: float, weight_decay: float, p: float) -> float:
    """g + weight_decay p, where no decay is none: 0 times an infinite p would be NaN."""
    return g if weight_decay == 0 else g + weight_decay * p


@kernel
def sgd_step(
    params: Tensors,
    grads: Tensors,
    momenta: Optional[Tensors],
    lr: float,
    momentum: float,
    dampening: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    """New params, and momenta unless they are None: then the momentum does not count. In the first step the momenta are
    zeros, and the dampening is 0."""

    def plain(p: float, g: float) -> Tuple[float]:
        """p ← p - lr (g + weight_decay p)"""
        return (p - lr * decayed(g, weight_decay, p),)

    def heavy(p: float, g: float, v: float) -> Tuple[float, float]:
        """g ← g + weight_decay p;  v ← momentum v + (1 - dampening) g;  p ← p - lr v, or - lr (g + momentum v)
        (Sutskever et al. 2013, equations 1 to 4, with lr outside the velocity)"""
        g = decayed(g, weight_decay, p)
        v = momentum * v + (1 - dampening) * g
        return p - lr * (g + momentum * v if nesterov else v), v

    if momenta is None:
        step("sgd_step", plain, params, grads)
    else:
        step("sgd_step", heavy, params, grads, momenta)


@kernel
def adam_step(
    params: Tensors,
    grads: Tensors,
    first: Tensors,
    second: Tensors,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    bias_correction: bool = True,
    old_moments: bool = False,
) -> None:
    """New params, first moments m and second moments v: step number t, which counts from 1. Decoupled weight decay is
    that of AdamW. With old moments p moves by those before this step."""
    if t < 1:
        raise ValueError(f"adam_step: step {t}: the first step is 1")
    size = c.divide(lr, 1 - beta1**t) if bias_correction else lr
    root = math.sqrt(1 - beta2**t) if bias_correction else 1.0

    def rule(p: float, g: float, m: float, v: float) -> Tuple[float, float, float]:
        """m ← beta1 m + (1 - beta1) g;  v ← beta2 v + (1 - beta2) g²;  p ← p - lr m̂ / (sqrt(v̂) + eps)
        (Kingma and Ba 2015, algorithm 1), with m̂ = m / (1 - beta1^t) and v̂ = v / (1 - beta2^t): lr m̂ is size m, and
        sqrt(v̂) is sqrt(v) / root; or without correction, m̂ = m and v̂ = v. The decay is in g, or decoupled in p
        (Loshchilov and Hutter 2019, algorithm 2)."""
        if decoupled:
            p = decayed(p, -lr * weight_decay, p)
        else:
            g = decayed(g, weight_decay, p)
        new_m = beta1 * m + (1 - beta1) * g
        new_v = beta2 * v + (1 - beta2) * (g * g)
        if not old_moments:
            m, v = new_m, new_v
        return p - c.divide(size * m, c.divide(c.sqrt(v), root) + eps), new_m, new_v

    step("adam_step", rule, params, grads, first, second)


@kernel
def rmsprop_step(
    params: Tensors,
    grads: Tensors,
    square: Tensors,
    momenta: Optional[Tensors],
    averages: Optional[Tensors],
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    old_moments: bool = False,
) -> None:
    """New params, mean squares, and momenta and mean gradients unless they are None; with the latter it is the centered
    form. With old moments the gradient is divided by the means before this step."""

    def rule(p: float, g: float, s: float, b: float, a: float) -> Tuple[float, float, float, float]:
        """s ← alpha s + (1 - alpha) g²;  u = g / (sqrt(s) + eps);  b ← momentum b + u;  p ← p - lr b
        (Tieleman and Hinton 2012), centered with a ← alpha a + (1 - alpha) g and s - a² for s (Graves 2013)"""
        g = decayed(g, weight_decay, p)
        new_s = alpha * s + (1 - alpha) * (g * g)
        new_a = alpha * a + (1 - alpha) * g
        if not old_moments:
            s, a = new_s, new_a
        u = c.divide(g, c.sqrt(s - a * a if averages is not None else s) + eps)
        b = momentum * b + u if momenta is not None else u
        return p - lr * b, new_s, b, new_a

    step("rmsprop_step", rule, params, grads, square, momenta, averages)


@kernel
def accumulate(tensors: Tensors, others: Tensors) -> None:
    """tensor + other for every element of each."""
    step("accumulate", lambda x, y: (x + y,), tensors, others)


@kernel
def norm(arrays: Sequence[Array]) -> float:
    """The square root of the sum of the squares of all elements."""
    check_lists("norm", arrays)

    def root(factor: float) -> float:
        return math.sqrt(sum(sum((factor * x) * (factor * x) for x in a.data) for a in arrays)) / factor

    size = root(1.0)
    if size != size or 1e-125 < size < math.inf:
        return size
    return root(2.0**600 if size < 1 else 2.0**-600)  # squares that no float can hold, or not to all digits


@kernel
def scale(tensors: Tensors, factor: float) -> None:
    """factor x for every element x."""
    arrays = arrays_of("scale", tensors)
    check_lists("scale", arrays)
    give(tensors, [fill(zeros(a.shape, a.dtype), (factor * x for x in a.data)) for a in arrays])
