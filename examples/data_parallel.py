"""One training on several processes: each has the model, and a part of every batch.

python examples/data_parallel.py                        # alone
saitama launch -n 2 examples/data_parallel.py           # the same on two ranks: the same losses, to rounding
saitama export examples/data_parallel.py -o loss.xlsx   # the loss of four points, in numbers

This is the loop of level 6 and three more words: DistributedDataParallel, DistributedSampler, set_epoch.
"""

from __future__ import annotations

from saitama import manual_seed, nn, optim
from saitama.datasets import moons
from saitama.distributed import DistributedDataParallel, DistributedSampler, world
from saitama.training import DataLoader, TensorDataset

manual_seed(0)
dataset = TensorDataset(*moons(100, noise=0.1))
network = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
model = DistributedDataParallel(network)
optimizer = optim.Adam(model.parameters(), lr=0.02)
loader = DataLoader(dataset, batch_size=32, sampler=DistributedSampler(dataset))  # 32 on all ranks together

losses = []
for epoch in range(30):
    loader.sampler.set_epoch(epoch)
    total = examples = 0.0
    for x, y in loader:  # this rank's part
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()  # now every rank has the gradient of the whole batch
        optimizer.step()
        total, examples = total + loss.item() * len(x), examples + len(x)
    total, examples = world().sum([total, examples])
    losses.append(total / examples)

model.check_synchronised()
if world().first:
    print(f"{world().size} rank{'s' * (world().size > 1)}: loss {losses[0]:.6f} at first, {losses[-1]:.6f} at the end")

x, y = dataset[:4]
loss = nn.functional.cross_entropy(network(x), y)
