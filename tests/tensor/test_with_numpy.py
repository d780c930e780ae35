"""To and from NumPy where it is installed, and its indexing as an additional oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor, arange, zeros
from saitama.tensor import K

np = pytest.importorskip("numpy")


@pytest.mark.parametrize(
    "dtype, ours",
    [("f8", "float64"), ("f4", "float32"), ("f2", "float32"), ("i4", "int64"), ("u1", "int64"), ("?", "bool")],
)
def test_arrays(dtype, ours):
    source = np.arange(12).reshape(3, 4).astype(dtype)
    for view in (source, source.T, source[::2, ::-1], source[:, 1:3], source[:0], source[0, 0, ...]):
        x = Tensor(view)
        assert x.dtype == ours and x.tolist() == view.tolist() and x.shape == view.shape


def test_scalars_and_lists_of_them():
    assert Tensor(np.float32(1.5)).tolist() == 1.5 and Tensor(np.int64(2), dtype="int64").item() == 2
    assert Tensor([np.float64(1.5), np.int32(2), np.float16(3)]).tolist() == [1.5, 2.0, 3.0]
    assert Tensor([np.bool_(True), np.bool_(False)]).tolist() == [True, False]
    assert (np.float32(2) * Tensor([1.0], dtype="float32")).dtype == "float32"
    assert arange(np.int64(3)).dtype == "int64"


@pytest.mark.parametrize(
    "data",
    [
        np.complex64(1 + 2j),
        [np.complex64(1 + 2j)],
        np.array([1j]),
        np.array(["a"]),
        np.array([[1, None]], dtype=object),
        np.array([1], dtype="M8[s]"),
        np.array([1.0], dtype=">f8"),
        np.zeros(2, dtype=[("a", "f8")]),
        [np.array([1, 2]), np.array([3, 4])],
    ],
)
def test_what_is_not_numbers_here(data):
    with pytest.raises(TypeError, match="^Tensor: "):
        Tensor(data)


@pytest.mark.parametrize("use", [Tensor, lambda a: Tensor([1.0, 2.0, 3.0]) + a, lambda a: Tensor([1.0, 2.0])[a > 0]])
def test_what_is_masked_is_no_number(use):
    hidden = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    with pytest.raises(ValueError, match=r"^Tensor: 1 of the 3 numbers of this MaskedArray are masked; .*\.filled"):
        use(hidden)
    with pytest.raises(ValueError, match="^Tensor: 1 of the 1 numbers of this MaskedConstant are masked"):
        Tensor(np.ma.masked)
    assert Tensor(hidden.filled(-1.0)).tolist() == [1.0, -1.0, 3.0] and Tensor(hidden.compressed()).shape == (2,)
    assert Tensor(np.ma.array([1.0, 2.0])).tolist() == Tensor(np.ma.array([1.0, 2.0], mask=[0, 0])).tolist() == [1, 2]


def test_a_number_beyond_float32_is_refused_as_in_a_list():
    with pytest.raises(OverflowError, match=r"^Tensor: data\[1\] is 1e\+300, outside the range of float32$"):
        Tensor(np.array([1.0, 1e300]), dtype="float32")
    assert Tensor(np.array([np.inf, -np.inf, 1e-300]), dtype="float32").tolist() == [np.inf, -np.inf, 0.0]


def test_an_array_on_the_left():
    y = np.array([1.0, 2.0]) * Tensor([3.0, 4.0], requires_grad=True)
    assert isinstance(y, Tensor) and y.tolist() == [3.0, 8.0]


def test_asarray_reads_the_same_memory():
    if K.info()["backend"] != "compiled":
        assert np.array(Tensor([[1.0, 2.0]]).tolist()).shape == (1, 2)
        return
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    seen = np.asarray(x)
    assert seen.dtype == "float64" and seen.tolist() == x.tolist()
    assert np.shares_memory(seen, np.asarray(memoryview(x)))
    assert np.asarray(zeros(0, 3)).shape == (0, 3) and np.asarray(Tensor(2.0)).shape == ()
    assert np.asarray(x > 2).dtype == "bool"


shape = (3, 4, 2)
integers = st.integers(-3, 2)
part = st.builds(
    slice,
    st.none() | st.integers(-5, 5),
    st.none() | st.integers(-5, 5),
    st.none() | st.integers(-3, 3).filter(bool),
)
basic = st.lists(st.one_of(st.integers(-2, 1), part, st.none()), max_size=3).map(tuple)


@given(key=basic, ellipsis=st.integers(0, 3), put=st.booleans())
def test_basic_keys_read_as_numpy_reads_them(key, ellipsis, put):
    key = (*key[:ellipsis], ..., *key[ellipsis:]) if put else key
    numbers = np.arange(24.0).reshape(shape)
    expected = numbers[key]
    y = Tensor(numbers)[key]
    assert y.shape == expected.shape and y.tolist() == expected.tolist()


@given(rows=st.lists(integers, max_size=4), columns=part)
def test_lists_and_slices(rows, columns):
    numbers = np.arange(24.0).reshape(shape)
    index = np.array(rows, dtype=int)
    assert Tensor(numbers)[rows, columns].tolist() == numbers[index, columns].tolist()
    assert Tensor(numbers)[index].tolist() == numbers[index].tolist()
    assert Tensor(numbers)[index, index].tolist() == numbers[index, index].tolist()
    assert Tensor(numbers)[columns, index].tolist() == numbers[columns, index].tolist()
    pairs = index.reshape(-1, 1), np.array([0, 1])
    assert Tensor(numbers)[pairs].tolist() == numbers[pairs].tolist()


@given(mask=st.lists(st.booleans(), min_size=12, max_size=12))
def test_masks(mask):
    numbers, chosen = np.arange(24.0).reshape(shape), np.array(mask).reshape(3, 4)
    assert Tensor(numbers)[Tensor(chosen)].tolist() == numbers[chosen].tolist()
    assert Tensor(numbers)[chosen].tolist() == numbers[chosen].tolist()
    assert Tensor(numbers)[chosen[:, 0].tolist()].tolist() == numbers[chosen[:, 0]].tolist()
