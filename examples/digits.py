"""Handwritten digits, 8 by 8: a network with one hidden layer reads them.

python examples/digits.py
saitama export examples/digits.py -o digits.xlsx        # the loss of one digit, with every number behind it
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import digits
from saitama.training import DataLoader, TensorDataset, Trainer, accuracy, random_split

EPOCHS = 15

manual_seed(0)
train, test = random_split(TensorDataset(*digits()), [1437, 360])
model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = optim.AdamW(model.parameters(), lr=0.003)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)
trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), metrics=[accuracy], scheduler=scheduler, clip_norm=5.0)
trainer.fit(DataLoader(train, batch_size=32, shuffle=True), epochs=EPOCHS)
result = trainer.evaluate(DataLoader(test, batch_size=360))
print(f"accuracy on {len(test)} digits it has not seen: {result['accuracy']:.1%}")

x, y = test[:1]
for row in x.reshape(8, 8).tolist():
    print(" ".join(" .:-=+*#%@"[round(9 * value)] * 2 for value in row))
scores = model(x)
print(f"is a {y.item()}, read as a {scores.argmax().item()}")
loss = nn.functional.cross_entropy(scores, y)
