"""Done to the terms of a sum before they are added up, or to one of them only; or to the sum where it belongs to the
terms: √(a² + b²) = |a| + |b|, (a + b) / c = a + b / c, a + b c = (a + b) c, Σ x² = (Σ x)²."""

from __future__ import annotations

from typing import Callable, Iterator, List, Optional, Tuple

from ...formulas.syntax import Binary, Call, Signed, Tree
from .bank import AT_ONCE, Misconception, Way, misconception
from .case import Case
from .edited import edited
from .trees import ONE, Factors, Terms, factors_of, product, sum_of, terms_of, total
from .words import spelled

Change = Tuple[str, Tree]
Function = Callable[[Tree], Tree]
DEPTH = 2  # steps before that one may have done at once with this
LETTERS = 70  # of a formula that is shown


@misconception("order-of-operations", AT_ONCE)
class OrderOfOperations(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for depth in range(DEPTH + 1):
            yield from edited(case, lambda tree: told(case, tree), depth)


def told(case: Case, tree: Tree) -> Iterator[Change]:
    """Each change with the formula that it makes, where that is short."""
    for words, other in reordered(tree):
        texts = [spelled(case, one) for one in (other, tree)]
        shown = f": {texts[0]} stands where {texts[1]} belongs" if max(map(len, texts)) <= LETTERS else ""
        yield words + shown, other


def reordered(tree: Tree) -> Iterator[Change]:
    """A part with its operations in another order."""
    yield from function_of_a_sum(tree)
    yield from sum_of_functions(tree)
    yield from factor_of_a_sum(tree)
    yield from sum_with_a_product(tree)
    yield from sum_of_products(tree)
    yield from product_with_a_power(tree)


# --- functions --------------------------------------------------------------------------------------------------------
def function_of_a_sum(tree: Tree) -> Iterator[Change]:
    """(a + b)² is not a² + b²."""
    found = split(tree)
    if found is None:
        return
    name, function, x = found
    terms = terms_of(x)
    if len(terms) < 2:
        return
    yield f"{name} is taken of each term; it belongs to their sum", sum_of([(s, function(t)) for s, t in terms])
    words = f"{name} is taken of one term alone; it belongs to the sum"
    for n in (len(terms) - 1, 0):
        yield words, sum_of([(s, function(t) if m == n else t) for m, (s, t) in enumerate(terms)])
    squares = [split(term) for _, term in terms]
    if name == "the root" and all(one is not None and one[0] == "the square" for one in squares):
        plain = total([one[2] for one in squares if one is not None])
        yield "root and square are taken as if they cancelled: the squares are added up first", plain


def sum_of_functions(tree: Tree) -> Iterator[Change]:
    """a² + b² is not (a + b)²; a sum that is divided by its count likewise."""
    factors = factors_of(tree)
    sums = [n for n, (divides, factor) in enumerate(factors) if not divides and len(terms_of(factor)) > 1]
    if len(sums) != 1:
        return
    terms = terms_of(factors[sums[0]][1])
    found = [split(term) for _, term in terms]
    kinds = {(sign, one and one[0]) for (sign, _), one in zip(terms, found)}
    if found[0] is None or len(kinds) > 1:
        return
    name, function, _ = found[0]
    sign, inside = terms[0][0], total([one[2] for one in found if one is not None])
    rest = [*factors[: sums[0]], *factors[sums[0] + 1 :]]
    words = f"{name} is taken of the sum; it belongs to each of its terms"
    for outside, within in ([rest, []], [[], rest]) if rest else ([[], []],):
        yield words, product([(False, sum_of([(sign, function(product([(False, inside), *within])))])), *outside])


def split(tree: Tree) -> Optional[Tuple[str, Function, Tree]]:
    """A function of one number: its name, what it does, and what it is taken of; of −f too."""
    if isinstance(tree, Signed) and tree.sign == "-":
        found = split(tree.x)
        return found and (f"minus {found[0]}", lambda x: Signed("-", found[1](x)), found[2])
    if isinstance(tree, Binary) and (tree.operator == "^" or (tree.operator == "*" and tree.left == tree.right)):
        power = tree.right
        is_square = tree.operator == "*" or getattr(power, "value", None) in (2, 2.0)
        return (
            ("the square", lambda x: Binary("*", x, x), tree.left)
            if is_square
            else ("the power", lambda x: Binary("^", x, power), tree.left)
        )
    if isinstance(tree, Binary) and tree.operator == "/" and len(terms_of(tree.right)) > 1:
        return "one over it", lambda x: tree.left if x == ONE else Binary("/", tree.left, x), tree.right
    if isinstance(tree, Call) and len(tree.arguments) == 1:
        name = NAMES.get(tree.name, tree.name.lower())
        return name, lambda x: Call(tree.name, (x,)), tree.arguments[0]
    return None


NAMES = {"SQRT": "the root", "LN": "the logarithm", "EXP": "the exponential", "ABS": "the size"}


# --- factors ----------------------------------------------------------------------------------------------------------
def factor_of_a_sum(tree: Tree) -> Iterator[Change]:
    """c (a + b) is not c a + b, and (a + b) / c is not a + b / c."""
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
        terms, rest = terms_of(factor), [*factors[:n], *factors[n + 1 :]]
        if divides or len(terms) < 2:
            continue
        how = "divided" if all(divides for divides, _ in rest) else "multiplied"
        for m in (len(terms) - 1, 0):
            changed = [(s, times(t, rest) if k == m else t) for k, (s, t) in enumerate(terms)]
            yield f"one term alone is {how}, where that belongs to the whole sum", sum_of(changed)


def times(term: Tree, factors: Factors) -> Tree:
    return product(factors if term == ONE else [(False, term), *factors])


def sum_with_a_product(tree: Tree) -> Iterator[Change]:
    """a + b c is not (a + b) c."""
    terms = terms_of(tree)
    for n, (sign, term) in enumerate(terms if len(terms) > 1 else ()):
        factors = factors_of(term)
        for m, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
            if m == 0 and factors[1][0]:
                continue  # a / b without a is one over b
            both = sum_of([*terms[:n], (sign, product([*factors[:m], *factors[m + 1 :]])), *terms[n + 1 :]])
            words = f"the whole sum is {'divided' if divides else 'multiplied'}, where that belongs to one term"
            yield words, product([(False, both), (divides, factor)])
        found = split(term)
        if found is not None and isinstance(term, Binary) and term.operator != "/":
            name, function, x = found
            words = f"{name} is taken of the whole; it belongs to one term"
            yield words, function(sum_of([*terms[:n], (sign, x), *terms[n + 1 :]]))


def sum_of_products(tree: Tree) -> Iterator[Change]:
    """Σ a b is not Σ a · Σ b."""
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors):
        terms: Terms = terms_of(factor)
        pairs: List[Factors] = [factors_of(term) for _, term in terms]
        if divides or len(terms) < 2 or any(len(pair) != 2 or pair[1][0] or pair[0][0] for pair in pairs):
            continue
        sums = [sum_of([(1, pair[k][1]) for pair in pairs]) for k in (0, 1)]
        rest = [*factors[:n], *factors[n + 1 :]]
        words = "both are added up first and then multiplied, where products are added up"
        yield words, product([(False, sums[0]), (False, sums[1]), *rest])
        if rest:
            yield words, product([(False, sums[0]), (False, sums[1]), *rest, *rest])


def product_with_a_power(tree: Tree) -> Iterator[Change]:
    """c u² is not (c u)²."""
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 and factors[0][1] != factors[1][1] else ()):
        found = split(factor)
        if not divides and found is not None and found[0] in ("the square", "the power"):
            name, function, x = found
            inside = product([*factors[:n], (False, x), *factors[n + 1 :]])
            yield f"{name} is taken of the whole product; it belongs to one factor", function(inside)
