"""The names of dtypes."""

from __future__ import annotations

import pytest

from saitama import set_default_dtype
from saitama.tensor.dtype import DTYPES, check_dtype, is_float, promote


def test_names_and_aliases():
    assert [check_dtype(name) for name in DTYPES] == list(DTYPES)
    aliases = {float: "float64", int: "int64", bool: "bool", "double": "float64", "float": "float32", "long": "int64"}
    assert {alias: check_dtype(alias) for alias in aliases} == aliases


@pytest.mark.parametrize("dtype", ["int32", "FLOAT64", "", 1, None, complex, [], {}])
def test_unknown(dtype):
    with pytest.raises(TypeError, match="^dtype: expected one of float64, float32, int64, bool, got "):
        check_dtype(dtype)


def test_the_default_is_a_float():
    with pytest.raises(TypeError, match="^set_default_dtype: expected float64 or float32, got int64$"):
        set_default_dtype("int64")


@pytest.mark.parametrize("a", DTYPES)
@pytest.mark.parametrize("b", DTYPES)
def test_promotion_is_symmetric_and_gives_floats(a, b):
    assert promote(a, b) == promote(b, a) and is_float(promote(a, b))
