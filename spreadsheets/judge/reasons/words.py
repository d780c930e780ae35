"""Formulas in the graph's own names, and the numbers that someone had in front of them."""

from __future__ import annotations

from typing import Dict, Iterable, List

from ...formulas.binary import SUPERSCRIPT
from ...formulas.box import Box
from ...formulas.syntax import Call, Constant, Reference, Signed, Tree, references
from ...graph.keys import Gradient
from ...layout import Index
from .case import Case
from .operand import is_number

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a text holds together
SYMBOLS = {"+": " + ", "-": " − ", "*": " · ", "/": " / "}
RANKS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER}
FUNCTIONS = {"LN": "ln", "SQRT": "√"}
SHOWN = 3  # numbers of an example


def spelled(case: Case, tree: Tree, indices: bool = True) -> str:
    """A formula as one writes it; without `indices` blocks are named as wholes."""
    return _spelled(case, tree, SUM, indices)


def _spelled(case: Case, tree: Tree, loosest: int, indices: bool) -> str:
    if isinstance(tree, Reference):
        operand, index = case.read(tree)
        return operand.name + (at(index) if indices else "")
    if isinstance(tree, Constant):
        return f"{tree.value:g}" if isinstance(tree.value, float) else str(tree.value)
    if isinstance(tree, Signed):
        return f"−{_spelled(case, tree.x, POWER, indices)}"
    if isinstance(tree, Call):
        arguments = ", ".join(_spelled(case, argument, SUM, indices) for argument in tree.arguments)
        return f"{FUNCTIONS.get(tree.name, tree.name.lower())}({arguments})"
    rank = RANKS.get(tree.operator, SUM)
    if tree.operator == "*" and tree.left == tree.right:
        text, rank = f"{_spelled(case, tree.left, ATOM, indices)}²", POWER
    elif tree.operator == "^":
        power = _spelled(case, tree.right, ATOM, indices)
        text = _spelled(case, tree.left, ATOM, indices) + (
            power.translate(SUPERSCRIPT) if power.isdigit() else f"^{power}"
        )
    else:
        right = rank + (tree.operator in "-/")
        left_text, right_text = _spelled(case, tree.left, rank, indices), _spelled(case, tree.right, right, indices)
        text = left_text + SYMBOLS.get(tree.operator, f" {tree.operator} ") + right_text
    return text if rank >= loosest else f"({text})"


def at(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def with_your(case: Case) -> str:
    """`with your a = 2 and b = -3`: what the first wrong number was computed from."""
    numbers: Dict[str, str] = {}
    blocks: Dict[str, None] = {}
    for reference in references(case.tree(case.wrong[0].index)):
        operand, index = case.read(reference)
        value = case.value(reference)
        if operand.key == Gradient(case.work.subject.graph.root) or operand.key in case.asides:
            continue  # the 1 that the way back starts from, and what only the spreadsheet needs
        if not (is_number(operand) and operand.name[:1].isdigit()):
            blocks[operand.name] = None
            numbers[operand.name + at(index)] = f"{value.at:.6g}" if isinstance(value, Box) else str(value)
    if not numbers:
        return ""
    if len(numbers) <= SHOWN:
        return "with your " + listed(f"{name} = {number}" for name, number in numbers.items())
    return "with your " + listed(blocks)


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    every: List[str] = list(words)
    return " and ".join([", ".join(every[:-1]), every[-1]] if len(every) > 1 else every)


def ordinary(n: int) -> str:
    """`1 place`, `2 places`."""
    return f"{n} place{'' if n == 1 else 's'}"
