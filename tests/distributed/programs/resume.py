"""Run by some ranks: a run that never stops, one that is stopped, and, on any number of ranks, one that goes on.

resume.py start PATH    trains 4 epochs, and once more until it is stopped in the middle of the second, kept in PATH
resume.py go-on PATH    goes on from there to the end

Prints as JSON what came of it: the parameters, the history, and which examples came in which order.
"""

from __future__ import annotations

import json
import sys

from saitama import Tensor, manual_seed, nn, optim, randn
from saitama.distributed import DistributedDataParallel, DistributedSampler, SyncBatchNorm, world
from saitama.optim.lr_scheduler import StepLR
from saitama.regularization import Dropout
from saitama.training import DataLoader, TensorDataset, Trainer

here = world()
EPOCHS, STOP = 4, 9  # batches of 5 out of 33 examples: 7 an epoch


def training(path=None, precision="float16"):
    manual_seed(1)
    dtype = "float32"
    x = randn(33, 3, dtype=dtype)
    dataset = TensorDataset(x, Tensor(list(range(33)), dtype="int64"))
    model = nn.Sequential(
        nn.Linear(3, 8, bias=False, dtype=dtype), SyncBatchNorm(8, dtype=dtype), nn.GELU(), Dropout(0.2),
        nn.Linear(8, 4, dtype=dtype),
    )  # fmt: skip
    model = DistributedDataParallel(model)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    seen = []

    def loss(output, number):
        seen.append([int(n) for n in number.tolist()])
        return nn.functional.cross_entropy(output, Tensor([n * n % 4 for n in number.tolist()], dtype="int64"))

    options = {"scheduler": StepLR(optimizer, 5, gamma=0.9), "scheduler_every": "step", "clip_norm": 1.0}
    items = {"items": lambda output, number: len(number)}
    trainer = Trainer(model, optimizer, loss, checkpoint=path, precision=precision, accumulate=2, **options, **items)
    return trainer, DataLoader(dataset, 5, sampler=DistributedSampler(dataset, seed=3)), seen


def results(trainer, seen):
    """What is the same on all ranks, and the order of the examples over all of them."""
    orders = here.gather(seen)
    order = [sum(parts, []) for parts in zip(*orders)]
    trainer.model.check_synchronised()
    return {
        "parameters": [p.reshape(-1).tolist() for p in trainer.model.state_dict().values()],
        "history": trainer.history.epochs,
        "order": order,
        "scale": trainer.scaler.get_scale(),
        "lr": trainer.optimizer.param_groups[0]["lr"],
        "step": trainer.step,
    }


def start(path):
    whole, loader, seen = training()
    whole.fit(loader, epochs=EPOCHS)
    found = {"whole": results(whole, seen)}
    part, loader, seen = training(path)
    plain = part._train_step

    def step(batches, count):
        plain(batches, count)
        if len(seen) > STOP and here.rank == here.size - 1:
            part.interrupt.asked = True  # Ctrl-C, seen by one rank only

    part._train_step = step
    try:
        part.fit(loader, epochs=EPOCHS)
    except KeyboardInterrupt as stop:
        found["stopped"] = str(stop)
    found["part"] = results(part, seen)
    return found


def go_on(path):
    trainer, loader, seen = training(path)
    manual_seed(99 + here.rank)
    trainer.resume()
    begun = trainer.step
    trainer.fit(loader, epochs=EPOCHS)
    return {**results(trainer, seen), "begun": begun}


if __name__ == "__main__":
    found = start(sys.argv[2]) if sys.argv[1] == "start" else go_on(sys.argv[2])
    if here.first:
        print(json.dumps(found))
