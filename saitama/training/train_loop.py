"""Training, all of it: five lines in two loops. Trainer does the same and adds what long runs need."""

from __future__ import annotations

from typing import Any, Callable, Iterable, List

from saitama.nn import Module
from saitama.tensor import Tensor


def train_loop(
    model: Module, loader: Iterable[Any], loss_function: Callable[[Any, Any], Tensor], optimizer: Any, epochs: int
) -> List[float]:
    """Train the model on (x, y) batches, and return the mean loss of each epoch."""
    losses: List[float] = []
    model.train()
    for _ in range(epochs):
        total, examples = 0.0, 0
        for x, y in loader:
            loss = loss_function(model(x), y)  # forward: what does the model say, and how wrong is it?
            optimizer.zero_grad()  # gradients add up, so start from none
            loss.backward()  # backward: how does the loss change with each parameter?
            optimizer.step()  # a small step of every parameter against its gradient
            total += loss.item() * len(x)
            examples += len(x)
        losses.append(total / examples)
    return losses
