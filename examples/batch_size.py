"""What the size of a batch changes: how noisy the gradient is, how many steps an epoch has, and how far they lead.

python examples/batch_size.py        # prints a table and writes batch_size.xlsx, with the curves and the noise
saitama export examples/batch_size.py -o batch.xlsx        # the loss of a batch of four digits, in numbers

The gradient of a batch of B examples is an average: its error falls as 1 / sqrt(B). So a batch four times as large
makes the steps only twice as exact, but four times as few; a larger learning rate makes up for it, as long as noise
was what kept it small. The large batches here are accumulated from small ones, in the memory of 16 examples.
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import digits
from saitama.spreadsheets.write.curves import Curve, CurveChart, Table, write_curves
from saitama.training import DataLoader, TensorDataset, Trainer, accuracy, grad_norm, random_split

EPOCHS, SMALL = 4, 16
LOSS = nn.CrossEntropyLoss()

manual_seed(1)
x, y = digits()
train, other = random_split(TensorDataset(x, y), [1500, 297])


def network() -> nn.Sequential:
    manual_seed(2)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def noise(size: int) -> float:
    """How far the gradients of batches are from that of all examples, relative to that one."""
    model = network()

    def gradient(batch):
        model.zero_grad()
        LOSS(model(batch[0]), batch[1]).backward()
        return [p.grad for p in model.parameters()]

    whole = gradient(train.tensors)
    length, squares = grad_norm(model.parameters()), []
    for batch, _ in zip(DataLoader(train, size, shuffle=True), range(20)):
        squares.append(sum(((a - b) ** 2).sum().item() for a, b in zip(gradient(batch), whole)))
    return (sum(squares) / len(squares)) ** 0.5 / length


rows, curves = [], []
print(f"{'batch':>6}{'lr':>7}{'steps':>7}{'noise':>8}{'loss':>8}{'accuracy':>10}")
for size, lr in ((4, 0.02), (16, 0.08), (64, 0.32), (256, 1.28), (256, 0.08)):
    model = network()
    trainer = Trainer(
        model, optim.SGD(model.parameters(), lr=lr), LOSS, metrics=[accuracy], accumulate=max(1, size // SMALL)
    )
    history = trainer.fit(DataLoader(train, min(size, SMALL), shuffle=True), DataLoader(other, 297), EPOCHS)
    error, last = noise(size), history.epochs[-1]
    rows.append([size, lr, trainer.step, error, last["val_loss"], last["val_accuracy"]])
    curves += [[f"{size}, lr {lr}", row["epoch"], row["val_loss"]] for row in history.epochs]
    print(f"{size:6}{lr:7}{trainer.step:7}{error:8.2f}{last['val_loss']:8.3f}{last['val_accuracy']:10.1%}")

names = ["batch", "learning rate", "steps", "noise of the gradient", "loss", "accuracy", "noise if 1 / sqrt(batch)"]
table = Table("Batches", names, [[*row, "=D$4*SQRT(A$4/A{row})"] for row in rows], "loss and accuracy on other digits")
lines = [
    Curve(f"batch {label}", "Curves", "epoch", "loss", first=EPOCHS * number, last=EPOCHS * (number + 1))
    for number, label in enumerate(dict.fromkeys(row[0] for row in curves))
]
noises = [
    Curve("measured", "Batches", "batch", names[3], last=4),
    Curve("1 / sqrt(batch)", "Batches", "batch", names[6], False, last=4),
]
charts = [
    CurveChart("Loss after each epoch", "epoch", "loss", lines),
    CurveChart("Noise", "batch", "relative", noises, True, 10),
]
write_curves("batch_size.xlsx", "Batch size", ["Every run sees the same digits as often."], charts,
             [table, Table("Curves", ["run", "epoch", "loss"], curves)])  # fmt: skip

loss = LOSS(network()(x[:4]), y[:4])
