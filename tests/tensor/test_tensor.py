"""Tensor itself: shape, numbers, conversion, copies, buffers, hashing."""

from __future__ import annotations

import copy
import math
import pickle
import sys

import pytest

from saitama import Tensor, zeros
from saitama.tensor import K

EXPORTS = K.info()["backend"] == "compiled" or sys.version_info >= (3, 12)  # older Pythons: only compiled code can


def test_the_readme_example():
    a, b = Tensor([[1, 2], [3, 4]]), Tensor([[5, 6], [7, 8]])
    assert a.add(b).tolist() == [[6, 8], [10, 12]]
    assert a.matmul(b).tolist() == [[19, 22], [43, 50]]


def test_what_it_is():
    x = Tensor([[1, 2, 3], [4, 5, 6]], name="x")
    assert (x.shape, x.ndim, x.dim(), x.numel(), x.size(), x.size(-1)) == ((2, 3), 2, 2, 6, (2, 3), 3)
    assert (x.dtype, x.name, x.is_leaf, x.requires_grad, x.grad) == ("float64", "x", True, False, None)
    assert len(x) == 2 and [row.tolist() for row in x] == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(IndexError, match="^size: there is no axis 2; the tensor has axes 0 to 1$"):
        x.size(2)
    with pytest.raises(TypeError, match="^name: expected a str or None, got 5$"):
        Tensor(1.0, name=5)


def test_single_numbers():
    x = Tensor([[2.5]])
    assert (x.item(), float(x), int(x), bool(x), f"{x:.3f}") == (2.5, 2.5, 2, True, "2.500")
    assert not Tensor(0.0) and Tensor(math.nan)
    assert isinstance(Tensor([3], dtype="int64").item(), int) and Tensor([True]).item() is True
    with pytest.raises(ValueError, match=r"^item: shape \(2,\) has 2 elements"):
        float(Tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"^bool: a tensor of shape \(2,\) is neither true nor false"):
        bool(Tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match=r"^item: shape \(0,\) has 0 elements"):
        zeros(0).item()
    for useless in (len, iter):
        with pytest.raises(TypeError, match="^len: a scalar has no length$"):
            useless(Tensor(1.0))


def test_of_a_tensor_shares_numbers_but_not_history():
    x = Tensor([1.5], requires_grad=True, name="x")
    y = Tensor(x * 2)
    assert y.is_leaf and not y.requires_grad and y.name is None and y.tolist() == [3.0]
    assert Tensor(x).array is x.array and Tensor(x, dtype="float32").dtype == "float32"


def test_nothing_is_set_by_a_slip_of_the_pen():
    x = Tensor([1.0])
    with pytest.raises(AttributeError):
        x.gradient = 1
    with pytest.raises(TypeError, match="^a Tensor's numbers are not changed in place; build the new tensor with"):
        x[0] = 1
    with pytest.raises(TypeError, match=r"^grad: expected None or a tensor of shape \(1,\), got 0$"):
        x.grad = 0
    with pytest.raises(
        TypeError, match=r"^grad: expected None or a tensor of shape \(1,\), got a tensor of shape \(2,\)$"
    ):
        x.grad = zeros(2)


def test_data_of_a_leaf_can_be_replaced():
    x = Tensor([1.0, 2.0], requires_grad=True)
    x.data = [3.0, 4.0]
    assert x.tolist() == [3.0, 4.0] and x.requires_grad and not x.data.requires_grad
    with pytest.raises(ValueError, match=r"^data: expected float64 of shape \(2,\), got float64 of shape \(3,\)$"):
        x.data = [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match=r"^data: expected float64 of shape \(2,\), got float32 of shape \(2,\)$"):
        x.data = zeros(2, dtype="float32")
    with pytest.raises(RuntimeError, match="^data: only the numbers of a leaf can be replaced"):
        (x * 2).data = [1.0, 2.0]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize(
    "original",
    [
        Tensor([[1.5, -0.0], [math.inf, 1e-310]], requires_grad=True, name="w"),
        Tensor([1.1], dtype="float32"),
        Tensor([2**62 + 1], dtype="int64"),
        Tensor([True, False]),
        Tensor(2.0),
        zeros(0, 3),
    ],
)
def test_copies_of_a_leaf(duplicate, original):
    if original.requires_grad:
        original.grad = Tensor([[1.0, 2.0], [3.0, 4.0]])
    twin = duplicate(original)
    assert type(twin) is Tensor and twin is not original and repr(twin) == repr(original)
    assert (twin.tolist(), twin.shape, twin.dtype) == (original.tolist(), original.shape, original.dtype)
    assert (twin.requires_grad, twin.name) == (original.requires_grad, original.name)
    assert (twin.grad is None) == (original.grad is None)
    if twin.grad is not None:
        assert twin.grad.tolist() == original.grad.tolist()


def test_nan_survives_a_pickle():
    assert math.isnan(pickle.loads(pickle.dumps(Tensor(math.nan))).item())


def test_a_copy_shares_nothing():
    x = Tensor([1.0])
    twin = copy.deepcopy([x, x])
    assert twin[0] is twin[1]
    twin[0].data = [5.0]
    assert x.tolist() == [1.0]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_part_of_a_graph_is_not_copied(duplicate):
    with pytest.raises(
        RuntimeError, match=r"^copy, pickle: Mul made this tensor, it belongs to a graph; use \.detach\(\)$"
    ):
        duplicate(Tensor([1.0], requires_grad=True) * 2)


def test_hash_is_identity_and_equality_is_elementwise():
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    assert hash(x) == hash(x) and {x: "x", y: "y"}[y] == "y" and len({x, y}) == 2
    assert (x == y).tolist() == [True, True] and (x != y).tolist() == [False, False]
    assert [x].index(x) == 0 and x in [x]  # identity is asked first
    with pytest.raises(ValueError, match="neither true nor false"):
        x in [y]  # noqa: B015
    assert 2.0 in x and 3.0 not in x
    assert (x == None) is False and x not in [None, "x"]  # noqa: E711


@pytest.mark.parametrize("dtype, format", [("float64", "d"), ("float32", "f"), ("int64", "q"), ("bool", "?")])
@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 1, 3)])
def test_memoryview(dtype, format, shape):
    x = (zeros(shape) + 1).to(dtype)
    if not EXPORTS:
        with pytest.raises(TypeError):
            memoryview(x)
        return
    view = memoryview(x)
    assert view.shape == shape and view.tolist() == x.tolist()
    assert view.format == format or view.itemsize == 8 and view.format == "l"
    del x  # the view keeps the numbers
    assert view.nbytes == view.itemsize * math.prod(shape)
    view.release()


def test_a_huge_shape_is_refused_at_once():
    with pytest.raises(ValueError, match="more elements than memory can address"):
        zeros(2**62, 4)
    too_large = f"^out of memory: {8 * 2**50} bytes were asked for(, and [0-9]+ are available)?$"  # as the system says
    with pytest.raises(MemoryError, match=too_large):
        zeros(2**50)
    with pytest.raises(MemoryError):
        zeros(2**20, 1) + zeros(1, 2**20)
    nothing = zeros(2**40, 0)
    assert nothing.sum().item() == 0.0 and nothing.sum(0).shape == (0,)
    assert repr(nothing) == "tensor([], shape=(1099511627776, 0))"
