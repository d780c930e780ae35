"""Fisher's irises: tell three species apart from four lengths, and judge it by flowers that were not trained on.

With few examples one split says little, so each flower is held out once: five models, each trained on 120 flowers and
asked about the other 30. python examples/iris.py
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import IRIS_SPECIES, iris
from saitama.tensor import cat
from saitama.training import DataLoader, TensorDataset, Trainer, accuracy, random_split


def answers(train: TensorDataset, test: TensorDataset):
    """Train on some flowers, and return the species of the others, as the model sees them: (30,) of int64."""
    x = train.tensors[0]
    mean = x.mean(0)  # (4,), of the training flowers only: the others must stay unknown
    std = ((x - mean) ** 2).mean(0).sqrt()  # (4,)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), metrics=[accuracy])
    standardised = TensorDataset((x - mean) / std, train.tensors[1])
    trainer.fit(DataLoader(standardised, batch_size=20, shuffle=True), epochs=60)
    return model((test.tensors[0] - mean) / std).argmax(1)


def main(seed: int = 0) -> float:
    """Print who is taken for whom, and return the accuracy on held-out flowers, over all five folds."""
    manual_seed(seed)
    folds = random_split(TensorDataset(*iris()), [30] * 5)
    seen, true = [], []
    for fold in folds:
        others = [other for other in folds if other is not fold]
        train = TensorDataset(*(cat([other.tensors[part] for other in others]) for part in (0, 1)))
        seen += answers(train, fold).tolist()
        true += fold.tensors[1].tolist()
    print(f"{'taken for:':12}" + "".join(f"{species:>12}" for species in IRIS_SPECIES))
    for label, species in enumerate(IRIS_SPECIES):
        counts = [sum(1 for a, b in zip(true, seen) if (a, b) == (label, other)) for other in range(3)]
        print(f"{species:12}" + "".join(f"{count:12}" for count in counts))
    share = sum(a == b for a, b in zip(true, seen)) / len(true)
    print(f"right about {share:.1%} of {len(true)} flowers, each held out from the training that judged it")
    return share


if __name__ == "__main__":
    main()
