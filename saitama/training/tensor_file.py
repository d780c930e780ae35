"""Tensors in a .safetensors file: a length, a JSON header with names, dtypes, shapes and places, then the numbers.

PyTorch and others read the same files. Nothing in one is ever executed, which cannot be said of a pickle.
"""

from __future__ import annotations

import ctypes
import json
import os
from array import array
from typing import Any, Dict, Mapping, Tuple, Union

from saitama.files import atomic_path, open_ordinary
from saitama.tensor import Tensor
from saitama.tensor.backend import K

CODES = {"F64": ("float64", "d"), "F32": ("float32", "f"), "I64": ("int64", "q"), "BOOL": ("bool", "?")}
MOST_HEADER = 100_000_000  # bytes; the format's own limit
CODE_OF = {"float64": "d", "float32": "f", "int64": "q", "bool": "b"}  # array.array has no "?"


def write_tensors(
    path: Union[str, os.PathLike[str]], tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write a file that is whole or not there at all. Raises OSError, with the reason, where it cannot be written."""
    import safetensors

    numbers = {name: _bytes(tensor) for name, tensor in tensors.items()}
    specs: Any = {
        name: {"dtype": tensor.dtype, "shape": list(tensor.shape), "data": numbers[name]}
        for name, tensor in tensors.items()
    }
    if hasattr(safetensors, "TensorSpec"):  # newer versions of the library take addresses
        for name, spec in specs.items():
            data = spec.pop("data")
            address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0  # `numbers` keeps the bytes alive
            specs[name] = safetensors.TensorSpec(**spec, data_ptr=address, data_len=len(data))
    content = safetensors.serialize(specs, dict(metadata))
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_tensors(path: Union[str, os.PathLike[str]]) -> Tuple[Dict[str, Tensor], Dict[str, str]]:
    """The tensors and the metadata of a .safetensors file.

    Raises FileNotFoundError for a missing file, ValueError for one that is cut short, damaged, of another kind, or with
    numbers of a dtype that saitama has not.
    """
    import safetensors

    if os.path.isdir(path):
        raise IsADirectoryError(f"cannot read {path}: it is a folder; give the name of a .safetensors file")
    if not os.path.exists(path):
        raise FileNotFoundError(f"cannot read {path}: there is no such file")
    content = _content(path)
    try:
        entries = safetensors.deserialize(content)  # which checks every length and place
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")].decode("utf-8"))
    except (safetensors.SafetensorError, ValueError) as error:
        raise ValueError(
            f"cannot read {path}: it is not a whole .safetensors file ({error}); it was cut short or is of another kind"
        ) from error
    return {name: _tensor(path, name, entry) for name, entry in entries}, header.get("__metadata__") or {}


def _content(path: Union[str, os.PathLike[str]]) -> bytes:
    """The bytes of the file, but at most one behind those that its header announces: some files have no end."""
    with open_ordinary(path) as file:
        header = file.read(min(int.from_bytes(file.read(8), "little"), MOST_HEADER))
        try:
            ends = [entry["data_offsets"][1] for name, entry in json.loads(header).items() if name != "__metadata__"]
            announced = max(map(int, ends), default=0)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
            # What is wrong, deserialize() says.
            announced = 0
        file.seek(0)
        return file.read(min(os.fstat(file.fileno()).st_size, 8 + len(header) + max(announced, 0) + 1))


def _bytes(tensor: Tensor) -> bytes:
    """The numbers row by row, as the machine holds them."""
    try:
        return memoryview(tensor.array).tobytes()  # type: ignore[arg-type]
    except TypeError:  # the pure-Python arrays do not export their buffer
        return array(CODE_OF[tensor.dtype], tensor.array.reshape((tensor.numel(),)).tolist()).tobytes()


def _tensor(path: Any, name: str, entry: Mapping[str, Any]) -> Tensor:
    if entry["dtype"] not in CODES:
        raise ValueError(
            f"cannot read {path}: {name} holds {entry['dtype']}; convert it to one of {', '.join(CODES)} first"
        )
    dtype, code = CODES[entry["dtype"]]
    shape = tuple(entry["shape"])
    if not entry["data"]:
        return Tensor._wrap(K.full(shape, 0, dtype))
    return Tensor._wrap(K.from_buffer(memoryview(bytes(entry["data"])).cast(code)).reshape(shape))  # type: ignore[call-overload]
