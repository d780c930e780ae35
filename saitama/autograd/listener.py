"""Who wants to know how far a backward pass has come: which leaf's gradient is complete, while others are on their way.

Training on several machines sends the gradients of the last layers around while those of the first are still computed
(saitama.distributed). As long as nobody listens, backward() does nothing for it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, List, Sequence

if TYPE_CHECKING:
    from saitama.tensor import Tensor

    from .function import Function


class Listener:
    """Between listen() and leave() it hears of every backward pass that it wants to hear of."""

    def wants(self, leaves: Sequence[Tensor]) -> bool:
        """A backward pass begins that will reach these leaves: shall `ready` and `done` be called?"""
        return True

    def ready(self, leaf: Tensor) -> None:
        """The gradient of this leaf is complete."""

    def done(self) -> None:
        """The backward pass has come to its end."""

    def listen(self) -> None:
        """Begin to listen."""
        listeners.append(self)

    def leave(self) -> None:
        """Listen no more."""
        if self in listeners:
            listeners.remove(self)


listeners: List[Listener] = []


class Hearing:
    """What a listener is told of one backward pass: it counts the gradients that are still to arrive at each leaf."""

    def __init__(self, listener: Listener, expected: Counter[Tensor]) -> None:
        self.listener, self.expected = listener, expected

    def visited(self, node: Function) -> None:
        """The operation has handed its gradient on."""
        for leaf in node.leaves():
            self.expected[leaf] -= 1
            if not self.expected[leaf]:
                self.listener.ready(leaf)

    def done(self) -> None:
        self.listener.done()


def hearings(nodes: Sequence[Function]) -> List[Hearing]:
    """For a backward pass through these operations: one for each listener that wants to hear of it."""
    if not listeners:
        return []
    expected = Counter(leaf for node in nodes for leaf in node.leaves())
    return [Hearing(one, Counter(expected)) for one in list(listeners) if one.wants(list(expected))]
