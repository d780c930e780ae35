"""XOR by training: the same four cases, with weights that gradient descent finds.

python examples/xor_trained.py
saitama export examples/xor_trained.py -o xor.xlsx        # the loss of the four cases, with every number behind it
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import xor
from saitama.training import DataLoader, TensorDataset, train_loop

manual_seed(1)
x, y = xor()
model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
optimizer = optim.Adam(model.parameters(), lr=0.05)
losses = train_loop(model, DataLoader(TensorDataset(x, y), batch_size=4), nn.BCEWithLogitsLoss(), optimizer, 300)
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}")

logits = model(x)
probability = logits.sigmoid()
for inputs, p in zip(x.tolist(), probability.tolist()):
    print(f"{inputs[0]:.0f} xor {inputs[1]:.0f} is 1 with probability {p[0]:.3f}")

loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
