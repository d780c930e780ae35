"""Without the bias, or with another layer's."""

from __future__ import annotations

import re
from functools import partial
from typing import Iterator, List

from ...formulas.syntax import Reference, Tree
from ...graph.items import Leaf
from ...graph.keys import Value
from ...layout import Index
from .bank import KNOWS_THE_OPERATION, Misconception, Way, misconception
from .case import Case
from .operand import NotHere, Operand
from .trees import sum_of, terms_of

CALLED_BIAS = re.compile(r"b(ias)?[_ ]?[0-9]*|β|beta", re.I)


@misconception("missing-bias", KNOWS_THE_OPERATION)
class MissingBias(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for bias in biases(case):
            yield f"the bias {bias.name} is missing", partial(without, case, bias)


@misconception("other-bias", KNOWS_THE_OPERATION)
class OtherBias(Misconception):
    def ways(self, case: Case) -> Iterator[Way]:
        for bias in biases(case):
            for other in case.before(bias.shape):
                if isinstance(other.key, Value) and other.key != bias.key and other.key.item.requires_grad:
                    yield f"{other.name} stands where the bias {bias.name} belongs", case.instead((bias.key, other.key))


def biases(case: Case) -> List[Operand]:
    """What is added as it is: a parameter, or something that is the same for every row."""
    node = case.node
    if node is None or case.k is not None or case.inner or not case.wrong:
        return []
    found = [case.read(term)[0] for _, term in terms_of(case.tree(case.wrong[0].index)) if isinstance(term, Reference)]
    return [one for one in found if is_parameter(one) or is_called_bias(one) or len(one.shape) < len(case.shape)]


def is_parameter(operand: Operand) -> bool:
    key = operand.key
    return isinstance(key, Value) and isinstance(key.item, Leaf) and key.item.requires_grad


def is_called_bias(operand: Operand) -> bool:
    """Where no gradient is asked for, only its name tells."""
    key = operand.key
    return isinstance(key, Value) and isinstance(key.item, Leaf) and bool(CALLED_BIAS.fullmatch(key.item.name))


def without(case: Case, bias: Operand, index: Index) -> Tree:
    terms = terms_of(case.tree(index))
    rest = [t for t in terms if not (isinstance(t[1], Reference) and case.read(t[1])[0].key == bias.key)]
    if not rest or len(rest) == len(terms):
        raise NotHere("no such term")
    return sum_of(rest)
