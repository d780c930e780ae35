"""One whole training step to follow by hand: forward, backward, and AdamW's update, in one workbook of live formulas.

The hyper-parameters are yellow cells on the sheet Inputs: change lr, and the new weights follow. The second workbook
is the same step with blanks to be filled in. python examples/training_step_by_hand.py
"""

from __future__ import annotations

from pathlib import Path

from saitama import Tensor, manual_seed, nn, optim
from saitama.spreadsheets import export, verify, worksheet


def main(folder: str = ".") -> float:
    """Train for two steps, write the third to workbooks, take it, and return how much it lowered the loss."""
    manual_seed(0)
    x = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], name="x")
    target = Tensor([[0.0], [1.0], [1.0], [0.0]], name="target")
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    optimizer = optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.01)

    def loss() -> Tensor:
        error = nn.MSELoss()(model(x), target)
        error.name = "loss"
        return error

    def step() -> float:
        optimizer.zero_grad()
        error = loss()
        error.backward()
        optimizer.step()
        return error.item()

    for _ in range(2):
        step()
    exported = export(loss(), Path(folder, "training_step.xlsx"), names=model, optimizer=optimizer)
    print(f"{exported}: {exported.formulas} formulas; open the sheet 'update 0.weight'")
    by_hand = worksheet(
        loss(), Path(folder, "training_step_by_hand.xlsx"), names=model, optimizer=optimizer, blanks=["update 2.bias"]
    )
    print(f"{by_hand}: {len(verify(by_hand).differences)} numbers to fill in")
    before = step()
    lowered = before - loss().item()
    print(f"the step lowered the loss from {before:.4f} by {lowered:.4f}")
    return lowered


if __name__ == "__main__":
    main()
