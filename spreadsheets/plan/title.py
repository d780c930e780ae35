"""A graph as one expression, for the head of a page: (a · b + c)²."""

from __future__ import annotations

from typing import Optional

from ..formulas import FORMULAS
from ..graph.items import Item, Node
from .subject import Subject

LONGEST = 60  # characters; a longer one is no help
_SUMS, _PRODUCTS = ("Add", "Sub"), ("Mul", "MatMul", "Div", "Linear")


def expression(subject: Subject) -> str:
    """The root in terms of the inputs, or its name where that is too long."""
    root = subject.graph.root
    text = _of(subject, root, 0)
    return text if text is not None and len(text) <= LONGEST else root.name


def _of(subject: Subject, item: Item, depth: int) -> Optional[str]:
    if not isinstance(item, Node):
        return item.name
    if depth > 6:
        return None
    names = []
    for operand in item.inputs:
        inner = _of(subject, operand, depth + 1)
        if inner is None:
            return None
        names.append(inner if _holds_together(item, operand, inner) else f"({inner})")
    formula = FORMULAS[item.op]
    if formula.last and item.op != "Linear":  # its steps in between have no place in one line
        return formula.text(names, item.params)
    word = formula.wording(names, names, item.name, "", [operand.shape for operand in item.inputs], item.params)
    return formula.rule(word, names, item.params)


def _holds_together(outer: Node, inner: Item, text: str) -> bool:
    """Whether `text` needs no brackets inside the outer operation."""
    if not isinstance(inner, Node) or " " not in text or text.startswith(("Σ", "(")) and text.endswith(")"):
        return True
    if outer.op in _SUMS:
        return inner.op in _PRODUCTS or inner.op == "Pow" or (outer.op == "Add" and inner.op in _SUMS)
    return FORMULAS[inner.op].rule is None
