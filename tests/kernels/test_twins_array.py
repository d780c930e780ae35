"""Making arrays, reading them back, and the buffer protocol both ways."""

from __future__ import annotations

import array
import ctypes
import math
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twin_cases import DTYPES, Case, Twins, agree, arrays, numbers, shapes

import saitama

CONTRACT = Path(saitama.__file__).with_name("kernels.pyi")


def test_every_name_of_the_contract_is_there(kernels: ModuleType) -> None:
    names = re.findall(r"^(?:def|class) (\w+)|^(\w+):", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) > 60
    assert [a or b for a, b in names if not hasattr(kernels, a or b)] == []
    assert kernels.MAX_NDIM == 32


@pytest.mark.parametrize(
    ("flat", "shape", "dtype", "nested"),
    [
        ([1, 2, 3, 4, 5, 6], (2, 3), "float64", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        ([7], (), "int64", 7),
        ([True, False], (2, 1), "bool", [[True], [False]]),
        ([], (2, 0, 3), "float32", [[], []]),
        ([0.1], (1,), "float32", [0.10000000149011612]),
        ([1e39, -1e39], (2,), "float32", [math.inf, -math.inf]),
        ([2**63 - 1, -(2**63)], (2,), "int64", [2**63 - 1, -(2**63)]),
    ],
)
def test_from_list_and_back(kernels: ModuleType, flat: Any, shape: Any, dtype: str, nested: Any) -> None:
    a = kernels.from_list(flat, shape, dtype)
    assert (a.shape, a.dtype, a.size, a.ndim) == (shape, dtype, len(flat), len(shape))
    assert a.tolist() == nested
    assert repr(a.tolist()) == repr(nested)  # True is not 1, 1.0 is not 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", ["x", None, [1], 1j, 10**400, 2**63, 1.5, math.nan])
def test_from_list_of_bad_elements(twins: Twins, dtype: str, bad: Any) -> None:
    agree(twins, lambda K: K.from_list([1, bad], (2,), dtype))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
@pytest.mark.parametrize("bad", ["x", None, [1], 1j, 10**400])
def test_from_list_refuses(kernels: ModuleType, dtype: str, bad: Any) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError), match="from_list"):
        kernels.from_list([1, bad], (2,), dtype)


IMPOSSIBLE = [
    (2,) * 33,
    (2**40, 2**40),
    (0, 2**40, 2**40),
    (2**63,),
    (10**30, 0),
    (2**62 + 1,),
    (2, -3),
    (1.0,),
    "a",
    3,
]
MAKERS = {
    "full": lambda K, shape: K.full(shape, 1, "float64"),
    "from_list": lambda K, shape: K.from_list([1.0], shape, "float64"),
    "uniform": lambda K, shape: K.uniform(shape, "float64", 0, 0),
    "integers": lambda K, shape: K.integers(shape, 0, 2, 0, 0),
    "reshape": lambda K, shape: K.full((3,), 1, "float64").reshape(shape),
    "expand": lambda K, shape: K.expand(K.full((1,), 1, "float64"), shape),
    "gather_grad": lambda K, shape: K.gather_grad(K.full((1,), 1, "float64"), 0, K.full((1,), 0, "int64"), shape),
    "slice_grad": lambda K, shape: K.slice_grad(K.full((1,), 1, "float64"), shape, (0,), (1,)),
}


@pytest.mark.parametrize("shape", IMPOSSIBLE, ids=str)
@pytest.mark.parametrize("maker", MAKERS)
def test_impossible_shapes_are_refused(kernels: ModuleType, maker: str, shape: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{maker}: "):
        MAKERS[maker](kernels, shape)


@pytest.mark.parametrize("shape", IMPOSSIBLE, ids=str)
@pytest.mark.parametrize("maker", MAKERS)
def test_impossible_shapes(twins: Twins, maker: str, shape: Any) -> None:
    agree(twins, MAKERS[maker], shape)


def test_out_of_memory_says_how_much(kernels: ModuleType) -> None:
    with pytest.raises(MemoryError, match=str(2**53)):
        kernels.full((2**25, 2**25), 1.0, "float64")
    one = kernels.full((1, 1), 1.0, "float64")
    with pytest.raises(MemoryError, match=str(2**53)):
        kernels.expand(one, (2**25, 2**25))


@given(arrays(), st.sampled_from(DTYPES))
def test_cast_floats(twins: Twins, a: Case, dtype: str) -> None:
    agree(twins, lambda K, a: K.cast(a, dtype), a)


@given(st.data(), st.sampled_from(["int64", "bool"]), st.sampled_from(DTYPES))
def test_cast_others(twins: Twins, data: st.DataObject, before: str, after: str) -> None:
    agree(twins, lambda K, a: K.cast(a, after), data.draw(arrays(dtype=before)))


def test_cast_values(kernels: ModuleType) -> None:
    a = kernels.from_list([-1.9, 0.0, 0.5, 2.9], (4,), "float64")
    assert kernels.cast(a, "int64").tolist() == [-1, 0, 0, 2]
    assert kernels.cast(a, "bool").tolist() == [True, False, True, True]
    for bad in (math.nan, math.inf, -math.inf, 1e19, 2.0**63):
        with pytest.raises(ValueError, match="int64"):
            kernels.cast(kernels.from_list([bad], (1,), "float64"), "int64")


@given(shapes(), st.sampled_from(DTYPES), st.data())
def test_full(twins: Twins, shape: Any, dtype: str, data: st.DataObject) -> None:
    agree(twins, lambda K, value: K.full(shape, value, dtype), data.draw(numbers(dtype)))


TYPED = {
    "full": lambda K, dtype: K.full((1,), 1, dtype),
    "cast": lambda K, dtype: K.cast(K.full((1,), 1, "bool"), dtype),
    "from_list": lambda K, dtype: K.from_list([1], (1,), dtype),
    "uniform": lambda K, dtype: K.uniform((1,), dtype, 0, 0),
    "normal": lambda K, dtype: K.normal((1,), dtype, 0, 0),
}


@pytest.mark.parametrize("dtype", ["int32", "", None, 3, []])
@pytest.mark.parametrize("maker", TYPED)
def test_unknown_dtypes_are_refused(kernels: ModuleType, maker: str, dtype: Any) -> None:
    with pytest.raises(TypeError, match=f"^{maker}: unknown dtype .*float64, float32, int64, bool"):
        TYPED[maker](kernels, dtype)


@pytest.mark.parametrize("dtype", ["int32", "", None, 3, []])
@pytest.mark.parametrize("maker", TYPED)
def test_unknown_dtypes(twins: Twins, maker: str, dtype: Any) -> None:
    agree(twins, TYPED[maker], dtype)


@given(arrays(), st.lists(st.integers(-2, 5), max_size=4).map(tuple))
def test_reshape(twins: Twins, a: Case, shape: Any) -> None:
    agree(twins, lambda K, a: a.reshape(shape), a)


def test_reshape_shares_and_checks(kernels: ModuleType) -> None:
    a = kernels.from_list(range(6), (2, 3), "int64")
    assert a.reshape((3, -1)).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert a.reshape((-1,)).shape == (6,)
    for bad in [(4,), (-1, -1), (4, -1), (0, -1)]:
        with pytest.raises(ValueError, match="^reshape: "):
            a.reshape(bad)


@given(arrays())
def test_item(twins: Twins, a: Case) -> None:
    agree(twins, lambda K, a: K.full((), a.item(), "float64"), a)


def test_item_is_a_python_number(kernels: ModuleType) -> None:
    assert kernels.full((1, 1), 2.5, "float64").item() == 2.5
    assert kernels.full((), True, "bool").item() is True
    for shape in [(2,), (0,)]:
        with pytest.raises(ValueError, match=r"item: shape \(\d,\) has \d elements"):
            kernels.full(shape, 1, "float64").item()


BUFFERS = {
    "bytes": b"\x00\x01\xff",
    "signed": array.array("b", [-1, 2]),
    "short": array.array("h", [-300, 2]),
    "int": array.array("i", [-(2**31), 2]),
    "long": array.array("l", [-5, 2]),
    "unsigned": array.array("Q", [2**63 - 1, 0]),
    "too large": array.array("Q", [1, 2**63]),
    "float": array.array("f", [0.1, -0.0]),
    "double": array.array("d", [0.1, math.inf, math.nan]),
    "strided": memoryview(array.array("d", range(10)))[1::3],
    "reversed": memoryview(array.array("i", range(5)))[::-1],
    "shaped": memoryview(array.array("d", range(6))).cast("B").cast("d", (2, 3)),
    "scalar": memoryview(array.array("d", [4])).cast("B").cast("d", ()),
    "ctypes": (ctypes.c_float * 3 * 2)((1, 2, 3), (4, 5, 6)),
    "ctypes bool": (ctypes.c_bool * 2)(True, False),
    "empty": array.array("f"),
    "empty nested": (ctypes.c_double * 3 * 0)(),
    "big endian": (ctypes.c_double.__ctype_be__ * 2)(1, 2),
    "characters": memoryview(b"ab").cast("c"),
    "half": memoryview(b"\x00\x3c\x00\xc0").cast("B"),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_from_buffer(twins: Twins, name: str) -> None:
    agree(twins, lambda K: K.from_buffer(BUFFERS[name]))


def test_from_buffer_values(kernels: ModuleType) -> None:
    a = kernels.from_buffer(BUFFERS["ctypes"])
    assert (a.shape, a.dtype, a.tolist()) == ((2, 3), "float32", [[1, 2, 3], [4, 5, 6]])
    assert kernels.from_buffer(BUFFERS["strided"]).tolist() == [1.0, 4.0, 7.0]
    assert kernels.from_buffer(BUFFERS["bytes"]).tolist() == [0, 1, 255]
    assert kernels.from_buffer(BUFFERS["ctypes bool"]).tolist() == [True, False]
    assert kernels.from_buffer(BUFFERS["scalar"]).tolist() == 4.0
    source = array.array("d", [1.0])
    copy = kernels.from_buffer(source)
    source[0] = 2.0
    assert copy.tolist() == [1.0]
    with pytest.raises(TypeError):
        kernels.from_buffer([1.0])
    with pytest.raises(TypeError, match="from_buffer: format"):
        kernels.from_buffer(BUFFERS["big endian"])
    with pytest.raises(OverflowError, match="9223372036854775808 at position 1"):
        kernels.from_buffer(BUFFERS["too large"])


@given(st.data(), shapes(min_size=1), st.sampled_from(DTYPES))
def test_export_and_back(kernels: ModuleType, data: st.DataObject, shape: Any, dtype: str) -> None:
    if kernels.info()["backend"] == "reference" and sys.version_info < (3, 12):
        return  # a Python class cannot export a buffer there; test_reference_array says so
    a = data.draw(arrays(shape, dtype, special=False)).on(kernels)

    class Owner(kernels.Exporter):  # type: ignore[name-defined,misc]
        __slots__ = ()

    owner = Owner()
    owner.array = a
    for exporter in (a, owner):
        view = memoryview(exporter)
        assert (view.shape, view.tolist()) == (shape, a.tolist())
        assert view.format == {"float64": "d", "float32": "f", "int64": "q", "bool": "?"}[dtype]
        assert kernels.from_buffer(exporter).tolist() == a.tolist()


BAD_THREADS = [0, -1, 1025, 1.5, "2", True, None]


@pytest.mark.parametrize("n", BAD_THREADS)
def test_bad_numbers_of_threads(twins: Twins, n: Any) -> None:
    agree(twins, lambda K: K.set_num_threads(n))


def test_threads(kernels: ModuleType) -> None:
    before = kernels.get_num_threads()
    assert before >= 1
    assert kernels.info()["threads"] == before
    for bad in BAD_THREADS:
        with pytest.raises((ValueError, TypeError), match="^set_num_threads: "):
            kernels.set_num_threads(bad)
    kernels.set_num_threads(1)
    assert kernels.get_num_threads() == 1
    kernels.set_num_threads(before)
