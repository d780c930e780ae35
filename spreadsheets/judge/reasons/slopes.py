"""The slope of another function: 1 - s² for the logistic function, t (1 - t) for tanh, s (1 - s) for a softmax."""

from __future__ import annotations

from typing import Iterator, List, Tuple

from ...formulas.syntax import Binary, Reference, Tree
from .bank import Way
from .case import Case
from .edited import edited
from .trees import ONE, factors_of, product, terms_of


def slopes(case: Case) -> Iterator[Way]:
    for depth in (0, 1, 2):
        yield from edited(case, lambda tree: another_slope(case, tree), depth)


def another_slope(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """x (1 - x) for 1 - x², and the reverse."""
    terms = terms_of(tree)
    if len(terms) == 2 and terms[0] == (1, ONE) and terms[1][0] < 0 and is_square(terms[1][1]):
        x = factors_of(terms[1][1])[0][1]
        x = x.left if isinstance(x, Binary) and x.operator == "^" else x
        yield "this is the slope of the logistic function; here it is that of tanh", times_rest(x)
    factors = factors_of(tree)
    for n, (divides, x) in enumerate(factors):
        rest = Binary("-", ONE, x)
        rests = [m for m, (below, one) in enumerate(factors) if not below and rest in (one, case.formula_of(one))]
        if not divides and rests:
            others = [one for m, one in enumerate(factors) if m not in (n, rests[0])]
            slope = Binary("-", ONE, Binary("*", x, x))
            yield (
                "this is the slope of tanh; here it is that of the logistic function",
                product([(False, slope), *others]),
            )


def times_rest(x: Tree) -> Tree:
    return Binary("*", x, Binary("-", ONE, x))


def is_square(tree: Tree) -> bool:
    factors = factors_of(tree)
    if len(factors) == 1 and isinstance(tree, Binary) and tree.operator == "^":
        return True
    return len(factors) == 2 and factors[0] == factors[1]


def own_term(case: Case) -> Iterator[Way]:
    """Of a sum over all numbers only that of the same place: the diagonal of softmax's Jacobian, p (1 - p)."""

    def local(tree: Tree) -> Iterator[Tuple[str, Tree]]:
        factors = factors_of(tree)
        for n, (_, factor) in enumerate(factors if len(factors) > 1 else ()):
            terms = terms_of(factor)
            for sign, term in terms if len(terms) > 2 else ():
                mine: List[Tree] = [f for k, (_, f) in enumerate(factors) if k != n and isinstance(f, Reference)]
                parts = [one for _, one in factors_of(term)]
                if sign < 0 and any(one in parts for one in mine):
                    own = Binary("-", terms[0][1], term)
                    words = "of the sum only the term of its own place is taken off, not those of the others"
                    yield words, product([*factors[:n], (False, own), *factors[n + 1 :]])

    for depth in (1, 2, 3):
        yield from edited(case, local, depth)
