"""A look at the formulas that a person typed into the blanks of a step: which one is not like the others.

Where most cells of a step hold one formula, copied along, and a wrong one holds another, the two are held side by side:
a number typed over, a range of another size, a reference that stands still where it should move.
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Mapping, Optional, Set, Tuple

from openpyxl.formula import Tokenizer
from openpyxl.formula.translate import Translator

from ..address import cell_name, parse_address

Place = Tuple[int, int]  # row, column
FEWEST = 2  # other cells that must agree on a formula
FAR = "XA500000"  # in the middle of a sheet, so that no reference falls off its edge


class Copied:
    """The formulas of a step, by their cells; None for a number."""

    def __init__(self, formulas: Mapping[Place, Optional[str]]) -> None:
        self.formulas = formulas
        self.shapes: Dict[Place, str] = {}  # each formula moved to one cell: copies of one formula are then the same
        for at, formula in formulas.items():
            try:
                if formula:
                    self.shapes[at] = str(Translator(formula, cell_name(*at)).translate_formula(FAR))
            except Exception:  # of a formula that openpyxl cannot take apart
                continue
        self.votes = Counter(self.shapes.values())
        self.read: Dict[str, List[Set[str]]] = {}  # by the shape, what its copies read in each place

    def unlike(self, place: Place) -> str:
        """What is odd about the formula in `place`, beside those in the other cells; "" where nothing is, or where the
        others do not agree."""
        own = self.shapes.get(place)
        votes = self.votes - Counter([own] if own is not None else [])
        if not votes:
            return ""
        shape, count = votes.most_common(1)[0]
        if count < FEWEST or 3 * count < 2 * sum(votes.values()):
            return ""
        like = next(at for at, other in self.shapes.items() if other == shape and at != place)
        due = str(Translator(str(self.formulas[like]), cell_name(*like)).translate_formula(cell_name(*place)))
        mine = self.formulas.get(place)
        if not mine:
            return f"a number stands among formulas; like those beside it, it would be {due}"
        if own == shape:
            return ""
        return _difference(operands(mine), operands(due), self.beside(shape)) or (
            f"the formula is another than those beside it; like them it would be {due}"
        )

    def beside(self, shape: str) -> List[Set[str]]:
        if shape not in self.read:
            copies = [operands(str(self.formulas[at])) for at, other in self.shapes.items() if other == shape]
            self.read[shape] = [set(column) for column in zip(*copies)]
        return self.read[shape]


def operands(formula: str) -> List[str]:
    """The cells and ranges that a formula reads, in its order."""
    return [token.value for token in Tokenizer(formula).items if token.type == "OPERAND" and token.subtype == "RANGE"]


def _difference(mine: List[str], expected: List[str], neighbours: List[Set[str]]) -> str:
    if len(mine) != len(expected):
        return ""
    for own, due, beside in zip(mine, expected, neighbours):
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


__all__ = ["Copied"]
