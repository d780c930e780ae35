"""Run by several ranks: data-parallel training beside the same training in a single process, on every rank."""

from __future__ import annotations

import sys

from saitama import Tensor, manual_seed, nn, no_grad, optim, rand, randn
from saitama.datasets import moons
from saitama.distributed import DistributedDataParallel, DistributedSampler, SyncBatchNorm, world
from saitama.distributed.memory import checksum
from saitama.regularization import BatchNorm1d, Dropout
from saitama.tensor import get_rng_state
from saitama.training import DataLoader, TensorDataset, Trainer, accuracy
from saitama.transformer import GPT

here = world()


def close(a, b, rel=1e-12):
    """Whether all numbers agree, relative to the largest of their tensor."""
    for p, q in zip(a, b):
        scale = max(1e-3, (q.to("float64").abs().max()).item())
        worst = (p.detach() - q.detach()).abs().max().item() / scale
        assert worst <= rel, worst
    return True


def network(dropout=0.3, norm=True):
    manual_seed(1)
    norms = [BatchNorm1d(12)] if norm else []
    return nn.Sequential(nn.Linear(2, 12, bias=not norm), *norms, nn.Tanh(), Dropout(dropout), nn.Linear(12, 2))


def data(count):
    manual_seed(2)
    return TensorDataset(*moons(count))


def trained(model, dataset, batch_size, sampler, epochs=3, **options):
    manual_seed(3)
    optimizer = optim.AdamW(model.parameters(), lr=0.02)
    loader = DataLoader(dataset, batch_size, sampler=sampler)
    check = DataLoader(dataset, 7, sampler=DistributedSampler(dataset, sampler.size, sampler.rank, shuffle=False))
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), metrics=[accuracy], record_steps=True, **options)
    trainer.fit(loader, check, epochs=epochs)
    return trainer


def trainer_agrees_with_a_single_process():
    """Batches that do not divide, a last batch of one example, dropout, batch normalisation, accumulation, clipping."""
    for batch_size, count, options in ((15, 40, {}), (4, 41, {"clip_norm": 0.1}), (5, 37, {"accumulate": 3})):
        norm = count % batch_size != 1  # one row has no variance
        dataset = data(count)
        alone = trained(network(norm=norm), dataset, batch_size, DistributedSampler(dataset, 1, 0), **options)
        model = DistributedDataParallel(SyncBatchNorm.convert_sync_batchnorm(network(norm=norm)))
        shared = trained(model, dataset, batch_size, DistributedSampler(dataset), **options)
        assert close(model.state_dict().values(), alone.model.state_dict().values())
        for name in ("loss", "val_loss", "accuracy", "val_accuracy", "grad_norm"):
            a, b = shared.history[name], alone.history[name]
            assert all(abs(x - y) <= 1e-11 * abs(y) + 1e-14 for x, y in zip(a, b)), (name, a, b)
        here.check_same("history", shared.history.state_dict())
        here.check_same("random numbers", get_rng_state())
        assert (shared.step, shared.epoch) == (alone.step, alone.epoch)


def a_loop_of_ones_own_agrees():
    """loss.backward() of the mean over this rank's examples gives the gradient of the mean over all."""
    dataset = data(22)
    plain, optimizer = network(), None
    runs = []
    for distributed in (False, True):
        model = network()
        if distributed:
            model = DistributedDataParallel(SyncBatchNorm.convert_sync_batchnorm(model), bucket_cap_mb=1e-4)
        sampler = DistributedSampler(dataset) if distributed else DistributedSampler(dataset, 1, 0)
        loader = DataLoader(dataset, 5, sampler=sampler)  # 5, 5, 5, 5, 2
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        manual_seed(4)
        for epoch in range(2):
            sampler.set_epoch(epoch)
            for x, y in loader:
                loss = nn.functional.cross_entropy(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        runs.append(model)
    assert close(runs[1].state_dict().values(), runs[0].state_dict().values())
    assert plain is not None
    here.check_same("parameters", checksum(runs[1].parameters()))


def ranks_are_the_same_to_the_bit_for_100_steps():
    manual_seed(10 + here.rank)  # rank 0's are taken
    model = DistributedDataParallel(nn.Sequential(nn.Linear(6, 32), nn.GELU(), Dropout(0.2), nn.Linear(32, 3)).float())
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    sums = []
    for _ in range(100):
        x = randn(4 + here.rank % 2, 6, dtype="float32") * (1 + here.rank)
        loss = (model(x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        sums.append(checksum(model.parameters()))
    here.check_same("the checksums of 100 steps", sums)
    assert len(set(sums)) == 100
    model.check_synchronised()


def a_gpt_with_tied_weights():
    def tokens(step):
        return Tensor([[(7 * i + 3 * j + step) % 11 for i in range(8)] for j in range(6)], dtype="int64")

    runs = []
    for distributed in (False, True):
        manual_seed(5)
        model = GPT(11, 8, 2, 2, 16, dropout=0.1, dtype="float64", checkpoint_blocks=distributed)
        model = DistributedDataParallel(model, bucket_cap_mb=0.002) if distributed else model
        sampler = DistributedSampler(range(6)) if distributed else DistributedSampler(range(6), 1, 0)
        optimizer = optim.AdamW(model.parameters(), lr=0.01)
        losses = []
        for step in range(4):
            part = tokens(step)[sampler.share(6)]
            _, loss = model(part, part)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        runs.append(model)
    assert close(runs[1].parameters(), runs[0].parameters())
    assert list(runs[1].state_dict()) == list(runs[0].state_dict())
    assert runs[1].communication["bytes"] == 4 * 8 * runs[0].num_parameters()


def gradients_stay_at_home_in_no_sync():
    model = DistributedDataParallel(nn.Linear(2, 1))
    x = Tensor([[1.0 + here.rank, 2.0]])
    with model.no_sync():
        model(x).sum().backward()
    assert model.module.weight.grad.tolist() == x.tolist()
    model(x).sum().backward()  # what was kept goes along
    mean = 1 + (here.size - 1) / 2
    assert model.module.weight.grad.tolist() == [[2 * mean, 4.0]]
    with no_grad():
        if here.first:
            model(x)  # one rank alone
    model.eval()
    model.zero_grad()
    model(x).sum().backward()  # in evaluation mode, as one tunes a model with frozen statistics
    assert model.module.weight.grad.tolist() == [[mean, 2.0]] and model.training is False


def refusals():
    def refused(error, words, call):
        try:
            call()
        except error as found:
            assert words in str(found), str(found)
        else:
            raise AssertionError(f"expected: {words}")

    class Two(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Linear(2, 1), nn.Linear(2, 1)

        def forward(self, x, both):
            return self.a(x) + self.b(x) if both else self.a(x)

    x = Tensor([[1.0, 2.0]])
    model = DistributedDataParallel(Two())
    last = here.size - 1
    refused(RuntimeError, f"b.weight took no part in the loss on rank {last}, but on the",
            lambda: model(x, here.rank != last).sum().backward())  # fmt: skip
    model.zero_grad()
    model(x, False).sum().backward()  # on no rank: then it simply has no gradient
    assert model.module.b.weight.grad is None and model.module.a.weight.grad.tolist() == x.tolist()
    refused(RuntimeError, "once for each forward pass", lambda: model.module(x, True).sum().backward())
    model.module.a.weight.requires_grad_(False)
    refused(RuntimeError, "a.weight was frozen after", lambda: model(x, True))
    model.module.a.weight.requires_grad_(True)
    frozen = Two()
    frozen.b.requires_grad_(False)
    frozen = DistributedDataParallel(frozen)
    frozen(x, True).sum().backward()
    assert frozen.module.b.weight.grad is None and frozen.module.a.weight.grad is not None
    refused(ValueError, "no parameter of this model", lambda: DistributedDataParallel(Two().requires_grad_(False)))

    refused(ValueError, f"the ranks disagree on the model: rank 0 has weight float64 (1, 2), rank {last} has weight",
            lambda: DistributedDataParallel(nn.Linear(2 + (here.rank == last), 1)))  # fmt: skip
    refused(ValueError, "nothing more", lambda: DistributedDataParallel(
        nn.Sequential(*[nn.Linear(1, 1) for _ in range(2 if here.first else 1)])))  # fmt: skip
    refused(ValueError, "the ranks disagree on the training data: rank 0 has float64 (2, 2)",
            lambda: DistributedSampler(TensorDataset(Tensor([[1.0, 2.0], [3.0, here.rank == last]]))))  # fmt: skip
    refused(ValueError, "every rank would train on all of the data",
            lambda: Trainer(model, optim.SGD(model.parameters()), nn.MSELoss()).fit([(x, x)]))  # fmt: skip
    for wrong in (0, -1, "big", True):
        refused(ValueError, "bucket_cap_mb must be a number above 0", lambda w=wrong: DistributedDataParallel(Two(), w))
    refused(TypeError, "expected a Module", lambda: DistributedDataParallel(lambda x: x))
    refused(RuntimeError, "all ranks must make the same steps", lambda: here.exchange("one" if here.first else "other"))


def small_things():
    assert here.sum([here.rank, 0.5]) == [sum(range(here.size)), here.size / 2]
    assert here.gather(here.rank * "x") == [rank * "x" for rank in range(here.size)]
    assert here.broadcast(here.rank) == 0
    assert here.any(here.rank == 1) and not here.any(False)
    numbers = here.sum_array(Tensor([[1.0, here.rank]], dtype="float32").array)
    assert numbers.tolist() == [[here.size, sum(range(here.size))]]
    for dtype in ("float64", "float32", "int64", "bool"):
        sent = here.broadcast_array(Tensor([here.rank % 2, 1 - here.rank % 2], dtype=dtype).array)
        assert sent.tolist() == Tensor([0, 1], dtype=dtype).tolist()
    assert here.broadcast_array(Tensor([]).array).tolist() == []
    assert here.exchange("here", here.rank, 2**64 - 1) == [(rank, 2**64 - 1) for rank in range(here.size)]
    rand(here.rank)  # some ranks draw


if __name__ == "__main__":
    for check in (small_things, trainer_agrees_with_a_single_process, a_loop_of_ones_own_agrees,
                  ranks_are_the_same_to_the_bit_for_100_steps, a_gpt_with_tied_weights,
                  gradients_stay_at_home_in_no_sync, refusals):  # fmt: skip
        check()
        if here.first:
            print(f"passed: {check.__name__}", flush=True)
    sys.exit(0)
