"""A line through noisy points, and one whole step of its training in a workbook whose formulas compute it again.

python examples/regression_with_workbook.py        # writes regression.xlsx and regression_history.xlsx
"""

from __future__ import annotations

from pathlib import Path

from saitama import manual_seed, nn, optim
from saitama.datasets import noisy_line
from saitama.spreadsheets import export
from saitama.training import DataLoader, TensorDataset, Trainer


def main(folder: str = ".") -> float:
    """Fit the line, write both workbooks, and return the slope (2 made the points)."""
    manual_seed(0)
    x, y = noisy_line(20, slope=2.0, intercept=-1.0, noise=0.3)
    model = nn.Linear(1, 1)
    trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.2), nn.MSELoss())
    history = trainer.fit(DataLoader(TensorDataset(x, y), batch_size=20), epochs=60)
    slope, intercept = model.weight.item(), model.bias.item()
    print(f"y = {slope:.3f} x + {intercept:.3f}; loss {history['loss'][-1]:.4f}")

    x.name, y.name = "x", "y"
    loss = nn.MSELoss()(model(x), y)
    exported = export(loss, Path(folder, "regression.xlsx"), names=model)
    print(f"{exported}: {exported.formulas} formulas; change a yellow cell and watch the loss")
    history.export(Path(folder, "regression_history.xlsx"))
    return slope


if __name__ == "__main__":
    main()
