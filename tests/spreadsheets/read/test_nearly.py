"""What to type instead of a text that is nearly a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama.spreadsheets.read.nearly import OTHERWISE, advice


@pytest.mark.parametrize(
    ("text", "why", "instead"),
    [
        ("-6,0", "decimal comma", "-6.0"),
        ("0,38", "decimal comma", "0.38"),
        ("1,5e-3", "decimal comma", "1.5e-3"),
        ("1,234", "comma", "1.234, or 1234 if the comma separates thousands"),
        ("24/3", "fraction", "=24/3, or 8"),
        ("-24 / 3", "fraction", "=-24/3, or -8"),
        ("24÷3", "fraction", "=24/3, or 8"),
        ("1 1/2", "fraction", "=1+1/2, or 1.5"),
        ("1½", "fraction", "=1+1/2, or 1.5"),
        ("-¾", "fraction", "=-3/4, or -0.75"),
        ("1,5/3", "fraction", "=1.5/3, or 0.5"),
        ("\u221224", "minus sign", "-24"),
        ("\u20130,5", "minus sign", "-0.5"),
        ("8 ", "a space", "8"),
        ("8\xa0", "a space", "8"),
        ("- 8", "a space", "-8"),
        ("8\u200b", "invisible", "8"),
        ("75 %", "a space", "75% or 0.75"),
        ("75%", "percentage", "75% or 0.75"),
        ("\uff17\uff15\uff05", "digits", "75% or 0.75"),
        ("7,5 %", "percentage", "7.5% or 0.075"),
        ("5‰", "percentage", "0.005"),
        ("0.5", "stored as text", "0.5 again"),
        ("1e5", "stored as text", "1e5 again"),
        ("'0.5", "quotation marks", "0.5"),
        ("\u0661\u0662\u066b\u0665", "digits", "12.5"),
        ("\u06f3", "digits", "3"),
        ("\u0969.\u0967", "digits", "3.1"),
        ("1 234,5", "thousands", "1234.5"),
        ("1.234,56", "thousands", "1234.56"),
        ("1'234.5", "thousands", "1234.5"),
        ("1,234,567", "thousands", "1234567"),
        ("3x10^-5", "power of ten", "3E-5"),
        ("3·10\u207b\u2075", "power of ten", "3E-5"),
        ("2*3", "calculation", "=2*3"),
        ("0,5 + 1", "calculation", "=0.5+1"),
        ("5 m", "'m' behind", "5"),
        ("$5", "money", "5"),
        ("5,50 €", "money", "5.50"),
        ("(5)", "parentheses", "-5 or 5"),
        ("x = 0.5", "stands alone", "0.5"),
        ("≈0.5", "stands alone", "0.5"),
    ],
)
def test_advice(text: str, why: str, instead: str) -> None:
    said = advice(text)
    assert why in said and said.endswith(f": type {instead}") or said.endswith(f"and type {instead}") and why in said


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "O.5", "1/0", "1.2.3", "2025-05-01", "0x1F", "TRUE", "5 m²", "9" * 61]
)
def test_where_nobody_can_say(text: str) -> None:
    assert advice(text) == OTHERWISE


def test_a_formula_that_is_text() -> None:
    assert advice("=1/3") == "it is a formula stored as text: set the cell's format to General and type it again"


@given(st.text(max_size=80))
def test_every_text_gets_one_line(text: str) -> None:
    said = advice(text)
    assert said and said.isprintable() and len(said) < 300


@given(st.floats(-1e6, 1e6), st.integers(0, 6))
def test_a_number_with_a_comma_is_given_with_a_point(number: float, decimals: int) -> None:
    text = f"{number:.{decimals}f}"
    assert text in advice(text.replace(".", ","))
