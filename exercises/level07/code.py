"""Level 7 in code: optimisers, tried on the numbers of several steps."""

from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional

from saitama import Tensor, nn

from ..task import code
from ..trying import Try, Wrong, expect, numbers, show

W, B = [1.0, -2.0], [[0.5]]
GRADIENTS: List[Any] = [([0.5, -1.0], [[2.0]]), ([-0.25, 3.0], None), ([1.0, 1.0], [[-1.0]])]
Rule = Callable[[Dict[str, Any], float], float]  # a state and a gradient -> how far down


def steps(my: Try, name: str, make: Callable[[Any], Any]) -> List[Any]:
    """The numbers of two parameters after each step."""
    parameters = [nn.Parameter(Tensor(W, dtype="float64")), nn.Parameter(Tensor(B, dtype="float64"))]
    optimizer = my.run(f"{name}([w, b], …)", make, parameters)
    found = []
    for number, gradients in enumerate(GRADIENTS, 1):
        for one, gradient in zip(parameters, gradients):
            one.grad = None if gradient is None else Tensor(gradient, dtype="float64")
        without = " with a b.grad that is None" if gradients[1] is None else ""
        my.run(f"{name}: step() number {number}{without}", optimizer.step)
        found.append([numbers(one) for one in parameters])
    my.run(f"{name}: zero_grad()", optimizer.zero_grad)
    if any(numbers(one.grad) not in (None, [0.0, 0.0], [[0.0]]) for one in parameters):
        raise Wrong(f"{name}: after zero_grad() a gradient is left: {show([one.grad for one in parameters])}")
    return found


def right(rule: Rule, moves_without: bool = False) -> List[Any]:
    """The same by plain arithmetic, each number with a state of its own."""
    numbers_of: List[List[float]] = [list(W), [0.5]]
    states: List[List[Dict[str, Any]]] = [[{} for _ in values] for values in numbers_of]
    found = []
    for gradients in GRADIENTS:
        flat: List[Optional[List[float]]] = [gradients[0], None if gradients[1] is None else gradients[1][0]]
        for values, state, gradient in zip(numbers_of, states, flat):
            if gradient is None and moves_without:
                gradient = [0.0] * len(values)
            for n, g in enumerate(gradient or ()):
                values[n] -= rule(state[n], g)
        found.append([list(numbers_of[0]), [list(numbers_of[1])]])
    return found


def compared(name: str, got: List[Any], rule: Rule, faults: Dict[str, List[Any]]) -> None:
    want = right(rule)
    for number in range(len(GRADIENTS)):
        here = {sentence: wrong[number] for sentence, wrong in faults.items()}
        here["the parameters are as before: change their numbers in place, the model holds these tensors"] = [W, B]
        without = ", in which b.grad is None," if GRADIENTS[number][1] is None else ""
        expect(f"{name}: w and b after step {number + 1}{without}", got[number], want[number], faults=here)


@code(
    "07-code-sgd",
    "SGD",
    "For every parameter that has a .grad: p - lr · grad, in place.",
    "A .grad of None: the parameter stays.",
)
def sgd(my: Try) -> None:
    make = my.get("SGD")
    got = steps(my, "SGD(lr=0.125)", lambda p: make(p, lr=0.125))
    rule: Rule = lambda state, g: 0.125 * g  # noqa: E731
    compared("SGD(lr=0.125)", got, rule, {"the step goes uphill": right(lambda s, g: -rule(s, g))})


@code(
    "07-code-momentum",
    "Momentum",
    "v = momentum · v + grad, then p - lr · v. Each parameter has its own v, which starts at 0.",
)
def momentum(my: Try) -> None:
    make = my.get("Momentum")
    got = steps(my, "Momentum(lr=0.125, momentum=0.5)", lambda p: make(p, lr=0.125, momentum=0.5))

    def rule(state: Dict[str, Any], g: float) -> float:
        state["v"] = 0.5 * state.get("v", 0.0) + g
        return 0.125 * float(state["v"])

    def inside(state: Dict[str, Any], g: float) -> float:
        state["v"] = 0.5 * state.get("v", 0.0) + 0.125 * g
        return 0.125 * float(state["v"])

    def average(state: Dict[str, Any], g: float) -> float:
        state["v"] = 0.5 * state.get("v", 0.0) + 0.5 * g
        return 0.125 * float(state["v"])

    faults = {
        "the step goes uphill": right(lambda s, g: -rule(s, g)),
        "v is forgotten between steps: that is SGD": right(lambda s, g: 0.125 * g),
        "lr is in v already, and counts twice": right(inside),
        "there is no 1 - momentum before the gradient here": right(average),
        "a parameter whose .grad is None moved": right(rule, True),
    }
    compared("Momentum(lr=0.125, momentum=0.5)", got, rule, faults)


def root(v: float) -> float:
    return math.sqrt(v) if v >= 0 else math.nan


@code(
    "07-code-adam",
    "Adam",
    "m and v as means of g and g²; divide them by 1 - β1^t and 1 - β2^t.",
    "t counts the steps of the parameter, from 1. eps stands outside the root.",
)
def adam(my: Try) -> None:
    make = my.get("Adam")
    name = "Adam(lr=0.125, betas=(0.5, 0.75), eps=0.5)"
    got = steps(my, name, lambda p: make(p, lr=0.125, betas=(0.5, 0.75), eps=0.5))

    def rule(
        correct: bool = True, first: int = 1, inside: bool = False, squares: bool = True, swap: bool = False
    ) -> Rule:
        b1, b2 = (0.75, 0.5) if swap else (0.5, 0.75)

        def step(state: Dict[str, Any], g: float) -> float:
            t = state["t"] = state.get("t", first - 1) + 1
            state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
            state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * (g * g if squares else g)
            c1, c2 = (1 - b1**t or 1.0, 1 - b2**t or 1.0) if correct else (1.0, 1.0)
            m, v = state["m"] / c1, state["v"] / c2
            return float(0.125 * m / (root(v + 0.5) if inside else root(v) + 0.5))

        return step

    faults = {
        "the step goes uphill": right(lambda s, g: -rule()(s, g)),
        "there is no bias correction: divide m by 1 - β1^t, v by 1 - β2^t": right(rule(correct=False)),
        "t is one too small in the correction: the first step has t = 1": right(rule(first=0)),
        "t is one too large in the correction: the first step has t = 1": right(rule(first=2)),
        "eps is under the root; it stands outside": right(rule(inside=True)),
        "v is a mean of g; it is one of g²": right(rule(squares=False)),
        "β1 and β2 changed places": right(rule(swap=True)),
        "a parameter whose .grad is None moved": right(rule(), True),
    }
    compared(name, got, rule(), faults)
    for g in (0.001, -1000.0):
        one = nn.Parameter(Tensor([0.0], dtype="float64"))
        optimizer = my.run("Adam([p], lr=0.125)", lambda one=one: make([one], lr=0.125))
        one.grad = Tensor([g], dtype="float64")
        my.run(f"Adam: the first step with g = {g:g}", optimizer.step)
        moved = -math.copysign(0.125, g)
        if abs(numbers(one)[0] - moved) > 1e-4:
            raise Wrong(
                f"Adam(lr=0.125): the first step with g = {g:g} moved 0 to {numbers(one)[0]:.6g}, expected {moved:g}"
            )


@code(
    "07-code-schedule",
    "cosine and warmup",
    "cosine: lr_end + (lr - lr_end)(1 + cos(π t / T)) / 2.",
    "warmup: lr t / n, and lr from n on.",
)
def schedule(my: Try) -> None:
    lr, end, T = 0.5, 0.1, 8
    for t in (0, 2, 4, 8):
        want = end + (lr - end) * (1 + math.cos(math.pi * t / T)) / 2
        faults = {
            "the cosine has no π": end + (lr - end) * (1 + math.cos(t / T)) / 2,
            "the cosine goes up: 1 + cos, not 1 - cos": end + (lr - end) * (1 - math.cos(math.pi * t / T)) / 2,
            "lr_end is not in it": lr * (1 + math.cos(math.pi * t / T)) / 2,
            "lr_end is added without taking it off lr": end + lr * (1 + math.cos(math.pi * t / T)) / 2,
        }
        expect(f"cosine(0.5, 0.1, {t}, 8)", my.call("cosine", lr, end, t, T), want, faults=faults)
    for t, want in ((1, 0.125), (2, 0.25), (4, 0.5), (9, 0.5)):
        faults = {"it goes on rising after n": lr * t / 4, "t counts one too far": min(lr, lr * (t + 1) / 4)}
        faults["t counts from 1 here: lr t / n"] = lr * (t + 1) / 5 if t < 4 else lr
        expect(f"warmup(0.5, {t}, 4)", my.call("warmup", lr, t, 4), want, faults=faults)
