"""A look at the formulas that a person typed into the blanks of a step: which one is not like the others.

Where most cells of a step hold one formula, copied along, and a wrong one holds another, the two are held side by side:
a number typed over, a range of another size, a reference that stands still where it should move.
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Mapping, Optional, Tuple

from openpyxl.formula import Tokenizer
from openpyxl.formula.translate import Translator

from ..address import cell_name, parse_address

Place = Tuple[int, int]  # row, column
FEWEST = 2  # other cells that must agree on a formula


def unlike(formulas: Mapping[Place, Optional[str]], place: Place) -> str:
    """What is odd about the formula in `place`, beside those in the other cells of its step (None: a number); ""
    where nothing is, or where the others do not agree."""
    others = {at: formula for at, formula in formulas.items() if formula and at != place}
    copies: Dict[Place, str] = {}
    for at, formula in others.items():
        try:
            copies[at] = str(Translator(formula, cell_name(*at)).translate_formula(cell_name(*place)))
        except Exception:  # of a formula that openpyxl cannot take apart
            continue
    if not copies:
        return ""
    expected, votes = Counter(copies.values()).most_common(1)[0]
    if votes < FEWEST or 3 * votes < 2 * len(copies):
        return ""
    mine = formulas.get(place)
    if not mine:
        return f"a number stands among formulas; like those beside it, it would be {expected}"
    if mine == expected:
        return ""
    like = [operands(others[at]) for at, copy in copies.items() if copy == expected]
    return _difference(operands(mine), operands(expected), like) or (
        f"the formula is another than those beside it; like them it would be {expected}"
    )


def operands(formula: str) -> List[str]:
    """The cells and ranges that a formula reads, in its order."""
    return [token.value for token in Tokenizer(formula).items if token.type == "OPERAND" and token.subtype == "RANGE"]


def _difference(mine: List[str], expected: List[str], neighbours: List[List[str]]) -> str:
    if len(mine) != len(expected):
        return ""
    for own, due, *beside in zip(mine, expected, *neighbours):
        if own == due:
            continue
        if own in beside:
            return f"{own} in its formula stands still: it should have moved to {due}"
        if _size(own) != _size(due):
            return f"its formula reads {own}, {_size(own)} cells, where those beside it read {_size(due)}: {due}"
        return f"its formula reads {own} where, like those beside it, {due} would stand"
    return ""


def _size(text: str) -> int:
    try:
        rows, columns = parse_address(text.replace("$", "")).shape
    except ValueError:
        return 0
    return rows * columns


__all__ = ["unlike"]
