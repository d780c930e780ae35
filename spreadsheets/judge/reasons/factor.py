"""A constant lost, put in, doubled or halved."""

from __future__ import annotations

from functools import partial
from typing import Iterator, Set, Tuple

from ...formulas.syntax import Binary, Reference, Tree, references
from ...graph.items import Leaf
from ...layout import size_of
from .bank import GENERAL, Misconception, Way, misconception
from .case import Case, is_number
from .edited import edited
from .trees import divided, factors_of, product, scaled
from .words import spelled


@misconception("factor", GENERAL)
class Factor(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        yield from edited(case, lambda tree: without_constant(case, tree))
        yield f"{case.rule} is doubled, or a factor 1/2 is missing", case.whole(partial(scaled, 2.0))
        yield f"{case.rule} is halved, or a factor 2 is missing", case.whole(partial(scaled, 0.5))
        for n in sorted(counts(case)):
            yield f"{case.rule} is {n} times too large", case.whole(partial(scaled, n))
            yield f"{case.rule} is divided by {n}", case.whole(partial(divided, float(n)))
        for name in ("lr", "beta1", "beta2", "momentum"):
            option = case.option(name)
            if option is not None:
                times_option = partial(Binary, "*", option.cell(()))
                yield f"{case.rule} is multiplied by {name}", case.whole(times_option)


def without_constant(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """A product without one of its constants: a number, a rate, one minus a rate."""
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
        if is_constant(case, factor):
            rest = product(factors[:n] + factors[n + 1 :])
            yield f"without {'dividing by' if divides else 'the factor'} {spelled(case, factor)}", rest


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
