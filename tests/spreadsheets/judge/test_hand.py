"""The rule for numbers typed by hand, against its definition in exact decimals."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from saitama.spreadsheets.judge.hand import decimals_judged, decimals_needed, decimals_typed, is_right, rounded_like

true_values = st.one_of(
    st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-9),
    st.decimals(-1000, 1000, places=4).map(float).filter(bool),
)


@pytest.mark.parametrize(
    ("true", "typed", "right"),
    [
        (0.3775, 0.38, True),
        (0.3775, 0.378, True),
        (0.3775, 0.377, True),  # a tie may go either way
        (0.3775, 0.3775, True),
        (0.3775, 0.37, False),
        (0.3775, 0.4, False),  # one significant digit
        (0.3775, 0.379, False),
        (0.3775, -0.38, False),
        (0.3775, 38.0, False),  # 38 typed where 38% is meant
        (0.2995, 0.3, True),  # 0.30 loses its zero
        (0.2995, 0.3004, False),
        (0.0996, 0.1, True),
        (0.125, 0.12, True),
        (0.125, 0.13, True),
        (0.12499999999999999, 0.13, True),  # a tie but for rounding noise
        (0.593269992, 0.59327, True),
        (0.593269992, 0.593269992, True),
        (0.593269992, 0.593269991, False),
        (0.298371109, 0.298371109, True),
        (1.2345e-5, 1.2e-5, True),
        (1.2345e-5, 1.3e-5, False),
        (1.2345e-5, 0.0, False),
        (3.7e-9, 0.0, False),
        (3.7, 4.0, False),
        (1234.5, 1235.0, True),
        (1234.5, 1234.0, True),
        (1234.5, 1200.0, False),
        (123456789.4, 123456789.0, True),
        (0.0, 0.0, True),
        (0.0, -0.0, True),
        (0.0, 0.001, False),
        (1e-20, 0.0, True),  # what is left of a difference that cancels
        (5.551115123125783e-17, 0.0, True),
        (0.0, 5.551115123125783e-17, True),
        (0.1 + 0.2, 0.3, True),
        (0.3, 0.1 + 0.2, True),  # pasted with all its digits
        (0.3, 0.3000000001, False),
        (1e300, 1e300, True),
        (1.23e300, 1.2e300, False),
        (5e-324, 5e-324, True),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (math.inf, 1e308, False),
        (1.0, math.inf, False),
        (math.nan, math.nan, True),
        (math.nan, 0.0, False),
        (0.0, math.nan, False),
    ],
)
def test_examples(true, typed, right):
    assert is_right(typed, true) is right


@pytest.mark.parametrize(
    ("typed", "decimals"), [(0.38, 2), (0.3, 1), (1.2e-5, 6), (1200.0, 0), (0.0, 0), (2.5e10, 0), (1e-300, 300)]
)
def test_decimals_typed(typed, decimals):
    assert decimals_typed(typed) == decimals


@pytest.mark.parametrize(
    ("true", "decimals"), [(0.3775, 2), (0.0012, 4), (3.0, 1), (10.0, 0), (1234.5, 0), (0.0, 0), (0.1, 2)]
)
def test_decimals_needed(true, decimals):
    assert decimals_needed(true) == decimals


def test_float32_values_are_known_to_seven_digits():
    true = 0.37751150131225586  # 0.3775115 as a float32
    assert is_right(0.3775115, true, "float32")
    assert is_right(0.37751149, true, "float32")
    assert not is_right(0.37751, 0.3776, "float32")


@pytest.mark.parametrize(("typed", "right"), [(7.0, True), (7.01, False), (6.0, False)])
def test_integers_are_exact(typed, right):
    assert is_right(typed, 7.0, "int64") is right


@given(true_values, st.integers(0, 12), st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
def test_the_true_value_rounded_is_right(true, extra, rounding):
    """Rounded to two significant digits or more, and stored as the spreadsheet stores it."""
    unit = Decimal(1).scaleb(-decimals_needed(true) - extra)
    assert is_right(float(Decimal(repr(true)).quantize(unit, rounding)), true)


@given(true_values, st.integers(0, 6), st.sampled_from([-3, -2, -1, 1, 2, 3]))
def test_one_unit_off_is_wrong(true, extra, units):
    """A whole unit away from the correctly rounded value is wrong, but where that is the other side of a tie."""
    decimals = decimals_needed(true) + extra
    unit, exact = Decimal(1).scaleb(-decimals), Decimal(repr(true))
    typed = float(exact.quantize(unit) + units * unit)
    assume(decimals_judged(typed, true) == decimals)
    assume(unit > abs(exact) * Decimal("1e-9"))  # far above rounding noise
    assume(abs(Decimal(repr(typed)) - exact) > unit * Decimal("0.501"))
    assert not is_right(typed, true)


@given(st.integers(1, 10**5), st.integers(1, 9), st.integers(501, 999), st.integers(0, 8), st.sampled_from([-1, 1]))
def test_cutting_digits_off_is_wrong_where_rounding_would_go_up(leading, last, rest, decimals, sign):
    typed = Decimal(10 * leading + last).scaleb(-decimals) * sign  # two significant digits or more, no trailing zero
    true = typed + Decimal(rest).scaleb(-decimals - 3) * sign
    assert not is_right(float(typed), float(true))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_sign_does_not_matter_to_the_rule(typed, true):
    assert is_right(typed, true) == is_right(-typed, -true)


@given(st.floats())
def test_itself_is_right(x):
    assert is_right(x, x)


@given(st.floats(), st.floats())
def test_never_raises_and_never_passes_a_wrong_magnitude(typed, true):
    if is_right(typed, true) and math.isfinite(true):
        assert abs(typed - true) <= 0.051 * abs(true) + 1e-15 or typed == true


def test_rounded_like_says_what_should_have_been_typed():
    assert rounded_like(0.3775, 0.4) == "0.38"
    assert rounded_like(0.2995, 0.29) == "0.30"
    assert rounded_like(1234.4, 1200.0) == "1234"
