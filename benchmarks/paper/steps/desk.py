"""What lies in front of someone at a step, and the list of all steps."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Tuple

from ..lists import Nested, Shape, Write

# the operation, the symbol of a step in between or "", the operand or -1 on the way forward
Which = Tuple[str, str, int]


class Desk:
    """What lies in front of someone at a step: x, the operands; y, the result; dy, the gradient that arrives; `kept`,
    the steps in between that were worked out before."""

    def __init__(
        self,
        which: Which,
        x: List[Nested],
        y: Nested,
        dy: Nested,
        kept: Mapping[str, Nested],
        params: Mapping[str, Any],
        shape: Shape,
        write: Write,
    ) -> None:
        (self.op, self.step, self.k), self.x, self.y, self.dy, self.kept = which, x, y, dy, kept
        self.params, self.shape, self.write = params, shape, write

    def __getitem__(self, name: str) -> Nested:
        return self.kept[name]


Work = Callable[[Desk], Nested]
STEPS: Dict[Which, Work] = {}


def forward(*ops: str, step: str = "") -> Callable[[Work], Work]:
    return _register(ops, step, -1)


def backward(*ops: str, k: int = 0, step: str = "") -> Callable[[Work], Work]:
    return _register(ops, step, k)


def _register(ops: Tuple[str, ...], step: str, k: int) -> Callable[[Work], Work]:
    def register(work: Work) -> Work:
        STEPS.update(((op, step, k), work) for op in ops)
        return work

    return register
