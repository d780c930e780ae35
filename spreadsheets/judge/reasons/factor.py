"""A constant lost, put in, doubled or halved."""

from __future__ import annotations

from functools import partial
from typing import Iterator, Set, Tuple

from ...formulas.syntax import Binary, Constant, Reference, Tree, references
from ...graph.items import Leaf
from ...layout import size_of
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case, written_number
from .edited import edited
from .operand import is_number
from .trees import divided, factors_of, product, scaled, sum_of, terms_of
from .words import spelled


@misconception("factor", GENERAL)
class Factor(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from edited(case, lambda tree: without_constant(case, tree))
        yield f"{case.rule} is doubled, or a factor 1/2 is missing", case.whole(partial(scaled, 2.0))
        yield f"{case.rule} is halved, or a factor 2 is missing", case.whole(partial(scaled, 0.5))
        yield from edited(case, lambda tree: another_constant(case, tree))
        for name in ("lr", "beta1", "beta2", "momentum"):
            option = case.option(name)
            if option is not None:
                times_option = partial(Binary, "*", option.cell(()))
                yield f"{case.rule} is multiplied by {name}", case.whole(times_option)

    def at_once(self, case: Case) -> Iterator[Way]:
        for n in sorted(counts(case)):
            yield f"{case.rule} is {n} times too large", case.whole(partial(scaled, n))
            yield f"{case.rule} is divided by {n}", case.whole(partial(divided, float(n)))
        yield from edited(case, lambda tree: twice(case, tree))
        yield from edited(case, lambda tree: without_constant(case, tree), depth=1)


def without_constant(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """A product without one of its constants: a number, a rate, one minus a rate."""
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
        if is_constant(case, factor):
            rest = product(factors[:n] + factors[n + 1 :])
            yield f"without {'dividing by' if divides else 'the factor'} {spelled(case, factor)}", rest


def another_constant(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """A product with 3 or 5 in place of the 4 of the rule."""
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
        value = written_number(case, factor)
        for other in (value + 1, value - 1) if value > 2 else (value + 1,) if value == 2 else ():
            words = f"{other:g} stands where {value:g} belongs"
            yield words, product([*factors[:n], (divides, Constant(other)), *factors[n + 1 :]])


def twice(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """A factor, or a term, that is used twice."""
    factors, terms = factors_of(tree), terms_of(tree)
    for one in factors if len(factors) > 1 else ():
        yield f"{spelled(case, one[1])} is used twice", product([*factors, one])
    for term in terms if 1 < len(terms) <= 4 else ():
        yield f"{spelled(case, term[1])} is used twice", sum_of([*terms, term])


def is_constant(case: Case, tree: Tree) -> bool:
    if isinstance(tree, Reference):
        return is_number(case.read(tree)[0])
    return all(is_number(case.read(reference)[0]) for reference in references(tree))


def counts(case: Case) -> Set[int]:
    """The sizes of what the step reads and makes: a mean may have been taken over any of them."""
    shapes = [case.shape, *(operand.shape for operand in case.operands), *(leaf.shape for leaf in leaves(case))]
    return {n for n in {n for shape in shapes for n in (*shape, size_of(shape))} if n > 2}


def leaves(case: Case) -> Iterator[Leaf]:
    yield from case.work.subject.graph.leaves
