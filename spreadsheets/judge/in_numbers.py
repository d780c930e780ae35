"""A formula with a person's own numbers put in: `2 · (-3) + 10`."""

from __future__ import annotations

from typing import Callable, Optional

from ..formulas.syntax import Binary, Call, Constant, Place, Reference, Signed, Tree

LONGEST = 90  # characters; what is longer helps nobody
_TIGHTNESS = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}
_SIGNS = {"*": " · ", "+": " + ", "-": " − ", "/": " / ", "^": "^"}
_LOOKED_UP = ("MATCH", "INDEX", "RANK", "COUNTIF", "SUMIF")
_WORDS = {"LN": "ln", "LOG10": "log₁₀", "SQRT": "√"}


def in_numbers(tree: Tree, number: Callable[[Place], Optional[float]]) -> str:
    """The text, or "" where it would be too long or reads something that is no number."""
    try:
        text = _text(tree, number)
    except ValueError:
        return ""
    return text if len(text) <= LONGEST else ""


def _text(tree: Tree, number: Callable[[Place], Optional[float]]) -> str:
    if isinstance(tree, Constant):
        return shown(float(tree.value)) if not isinstance(tree.value, str) else tree.value
    if isinstance(tree, Reference):
        if tree.last is not None:
            return ", ".join(_text(Reference(place), number) for place in tree.places())
        value = number(tree.first)
        if value is None:
            raise ValueError("no number")
        return shown(value)
    if isinstance(tree, Signed):
        inner = _text(tree.x, number)
        return f"{tree.sign}({inner})" if " " in inner or inner.startswith("-") else f"{tree.sign}{inner}"
    if isinstance(tree, Call):
        if tree.name in _LOOKED_UP:
            raise ValueError("a search, which nobody writes down")
        return f"{_WORDS.get(tree.name, tree.name.lower())}({', '.join(_text(one, number) for one in tree.arguments)})"
    mine = _TIGHTNESS.get(tree.operator)
    if mine is None:
        raise ValueError("a comparison")
    left, right = _bracketed(tree.left, mine, number), _bracketed(tree.right, mine + (tree.operator in "-/^"), number)
    if right.startswith("-"):
        right = f"({right})"
    return f"{left}{_SIGNS[tree.operator]}{right}"


def _bracketed(tree: Tree, tightness: int, number: Callable[[Place], Optional[float]]) -> str:
    text = _text(tree, number)
    loose = isinstance(tree, Binary) and _TIGHTNESS.get(tree.operator, 9) < tightness
    return f"({text})" if loose else text


def shown(number: float) -> str:
    """Six significant digits, without zeros at the end."""
    return f"{number:.6g}"
