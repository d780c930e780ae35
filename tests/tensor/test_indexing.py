"""x[...] for every kind of key, expected values worked out in plain Python; and the keys that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, arange, zeros

X = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
bound = st.none() | st.integers(-6, 6)
slices = st.builds(slice, bound, bound, st.none() | st.integers(-3, 3).filter(bool))


@given(rows=slices, columns=slices)
def test_slices_as_lists_slice(rows, columns):
    assert Tensor(X)[rows, columns].tolist() == [row[columns] for row in X[rows]]
    assert Tensor(X)[rows].tolist() == X[rows]


@given(row=st.integers(-3, 2), column=st.integers(-4, 3))
def test_integers(row, column):
    x = Tensor(X)
    assert x[row].tolist() == X[row] and x[row, column].item() == x[row][column].item() == X[row][column]
    assert x[:, column].tolist() == [each[column] for each in X]


@pytest.mark.parametrize(
    "key, expected",
    [
        ((), X),
        (..., X),
        ((..., 0), [0, 4, 8]),
        ((0, ...), X[0]),
        ((None, 0, 0), [0]),
        ((0, None, 0), [0]),
        ((0, 0, None), [0]),
        ((slice(0, 1), None), [[X[0]]]),
        ([2, 0], [X[2], X[0]]),
        ([-1], [X[2]]),
        ([], []),
        ([[0, 1], [2, 0]], [[X[0], X[1]], [X[2], X[0]]]),
        ((slice(None), [1, 1]), [[1, 1], [5, 5], [9, 9]]),
        (([0, 1], [3, 2]), [3, 6]),
        (([0, 1], 2 * [[1]]), [[1, 5], [1, 5]]),
        ((slice(0, 2), [3, 0]), [[3, 0], [7, 4]]),
        ([True, False, True], [X[0], X[2]]),
        ([[True, False, False, True], [False] * 4, [False] * 4], [0, 3]),
        (Tensor(True), [X]),
        (Tensor(2, dtype="int64"), X[2]),
        (range(2), X[:2]),
    ],
)
def test_keys(key, expected):
    assert Tensor(X)[key].tolist() == expected


def test_masks_by_comparison():
    x = Tensor(X)
    assert x[x > 8].tolist() == [9, 10, 11] and x[x > 99].shape == (0,)


def test_scalars_and_empties():
    assert Tensor(5.0)[()].item() == 5.0 and Tensor(5.0)[...].item() == 5.0 and Tensor(5.0)[None].tolist() == [5.0]
    assert zeros(0, 3)[:, 1].shape == (0,) and zeros(0, 3)[::-1].shape == (0, 3) and zeros(3, 0)[[0, 1]].shape == (2, 0)


@pytest.mark.parametrize(
    "key, error, message",
    [
        (3, IndexError, r"^index: 3 is out of range for axis 0 with 3 elements$"),
        ((0, -5), IndexError, r"^index: -5 is out of range for axis 1 with 4 elements$"),
        (10**30, IndexError, r"^index: 10+ is out of range for axis 0"),
        ((0, 0, 0), IndexError, r"^index: 3 indices for a tensor of 2 axes, shape \(3, 4\)$"),
        ((..., ...), IndexError, r"^index: only one \.\.\. is possible$"),
        ([0, 3], IndexError, r"^take: index 3 is out of range for axis 0"),
        (([0, 3], [0, 0]), IndexError, r"3"),
        (([0, 1], [0, 1, 2]), ValueError, r"^index: shapes \(2,\), \(3,\) do not broadcast"),
        ([True, False], IndexError, r"^index: a mask of shape \(2,\) does not cover the first axes of shape \(3, 4\)$"),
        ([[[True]]], IndexError, r"^index: a mask of shape \(1, 1, 1\) does not cover"),
        ((slice(None), [True] * 4), IndexError, r"^index: a bool mask must be the only index"),
        ((0, [0]), IndexError, r"^index: index tensors must stand on neighbouring axes without plain integers"),
        ((None, [0]), IndexError, r"^index: None together with an index tensor is not possible"),
        (slice(None, None, 0), ValueError, r"^index: slice\(None, None, 0\): slice step cannot be zero$"),
        (slice("a", None), TypeError, r"^index: slice\('a', None, None\): slice indices must be integers"),
        (slice(0.0, 1.0), TypeError, r"^index: slice\(0\.0, 1\.0, None\): "),
        (
            True,
            TypeError,
            r"^index: expected integers, slices, None, \.\.\. or tensors of integers or bools, got True$",
        ),
        (1.0, TypeError, r"^index: expected .* got 1\.0$"),
        ("a", TypeError, r"^index: expected .* got 'a'$"),
        ({0}, TypeError, r"^Tensor: expected a number"),
        ([0.5], TypeError, r"^Tensor: data\[0\] is 0\.5, which int64 cannot hold"),
        (["a"], TypeError, r"^Tensor: data\[0\] is 'a'"),
        (Tensor([0.0]), TypeError, r"^index: a tensor of float64 cannot be an index; make it with dtype='int64'"),
    ],
)
def test_keys_that_are_refused(key, error, message):
    with pytest.raises(error, match=message):
        Tensor(X)[key]


def test_the_whole_is_not_copied():
    x = arange(4)
    assert x[:] is x and x[...] is x
