"""Slice, Take, Gather: gradients go back to where the numbers came from, and add up where one was taken twice."""

from __future__ import annotations

import pytest
from gradients import check, leaf

from saitama import Tensor, zeros

KEYS = {
    "integer": 1,
    "negative": -1,
    "slice": slice(0, 2),
    "reversed": slice(None, None, -1),
    "every other": (slice(None), slice(None, None, 2)),
    "backwards by two": (slice(None), slice(3, 0, -2)),
    "empty": slice(2, 2),
    "integer and slice": (0, slice(1, 3)),
    "two integers": (1, 2),
    "ellipsis": (..., 1),
    "new axis": (None, 1, None),
    "list": [0, 2, 0, 0],
    "matrix of indices": Tensor([[0, 1], [2, 2]], dtype="int64"),
    "second axis": (slice(None), [3, 0, 3]),
    "pairs": ([0, 1, 1], [3, 2, 2]),
    "slice, then list": (slice(1, 3), [0, -1]),
    "mask": Tensor([True, False, True]),
    "full mask": Tensor([[True, False, True, False]] * 3),
    "nothing chosen": Tensor([False] * 3),
    "empty list": [],
}


@pytest.mark.parametrize("name", KEYS)
def test_gradient(name):
    check(lambda x: x[KEYS[name]], leaf((3, 4)))


def test_a_row_taken_twice_gets_both():
    x = zeros(3, 2, requires_grad=True)
    (x[[0, 2, 0]] * Tensor([[1.0], [10.0], [100.0]])).sum().backward()
    assert x.grad.tolist() == [[101.0, 101.0], [0.0, 0.0], [10.0, 10.0]]


@pytest.mark.parametrize("dim, index", [(0, [[0, 1, 1]]), (0, [[1, -1], [0, 0]]), (1, [[2, 2, 0, 1], [0, 0, 0, 0]])])
def test_gather(dim, index):
    x, positions = leaf((2, 3)), Tensor(index, dtype="int64")
    expected = [
        [x[i, j].item() if dim else x[i, column].item() for column, (i, j) in enumerate(row)]
        for row in ([(r, c) if dim else (c, r) for c in line] for r, line in enumerate(index))
    ]
    assert x.gather(dim, positions).tolist() == expected
    check(lambda x: x.gather(dim, positions), x)


def test_positions_out_of_range():
    with pytest.raises(IndexError, match=r"^take: index 3 is out of range for axis 0"):
        zeros(3, 2)[[0, 3]]
    with pytest.raises(IndexError, match=r"^gather: index -4 is out of range for axis 0"):
        zeros(3).gather(0, Tensor([-4], dtype="int64"))
    with pytest.raises(TypeError, match=r"^gather: the index must be int64, not float64"):
        zeros(3).gather(0, [0.0])


@pytest.mark.parametrize(
    "parts",
    [
        [slice(0, 2), slice(2, 3), slice(3, 5)],  # side by side
        [slice(3, 5), slice(0, 3)],  # in another order
        [slice(0, 2), slice(3, 5)],  # one is left out
        [slice(0, 3), slice(2, 5)],  # they overlap
        [slice(0, 5, 2), slice(1, 5, 2)],  # every second one
        [slice(None, None, -1), slice(0, 0), slice(0, 5)],
        [0, 1, 2, 3, 4],
    ],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_several_slices_of_one_tensor(parts, axis):
    def used(x):
        y = x * x  # so that an operation gets the sum
        shares = [(y[part] if axis == 0 else y[:, part]) for part in parts]
        return sum(((n + 2) * share.tanh()).sum() for n, share in enumerate(shares))

    x = leaf((5, 5))
    check(used, x)
    check(lambda x: used(x) + (x * x).sum(), x)
