"""The opposite sign, or a term added where the rule subtracts it."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Call, Signed, Tree
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case
from .edited import edited
from .trees import MOST_ONE_BY_ONE, sum_of, terms_of
from .words import spelled


@misconception("sign", GENERAL)
class Sign(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield f"{case.rule} has the other sign", lambda i: Signed("-", case.tree(i))
        yield from edited(case, lambda tree: turned(case, tree))
        yield "the signs are left out, and the sizes taken alone", case.reading(lambda one, i: size(one.cell(i)))

    def at_once(self, case: Case) -> Iterator[Way]:
        yield from edited(case, lambda tree: turned(case, tree), depth=1)


def size(x: Tree) -> Tree:
    return Call("ABS", (x,))


def turned(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """A sum with the sign of one term turned, an exponential with that of its exponent."""
    terms = terms_of(tree)
    for n, (sign, term) in enumerate(terms if 1 < len(terms) <= MOST_ONE_BY_ONE else ()):
        other = sum_of([(-sign if m == n else sign, t) for m, (sign, t) in enumerate(terms)])
        did, rule = ("subtracted", "adds") if sign > 0 else ("added", "subtracts")
        upwards = "a step upwards: " if case.is_update and case.step.name == "p" else ""
        yield f"{upwards}{spelled(case, term)} is {did} where the rule {rule} it", other
    if len(terms) > 2:
        (sign, first), rest = terms[0], terms[1:]
        words = f"all that comes after {spelled(case, first)} has the other sign"
        yield words, sum_of([(sign, first), *((-s, term) for s, term in rest)])
    if isinstance(tree, Call) and tree.name == "EXP":
        yield "the exponent has the other sign", Call("EXP", (Signed("-", tree.arguments[0]),))
