"""The activation's derivative or mask left out, or an inner derivative of the chain rule."""

from __future__ import annotations

from typing import Iterator, Tuple

from ...formulas.syntax import Tree
from ...graph.keys import Gradient, Inner, Share, StepKey
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .edited import edited
from .factor import is_constant
from .trees import factors_of, product, sum_of, terms_of
from .words import spelled


@misconception("missing-derivative", KNOWS_THE_OPERATION)
class MissingDerivative(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        if not case.is_gradient or isinstance(case.key, Gradient):
            return
        node = case.node
        if node is not None and case.shape == node.shape and Gradient(node) in case.work.blocks:
            arriving = case.operand(Gradient(node))
            yield f"{arriving.name} is handed on as it is", arriving.cell
        for operand in case.operands:
            if operand.shape == case.shape and is_back(operand.key):
                yield f"{operand.name} is handed on as it is", operand.cell
        yield from edited(case, lambda tree: without_factor(case, tree))

    def at_once(self, case: Case) -> Iterator[Way]:
        if case.is_gradient:
            yield from edited(case, paths_alone, depth=1)


def paths_alone(tree: Tree) -> Iterator[Tuple[str, Tree]]:
    """What comes back by several ways, added up without what each way multiplies it by."""
    terms = [(sign, factors_of(term)) for sign, term in terms_of(tree)]
    if len(terms) > 1 and all(len(factors) > 1 for _, factors in terms):
        words = "what comes back by each way is added up as it is, without the derivative on that way"
        yield words, sum_of([(sign, product(factors[:1])) for sign, factors in terms])


def is_back(key: StepKey) -> bool:
    return isinstance(key, (Gradient, Share)) or (isinstance(key, Inner) and isinstance(key.of, Share))


def without_factor(case: Case, tree: Tree) -> Iterator[Tuple[str, Tree]]:
    factors = factors_of(tree)
    for n, (divides, factor) in enumerate(factors if len(factors) > 1 else ()):
        if not is_constant(case, factor):
            how = "dividing by" if divides else "the factor"
            yield f"without {how} {spelled(case, factor)}", product(factors[:n] + factors[n + 1 :])
