"""`saitama demo`: a network whose hand calculation is published, checked four ways.

The network, its weights and the numbers in PUBLISHED are those of Matt Mazur, "A Step by Step Backpropagation Example":
two inputs, two hidden and two output units, all sigmoid, the biases kept as they are, one example. Each number is
computed by the framework, by the formulas of the exported workbook, and by the chain rule in plain Python
(autograd/by_hand.py), and all three are compared with what was published.
"""

from __future__ import annotations

from decimal import Decimal
from math import isclose
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, Optional, Tuple

from openpyxl import load_workbook
from rich import box
from rich.console import Console
from rich.table import Table

from saitama import spreadsheets
from saitama.autograd import no_grad
from saitama.autograd.by_hand import TwoLayerStep, two_layer_by_hand
from saitama.files import make_folder
from saitama.tensor import Tensor
from saitama.terminal import say, styled

INPUTS, TARGETS = [0.05, 0.10], [0.01, 0.99]
W1, B1 = [[0.15, 0.20], [0.25, 0.30]], 0.35  # one row of weights for each unit
W2, B2 = [[0.40, 0.45], [0.50, 0.55]], 0.60
LEARNING_RATE = 0.5
STEPS = 10_000

PUBLISHED = {  # as printed; after the step the article prints .291027924 for E, which its own weights do not give
    "net_h1": 0.3775, "out_h1": 0.593269992, "out_h2": 0.596884378, "out_o1": 0.751365070, "out_o2": 0.772928465,
    "E": 0.298371109, "dE/dw5": 0.082167041,
    "w1 after": 0.149780716, "w2 after": 0.199561432, "w3 after": 0.249751144, "w4 after": 0.299502287,
    "w5 after": 0.358916480, "w6 after": 0.408666186, "w7 after": 0.511301270, "w8 after": 0.561370121,
    "E after": 0.291027774, f"E after {STEPS:,}": 0.0000351,
}  # fmt: skip

NEXT = 6 * " "  # under the words after "Next: "
Numbers = Dict[str, float]


class Network:
    """The published network as tensors; every step has the name it has on paper."""

    def __init__(self) -> None:
        self.x, self.target = Tensor(INPUTS, name="x"), Tensor(TARGETS, name="target")
        self.W1, self.b1 = Tensor(W1, requires_grad=True, name="W1"), Tensor(B1, name="b1")
        self.W2, self.b2 = Tensor(W2, requires_grad=True, name="W2"), Tensor(B2, name="b2")

    def forward(self) -> Tensor:
        """E, half the sum of the squared errors."""
        self.sum_h = self.W1 @ self.x  # (2,)
        self.net_h = self.sum_h + self.b1
        self.out_h = self.net_h.sigmoid()
        self.sum_o = self.W2 @ self.out_h  # (2,)
        self.net_o = self.sum_o + self.b2
        self.out_o = self.net_o.sigmoid()
        self.errors = (self.target - self.out_o) ** 2 / 2
        self.E = self.errors.sum()
        return self.E

    def step(self) -> None:
        """Backward, and each weight a little downhill."""
        self.W1.grad = self.W2.grad = None
        self.E.backward()
        with no_grad():
            for weight in (self.W1, self.W2):
                assert weight.grad is not None
                weight -= LEARNING_RATE * weight.grad


def run_demo(folder: str, force: bool = False) -> bool:
    """Write the three workbooks into `folder`, print the comparison, and say whether all of it agrees.

    Workbooks of an earlier demo in which somebody has worked are kept, with a FileExistsError, unless `force`.
    """
    out = make_folder(folder, "--out")
    live, blank, filled = (out / name for name in ("network.xlsx", "by-hand-blank.xlsx", "by-hand-filled.xlsx"))
    overwrite = force or None
    for path in (live, blank, filled):  # before any of them is written
        spreadsheets.check_replaceable(path, overwrite)

    say(styled("A 2-2-2 sigmoid network, checked by hand", "bold"))
    say("published by Matt Mazur, A Step by Step Backpropagation Example\n")
    network = Network()
    loss = network.forward()
    exported = spreadsheets.export(loss, live, names=vars(network), overwrite=overwrite)
    to_fill = ["net_h", "out_h", "net_o", "out_o", "E", "W1", "W2"]
    exercise = spreadsheets.worksheet(loss, blank, names=vars(network), blanks=to_fill, overwrite=overwrite)
    by_hand = two_layer_by_hand(INPUTS, W1, B1, W2, B2, TARGETS, LEARNING_RATE)
    fill_in(exercise, filled, by_hand, overwrite)
    say(f"exported {live}: {exported.nodes} operations, {exported.formulas} live formulas")

    calculated, problem = None, ""
    try:
        calculated = workbook_numbers(exported, out)
        spreadsheets.recalculate(filled, output=filled)
    except spreadsheets.WorkbookError as error:
        problem = str(error)
    agree = print_table(framework_numbers(network), calculated, hand_numbers(by_hand))
    say(f"workbook column left out: {problem}\n" if problem else "")
    for path in ([live] if calculated else []) + [filled]:
        result = spreadsheets.verify(path)
        say(f"verified {result}")
        agree = agree and result.ok
    if not agree:
        say(styled("\nSomething differs: see above.", "bold red"))
    elif problem:
        say(styled("\nEverything that was calculated agrees.", "bold yellow"))
        say("Not checked: the formulas of the workbooks, which nothing has calculated.")
    else:
        say(styled("\nEverything agrees.", "bold green"))
    say(f"Next: open {live} and change a yellow cell on its sheet Inputs: E and every gradient follow.", NEXT)
    say(f"{NEXT}Or fill in {blank} by hand, save it, and run", "")
    say(f"{NEXT}saitama verify {blank}", "")
    return agree


# --- the same quantities, three ways ----------------------------------------------------------------------------------
def framework_numbers(network: Network) -> Numbers:
    """By saitama's tensors: one step, and then the rest of the 10,000. The first forward pass has been done."""
    values = forward_numbers(*(tensor.tolist() for tensor in (network.net_h, network.out_h, network.out_o, network.E)))
    network.step()
    assert network.W2.grad is not None
    values["dE/dw5"] = network.W2.grad.tolist()[0][0]
    values.update(weight_numbers(network.W1.tolist(), network.W2.tolist()))
    values["E after"] = network.forward().item()
    for _ in range(STEPS - 1):
        network.step()
        network.forward()
    values[f"E after {STEPS:,}"] = network.E.item()
    return values


def hand_numbers(step: TwoLayerStep) -> Numbers:
    """By the chain rule in plain Python."""
    values = forward_numbers(step.net_h, step.out_h, step.out_o, step.E)
    values["dE/dw5"] = step.dE_dW2[0][0]
    values.update(weight_numbers(step.W1, step.W2))
    for number in range(STEPS):
        step = two_layer_by_hand(INPUTS, step.W1, B1, step.W2, B2, TARGETS, LEARNING_RATE)
        if number == 0:
            values["E after"] = step.E
    values[f"E after {STEPS:,}"] = step.E
    return values


def workbook_numbers(exported: spreadsheets.Exported, folder: Path) -> Numbers:
    """By the workbook's formulas; E after the step by those of another workbook, which starts from the new weights."""

    def found(workbook: spreadsheets.Exported, name: str) -> Any:
        return spreadsheets.read_tensor(workbook, workbook.cells[name]).tolist()

    spreadsheets.recalculate(exported, output=exported)
    values = forward_numbers(*(found(exported, name) for name in ("net_h", "out_h", "out_o", "E")))
    new = Network()
    for name, weight in (("W1", new.W1), ("W2", new.W2)):
        w, g = Tensor(found(exported, name)), Tensor(found(exported, f"dE/d{name}"))
        weight.data = w - LEARNING_RATE * g
    values["dE/dw5"] = found(exported, "dE/dW2")[0][0]
    values.update(weight_numbers(new.W1.tolist(), new.W2.tolist()))
    with TemporaryDirectory(prefix="saitama-") as place:
        after = spreadsheets.export(new.forward(), Path(place, "after-one-step.xlsx"), names=vars(new))
        spreadsheets.recalculate(after, output=after)
        values["E after"] = found(after, "E")
    return values


def forward_numbers(net_h: List[float], out_h: List[float], out_o: List[float], E: float) -> Numbers:
    return {
        "net_h1": net_h[0], "out_h1": out_h[0], "out_h2": out_h[1], "out_o1": out_o[0], "out_o2": out_o[1], "E": E
    }  # fmt: skip


def weight_numbers(first: List[List[float]], second: List[List[float]]) -> Numbers:
    weights = [weight for layer in (first, second) for row in layer for weight in row]
    return {f"w{number} after": weight for number, weight in enumerate(weights, 1)}


# --- by hand into the workbook ----------------------------------------------------------------------------------------
def fill_in(exercise: spreadsheets.Exported, filled: Path, step: TwoLayerStep, overwrite: Optional[bool]) -> None:
    """A copy of the worksheet with every blank filled in: the hand calculation, to 9 decimals as on a calculator."""
    workbook = load_workbook(exercise.path)
    for name, address in exercise.cells.items():
        sheet, _, block = address.rpartition("!")
        cells = workbook[sheet.strip("'")][block]
        rows = cells if isinstance(cells, tuple) else ((cells,),)
        for cell, number in zip((cell for row in rows for cell in row), hand_value(name, step)):
            if cell.value is None:  # elsewhere a formula repeats what was typed above
                cell.value = round(number, 9)
    spreadsheets.write_workbook(workbook, filled, overwrite)


def hand_value(name: str, step: TwoLayerStep) -> List[float]:
    """The numbers that belong into a blank, a value or a gradient; [] for what is not asked."""
    if name == "dE/derrors":
        return [1.0] * len(TARGETS)  # a plain sum: each term counts once
    name = name.replace("dE/dsum_", "dE/dnet_")  # so does adding a bias
    return flat(getattr(step, name.replace("dE/d", "dE_d"), []))


def flat(value: Any) -> List[float]:
    return [number for item in value for number in flat(item)] if isinstance(value, list) else [value]


# --- the table --------------------------------------------------------------------------------------------------------
def print_table(framework: Numbers, calculated: Optional[Numbers], hand: Numbers) -> bool:
    """One row for each published number; whether all of them agree."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "framework", "workbook", "by hand", "published", ""):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    all_agree = True
    for name, published in PUBLISHED.items():
        shown, agrees = compare_row(name, published, framework, calculated, hand)
        all_agree = all_agree and agrees
        table.add_row(name, *shown, "[green]agree[/]" if agrees else "[red]differ[/]")
    console = Console(highlight=False)
    with console.capture() as captured:
        console.print(table)
    say(captured.get().rstrip("\n"), hang=None)
    return all_agree


def compare_row(
    name: str, published: float, framework: Numbers, calculated: Optional[Numbers], hand: Numbers
) -> Tuple[List[str], bool]:
    """Framework, workbook and hand must agree to 1e-9, and each rounds to what was published."""
    columns = [framework.get(name), (calculated or {}).get(name), hand.get(name)]
    present = [value for value in columns if value is not None]
    half = 0.5 * 10.0 ** int(Decimal(repr(published)).as_tuple().exponent)  # of a unit of the last digit
    close = all(isclose(value, present[0], rel_tol=1e-9, abs_tol=1e-12) for value in present)
    agrees = close and all(abs(value - published) <= half + 1e-15 for value in present)
    style = ".9f" if published > 1e-3 else ".2e"
    return ["" if value is None else format(value, style) for value in [*columns, published]], agrees
