"""TensorDataset, random_split and DataLoader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.tensor import Tensor, arange, manual_seed, rand
from saitama.training import DataLoader, TensorDataset, random_split


def numbers(n):
    return TensorDataset(arange(n, dtype="float64").reshape(n, 1), arange(n))


def test_examples():
    data = numbers(4)
    x, y = data[2]
    assert (len(data), x.tolist(), y.item()) == (4, [2.0], 2)
    assert [t.tolist() for t in data[1:3]] == [[[1.0], [2.0]], [1, 2]]
    assert data[Tensor([3, 0], dtype="int64")][1].tolist() == [3, 0]
    with pytest.raises(IndexError):
        data[4]


@given(
    n=st.integers(1, 30),
    size=st.integers(1, 12),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 99),
)
def test_every_example_comes_once(n, size, shuffle, drop_last, seed):
    if drop_last and n < size:
        return
    manual_seed(seed)
    loader = DataLoader(numbers(n), size, shuffle, drop_last)
    batches = list(loader)
    assert len(batches) == len(loader) == (n // size if drop_last else -(-n // size))
    seen = [y for _, batch in batches for y in batch.tolist()]
    assert all(x.tolist() == [[float(y)] for y in batch.tolist()] for x, batch in batches)
    assert all(len(x) == size for x, _ in batches[:-1])
    assert len(set(seen)) == len(seen) == (n - n % size if drop_last else n)
    if not shuffle:
        assert seen == list(range(len(seen)))


def test_shuffling_is_repeated_by_the_seed_and_differs_between_epochs():
    loader = DataLoader(numbers(50), 50, shuffle=True)

    def orders(seed):
        manual_seed(seed)
        return [next(iter(loader))[1].tolist() for _ in range(2)]

    first, second = orders(1)
    assert orders(1) == [first, second]
    assert first != second
    assert orders(2)[0] != first


def test_what_is_drawn_between_batches_does_not_change_their_order():
    loader = DataLoader(numbers(20), 5, shuffle=True)
    manual_seed(0)
    undisturbed = [y.tolist() for _, y in loader]
    manual_seed(0)
    disturbed = []
    for _, y in loader:
        rand(3)
        disturbed.append(y.tolist())
    assert disturbed == undisturbed


def test_a_data_set_of_ones_own():
    class Squares:
        def __len__(self):
            return 5

        def __getitem__(self, i):
            return Tensor([float(i), 1.0]), i * i

    batches = list(DataLoader(Squares(), 2))
    assert batches[1][0].tolist() == [[2.0, 1.0], [3.0, 1.0]]
    assert (batches[1][1].tolist(), batches[1][1].dtype) == ([4, 9], "int64")
    assert [len(x) for x, _ in batches] == [2, 2, 1]
    assert list(DataLoader([1.5, 2.5], 2))[0].tolist() == [1.5, 2.5]


def test_random_split():
    manual_seed(0)
    parts = random_split(numbers(10), [7, 3, 0])
    assert [len(part) for part in parts] == [7, 3, 0]
    assert sorted(y for part in parts for y in part.tensors[1].tolist()) == list(range(10))
    with pytest.raises(ValueError, match="must add up to the 10 examples"):
        random_split(numbers(10), [7, 4])
    with pytest.raises(ValueError, match="must add up"):
        random_split(numbers(10), [11, -1])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: TensorDataset(), ValueError, "at least one tensor"),
        (lambda: TensorDataset(arange(3), arange(2)), ValueError, "tensor 0 has 3 examples, tensor 1 2"),
        (lambda: TensorDataset(Tensor(1.0)), ValueError, "a scalar"),
        (lambda: TensorDataset([1, 2]), TypeError, "item 0 is list"),
        (lambda: DataLoader(arange(3)), TypeError, "Tensor is no data set"),
        (lambda: DataLoader(5), TypeError, "int is no data set"),
        (lambda: DataLoader([]), ValueError, "empty"),
        (lambda: list(DataLoader([(1, 2), (3,)], 2)), ValueError, r"different numbers of parts: \[1, 2\]"),
        (lambda: list(DataLoader([(1, 2), 3], 2)), ValueError, "different numbers of parts"),
        (lambda: DataLoader(numbers(3), 0), ValueError, "batch_size"),
        (lambda: DataLoader(numbers(3), 2.0), ValueError, "batch_size"),
        (lambda: DataLoader(numbers(3), 4, drop_last=True), ValueError, "all would be dropped"),
    ],
)
def test_bad_input(make, error, message):
    with pytest.raises(error, match=message):
        make()
