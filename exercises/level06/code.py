"""Level 6 in code: two losses, clean gradients, and the loop."""

from __future__ import annotations

import math
from typing import Any, List

from saitama import nn, optim

from ..task import code
from ..tensors import grad_of, oracle, tensor
from ..trying import Try, Wrong, expect, expect_gradients, numbers, show

TARGETS = ([1.0, 2.5, -0.5], [0.5, 3.0, 1.0])


def one_number(value: Any) -> Any:
    """A loss of one element, whether its shape is () or (1,)."""
    held = numbers(value)
    while isinstance(held, list) and len(held) == 1:
        held = held[0]
    return held


@code(
    "06-code-mse",
    "mse(y, t)",
    "The mean over all numbers of (y - t)².",
    "Compare the shapes first: (3, 1) against (3,) would broadcast to (3, 3).",
)
def mse(my: Try) -> None:
    f = my.get("mse")
    y_data, t_data = TARGETS
    y, t = tensor(my, y_data, True), tensor(my, t_data)
    what = f"mse({show(y_data)}, {show(t_data)})"
    loss = my.run(what, f, y, t)
    squares = [(a - b) ** 2 for a, b in zip(y_data, t_data)]
    faults = {
        "the squares are added up; divide by their number": sum(squares),
        "halved: there is no 1/2": sum(squares) / 6,
    }
    expect(what, one_number(loss), sum(squares) / 3, faults=faults)
    my.run(f"{what}.backward()", loss.backward)
    expect_gradients(what, [("y.grad", grad_of(y, "y"), [2 * (a - b) / 3 for a, b in zip(y_data, t_data)])])
    table, table_t = tensor(my, [[1.0, 2.0], [3.0, 5.0]], True), tensor(my, [[0.0, 2.0], [1.0, 1.0]])
    expect(
        "mse of two (2, 2)",
        one_number(my.run("mse of two (2, 2)", f, table, table_t)),
        21 / 4,
        faults={"the mean over the rows only": 21 / 2},
    )
    column, row = tensor(my, [[1.0], [2.5], [-0.5]], True), tensor(my, t_data)
    my.refuses("mse(y (3, 1), t (3,))", "different shapes would broadcast to (3, 3) in silence", f, column, row)


@code(
    "06-code-cross-entropy",
    "cross_entropy(logits, classes)",
    "-log p of the true class is log Σ e^x - x of the true class: no division needed.",
    "Take the largest logit of each row off before e^x, or 800 overflows.",
)
def cross_entropy(my: Try) -> None:
    f = my.get("cross_entropy")
    logits, classes = [[1.0, -0.5, 2.0], [0.25, 3.0, -1.0]], [2, 0]
    x = tensor(my, logits, True)
    what = f"cross_entropy({show(logits)}, {classes})"
    loss = my.run(what, f, x, classes)
    p = [[math.exp(v) / sum(map(math.exp, row)) for v in row] for row in logits]
    losses = [-math.log(row[c]) for row, c in zip(p, classes)]
    faults = {
        "the losses are added up; it is their mean": sum(losses),
        "that is log10; ln is meant": sum(losses) / 2 / math.log(10),
        "divided by the number of all logits": sum(losses) / 6,
    }
    expect(what, one_number(loss), sum(losses) / 2, faults=faults)
    my.run(f"{what}.backward()", loss.backward)
    exact = [[(v - (k == c)) / 2 for k, v in enumerate(row)] for row, c in zip(p, classes)]
    expect_gradients(what, [("logits.grad", grad_of(x, "logits"), exact)])
    for data, want in (([[800.0, 0.0, -800.0]], 0.0), ([[-800.0, 0.0, 800.0]], 1600.0)):
        text = f"cross_entropy({show(data)}, [0])"
        expect(
            text,
            one_number(my.run(text, f, tensor(my, data, True), [0])),
            want,
            "take the largest logit off before e^x",
        )
    for wrong in ([3, 0], [-1, 0]):
        text = f"cross_entropy(logits (2, 3), {wrong})"
        my.refuses(text, "a class must be 0, 1 or 2", f, tensor(my, logits, True), wrong)


@code(
    "06-code-zeroing",
    "zero_grad(parameters)",
    "Set every .grad to None, or to 0.",
    "In the loop: clear, backward, step. After the step would do as well; between backward and step would not.",
)
def zeroing(my: Try) -> None:
    one, two = oracle([1.0, -2.0]), oracle([[0.5]])
    (one.sum() + two.sum()).backward()
    my.run("zero_grad([one, two])", my.get("zero_grad"), [one, two])
    for name, each in (("one", one), ("two", two)):
        grad = numbers(each.grad)
        flat: List[Any] = [] if grad is None else [v for row in grad for v in (row if isinstance(row, list) else [row])]
        if any(flat):
            raise Wrong(f"after zero_grad([one, two]) {name}.grad is {show(grad)}, expected None or 0")
    expect("after zero_grad() the numbers of one", one, [1.0, -2.0], "only the gradients are cleared")
    model, batches = problem()
    expected = reference(model.copy(), batches, 0.125, 2)
    my.run("train(…, epochs=2)", my.get("train"), model.model, batches, my.get("mse"), 0.125, 2)
    dirty = model.copy_of(expected["kept"])
    got = model.weights()
    faults = {"the gradients of earlier batches are still in it: clear them at every step": dirty}
    expect("the weight and bias after train(model, 2 batches, mse, 0.125, 2)", got, expected["weights"], faults=faults)


@code(
    "06-code-loop",
    "train(model, batches, loss, lr, epochs)",
    "For each batch: clear, y = model(x), loss, backward, w - lr · grad.",
    "Return the mean of the losses of each epoch, as numbers.",
)
def loop(my: Try) -> None:
    model, batches = problem()
    expected = reference(model.copy(), batches, 0.125, 3)
    got = my.run(
        "train(model, 2 batches, mse, 0.125, 3)", my.get("train"), model.model, batches, my.get("mse"), 0.125, 3
    )
    held = [one_number(v) for v in got] if isinstance(got, (list, tuple)) else got
    if isinstance(held, list) and len(held) == 6:
        raise Wrong("train(…, epochs=3) returned 6 losses, one for each batch; expected one for each epoch, their mean")
    expect(
        "train(model, 2 batches, mse, 0.125, 3)",
        held,
        expected["losses"],
        "the mean loss of each epoch",
        faults={"the losses rise: a step goes against the gradient": expected["upwards"]},
    )
    if held[-1] >= held[0]:
        raise Wrong(f"train() returned {show(held)}: the loss does not fall")


class Line:
    """A model of one Linear, and copies of it."""

    def __init__(self, weight: Any, bias: Any) -> None:
        model: Any = nn.Linear(2, 1)
        model.weight.data, model.bias.data = oracle(weight, False), oracle(bias, False)
        self.model = model

    def copy(self) -> Line:
        return Line(self.model.weight.tolist(), self.model.bias.tolist())

    def weights(self) -> Any:
        return [self.model.weight.tolist(), self.model.bias.tolist()]

    def copy_of(self, weights: Any) -> Any:
        return weights


def problem() -> Any:
    batches = [
        (oracle([[1.0, -0.5], [0.5, 1.0]], False), oracle([[1.0], [-0.5]], False)),
        (oracle([[-1.0, 0.25]], False), oracle([[0.75]], False)),
    ]
    return Line([[0.5, -0.25]], [0.125]), batches


def reference(line: Line, batches: Any, lr: float, epochs: int) -> Any:
    """What it should come to; and what happens without clearing, and with steps upwards."""

    def run(line: Line, clear: bool, rate: float) -> Any:
        optimizer = optim.SGD(line.model.parameters(), lr=abs(rate))
        found = []
        for _ in range(epochs):
            losses = []
            for x, t in batches:
                if clear:
                    optimizer.zero_grad()
                loss = nn.functional.mse_loss(line.model(x), t)
                loss.backward()
                if rate < 0:
                    for one in line.model.parameters():
                        one.grad = one.grad * -1
                optimizer.step()
                losses.append(loss.item())
            found.append(sum(losses) / len(losses))
        return found, line.weights()

    losses, weights = run(line.copy(), True, lr)
    return {
        "losses": losses,
        "weights": weights,
        "kept": run(line.copy(), False, lr)[1],
        "upwards": run(line.copy(), True, -lr)[0],
    }
