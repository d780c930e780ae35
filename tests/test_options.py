"""Numbers given as options: what passes, and what the message says of the rest."""

from __future__ import annotations

from math import inf, nan
from typing import Any, Dict

import pytest

from saitama.options import NoNumber, number, whole


class Index:
    """As NumPy's integers: no int, but it stands for one."""

    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize("value", [1, 7, Index(), 2**70])
def test_whole_numbers(value: Any) -> None:
    assert whole("x", value) == value.__index__() and type(whole("x", value)) is int


@pytest.mark.parametrize("value", [True, 1.0, 1.5, "3", None, [1], nan])
def test_no_whole_numbers(value: Any) -> None:
    for error in (TypeError, ValueError, NoNumber):
        with pytest.raises(error) as caught:
            whole("Net: size", value)
    assert str(caught.value) == f"Net: size must be a whole number from 1 on, got {value!r}"


@pytest.mark.parametrize(
    "value, bounds, wanted",
    [
        (0, {}, "a whole number from 1 on"),
        (-1, {"least": 0}, "a whole number from 0 on"),
        (9, {"least": 2, "most": 8}, "a whole number from 2 to 8"),
        (0, {"wanted": "the width, from 1 on"}, "the width, from 1 on"),
    ],
)
def test_whole_numbers_out_of_range(value: int, bounds: Dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValueError) as caught:
        whole("x", value, **bounds)
    assert str(caught.value) == f"x must be {wanted}, got {value}" and not isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "inside, outside, bounds, wanted",
    [
        ([0, 0.0, 1e308], [-1e-9, nan, inf, -inf], {}, "a number from 0 on"),
        ([1e-9, 5], [0, -1, nan, inf], {"above": True}, "a number above 0"),
        ([0, 1], [-1, 1.5, nan], {"most": 1}, "a number from 0 to 1"),
        ([0, 0.5], [1, nan], {"most": 1, "below": True}, "a number from 0 to below 1"),
        ([0.5, 1], [0, 2], {"most": 1, "above": True}, "a number above 0 and up to 1"),
        ([0.5], [0, 1], {"most": 1, "above": True, "below": True}, "a number above 0 and below 1"),
        ([inf, 3], [-1, nan], {"infinite": True}, "a number from 0 on"),
        ([-2, 2], [-3, 3], {"least": -2, "most": 2}, "a number from -2 to 2"),
        ([1], [2], {"most": 1, "wanted": "a share", "advice": "; see the paper"}, "a share"),
    ],
)
def test_numbers(inside: Any, outside: Any, bounds: Dict[str, Any], wanted: str) -> None:
    for value in inside:
        assert number("x", value, **bounds) is value
    for value in outside:
        with pytest.raises(ValueError) as caught:
            number("x", value, **bounds)
        assert str(caught.value) == f"x must be {wanted}, got {value!r}{bounds.get('advice', '')}"
    for value in (True, "1", None, 1j, [0.5]):
        with pytest.raises(NoNumber, match=f"^x must be {wanted}, got "):
            number("x", value, **bounds)


def test_what_is_long_is_cut_short() -> None:
    with pytest.raises(NoNumber) as caught:
        number("x", "1" * 10_000)
    assert len(str(caught.value)) < 120
