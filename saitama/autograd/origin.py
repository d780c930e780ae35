"""How a tensor was made through which no gradient flows: level 1 needs none, and yet has steps to be worked by hand.

An operation is recorded only where a derivative may be asked for. Of the others a small result keeps the
operation and its operands, a few steps back, so that `worksheet` can write them; a loop of a million steps keeps
no more.
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from .function import Function, Source

MOST_NUMBERS, MOST_STEPS = K.ORIGIN_NUMBERS, K.ORIGIN_STEPS  # of an operand or a result; of operations in a row


def operations_behind(roots: Sequence[Tensor]) -> List[Tuple[Function, Tensor]]:
    """Every operation that `roots` were made by, with its result, in the order in which they were made.

    [] where nothing was kept.
    """
    made: Dict[Tensor, Function] = {}
    found: List[Tuple[Function, Tensor]] = []
    waiting = [(root, False) for root in reversed(roots)]
    while waiting:
        tensor, operands_done = waiting.pop()
        if tensor in made or tensor.origin is None or tensor.node is not None or tensor.requires_grad:
            continue
        node = tensor.origin
        inputs = node.operands
        if not operands_done:
            waiting.append((tensor, True))
            waiting += [(operand, False) for operand in reversed(inputs)]
            continue
        sources: List[Source] = [made.get(operand, operand) for operand in inputs]
        node.inputs, node.needs = tuple(sources), (False,) * len(sources)
        node.name, node.kept, node.calls = tensor.name, None, None
        node.shape, node.dtype = tensor.shape, tensor.dtype
        made[tensor] = node
        found.append((node, tensor))
    return sorted(found, key=lambda made: made[0].seq)
