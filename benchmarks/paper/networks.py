"""Random networks of a page's size, with numbers that a teacher would choose."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import isfinite
from typing import Any, Callable, Dict, List, Optional

from saitama import Tensor, optim
from saitama.attention import RNN, scaled_dot_product_attention
from saitama.autograd.function import apply
from saitama.nn import functional as F
from saitama.spreadsheets.export import computed
from saitama.spreadsheets.formulas.box import Box
from saitama.spreadsheets.graph.keys import StepKey
from saitama.spreadsheets.layout import Block, Shape
from saitama.spreadsheets.plan.calculated import true_values
from saitama.spreadsheets.plan.subject import subject_of
from saitama.spreadsheets.plan.work import Work

Names = Dict[str, Any]


@dataclass
class Network:
    family: str
    work: Work
    true: Dict[StepKey, List[Any]]
    names: Names
    optimizer: Optional[Any]
    dyadic: bool

    @property
    def root(self) -> Any:
        return list(self.names.values())[-1]


class Numbers:
    """The given numbers: multiples of 1/8, or numbers with one or two decimals."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.dyadic, self.decimals = rng, rng.random() < 0.5, rng.choice((1, 2))

    def number(self, low: float = -2.0, high: float = 2.0) -> float:
        while True:
            x = self.rng.uniform(low, high)
            x = round(x * 8) / 8 if self.dyadic else round(x, self.decimals)
            if x and low <= x <= high:
                return x

    def tensor(self, *shape: int, low: float = -2.0, high: float = 2.0, grad: bool = True) -> Tensor:
        def nested(shape: Shape) -> Any:
            return [nested(shape[1:]) for _ in range(shape[0])] if shape else self.number(low, high)

        return Tensor(nested(shape), requires_grad=grad)


FAMILIES: Dict[str, Callable[[random.Random, Numbers, Names], Optional[Any]]] = {}


def family(make: Callable[[random.Random, Numbers, Names], Optional[Any]]) -> Any:
    """Register a function that names tensors in `n`, the loss last, and gives an optimiser or None."""
    FAMILIES[make.__name__] = make
    return make


def network(name: str, rng: random.Random) -> Network:
    """A network of a family whose numbers are all of a size that one can write."""
    while True:
        names: Names = {}
        numbers = Numbers(rng)
        try:
            optimizer = FAMILIES[name](rng, numbers, names)
            work = as_work(list(names.values())[-1], names, optimizer)
            true = true_values(work)
        except (ZeroDivisionError, OverflowError, ValueError):
            continue
        sizes = [abs(x.at) for values in true.values() for x in values if isinstance(x, Box) and x.at]
        if all(isfinite(size) and 1e-3 < size < 1e3 for size in sizes) or name in ("optimizer_step", "layer_norm"):
            return Network(name, work, true, names, optimizer, numbers.dyadic)


def as_work(loss: Any, names: Names, optimizer: Any = None) -> Work:
    graph, result = computed(loss, names, optimizer)
    row = [1]

    def where(key: StepKey, shape: Shape) -> Block:
        block = Block("Page", row[0], 2, shape)
        row[0] += block.height + 2
        return block

    return Work(subject_of(graph, result, 1000), where, "Page")


# --- the families -----------------------------------------------------------------------------------------------------
@family
def chain(rng: random.Random, numbers: Numbers, n: Names) -> None:
    """Scalars: products, sums, powers and functions, some of them used twice."""
    leaves = "abc"[: rng.choice((2, 3))]
    for name in leaves:
        n[name] = numbers.tensor(low=-3, high=3)
    fresh, unused = iter("defghkmnpq"), list(leaves)
    for _ in range(rng.randint(3, 5)):
        x = unused.pop(rng.randrange(len(unused))) if unused else rng.choice(list(n))
        y = unused.pop(rng.randrange(len(unused))) if unused else rng.choice(list(n))
        a, b, kind = n[x], n[y], rng.choice("+-**^fff/")
        if kind in "+-*/" and x == y:
            kind = "^"
        if kind == "f":
            f = rng.choice(["tanh", "sigmoid", "exp", "log", "relu"])
            if (
                (f == "exp" and abs(a.item()) > 2.5)
                or (f == "log" and a.item() <= 0.1)
                or (f == "relu" and a.item() < 0)
            ):
                f = "tanh"
            made = getattr(a, f)()
            if y not in unused and y != x:
                unused.append(y)
        elif kind == "/" and abs(b.item()) > 0.3:
            made = a / b
        elif kind == "^":
            made = a**2
            if y not in unused and y != x:
                unused.append(y)
        else:
            made = a + b if kind == "+" else a - b if kind == "-" else a * b
        name = next(fresh)
        n[name] = made
        unused.append(name)
    while len(unused) > 1:
        name = next(fresh)
        n[name] = n[unused.pop()] * n[unused.pop(0)]
        unused.append(name)
    n["L"] = n[unused[0]] * numbers.number() + (n[leaves[0]] if rng.random() < 0.5 else 0.0)


def layer(rng: random.Random, numbers: Numbers, n: Names, x: str, size: int, place: str, act: str) -> str:
    """A layer as matrix product and sum, or as one operation."""
    width = n[x].shape[-1]
    together = rng.random() < 0.4
    W = n[f"W{place}"] = numbers.tensor(*((size, width) if together else (width, size)))
    b = n[f"b{place}"] = numbers.tensor(size)
    if together:
        net = F.linear(n[x], W, b)
    else:
        n[f"m{place}"] = n[x] @ W
        net = n[f"m{place}"] + b
    n[f"net{place}"] = net
    if not act:
        return f"net{place}"
    n[f"h{place}"] = getattr(net, act)()
    return f"h{place}"


def squared_error(rng: random.Random, numbers: Numbers, n: Names, y: str) -> None:
    n["t"] = numbers.tensor(*n[y].shape, grad=False)
    n["e"] = n[y] - n["t"]
    n["sq"] = n["e"] ** 2 if rng.random() < 0.5 else n["e"] * n["e"]
    n["L"] = n["sq"].mean() if rng.random() < 0.7 else n["sq"].sum()


@family
def mlp(rng: random.Random, numbers: Numbers, n: Names) -> None:
    """Two layers and two or three examples; sometimes square, so that a transpose fits."""
    size = rng.choice((2, 3))
    n["x"] = numbers.tensor(size if rng.random() < 0.5 else rng.choice((2, 3)), size, grad=rng.random() < 0.3)
    hidden = size if rng.random() < 0.6 else rng.choice((2, 3))
    h = layer(rng, numbers, n, "x", hidden, "1", rng.choice(["tanh", "sigmoid", "relu"]))
    y = layer(rng, numbers, n, h, hidden if rng.random() < 0.5 else rng.choice((1, 2)), "2", "")
    squared_error(rng, numbers, n, y)


@family
def residual(rng: random.Random, numbers: Numbers, n: Names) -> None:
    """Two layers of one width, each added to what went in."""
    n["x"] = numbers.tensor(2, 2)
    h = layer(rng, numbers, n, "x", 2, "1", rng.choice(["tanh", "sigmoid"]))
    n["r1"] = n["x"] + n[h]
    g = layer(rng, numbers, n, "r1", 2, "2", rng.choice(["tanh", "sigmoid"]))
    n["r2"] = n["r1"] + n[g]
    squared_error(rng, numbers, n, "r2")


@family
def rnn_unrolled(rng: random.Random, numbers: Numbers, n: Names) -> None:
    recurrent(rng, numbers, n, unroll=True, steps=2)


@family
def rnn_fused(rng: random.Random, numbers: Numbers, n: Names) -> None:
    recurrent(rng, numbers, n, unroll=False, steps=3)


def recurrent(rng: random.Random, numbers: Numbers, n: Names, unroll: bool, steps: int) -> None:
    n["x"] = numbers.tensor(steps, rng.choice((1, 2)), 2, low=-1, high=1, grad=False)
    rnn = RNN(2, 2, unroll=unroll)
    rnn.load_state_dict(
        {name: numbers.tensor(*p.shape, low=-1.5, high=1.5, grad=False) for name, p in rnn.named_parameters()}
    )
    short = {"weight_ih_l0": "U", "weight_hh_l0": "W", "bias_ih_l0": "b", "bias_hh_l0": "c"}
    n.update({short[name]: p for name, p in rnn.named_parameters()})
    n["y"], _ = rnn(n["x"])
    n["t"] = numbers.tensor(*n["y"].shape, low=-1, high=1, grad=False)
    n["e"] = n["y"] - n["t"]
    n["sq"] = n["e"] * n["e"]
    n["L"] = n["sq"].sum() if rng.random() < 0.5 else n["sq"].mean()


@family
def attention(rng: random.Random, numbers: Numbers, n: Names) -> None:
    """Without a mask, causal, or with a mask; queries, keys and values given, or made from one x."""
    rows, width = rng.choice(((2, 2), (3, 2), (3, 3)))
    if rng.random() < 0.4:
        n["x"] = numbers.tensor(rows, width, low=-1, high=1, grad=False)
        for name in "QKV":
            n[f"W{name}"] = numbers.tensor(width, width, low=-1.5, high=1.5)
        for name in "QKV":
            n[name] = n["x"] @ n[f"W{name}"]
    else:
        for name in "QKV":
            n[name] = numbers.tensor(rows, width, low=-1.5, high=1.5)
    kind = rng.choice(["none", "causal", "mask"])
    if kind == "mask":
        hidden = [[j <= i or rng.random() < 0.4 for j in range(rows)] for i in range(rows)]
        hidden[0][-1] = False
        n["mask"] = Tensor(hidden, dtype="bool")
        n["Y"] = scaled_dot_product_attention(n["Q"], n["K"], n["V"], n["mask"])
    else:
        n["Y"] = scaled_dot_product_attention(n["Q"], n["K"], n["V"], is_causal=kind == "causal")
    weighted(numbers, n, "Y")


def weighted(numbers: Numbers, n: Names, y: str) -> None:
    n["c"] = numbers.tensor(*n[y].shape, grad=False)
    n["q"] = n[y] * n["c"]
    n["L"] = n["q"].sum()


@family
def layer_norm(rng: random.Random, numbers: Numbers, n: Names) -> None:
    rows, width = rng.choice(((2, 3), (3, 3), (2, 4), (2, 2)))
    n["x"] = numbers.tensor(rows, width)
    n["w"], n["b"] = numbers.tensor(width, low=0.25), numbers.tensor(width)
    eps = rng.choice((1e-5, 0.1, 0.25))
    n["y"] = apply("LayerNorm", [n["x"], n["w"], n["b"]], eps=eps)
    if rng.random() < 0.5:
        squared_error(rng, numbers, n, "y")
    else:
        weighted(numbers, n, "y")


@family
def classifier(rng: random.Random, numbers: Numbers, n: Names) -> None:
    """Softmax with cross-entropy, as one operation or as softmax, logarithm and mean."""
    rows, classes = rng.choice(((2, 3), (3, 3), (2, 2)))
    n["x"] = numbers.tensor(rows, 2, grad=False)
    z = layer(rng, numbers, n, "x", classes, "", "")
    if rng.random() < 0.6:
        n["t"] = Tensor([rng.randrange(classes) for _ in range(rows)], dtype="int64")
        n["L"] = F.cross_entropy(n[z], n["t"])
        return
    n["p"] = n[z].softmax(1)
    n["lnp"] = n["p"].log()
    right = [rng.randrange(classes) for _ in range(rows)]
    n["q"] = Tensor([[1.0 if j == right[i] else 0.0 for j in range(classes)] for i in range(rows)])
    n["s"] = n["lnp"] * n["q"]
    n["S"] = n["s"].sum(1)
    n["m"] = n["S"].mean()
    n["L"] = -n["m"]


@family
def optimizer_step(rng: random.Random, numbers: Numbers, n: Names) -> Any:
    """One layer or two and a step of SGD, Momentum or Adam, at the beginning or in the middle."""
    n["x"] = numbers.tensor(2, 2, grad=False)
    h = layer(rng, numbers, n, "x", 2, "1", rng.choice(["tanh", "sigmoid"])) if rng.random() < 0.5 else "x"
    y = layer(rng, numbers, n, h, rng.choice((1, 2)), "", rng.choice(["", "tanh"]))
    squared_error(rng, numbers, n, y)
    parameters = [n["W"]] if rng.random() < 0.6 else [n["W"], n["b"]]
    kind = rng.choice(["SGD", "momentum", "Momentum", "Adam", "Adam"])
    lr = rng.choice((0.1, 0.25, 0.5))
    started = rng.random() < 0.7
    if kind in ("SGD", "momentum"):
        optimizer: Any = optim.SGD(parameters, lr=lr, momentum=0.9 if kind == "momentum" else 0.0)
        name = "momentum_buffer"
    elif kind == "Momentum":
        optimizer, name = optim.Momentum(parameters, lr=lr, momentum=rng.choice((0.5, 0.9))), "velocity"
    else:
        betas, eps = rng.choice(((0.9, 0.99), (0.5, 0.75), (0.9, 0.999))), rng.choice((1e-8, 0.1))
        optimizer, name = optim.Adam(parameters, lr=lr, betas=betas, eps=eps), "exp_avg"
    for p in parameters if started and kind != "SGD" else ():
        optimizer.state[p] = {name: numbers.tensor(*p.shape, grad=False)}
        if kind == "Adam":
            optimizer.state[p]["exp_avg_sq"] = numbers.tensor(*p.shape, low=0.1, grad=False)
            optimizer.state[p]["step"] = rng.randint(1, 3)
    return optimizer


__all__ = ["FAMILIES", "Network", "network"]
