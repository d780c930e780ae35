"""A line through noisy points, and one whole step of its training in a workbook whose formulas compute it again.

python examples/regression_with_workbook.py        # writes regression.xlsx and regression_history.xlsx
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import noisy_line
from saitama.spreadsheets import export
from saitama.training import DataLoader, TensorDataset, Trainer

manual_seed(0)
x, y = noisy_line(20, slope=2.0, intercept=-1.0, noise=0.3)
model = nn.Linear(1, 1)
trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.2), nn.MSELoss())
history = trainer.fit(DataLoader(TensorDataset(x, y), batch_size=20), epochs=60)
slope, intercept = model.weight.item(), model.bias.item()
sign = "-" if intercept < 0 else "+"
print(f"y = {slope:.3f} x {sign} {abs(intercept):.3f}; loss {history['loss'][-1]:.4f}")

loss = nn.functional.mse_loss(model(x), y)
exported = export(loss, "regression.xlsx", names={"x": x, "y": y, "model": model})
print(f"{exported}: {exported.formulas} formulas; change a yellow cell and watch the loss")
history.export("regression_history.xlsx")
