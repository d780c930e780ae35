"""Overfitting, and what each cure does: 30 noisy points, a network that is far too large, and its loss on other points.

python examples/overfitting.py        # prints a table and writes overfitting.xlsx, with the curves of all runs
saitama export examples/overfitting.py -o penalty.xlsx        # the loss of two points and the penalty, in numbers
"""

from __future__ import annotations

from typing import Dict

from saitama import Tensor, manual_seed, nn, optim
from saitama.datasets import moons
from saitama.regularization import BatchNorm1d, Dropout, EarlyStopping, l2_penalty, max_norm
from saitama.training import DataLoader, History, TensorDataset, Trainer, export_histories


def network(p: float = 0.0, normalise: bool = False) -> nn.Sequential:
    """2 -> 64 -> 64 -> 2: 4,482 parameters, for 30 points."""
    layers = []
    for inputs in (2, 64):
        layers += [nn.Linear(inputs, 64)] + [BatchNorm1d(64)] * normalise + [nn.ReLU()] + [Dropout(p)] * (p > 0)
    return nn.Sequential(*layers, nn.Linear(64, 2))


class MaxNormAdam(optim.Adam):
    """Adam, after whose steps no unit's weights are longer than 1.5."""

    def step(self) -> None:
        super().step()
        for group in self.param_groups:
            max_norm(group["params"], 1.5)


EPOCHS = 150

manual_seed(3)
points = TensorDataset(*moons(30, noise=0.35))
train = DataLoader(points, batch_size=10, shuffle=True)
other = DataLoader(TensorDataset(*moons(500, noise=0.35)), batch_size=500)
runs: Dict[str, History] = {}


def run(name: str, model: nn.Module, penalty: float = 0.0, optimizer: type = optim.Adam, **options: object) -> None:
    """Train a network with one of the cures, and print its losses."""

    def loss(output: Tensor, target: Tensor) -> Tensor:
        value = nn.functional.cross_entropy(output, target)
        return value + l2_penalty(model.parameters(), penalty) if penalty and model.training else value

    decay = {"weight_decay": options.pop("weight_decay")} if "weight_decay" in options else {}
    trainer = Trainer(model, optimizer(model.parameters(), lr=0.01, **decay), loss, **options)
    runs[name] = trainer.fit(train, other, EPOCHS)
    at_end = trainer.evaluate(other)["loss"]
    print(f"{name:16}{runs[name]['loss'][-1]:10.3f}{min(runs[name]['val_loss']):12.3f}{at_end:12.3f}")


print(f"{'cure':16}{'training':>10}{'other: best':>12}{'at the end':>12}")
run("none", network())
run("dropout", network(p=0.5))
penalised = network()
run("L2 penalty", penalised, penalty=0.02)
run("AdamW decay", network(), optimizer=optim.AdamW, weight_decay=1.0)
run("max norm", network(), optimizer=MaxNormAdam)
run("batch norm", network(normalise=True))
run("early stopping", network(), early_stopping=EarlyStopping(patience=15))
export_histories(runs, "overfitting.xlsx")

x, y = points[:2]
loss = nn.functional.cross_entropy(penalised(x), y) + l2_penalty(penalised.parameters(), 0.02)
