"""Fisher's irises: tell three species apart from four lengths, and judge it by flowers that were not trained on.

With few examples one split says little, so each flower is held out once: five models, each trained on 120 flowers and
asked about the other 30.

python examples/iris.py
saitama export examples/iris.py -o iris.xlsx        # the last model's loss of four flowers, with every number behind it
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import IRIS_SPECIES, iris
from saitama.tensor import cat
from saitama.training import DataLoader, TensorDataset, Trainer, accuracy, random_split

manual_seed(0)
folds = random_split(TensorDataset(*iris()), [30] * 5)
seen, true = [], []
for fold in folds:
    x, y = (cat([other.tensors[part] for other in folds if other is not fold]) for part in (0, 1))  # (120, 4), (120,)
    mean = x.mean(0)  # (4,), of the training flowers only: the others must stay unknown
    std = ((x - mean) ** 2).mean(0).sqrt()  # (4,)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), metrics=[accuracy])
    trainer.fit(DataLoader(TensorDataset((x - mean) / std, y), batch_size=20, shuffle=True), epochs=60)
    flowers, species = fold.tensors  # (30, 4), (30,)
    flowers = (flowers - mean) / std
    seen += model(flowers).argmax(1).tolist()
    true += species.tolist()

print(f"{'taken for:':12}" + "".join(f"{name:>12}" for name in IRIS_SPECIES))
for label, name in enumerate(IRIS_SPECIES):
    counts = [sum(1 for a, b in zip(true, seen) if (a, b) == (label, other)) for other in range(3)]
    print(f"{name:12}" + "".join(f"{count:12}" for count in counts))
share = sum(a == b for a, b in zip(true, seen)) / len(true)
print(f"right about {share:.1%} of {len(true)} flowers, each held out from the training that judged it")

loss = nn.functional.cross_entropy(model(flowers[:4]), species[:4])
