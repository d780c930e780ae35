"""Gradients that are too small for float16: lost without a loss scale, and kept with one.

python examples/mixed_precision.py        # trains the same network four ways, and prints what each learnt
saitama export examples/mixed_precision.py -o mixed.xlsx        # a loss in bfloat16, every rounding in numbers

The loss has a weight of 1e-8 here, as one term of several may have, and its gradients are as small: below 3e-8,
half of the smallest number of float16. There every one of them is 0, and nothing is learnt. A GradScaler multiplies
the loss by a factor that keeps them in range, and divides the gradients again. bfloat16 has the range of float32,
and needs nothing.
"""

from __future__ import annotations

from typing import Dict, Optional

from saitama import Tensor, manual_seed, nn, optim, randn
from saitama.training import GradScaler, autocast

manual_seed(0)
x = randn(64, 8, dtype="float32")
y = (x[:, :1] - x[:, 1:2]).detach()  # (64, 1)
WEIGHT = 1e-8


def network() -> nn.Sequential:
    manual_seed(1)
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1)).float()


def train(precision: Optional[str], scale: bool) -> Dict[str, float]:
    """The loss at the beginning and at the end, and the share of the gradients that were 0 in the first step."""
    model = network()
    optimizer, scaler = optim.Adam(model.parameters(), lr=0.01, eps=1e-16), GradScaler(2.0**24, enabled=scale)
    losses, zeros = [], 0.0
    for step in range(100):
        with autocast(precision):
            loss = nn.functional.mse_loss(model(x), y) * WEIGHT
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        if step == 0:
            gradients = [g for p in model.parameters() for g in p.grad.reshape(-1).tolist()]
            zeros = sum(g == 0 for g in gradients) / len(gradients)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    return {"first": losses[0], "last": losses[-1], "zeros": zeros}


results = {}
print(f"{'':24}{'loss at first':>14}{'at the end':>14}{'gradients of 0':>16}")
for name, precision, scale in (
    ("float32", None, False),
    ("float16", "float16", False),
    ("float16, GradScaler", "float16", True),
    ("bfloat16", "bfloat16", False),
):
    found = results[name] = train(precision, scale)
    print(f"{name:24}{found['first']:14.2e}{found['last']:14.2e}{found['zeros']:16.0%}")

model = network()
with autocast("bfloat16"):
    loss = nn.functional.mse_loss(model(x[:2]), Tensor([[0.5], [-1.0]], dtype="float32"))
