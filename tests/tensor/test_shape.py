"""Axes, sizes and broadcasting as people give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import zeros
from saitama.tensor.shape import axes, axis, broadcast_shapes, flat_sizes, whole


class Three:
    def __index__(self):
        return 3


def test_whole():
    assert whole(3, "x") == whole(Three(), "x") == 3
    for other in (True, 3.0, "3", None, [3]):
        with pytest.raises(TypeError, match="^x, got "):
            whole(other, "x")


@given(ndim=st.integers(1, 5), place=st.integers(-5, 4))
def test_axes_count_from_either_end(ndim, place):
    if -ndim <= place < ndim:
        assert axis(place, ndim, "op") == list(range(ndim))[place]
    else:
        with pytest.raises(IndexError, match=f"^op: there is no axis {place}; the tensor has axes 0 to {ndim - 1}$"):
            axis(place, ndim, "op")


def test_axes():
    assert axes(None, 3, "op") == (0, 1, 2) and axes([2, -3], 3, "op") == (0, 2) and axes(None, 0, "op") == ()
    assert axes(0, 0, "op") == axes(-1, 0, "op") == axes((0,), 0, "op") == ()


def test_flat_sizes():
    assert flat_sizes((2, 3), "op") == flat_sizes(((2, 3),), "op") == flat_sizes(([2, 3],), "op") == (2, 3)
    assert flat_sizes((), "op") == flat_sizes(((),), "op") == ()


small = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@given(a=small, b=small)
def test_broadcasting_rule(a, b):
    """The same answer as the kernels give, error or not."""
    try:
        expected = (zeros(a) + zeros(b)).shape
    except ValueError:
        with pytest.raises(ValueError, match=r"^op: shapes .* do not broadcast: sizes \d and \d differ$"):
            broadcast_shapes([a, b], "op")
    else:
        assert broadcast_shapes([a, b], "op") == expected
