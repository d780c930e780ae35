"""Accumulation: the step of one large batch, computed from several small ones, one after the other.

Gradients of a sum are sums of gradients, and backward() adds to what is there. But a mean of means is no mean where the
batches are of different sizes, or hold targets that are to be ignored. Of batches with k_i items and mean losses L_i,

    L = (k_1 L_1 + ... + k_n L_n) / (k_1 + ... + k_n)

is the mean over all items, and its gradient what one large batch would give. How many items come is not known
before the last batch, so every backward() starts from k_i / k_1, and what has added up is multiplied by
k_1 / (k_1 + ... + k_n) at the end. Where several machines share the work, k_1 is what all have in the first batch,
and items and gradients are added up over all.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Callable, ContextManager, Iterable, Optional

from saitama.distributed.ranks import ALONE, World
from saitama.nn import Module
from saitama.nn import functional as F
from saitama.tensor import Tensor

from .clipping import scale_gradients


class Accumulation:
    """The gradient of the mean over the items of all micro-batches.

        mean = Accumulation()
        for x, y in micro_batches:
            mean.share(loss_function(model(x), y), items=len(x)).backward()
        loss = mean.finish(model.parameters())
        optimizer.step()

    Attributes: items: how many there were.
    """

    def __init__(self, world: World = ALONE) -> None:
        self.world = world
        self.items: float = 0
        self.total = 0.0  # the sum of the losses of all items
        self.first: Optional[float] = None  # k_1
        self.is_sum = False

    def share(self, loss: Tensor, items: Optional[float], output: Optional[Tensor] = None) -> Tensor:
        """k_i / k_1 times the mean loss of k_i items: what to call backward() on.

        A batch without any items has no mean. Then `output`, what the model gave, gets a gradient of zeros. Where the
        loss is a sum, there is nothing to weigh: items is None.
        """
        if items is None:
            self.total += loss.item()
            self.is_sum = True
            return loss
        if self.first is None:
            self.first = self.world.sum([items])[0] or 1.0
        if not items:
            if output is None:
                raise ValueError("Accumulation: a batch without items has no mean loss; leave it out, or give output=")
            return output.sum() * 0.0
        self.items += items
        self.total += loss.item() * items
        return loss * (items / self.first)

    def finish(self, parameters: Iterable[Tensor]) -> float:
        """Turn the sums in .grad into the gradients of the mean, and return the mean loss; nan of no items."""
        self.total, self.items = self.world.sum([self.total, self.items])
        if self.is_sum:
            return self.total
        factor = self.first / self.items if self.first and self.items else 0.0
        if factor != 1.0:
            scale_gradients(parameters, factor)
        return self.total / self.items if self.items else float("nan")


def gathering(model: Module, last: bool) -> ContextManager[Any]:
    """The forward and backward pass of a micro-batch run in it: only in the last one do machines exchange gradients."""
    adding_up: Optional[Callable[[bool], ContextManager[Any]]] = getattr(model, "adding_up", None)
    return nullcontext() if adding_up is None else adding_up(last)


def items_of(loss_function: Callable[[Any, Any], Tensor], output: Any, target: Any, rows: int) -> Optional[float]:
    """How many items a mean loss is the mean of: what the loss says (Loss.items), else the examples of the batch. None
    for a loss that says it is a sum."""
    if getattr(loss_function, "reduction", "mean") == "sum":
        return None
    if loss_function in (F.cross_entropy, F.nll_loss):
        return F.kept_targets(output, target)
    count: Optional[Callable[[Any, Any], float]] = getattr(loss_function, "items", None)
    return rows if count is None else count(output, target)
