"""Who wants to know how far a backward pass has come: which leaf's gradient is complete, while others are on their way.

Training on several machines sends the gradients of the last layers around while those of the first are still computed
(saitama.distributed). As long as nobody listens, backward() does nothing for it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Iterable, List

if TYPE_CHECKING:
    from saitama.tensor import Tensor

    from .function import Function


class Listener:
    """`ready` and `done`, which a subclass defines, hear of every backward pass between `listen` and `leave`."""

    def __init__(self) -> None:
        self.expected: Counter[Tensor] = Counter()  # gradients that are still to arrive

    def ready(self, leaf: Tensor) -> None:
        """The gradient of this leaf is complete."""

    def done(self, reached: List[Tensor]) -> None:
        """The backward pass has come to its end; these leaves got a gradient."""

    def listen(self) -> None:
        """Begin to listen."""
        listeners.append(self)

    def leave(self) -> None:
        """Listen no more."""
        if self in listeners:
            listeners.remove(self)

    # --- what the engine calls ----------------------------------------------------------------------------------------
    def begin(self, nodes: Iterable[Function]) -> None:
        self.expected = Counter(leaf for node in nodes for leaf in node.leaves())
        self.reached = list(self.expected)

    def visited(self, node: Function) -> None:
        for leaf in node.leaves():
            self.expected[leaf] -= 1
            if not self.expected[leaf]:
                self.ready(leaf)

    def end(self) -> None:
        self.done(self.reached)


listeners: List[Listener] = []
