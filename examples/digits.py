"""Handwritten digits, 8 by 8: a network with one hidden layer reads them.

python examples/digits.py
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import digits
from saitama.training import DataLoader, TensorDataset, Trainer, accuracy, random_split


def main(epochs: int = 15) -> float:
    """Train on 1,437 digits, and return the accuracy on the 360 held out."""
    manual_seed(0)
    train, test = random_split(TensorDataset(*digits()), [1437, 360])
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = optim.AdamW(model.parameters(), lr=0.003)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), metrics=[accuracy], scheduler=scheduler, clip_norm=5.0)
    trainer.fit(DataLoader(train, batch_size=32, shuffle=True), epochs=epochs)
    result = trainer.evaluate(DataLoader(test, batch_size=360))
    print(f"accuracy on {len(test)} digits it has not seen: {result['accuracy']:.1%}")
    x, y = test[0]
    for row in x.reshape(8, 8).tolist():
        print(" ".join(" .:-=+*#%@"[round(9 * value)] * 2 for value in row))
    print(f"is a {y.item()}, read as a {model(x).argmax().item()}")
    return result["accuracy"]


if __name__ == "__main__":
    main()
