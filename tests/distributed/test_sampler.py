"""Which examples are whose: the same batches on any number of ranks, each example once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, manual_seed, rand
from saitama.distributed import DistributedDataParallel, DistributedSampler, world
from saitama.nn import Linear
from saitama.tensor import get_rng_state
from saitama.training import DataLoader, TensorDataset


def batches(count, ranks, batch_size, epoch=0, **options):
    """Batch by batch what each rank gets."""
    dataset = TensorDataset(Tensor(list(range(count)), dtype="int64"))
    loaders = []
    for rank in range(ranks):
        sampler = DistributedSampler(dataset, ranks, rank, seed=7, **options)
        sampler.set_epoch(epoch)
        loaders.append(DataLoader(dataset, batch_size, sampler=sampler))
    assert len({len(loader) for loader in loaders}) == 1
    return [[part[0].tolist() for part in parts] for parts in zip(*loaders)]


@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 12), st.integers(0, 3))
def test_batches_are_the_same_on_any_number_of_ranks(count, ranks, batch_size, epoch):
    whole = [parts[0] for parts in batches(count, 1, batch_size, epoch)]
    shared = batches(count, ranks, batch_size, epoch)
    assert [sum(parts, []) for parts in shared] == whole
    assert sorted(sum(whole, [])) == list(range(count))
    for parts in shared:
        sizes = [len(part) for part in parts]
        assert max(sizes) - min(sizes) <= 1 and sizes[0] >= 1


def test_epochs_have_orders_of_their_own_and_leave_the_random_numbers_alone():
    manual_seed(1)
    before = get_rng_state()
    orders = [sum(sum(batches(20, 2, 5, epoch), []), []) for epoch in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]
    assert get_rng_state() == before
    rand(5)
    assert sum(sum(batches(20, 2, 5, 0), []), []) == orders[0]  # whatever was drawn in between
    plain = sum(sum(batches(20, 2, 5, shuffle=False), []), [])
    assert plain == list(range(20))


def test_as_an_iterable_it_gives_a_ranks_part_of_all():
    parts = [list(DistributedSampler(range(7), 3, rank, shuffle=False)) for rank in range(3)]
    assert parts == [[0, 1, 2], [3, 4], [5, 6]]
    assert [len(DistributedSampler(range(7), 3, rank)) for rank in range(3)] == [3, 2, 2]


def test_any_sampler_in_a_loader():
    dataset = TensorDataset(Tensor([10, 11, 12, 13], dtype="int64"))
    loader = DataLoader(dataset, 3, sampler=[3, 0, 0, 2, 1])
    assert [x.tolist() for (x,) in loader] == [[13, 10, 10], [12, 11]]
    assert len(loader) == 2
    with pytest.raises(ValueError, match="not both"):
        DataLoader(dataset, 3, shuffle=True, sampler=[0])
    with pytest.raises(ValueError, match="2 examples make no whole batch"):
        DataLoader(dataset, 3, drop_last=True, sampler=[0, 1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_replicas": 0, "rank": 0}, "num_replicas must be a whole number from 1 on"),
        ({"num_replicas": 2, "rank": -1}, "rank must be a whole number from 0 on"),
        ({"num_replicas": 2, "rank": 2}, "there is no rank 2 among 2"),
        ({"seed": 1.5}, "seed must be"),
    ],
)
def test_bad_samplers(options, words):
    with pytest.raises(ValueError, match=words):
        DistributedSampler(range(4), **options)
    with pytest.raises(ValueError, match="epoch must be a whole number from 0 on"):
        DistributedSampler(range(4)).set_epoch(-1)


def test_a_world_of_one_needs_nothing_installed():
    here = world()
    assert (here.rank, here.size, here.first) == (0, 1, True)
    assert here.sum([1, 2]) == [1.0, 2.0] and here.gather("x") == ["x"] and here.broadcast(3) == 3
    model = Linear(2, 2)
    parallel = DistributedDataParallel(model)
    x = Tensor([[1.0, 2.0]])
    assert parallel(x).tolist() == model(x).tolist()
    with parallel.no_sync(), parallel.adding_up(last=True):
        parallel(x).sum().backward()
    assert list(parallel.state_dict()) == ["weight", "bias"]
    assert parallel.communication == {"seconds": 0.0, "waited": 0.0, "bytes": 0}
    parallel.check_synchronised()
    assert list(parallel.parameters()) == list(model.parameters())
    assert parallel.train(False).training is model.training is False
