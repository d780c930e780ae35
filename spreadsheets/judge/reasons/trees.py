"""Formulas as sums of products, so that a term can be dropped, a sign turned, a factor lost."""

from __future__ import annotations

from typing import Callable, List, Tuple

from ...formulas.syntax import Binary, Call, Constant, Reference, Signed, Tree

ZERO, ONE = Constant(0.0), Constant(1.0)
Terms = List[Tuple[int, Tree]]  # (+1 or -1, what is added)
Factors = List[Tuple[bool, Tree]]  # (whether it divides, the factor)


def expanded(tree: Tree, decide: Callable[[Tree], bool]) -> Tree:
    """The arithmetic that a formula comes to: sums over blocks written out, and of each IF the branch that counts."""
    if isinstance(tree, Signed):
        return Signed(tree.sign, expanded(tree.x, decide))
    if isinstance(tree, Binary):
        return Binary(tree.operator, expanded(tree.left, decide), expanded(tree.right, decide))
    if not isinstance(tree, Call):
        return tree
    if tree.name == "IF":
        then, otherwise = tree.arguments[1], tree.arguments[2] if len(tree.arguments) > 2 else ZERO
        return expanded(then if decide(tree.arguments[0]) else otherwise, decide)
    if tree.name == "IFERROR":
        return expanded(tree.arguments[0], decide)
    if tree.name == "SUM":
        return added([expanded(one, decide) for argument in tree.arguments for one in single(argument)])
    if tree.name == "AVERAGE":
        terms = [expanded(one, decide) for argument in tree.arguments for one in single(argument)]
        return Binary("/", added(terms), Constant(float(len(terms))))
    if tree.name == "SUMPRODUCT" and all(isinstance(argument, Reference) for argument in tree.arguments):
        return added([multiplied(list(row)) for row in zip(*map(single, tree.arguments))])
    return Call(tree.name, tuple(expanded(argument, decide) for argument in tree.arguments))


def single(tree: Tree) -> List[Tree]:
    """The cells of a block, one by one; anything else as it is."""
    if isinstance(tree, Reference) and tree.last is not None:
        return [Reference(place) for place in tree.places()]
    return [tree]


def added(terms: List[Tree]) -> Tree:
    return joined([(1, term) for term in terms])


def joined(terms: Terms) -> Tree:
    """The sum of signed terms."""
    if not terms:
        return ZERO
    sign, tree = terms[0]
    total: Tree = tree if sign > 0 else Signed("-", tree)
    for sign, tree in terms[1:]:
        total = Binary("+" if sign > 0 else "-", total, tree)
    return total


def multiplied(factors: List[Tree]) -> Tree:
    return product([(False, factor) for factor in factors])


def product(factors: Factors) -> Tree:
    total: Tree = ONE
    started = False
    for divides, factor in factors:
        if not started and not divides:
            total, started = factor, True
        else:
            total, started = Binary("/" if divides else "*", total, factor), True
    return total


def terms_of(tree: Tree, sign: int = 1) -> Terms:
    """The terms of a sum, from left to right."""
    if isinstance(tree, Binary) and tree.operator in "+-":
        return terms_of(tree.left, sign) + terms_of(tree.right, sign if tree.operator == "+" else -sign)
    if isinstance(tree, Signed) and tree.sign in "+-":
        return terms_of(tree.x, -sign if tree.sign == "-" else sign)
    return [(sign, tree)]


def factors_of(tree: Tree, divides: bool = False) -> Factors:
    """The factors of a product or a quotient."""
    if isinstance(tree, Binary) and tree.operator in "*/":
        return factors_of(tree.left, divides) + factors_of(tree.right, divides != (tree.operator == "/"))
    return [(divides, tree)]


def replaced(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with every part of it changed, from the inside out."""
    if isinstance(tree, Signed):
        tree = Signed(tree.sign, replaced(tree.x, change))
    elif isinstance(tree, Binary):
        tree = Binary(tree.operator, replaced(tree.left, change), replaced(tree.right, change))
    elif isinstance(tree, Call):
        tree = Call(tree.name, tuple(replaced(argument, change) for argument in tree.arguments))
    return change(tree)
