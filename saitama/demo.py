"""`saitama demo`: a network whose hand calculation is published, checked four ways.

The network, its weights and the numbers in PUBLISHED are those of Matt Mazur, "A Step by Step Backpropagation Example":
two inputs, two hidden and two output units, all sigmoid, the biases kept as they are, one example. Each number is
computed by the framework, by the formulas of the exported workbook, and by the chain rule in plain Python
(autograd/by_hand.py), and all three are compared with what was published.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from openpyxl import load_workbook
from rich import box
from rich.console import Console
from rich.table import Table

from saitama import spreadsheets
from saitama.autograd import no_grad
from saitama.autograd.by_hand import TwoLayerStep, two_layer_by_hand
from saitama.spreadsheets.carry import Carried, read_graph
from saitama.spreadsheets.compare import is_close
from saitama.spreadsheets.graph import Item
from saitama.spreadsheets.hand import is_right
from saitama.spreadsheets.reading import open_workbook
from saitama.spreadsheets.saving import check_replaceable, write_workbook
from saitama.tensor import Tensor

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

Numbers = Dict[str, float]


class Network:
    """The published network as tensors; every step has the name it has on paper."""

    def __init__(self) -> None:
        self.x, self.target = Tensor(INPUTS, name="x"), Tensor(TARGETS, name="target")
        self.W1, self.b1 = Tensor(W1, requires_grad=True, name="W1"), Tensor(B1, name="b1")
        self.W2, self.b2 = Tensor(W2, requires_grad=True, name="W2"), Tensor(B2, name="b2")

    def forward(self) -> Tensor:
        """E, half the sum of the squared errors."""
        self.net_h = self.W1 @ self.x + self.b1  # (2,)
        self.out_h = self.net_h.sigmoid()
        self.net_o = self.W2 @ self.out_h + self.b2  # (2,)
        self.out_o = self.net_o.sigmoid()
        self.E = ((self.target - self.out_o) ** 2 / 2).sum()
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
    console = Console(highlight=False, soft_wrap=True)
    out = Path(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"cannot make the folder {out}: {error.strerror}; give another with --out") from error
    exported, blank, filled = (out / name for name in ("network.xlsx", "by-hand-blank.xlsx", "by-hand-filled.xlsx"))
    overwrite = force or None
    for path in (exported, blank, filled):  # before any of them is written
        check_replaceable(path, overwrite)

    console.print("[bold]A 2-2-2 sigmoid network, checked by hand[/]")
    console.print("published by Matt Mazur, A Step by Step Backpropagation Example\n")
    network = Network()
    loss = network.forward()
    size = spreadsheets.export(loss, exported, names=vars(network), overwrite=overwrite)
    blanks = ["net_h", "out_h", "net_o", "out_o", "E", "W1", "W2"]
    spreadsheets.worksheet(loss, blank, names=vars(network), blanks=blanks, overwrite=overwrite)
    by_hand = two_layer_by_hand(INPUTS, W1, B1, W2, B2, TARGETS, LEARNING_RATE)
    fill_in(blank, filled, by_hand, overwrite)
    console.print(f"exported {exported}: {size.nodes} operations, {size.formulas} live formulas")

    calculated, problem = None, ""
    try:
        calculated = workbook_numbers(exported, out)
        spreadsheets.recalculate(filled, output=filled)
    except spreadsheets.WorkbookError as error:
        problem = str(error)
    framework = framework_numbers(network)
    hand = hand_numbers(by_hand)
    agree = print_table(console, framework, calculated, hand)
    if problem:
        console.print(f"workbook column left out: {problem}\n")
    for path in ([exported] if calculated else []) + [filled]:
        result = spreadsheets.verify(path)
        console.print(f"verified {result}")
        agree = agree and result.ok
    console.print("\n[bold green]Everything agrees.[/]" if agree else "\n[bold red]Something differs: see above.[/]")
    console.print(f"Next: open {exported} and change a yellow cell on its sheet Inputs:")
    console.print("      E and every gradient follow.")
    console.print(f"      Or fill in {blank} by hand, save it, and run")
    console.print(f"      saitama verify {blank}")
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


def workbook_numbers(path: Path, folder: Path) -> Numbers:
    """By the workbook's formulas; E after the step by typing the new weights into its Inputs and recalculating."""
    spreadsheets.recalculate(path, output=path)
    first = live_numbers(path)
    values = forward_numbers(first["net_h"], first["out_h"], first["out_o"], first["E"][0])
    values["dE/dw5"] = first["dE/dW2"][0]
    new = {name: [w - LEARNING_RATE * g for w, g in zip(first[name], first[f"dE/d{name}"])] for name in ("W1", "W2")}
    values.update(weight_numbers([new["W1"][:2], new["W1"][2:]], [new["W2"][:2], new["W2"][2:]]))
    changed = folder / ".network-after-one-step.xlsx"
    try:
        type_into(path, changed, new)
        spreadsheets.recalculate(changed, output=changed)
        values["E after"] = live_numbers(changed)["E"][0]
    finally:
        if changed.exists():
            changed.unlink()
    return values


def forward_numbers(net_h: List[float], out_h: List[float], out_o: List[float], E: float) -> Numbers:
    return {
        "net_h1": net_h[0], "out_h1": out_h[0], "out_h2": out_h[1], "out_o1": out_o[0], "out_o2": out_o[1], "E": E
    }  # fmt: skip


def weight_numbers(first: List[List[float]], second: List[List[float]]) -> Numbers:
    weights = [weight for layer in (first, second) for row in layer for weight in row]
    return {f"w{number} after": weight for number, weight in enumerate(weights, 1)}


# --- in and out of workbooks ------------------------------------------------------------------------------------------
def live_numbers(path: Path) -> Dict[str, List[float]]:
    """What the formulas of a recalculated export say: by the name of a tensor, and by dE/d and its name."""
    book = open_workbook(path)
    carried = read_graph(book)
    found = {}
    for key, places in carried.places.items():
        name = key.name if isinstance(key, Item) else f"dE/d{key[1].name}" if key[0] == "gradient" else ""
        if name:
            cells = [book[places.sheet][row, column] for _, row, column in places.live.cells()]
            found[name] = [cell.number for cell in cells if cell.number is not None]
    return found


def type_into(path: Path, changed: Path, new: Dict[str, List[float]]) -> None:
    """A copy of an export in which the Inputs of these names have other numbers."""
    carried = read_graph(open_workbook(path))
    workbook = load_workbook(path)
    for leaf in carried.graph.leaves:
        places = carried.places[leaf]
        for (_, row, column), number in zip(places.live.cells(), new.get(leaf.name, [])):
            workbook[places.sheet].cell(row, column).value = number
    workbook.save(changed)


def fill_in(blank: Path, filled: Path, step: TwoLayerStep, overwrite: Optional[bool] = None) -> None:
    """A copy of the worksheet with every blank filled in: the hand calculation, to 9 decimals as on a calculator."""
    carried = read_graph(open_workbook(blank))
    workbook = load_workbook(blank)
    for key, places in carried.places.items():
        if places.typed is None:
            continue
        for (_, row, column), number in zip(places.typed.cells(), hand_value(carried, key, step)):
            cell = workbook[places.sheet].cell(row, column)
            if cell.value is None:  # elsewhere a formula repeats what was typed above
                cell.value = round(number, 9)
    write_workbook(workbook, filled, overwrite)


def hand_value(carried: Carried, key: Any, step: TwoLayerStep) -> List[float]:
    """The numbers that belong into a blank: a value, a gradient, or what an operation hands on to its input."""
    if isinstance(key, Item):
        return flat(getattr(step, key.name))
    kind, item = key
    if kind == "gradient":
        return flat(getattr(step, f"dE_d{item.name}"))
    name = {"net_h": "dE_dnet_h", "net_o": "dE_dnet_o", "out_h": "dE_dnet_h", "out_o": "dE_dnet_o"}.get(kind.name)
    return flat(getattr(step, name)) if name else [1.0] * len(TARGETS)  # E is a plain sum: it hands on 1 to each term


def flat(value: Any) -> List[float]:
    return [number for item in value for number in flat(item)] if isinstance(value, list) else [value]


# --- the table --------------------------------------------------------------------------------------------------------
def print_table(console: Console, framework: Numbers, calculated: Optional[Numbers], hand: Numbers) -> bool:
    """One row for each published number; whether all of them agree."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("", "framework", "workbook", "by hand", "published", ""):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    all_agree = True
    for name, published in PUBLISHED.items():
        shown, agrees = compare_row(name, published, framework, calculated, hand)
        all_agree = all_agree and agrees
        table.add_row(name, *shown, "[green]agree[/]" if agrees else "[red]differ[/]")
    console.print(table)
    return all_agree


def compare_row(
    name: str, published: float, framework: Numbers, calculated: Optional[Numbers], hand: Numbers
) -> Tuple[List[str], bool]:
    """Framework, workbook and hand must agree to 1e-9, and each rounds to what was published."""
    columns = [framework.get(name), (calculated or {}).get(name), hand.get(name)]
    present = [value for value in columns if value is not None]
    agrees = all(is_close(value, present[0], 1e-9, 1e-12) and is_right(published, value) for value in present)
    style = ".9f" if published > 1e-3 else ".2e"
    return ["" if value is None else format(value, style) for value in [*columns, published]], agrees
