"""Formulas as plain arithmetic on single cells: what one writes down when one works a number out by hand."""

from __future__ import annotations

from typing import Callable, Iterator, List, Optional, Tuple

from ...formulas.syntax import Binary, Call, Constant, Place, Reference, Signed, Tree

ZERO, ONE = Constant(0.0), Constant(1.0)
BLANK = Constant("")  # an empty cell between the slices of a block
Terms = List[Tuple[int, Tree]]  # (+1 or -1, what is added)
Factors = List[Tuple[bool, Tree]]  # (whether it divides, the factor)
OF_MANY = ("MAX", "MIN")
MANY = 50  # terms of a sum, or factors of a product
MOST_ONE_BY_ONE = 100  # terms that are tried one after the other: each takes as long as the sum of all


class Expanding:
    """Sums over blocks written out, of each IF the branch that counts, of each INDEX the cell.

    `truth` decides a condition, or is None to leave each IF and INDEX as a choice; `whole` gives a whole number that
    picks something; `source` another formula for a cell, or None to leave it as it is; `exists` is false for a cell
    without a number.
    """

    def __init__(
        self,
        truth: Optional[Callable[[Tree], bool]],
        whole: Callable[[Tree], int],
        source: Callable[[Reference], Optional[Tree]],
        exists: Callable[[Place], bool],
    ) -> None:
        self.truth, self.whole, self.source, self.exists = truth, whole, source, exists

    def expanded(self, tree: Tree) -> Tree:
        if isinstance(tree, Reference):
            source = self.source(tree)
            return tree if source is None else self.expanded(source)
        if isinstance(tree, Constant):
            return tree
        if isinstance(tree, Signed):
            return Signed(tree.sign, self.expanded(tree.x))
        if isinstance(tree, Binary):
            return Binary(tree.operator, self.expanded(tree.left), self.expanded(tree.right))
        return self._call(tree)

    def _call(self, tree: Call) -> Tree:
        name, arguments = tree.name, tree.arguments
        if self.truth is None and name in ("IF", "CHOOSE", "INDEX"):
            return self._choice(tree)
        if name == "IF" and self.truth is not None:
            then, otherwise = arguments[1], arguments[2] if len(arguments) > 2 else ZERO
            return self.expanded(then if self.truth(arguments[0]) else otherwise)
        if name == "IFERROR":
            return self.expanded(arguments[0])
        if name == "CHOOSE":
            return self.expanded(arguments[self.whole(arguments[0])])
        if name == "INDEX" and isinstance(arguments[0], Reference):
            return self.expanded(self._picked(arguments[0], [self.whole(argument) for argument in arguments[1:]]))
        if name == "SUMPRODUCT":
            return total([product_of(row) for row in zip(*map(self._elements, arguments)) if BLANK not in row])
        if name in ("SUM", "AVERAGE", *OF_MANY):
            numbers = [one for argument in arguments for one in self._elements(argument) if one is not BLANK]
            if name in OF_MANY:
                return Call(name, tuple(numbers))
            return total(numbers) if name == "SUM" else Binary("/", total(numbers), Constant(float(len(numbers))))
        return Call(name, tuple(self.expanded(argument) for argument in arguments))

    def _choice(self, tree: Call) -> Tree:
        """All that may be chosen."""
        block, *at = tree.arguments
        if tree.name == "INDEX" and isinstance(block, Reference) and block.shape[0] == 1:
            return Call("CHOOSE", (self.expanded(at[-1]), *self._elements(block)))
        return Call(tree.name, tuple(self.expanded(argument) for argument in tree.arguments))

    @staticmethod
    def _picked(block: Reference, at: List[int]) -> Reference:
        row, column = (1, at[0]) if len(at) == 1 and block.shape[0] == 1 else (*at, 1)[:2]
        return Reference(block.first._replace(row=block.first.row + row - 1, column=block.first.column + column - 1))

    def _elements(self, tree: Tree) -> List[Tree]:
        """Arithmetic on blocks, number by number."""
        if isinstance(tree, Reference) and tree.last is not None:
            return [self.expanded(Reference(place)) if self.exists(place) else BLANK for place in tree.places()]
        if isinstance(tree, Binary):
            left, right = self._elements(tree.left), self._elements(tree.right)
            size = max(len(left), len(right))
            left, right = (side * size if len(side) == 1 else side for side in (left, right))
            return [BLANK if BLANK in (a, b) else Binary(tree.operator, a, b) for a, b in zip(left, right)]
        return [self.expanded(tree)]


# --- sums and products ------------------------------------------------------------------------------------------------
def total(terms: List[Tree]) -> Tree:
    return sum_of([(1, term) for term in terms])


def sum_of(terms: Terms) -> Tree:
    """The sum of signed terms; of many that of two halves, as what walks through it goes down a step for each level."""
    if not terms:
        return ZERO
    if len(terms) > MANY:
        half = len(terms) // 2
        return Binary("+", sum_of(terms[:half]), sum_of(terms[half:]))
    sign, tree = terms[0]
    result: Tree = tree if sign > 0 else Signed("-", tree)
    for sign, tree in terms[1:]:
        result = Binary("+" if sign > 0 else "-", result, tree)
    return result


def terms_of(tree: Tree, sign: int = 1) -> Terms:
    """The terms of a sum, from left to right."""
    if isinstance(tree, Binary) and tree.operator in "+-":
        return terms_of(tree.left, sign) + terms_of(tree.right, sign if tree.operator == "+" else -sign)
    if isinstance(tree, Signed) and tree.sign in "+-":
        return terms_of(tree.x, -sign if tree.sign == "-" else sign)
    return [(sign, tree)]


def product_of(factors: Tuple[Tree, ...]) -> Tree:
    return product([(False, factor) for factor in factors])


def product(factors: Factors) -> Tree:
    """The product of factors, some of which divide."""
    if len(factors) > MANY:
        half = len(factors) // 2
        return Binary("*", product(factors[:half]), product(factors[half:]))
    result: Optional[Tree] = None
    for divides, factor in factors:
        if result is None:
            result = Binary("/", ONE, factor) if divides else factor
        else:
            result = Binary("/" if divides else "*", result, factor)
    return ONE if result is None else result


def factors_of(tree: Tree, divides: bool = False) -> Factors:
    """The factors of a product or a quotient."""
    if isinstance(tree, Binary) and tree.operator in "*/":
        return factors_of(tree.left, divides) + factors_of(tree.right, divides != (tree.operator == "/"))
    return [(divides, tree)]


def sum_inside(tree: Tree) -> Tuple[Terms, Callable[[Tree], Tree]]:
    """The terms of the sum that a tree is, or that is one of its factors; and what the tree is with another sum."""
    terms = terms_of(tree)
    if len(terms) > 1:
        return terms, lambda part: part
    factors = factors_of(tree)
    sums = [n for n, (divides, factor) in enumerate(factors) if not divides and len(terms_of(factor)) > 1]
    if not sums:
        return terms, lambda part: part
    n = sums[0]
    return terms_of(factors[n][1]), lambda part: product([*factors[:n], (False, part), *factors[n + 1 :]])


def divided(by: float, tree: Tree) -> Tree:
    return Binary("/", tree, Constant(by))


def scaled(factor: float, tree: Tree) -> Tree:
    return Binary("*", Constant(factor), tree)


# --- changing a part --------------------------------------------------------------------------------------------------
def replaced(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with every part of it changed, from the inside out."""
    if isinstance(tree, Signed):
        tree = Signed(tree.sign, replaced(tree.x, change))
    elif isinstance(tree, Binary):
        tree = Binary(tree.operator, replaced(tree.left, change), replaced(tree.right, change))
    elif isinstance(tree, Call):
        tree = Call(tree.name, tuple(replaced(argument, change) for argument in tree.arguments))
    return change(tree)


def edits(tree: Tree, local: Callable[[Tree], Iterator[Tuple[str, Tree]]]) -> Iterator[Tuple[str, Tree]]:
    """All trees in which one part is changed, each with what `local` says of the change: `local` gives the changes of a
    part. A sum is one part, and so is a product: not the sums and products of its first few terms."""
    yield from local(tree)
    if isinstance(tree, Call):
        for n, argument in enumerate(tree.arguments):
            for words, other in edits(argument, local):
                yield words, Call(tree.name, (*tree.arguments[:n], other, *tree.arguments[n + 1 :]))
    elif isinstance(tree, Binary) and tree.operator == "^":
        for words, other in edits(tree.left, local):
            yield words, Binary("^", other, tree.right)
    else:
        terms = terms_of(tree)
        if len(terms) > 1 or terms[0][1] is not tree:
            for n, (sign, term) in enumerate(terms if len(terms) <= MOST_ONE_BY_ONE else ()):
                for words, other in edits(term, local):
                    yield words, sum_of([*terms[:n], (sign, other), *terms[n + 1 :]])
            return
        factors = factors_of(tree)
        for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
            for words, other in edits(factor, local):
                yield words, product([*factors[:n], (divides, other), *factors[n + 1 :]])
