"""Texts that are nearly numbers: what a person meant by "-6,0", "24/3" or "75 %", and what to type instead.

A spreadsheet program that does not take what was typed for a number keeps it as text, without a word, and it looks like
the number that was meant.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import List, Optional, Tuple

from .workbook import Cell

OTHERWISE = "type it as a number"
LONGEST = 60  # of the texts that are looked at

_MINUS = "\u2212\u2010\u2011\u2012\u2013\u2014\u2015\u00ad\ufe58\ufe63\uff0d\u208b"
_PLUS = "\ufe62\uff0b"
_POINTS = {"\u066b": ",", "\uff0e": ".", "\uff0c": ",", "\u066c": "'", "\u3002": ".", "\u00b7": ".", "\uff61": "."}
_RAISED = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207b]+")
_LOWERED = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-")
_PERCENT = "%\u066a\ufe6a\uff05"
_APOSTROPHES = "'\u2019\u02bc\u00b4`"
_QUOTES = _APOSTROPHES + '"\u201c\u201d\u201e\u00ab\u00bb\u2018'
_TIMES = "*\u00d7\u2217\u22c5\u2715\u2716"
_OVER = "/\u00f7\u2044\u2215:"
_ABOUT = re.compile(r"^(?:~|\u2248|\u2245|\u2243|ca?\.?|approx\.?|about)\s*(?=[-+.,\d])", re.IGNORECASE)
_NAME = re.compile(r"^[^\W\d][\w\s\[\],()/]{0,30}=\s*(?=[-+.,\d])")
_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}")
_MONEY = re.compile(r"^[$\u20ac\u00a3\u00a5]\s*|\s*[$\u20ac\u00a3\u00a5]$")

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_POWER_OF_TEN = re.compile(
    rf"([-+]?[\d.]+)\s*(?:[x{re.escape(_TIMES)}]\s*10\s*(?:\^|\*\*)?|\.\s*10\s*(?:\^|\*\*))\s*\(?([-+]?\d+)\)?"
)
_FRACTION = re.compile(rf"([-+]?)\s*(?:(\d+)\s+)?([\d.]+)\s*[{re.escape(_OVER)}]\s*([-+]?[\d.]+)")
_SUM = re.compile(rf"[-+]?[\d.]+(?:\s*[-+^x{re.escape(_TIMES + _OVER)}]\s*[-+]?\(?[\d.]+\)?)+")
_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e]")  # one half in one sign, and the like
_GROUPS = re.compile(r"[-+]?\d{1,3}(?:([ ',.])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_UNIT = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\W\d_]{1,8}[\u00b2\u00b3]?|[\u00b0!?;.])")


def advice(text: str) -> str:
    """What to do about a text that stands where a number belongs."""
    if len(text) > LONGEST:
        return OTHERWISE
    if text.startswith("="):
        return "it is a formula stored as text: set the cell's format to General and type it again"
    plain, odd = _in_plain_letters(text)
    what, number = _number_meant(plain)
    if number is None:
        return OTHERWISE
    if not (what or odd):
        return f"it is stored as text: set the cell's format to General and type {number} again"
    return f"{' and '.join(filter(None, [*odd, what]))}: type {number}"


def _in_plain_letters(text: str) -> Tuple[str, List[str]]:
    """The text with the digits, signs and points that a keyboard has, and what was odd about those it had."""
    odd: List[str] = []

    def note(what: str) -> None:
        if what not in odd:
            odd.append(what)

    letters: List[str] = []
    for letter in _RAISED.sub(lambda raised: "^" + raised.group().translate(_LOWERED), text):
        digit = unicodedata.decimal(letter, None)
        if digit is not None:
            if not letter.isascii():
                note("its digits are not those from 0 to 9")
            letters.append(str(digit))
        elif letter in _MINUS:
            note("its minus sign is another character that looks like one")
            letters.append("-")
        elif letter in _PLUS:
            letters.append("+")
        elif letter in _POINTS:
            letters.append(_POINTS[letter])
        elif letter.isspace() or unicodedata.category(letter) in ("Cf", "Cc", "Zs"):
            letters.append(" " if letter.isspace() else "")
            if not letter.isspace():
                note("there is an invisible character in it")
        else:
            letters.append(letter)
    plain = "".join(letters)
    if plain != plain.strip():
        note("there is a space in it")
    plain = plain.strip()
    if plain[:1] and plain[0] in _QUOTES or plain[-1:] and plain[-1] in _QUOTES:
        note("there are quotation marks around it")
        plain = plain.strip(_QUOTES).strip()
    for pattern, what in ((_ABOUT, "a number stands alone"), (_NAME, "the number stands alone")):
        if pattern.match(plain):
            note(what)
            plain = pattern.sub("", plain, count=1)
    if _MONEY.search(plain):
        note("there is a sign of money in it")
        plain = _MONEY.sub("", plain)
    return plain, odd


def _number_meant(plain: str) -> Tuple[str, Optional[str]]:
    """What the text is, and what to type for it; None where nobody can say."""
    if _NUMBER.fullmatch(plain):
        return "", plain
    if _DATE.fullmatch(plain):
        return "", None
    if plain.replace(" ", "") != plain and _NUMBER.fullmatch(plain.replace(" ", "")) and not _GROUPS.fullmatch(plain):
        return "there is a space in it", plain.replace(" ", "")
    if plain.startswith("(") and plain.endswith(")") and _NUMBER.fullmatch(plain[1:-1].strip()):
        return "a number in parentheses is text here", f"-{plain[1:-1].strip()} or {plain[1:-1].strip()}"
    if plain and (plain[-1] in _PERCENT or plain[0] in _PERCENT or plain[-1] == "\u2030"):
        return _percentage(plain)
    plain = _VULGAR.sub(lambda sign: f" {unicodedata.normalize('NFKC', sign.group())}", plain).strip()
    power = _POWER_OF_TEN.fullmatch(plain.replace(",", "."))
    if power:
        return "a power of ten is text", f"{power.group(1)}E{power.group(2)}"
    fraction = _FRACTION.fullmatch(plain.replace(",", "."))
    if fraction:
        return _fraction(*fraction.groups())
    if _COMMA.fullmatch(plain):
        return _comma(plain)
    if _GROUPS.fullmatch(plain):
        return _groups(plain)
    if _SUM.fullmatch(plain.replace(",", ".")):
        ascii_signs = plain.replace(",", ".").replace("x", "*").replace(" ", "")
        for signs, sign in ((_TIMES, "*"), (_OVER, "/")):
            ascii_signs = re.sub(f"[{re.escape(signs)}]", sign, ascii_signs)
        return "a calculation is text without a = in front", f"={ascii_signs}"
    unit = _UNIT.fullmatch(plain.replace(",", "."))
    if unit:
        return f"it has {unit.group(2)!r} behind the number", unit.group(1)
    return "", None


def _percentage(plain: str) -> Tuple[str, Optional[str]]:
    number = plain.strip(_PERCENT + "\u2030").strip().replace(",", ".")
    if not _NUMBER.fullmatch(number):
        return "", None
    fraction = Fraction(number) / (1000 if "\u2030" in plain else 100) if len(number) < 40 else None
    if fraction is None:
        return "", None
    shown = f"{float(fraction):.12g}"
    how = "a percentage with a space in it is text" if " " in plain else "the percentage is text"
    return how, f"{number}% or {shown}" if "\u2030" not in plain else shown


def _fraction(sign: str, whole: Optional[str], above: str, below: str) -> Tuple[str, Optional[str]]:
    try:
        value = (int(whole or 0) + Fraction(above) / Fraction(below)) * (-1 if sign == "-" else 1)
        number = float(value)
    except (ValueError, ZeroDivisionError, OverflowError):
        return "", None
    formula = f"={sign.strip('+')}{whole}+{above}/{below}" if whole else f"={sign.strip('+')}{above}/{below}"
    if whole and sign == "-":
        formula = f"=-({whole}+{above}/{below})"
    return "a fraction is text without a = in front", f"{formula}, or {number:.12g}"


def _comma(plain: str) -> Tuple[str, Optional[str]]:
    point = plain.replace(",", ".")
    if re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", plain):
        return "with a comma it is text here", f"{point}, or {plain.replace(',', '')} if the comma separates thousands"
    return "it has a decimal comma, which this spreadsheet does not take", point


def _groups(plain: str) -> Tuple[str, Optional[str]]:
    """`1 234,5`, `1'234.5`, `1.234.567`."""
    match = _GROUPS.fullmatch(plain)
    separator = match.group(1) if match else ""
    digits = plain.replace(separator, "").replace(",", ".")
    return "thousands are separated in it", digits


TO_DO = {
    "blank": "type a number there",
    "not calculated": "open and save it in a spreadsheet program, or run `saitama recalc`",
    "date": "set the cell's format to General and type the number again",
    "boolean": "type a number",
    "error": "correct it first",
}


def to_do(cell: Cell) -> str:
    """How a cell that holds no number gets one."""
    return advice(str(cell.value)) if cell.kind == "text" else TO_DO[cell.kind]


__all__ = ["OTHERWISE", "advice", "to_do"]
