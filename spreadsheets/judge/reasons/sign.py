"""The opposite sign, or a term added where the rule subtracts it."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Binary, Call, Signed, Tree
from .bank import GENERAL, Misconception, misconception
from .case import Case, Cell
from .trees import joined, replaced, terms_of


@misconception("sign", GENERAL)
class Sign(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        rule = case.step.rule
        if case.is_update:
            yield "a step upwards: added where the rule subtracts", lambda i: flipped(case.tree(i), 1)
        yield f"{rule} has the other sign", lambda i: Signed("-", case.tree(i))
        longest = max((len(terms_of(case.tree(one.index))) for one in case.wrong), default=0)
        for n in range(min(longest, 8)):
            how = "subtracted where the rule adds, or the reverse" if longest > 1 else "the other sign"
            yield f"one part of {rule} is {how}", lambda i, n=n: flipped(case.tree(i), n)
        yield f"a difference inside {rule} is taken the other way round", lambda i: turned_inside(case.tree(i))
        yield f"an exponent inside {rule} has the other sign", lambda i: replaced(case.tree(i), exponent_turned)


def flipped(tree: Tree, n: int) -> Tree:
    """A sum with the sign of one term turned."""
    return joined([(-sign if m == n else sign, term) for m, (sign, term) in enumerate(terms_of(tree))])


def turned_inside(tree: Tree) -> Tree:
    """a·(b − c) as a·(c − b), and the sums inside of functions likewise."""
    return replaced(tree, lambda part: Binary("+", part.left, part.right) if is_difference(part) else part)


def is_difference(tree: Tree) -> bool:
    return isinstance(tree, Binary) and tree.operator == "-"


def exponent_turned(part: Tree) -> Tree:
    if isinstance(part, Call) and part.name == "EXP":
        return Call("EXP", (Signed("-", part.arguments[0]),))
    return part
