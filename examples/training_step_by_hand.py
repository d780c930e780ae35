"""One whole training step to follow by hand: forward, backward, and AdamW's update, in one workbook of live formulas.

The hyper-parameters are yellow cells on the sheet Inputs: change lr, and the new weights follow. The second workbook
is the same step with blanks to be filled in.

python examples/training_step_by_hand.py        # writes training_step.xlsx and training_step_by_hand.xlsx
"""

from __future__ import annotations

from saitama import Tensor, manual_seed, nn, optim
from saitama.spreadsheets import export, verify, worksheet

manual_seed(0)
x = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], name="x")
target = Tensor([[0.0], [1.0], [1.0], [0.0]], name="target")
model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
optimizer = optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.01)


def error() -> Tensor:
    """The loss of the model as it is now."""
    result = nn.functional.mse_loss(model(x), target)
    result.name = "loss"
    return result


def step() -> None:
    """One step of training."""
    optimizer.zero_grad()
    error().backward()
    optimizer.step()


step()
step()
loss = error()  # the third step goes to workbooks before it is taken
exported = export(loss, "training_step.xlsx", names=model, optimizer=optimizer)
print(f"{exported}: {exported.formulas} formulas; open the sheet 'update 0.weight'")
by_hand = worksheet(loss, "training_step_by_hand.xlsx", names=model, optimizer=optimizer, blanks=["update 2.bias"])
print(f"{by_hand}: {len(verify(by_hand).differences)} numbers to fill in")
step()
lowered = loss.item() - error().item()
print(f"the step lowered the loss from {loss.item():.4f} by {lowered:.4f}")
