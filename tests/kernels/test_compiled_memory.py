"""The compiled arrays' memory: freed blocks return, buffers keep their numbers alive, and impossible sizes say so."""

from __future__ import annotations

import array
import ctypes
import gc
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any, Type

import pytest


def address(a: Any) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(a))


def test_a_freed_block_is_used_again(compiled: ModuleType) -> None:
    shape = (77, 1234)  # a size class that nothing else here uses
    a = compiled.full(shape, 1.0, "float64")
    first, before = address(a), compiled.info()["cached_bytes"]
    del a
    assert compiled.info()["cached_bytes"] >= before + 77 * 1234 * 8
    assert address(compiled.full(shape, 2.0, "float64")) == first
    assert address(compiled.full((77 * 1234,), 2.0, "float64")) % 64 == 0


def test_memory_is_shared_by_reshape_and_freed_with_the_last_user(compiled: ModuleType) -> None:
    a = compiled.full((50, 999), 3.0, "float64")
    b = a.reshape((999, 50))
    assert address(a) == address(b)
    cached = compiled.info()["cached_bytes"]
    del a
    assert compiled.info()["cached_bytes"] == cached
    assert b.tolist()[998] == [3.0] * 50
    del b
    assert compiled.info()["cached_bytes"] > cached


def test_out_of_memory_names_the_bytes(compiled: ModuleType) -> None:
    with pytest.raises(MemoryError, match=str(2**50 * 8)):
        compiled.full((2**50,), 0.0, "float64")


def test_what_linux_cannot_keep_is_not_taken(
    compiled: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would grant this, and kill the process that uses it. Where it does not say what it has, it is believed."""
    (tmp_path / "meminfo").write_text("MemTotal: 1 kB\nMemAvailable: 900000 kB\nSwapFree: 100000 kB\n")
    monkeypatch.setattr(compiled, "_meminfo", bytes(tmp_path / "meminfo"))
    with pytest.raises(MemoryError, match=f"{2**30} bytes were asked for, and {1000000 * 1024} are available"):
        compiled.full((2**30,), False, "bool")
    monkeypatch.setattr(compiled, "_meminfo", bytes(tmp_path / "none"))
    assert compiled.full((2**30,), False, "bool").shape == (2**30,)


@pytest.mark.parametrize(
    ("dtype", "code", "itemsize"), [("float64", "d", 8), ("float32", "f", 4), ("int64", "q", 8), ("bool", "?", 1)]
)
def test_memoryview(compiled: ModuleType, dtype: str, code: str, itemsize: int) -> None:
    a = compiled.from_list([0, 1, 1, 0, 1, 0], (2, 3), dtype)
    view = memoryview(a)
    assert (view.shape, view.format, view.itemsize, view.readonly) == ((2, 3), code, itemsize, False)
    assert view.strides == (3 * itemsize, itemsize)
    del a
    gc.collect()
    filler = [compiled.full((2, 3), 7, dtype) for _ in range(10)]  # would overwrite memory freed too early
    assert view.tolist() == [[0, 1, 1], [0, 1, 0]]
    view[1, 2] = 1
    assert view.tolist()[1] == [0, 1, 1]
    assert len(filler) == 10


def test_empty_and_scalar_buffers(compiled: ModuleType) -> None:
    assert memoryview(compiled.full((), 2.5, "float64")).tolist() == 2.5
    assert memoryview(compiled.full((0, 3), 2.5, "float64")).shape == (0, 3)


def test_strided_and_unaligned_buffers_are_read(compiled: ModuleType) -> None:
    numbers = array.array("d", [1, 2, 3, 4, 5])
    assert compiled.from_buffer(memoryview(numbers)[::-2]).tolist() == [5, 3, 1]
    data = b"x" + numbers.tobytes()
    assert compiled.from_buffer(memoryview(data)[1:].cast("d")).tolist() == [1, 2, 3, 4, 5]


@pytest.fixture
def exporter(compiled: ModuleType) -> Type[Any]:
    class Wrapper(compiled.Exporter):  # type: ignore[name-defined]
        __slots__ = ("other", "__weakref__")

    return Wrapper


def test_an_exporter_lends_its_array(compiled: ModuleType, exporter: Type[Any]) -> None:
    x = exporter()
    with pytest.raises(BufferError):
        memoryview(x)
    x.array = compiled.from_list([1, 2], (2,), "float64")
    view = memoryview(x)
    x.array = None  # the view keeps the first array
    assert view.tolist() == [1, 2]
    with pytest.raises(TypeError):
        x.array = [1, 2]


def test_a_cycle_of_exporters_is_collected(compiled: ModuleType, exporter: Type[Any]) -> None:
    x = exporter()
    x.array, x.other = compiled.full((2,), 0.0, "float64"), x
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None


def test_arrays_come_from_kernels_only(compiled: ModuleType) -> None:
    with pytest.raises(TypeError, match="from_list"):
        compiled.Array()
    with pytest.raises(TypeError):
        compiled.add(None, None)
