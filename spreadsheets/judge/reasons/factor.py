"""A constant lost, doubled or halved."""

from __future__ import annotations

from typing import Iterator, Set, Tuple

from ...formulas.syntax import Binary, Constant
from ...layout import size_of
from .bank import GENERAL, Misconception, misconception
from .case import Case, Cell


@misconception("factor", GENERAL)
class Factor(Misconception):
    def ways(self, case: Case) -> Iterator[Tuple[str, Cell]]:
        rule = case.step.rule
        for words, factor in constants(case):
            yield f"{rule} is {words}", lambda i, factor=factor: Binary("*", Constant(factor), case.tree(i))


def constants(case: Case) -> Iterator[Tuple[str, float]]:
    """What may have been lost or put in: words, and the factor that the number is off by."""
    yield "without a factor 1/2, or doubled", 2.0
    yield "halved, or without a factor 2", 0.5
    for n in sorted(counts(case)):
        yield f"without the factor 1/{n}", float(n)
        yield f"divided by {n}, which the rule does not do", 1.0 / n
    for name in ("lr", "beta1", "beta2"):
        value = case.option(name)
        if value:
            yield f"multiplied by {name}, which the rule does not do here", value
            yield f"without {name}", 1 / value
            if name != "lr" and value != 1:
                yield f"without 1 − {name}", 1 / (1 - value)
    scale = case.node.params.get("scale") if case.node is not None else None
    if scale:
        yield "multiplied by the scale once more", float(scale)


def counts(case: Case) -> Set[int]:
    """The sizes of what the step reads and makes: a mean may have been taken over any of them."""
    shapes = [case.step.shape, *(item.shape for item in (case.node.inputs if case.node is not None else ()))]
    shapes += [leaf.shape for leaf in case.leaves()]
    sizes = {n for shape in shapes for n in shape} | {size_of(shape) for shape in shapes}
    return {n for n in sizes if n > 2}
