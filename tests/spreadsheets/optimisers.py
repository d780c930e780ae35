"""A small model with each optimiser, and the lines of its step in a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, List

from saitama import Tensor, manual_seed, nn, optim
from saitama.spreadsheets import Exported, export, recalculate
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.places import Places
from saitama.spreadsheets.read.workbook import open_workbook

OPTIMISERS: Dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD weight decay": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.25),
    "SGD momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "SGD dampening": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.25),
    "SGD nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Momentum": lambda p: optim.Momentum(p, lr=0.1, momentum=0.75),
    "Momentum inside": lambda p: optim.Momentum(p, lr=0.1, momentum=0.75, lr_inside=True),
    "Momentum all": lambda p: optim.Momentum(p, 0.1, 0.75, dampening=0.5, lr_inside=True, old_moments=True),
    "Adam": lambda p: optim.Adam(p),
    "Adam uncorrected": lambda p: optim.Adam(p, lr=0.1, betas=(0.5, 0.75), bias_correction=False),
    "Adam before": lambda p: optim.Adam(p, lr=0.1, eps=0.5, old_moments=True),
    "AdamW both": lambda p: optim.AdamW(p, lr=0.1, eps=0.5, bias_correction=False, old_moments=True),
    "Adam weight decay": lambda p: optim.Adam(p, lr=0.1, betas=(0.5, 0.75), eps=1e-3, weight_decay=0.25),
    "AdamW": lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.25),
    "RMSprop": lambda p: optim.RMSprop(p, weight_decay=0.25),
    "RMSprop centered": lambda p: optim.RMSprop(p, centered=True, alpha=0.5),
    "RMSprop momentum": lambda p: optim.RMSprop(p, momentum=0.9),
    "RMSprop before centered": lambda p: optim.RMSprop(p, eps=0.5, momentum=0.9, centered=True, old_moments=True),
    "RMSprop both": lambda p: optim.RMSprop(p, momentum=0.9, centered=True, weight_decay=0.01),
}


class Training:
    """A small model, its data and its optimiser, after some steps."""

    def __init__(self, name: str = "AdamW", steps: int = 2, dtype: str = "float64") -> None:
        manual_seed(1)
        self.model = nn.Sequential(nn.Linear(2, 2), nn.Tanh()).to(dtype)
        self.x = Tensor([[0.5, 1.0], [-0.25, 0.75], [1.5, -0.5]], dtype=dtype, name="x")
        self.optimizer = OPTIMISERS[name](self.model.parameters())
        for _ in range(steps):
            self.step()

    def loss(self) -> Tensor:
        return (self.model(self.x) ** 2).mean()

    def step(self) -> None:
        self.optimizer.zero_grad()
        self.loss().backward()
        self.optimizer.step()

    def export(self, path: Path) -> Exported:
        return export(self.loss(), path, names=self.model, optimizer=self.optimizer)


def places(path: Any, parameter: str) -> Dict[str, Places]:
    """The blocks of each line of a parameter's update, by symbol."""
    carried = read_graph(open_workbook(path))
    assert carried.graph.step is not None
    (update,) = [update for update in carried.graph.step.updates if update.parameter.name == parameter]
    return {symbol: carried.places[Value(line)] for symbol, line in update.lines.items()}


def values(path: Any, block: Places) -> List[float]:
    sheet = open_workbook(path)[block.sheet]
    return [sheet[row, col].number for _, row, col in block.live.cells()]


def numbers(tensor: Tensor) -> List[float]:
    return tensor.reshape(-1).tolist()


def input_cell(workbook: Any, caption: str) -> Any:
    """The yellow cell under a caption of Inputs."""
    (above,) = [cell for row in workbook["Inputs"].iter_rows() for cell in row if cell.value == caption]
    return workbook["Inputs"].cell(above.row + 1, above.column)


def recalculate_in_place(made: Exported) -> Path:
    recalculate(made, engine="ironcalc", output=made.path)
    return made.path
