"""Level 14 by hand: accumulation, a loss scale, bfloat16, the online softmax, an all-reduce and a pipeline, as pages.

python examples/scale_by_hand.py        # writes scale_by_hand.xlsx; then recalculate or open it
saitama export examples/scale_by_hand.py -o accumulation.xlsx        # two micro-batches as one graph, with gradient

The same accumulation is done here with plain tensors: the loss of five examples, from micro-batches of three and two.
"""

from __future__ import annotations

from saitama import Tensor
from saitama.distributed.schedule import bubble, instructions, timeline
from saitama.spreadsheets import scale_pages

print(scale_pages("scale_by_hand.xlsx"))

w = Tensor(0.5, requires_grad=True, name="w")
x = Tensor([1.0, 2.0, -1.0, 0.5, 3.0], name="x")
t = Tensor([2.0, 1.0, 0.5, 3.0, -1.0], name="t")
first = ((x[:3] * w - t[:3]) ** 2).mean()  # of 3 examples
second = ((x[3:] * w - t[3:]) ** 2).mean()  # of 2
loss = (first * 3 + second * 2) / 5  # the mean over all items, and not the mean of the means
print(f"mean over all five: {loss.item():.4f}; mean of the two means: {(first + second).item() / 2:.4f}")

print("\nwhat the second of three stages does with two micro-batches, by 1F1B:")
for instruction in instructions("1f1b", 3, 2)[1]:
    print(f"    {instruction}")
for name in ("naive", "gpipe", "1f1b"):
    print(f"{name:6} waits {float(bubble(timeline(instructions(name, 3, 2)))):.0%} of the time")
