"""Two moons: a small network bends its boundary between two half circles.

python examples/moons.py
saitama export examples/moons.py -o moons.xlsx        # the loss of four points, with every number behind it
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import moons
from saitama.training import DataLoader, TensorDataset, Trainer, accuracy

manual_seed(0)
train, test = TensorDataset(*moons(100, noise=0.1)), TensorDataset(*moons(500, noise=0.1))
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))
print(model)
trainer = Trainer(model, optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss(), metrics=[accuracy])
trainer.fit(DataLoader(train, batch_size=32, shuffle=True), epochs=60)
result = trainer.evaluate(DataLoader(test, batch_size=500))
print(f"accuracy on points it has not seen: {result['accuracy']:.1%}")

x, y = test[:4]
loss = nn.functional.cross_entropy(model(x), y)
