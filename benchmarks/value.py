"""Value against micrograd: a 2-16-16-1 MLP on 32 points, one training step (forward, zero the gradients, backward).

Both engines run the same network below; only the class of the numbers differs, and the losses and gradients
are compared.
"""

from __future__ import annotations

import random
import sys
from typing import Any, Callable, Iterator, List, Tuple

from benchmarks.peers import peer
from benchmarks.timing import Result, alternate

TITLE = "The scalar engine: Value"
SIZES = (2, 16, 16, 1)
POINTS = 32


class Neuron:
    def __init__(self, number: Callable[[float], Any], inputs: int, relu: bool, rng: random.Random) -> None:
        self.weights = [number(rng.uniform(-1, 1)) for _ in range(inputs)]
        self.bias = number(0.0)
        self.relu = relu

    def __call__(self, xs: List[Any]) -> Any:
        net = sum((w * x for w, x in zip(self.weights, xs)), self.bias)
        return net.relu() if self.relu else net


class MLP:
    def __init__(self, number: Callable[[float], Any], rng: random.Random) -> None:
        last = len(SIZES) - 2
        self.layers = [
            [Neuron(number, inputs, layer != last, rng) for _ in range(outputs)]
            for layer, (inputs, outputs) in enumerate(zip(SIZES, SIZES[1:]))
        ]

    def __call__(self, xs: List[Any]) -> Any:
        for layer in self.layers:
            xs = [neuron(xs) for neuron in layer]
        return xs[0]

    def parameters(self) -> List[Any]:
        return [p for layer in self.layers for neuron in layer for p in [*neuron.weights, neuron.bias]]


def training_step(number: Callable[[float], Any]) -> Callable[[], Tuple[float, List[float]]]:
    """A function that runs one step and gives the loss and every gradient."""
    rng = random.Random(1)
    network = MLP(number, rng)
    points = [[rng.uniform(-1, 1), rng.uniform(-1, 1)] for _ in range(POINTS)]
    targets = [1.0 if x * y > 0 else -1.0 for x, y in points]

    def step() -> Tuple[float, List[float]]:
        outputs = [network([number(x) for x in point]) for point in points]
        loss = sum((output - target) ** 2 for output, target in zip(outputs, targets)) / POINTS
        for parameter in network.parameters():
            parameter.grad = 0.0
        loss.backward()
        return loss.data, [parameter.grad for parameter in network.parameters()]

    return step


def results() -> Iterator[Result]:
    from saitama.autograd.value import Value

    steps = {"saitama": training_step(Value)}
    micrograd = peer("micrograd.engine")
    if micrograd:
        sys.setrecursionlimit(100_000)  # micrograd's walk is recursive
        steps["micrograd"] = training_step(micrograd.Value)
        (loss, gradients), (their_loss, their_gradients) = (step() for step in steps.values())
        worst = max(abs(ours - theirs) for ours, theirs in zip([loss, *gradients], [their_loss, *their_gradients]))
        if worst > 1e-9:
            raise ArithmeticError(f"the two engines differ by {worst:.1e} in loss and gradients")
    case = f"MLP {'-'.join(map(str, SIZES))}, {POINTS} points, a training step"
    yield Result(case, alternate(steps, seconds_per_sample=0.05), reach=1.0)
