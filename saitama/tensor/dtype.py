"""The kinds of numbers a Tensor holds, as plain strings.

float64 is the default: a spreadsheet cell is an IEEE double, so the two agree to the last bits. float32 is for
training, int64 for indices, bool for masks.
"""

from __future__ import annotations

from typing import Any

float64 = "float64"
float32 = "float32"
int64 = "int64"
bool_ = "bool"

DTYPES = (float64, float32, int64, bool_)
FLOATS = (float64, float32)
_ALIASES = {float: float64, int: int64, bool: bool_, "double": float64, "float": float32, "long": int64}
_default = float64


def check_dtype(dtype: Any) -> str:
    """The dtype's name, from the name itself, PyTorch's alias ("double", "float", "long") or Python's float, int, bool.

    Raises TypeError for anything else.
    """
    if isinstance(dtype, str) and dtype in DTYPES:
        return dtype
    try:
        return _ALIASES[dtype]
    except (KeyError, TypeError):
        raise TypeError(f"dtype: expected one of {', '.join(DTYPES)}, got {dtype!r}") from None


def set_default_dtype(dtype: Any) -> None:
    """Choose the float dtype that Python numbers become: "float64" (at the start) or "float32"."""
    global _default
    name = check_dtype(dtype)
    if name not in FLOATS:
        raise TypeError(f"set_default_dtype: expected float64 or float32, got {name}")
    _default = name


def get_default_dtype() -> str:
    """The float dtype that Python numbers become."""
    return _default


def is_float(dtype: str) -> bool:
    return dtype in FLOATS


def promote(a: str, b: str) -> str:
    """The dtype in which two tensors meet: the wider float; integers and bools become the default float."""
    if a == b:
        return a if is_float(a) else _default
    if is_float(a) and is_float(b):
        return float64
    if is_float(a):
        return a
    return b if is_float(b) else _default
