"""Run by several ranks, one of which fails in the middle of training: failures.py HOW PATH."""

from __future__ import annotations

import os
import signal
import sys

import saitama
from saitama import Tensor, nn, optim
from saitama.training import DataLoader, TensorDataset, Trainer

how, path = sys.argv[1:3]
if how == "version" and int(os.environ.get("PMI_RANK", os.environ.get("OMPI_COMM_WORLD_RANK", 0))) == 1:
    saitama.__version__ = "0.0.9"

from saitama.distributed import DistributedDataParallel, DistributedSampler, world  # noqa: E402

here = world()
last = here.rank == here.size - 1
calls = [0]


def loss(output, target):
    calls[0] += 1
    if calls[0] == 6 and (last or how == "all"):
        if how in ("raise", "all"):
            raise ValueError("no such thing")
        if how == "nan":
            return output.sum() * float("nan")
        if how == "exit":
            sys.exit(0)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
    if calls[0] == 6 and how == "kill-first" and here.first:
        os.kill(os.getpid(), signal.SIGKILL)
    if calls[0] == 6 and how == "interrupt" and here.rank == 1:
        trainer.interrupt.asked = True
    return nn.functional.mse_loss(output, target)


x = Tensor([[float(i)] for i in range(8)])
dataset = TensorDataset(x, x * 2)
model = DistributedDataParallel(nn.Linear(1, 1))
trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.001), loss, checkpoint=path)
trainer.fit(DataLoader(dataset, 4, sampler=DistributedSampler(dataset)), epochs=50)
print("the end")
