"""What rounding does to gradients: how large it is beside them, and which are nothing else.

Noise is what a change of the parameters in their last digit moves.

The gradient of a bias in front of a batch normalisation is 0, and what is computed is what the additions left over,
1e-17 say: the framework's remainder, and quite another one in a spreadsheet. An optimizer that divides the gradient by
its own size makes a step of it all the same, for which "the formulas agree" means nothing. The step of such a number
therefore starts from the framework's gradient as long as the two agree within the tolerance of Check, and the sheet
says so: the rule is compared for the same gradient, the gradient by itself.
"""

from __future__ import annotations

from math import floor, inf, log10
from typing import Any, Dict, List

from saitama.autograd import no_grad
from saitama.tensor.backend import K
from saitama.tensor.tensor import Tensor

from .graph import Graph, Leaf, Run, numbers, run

NUDGE = {"float64": 2.0**-49, "float32": 2.0**-23}  # relative; a spreadsheet's own rounding is up to 16 units of 2**-52
SAMPLES = 8  # remainders are small multiples of one unit, so one sample may repeat them by chance
MARGIN = 4.0  # how much larger than in the samples a difference may turn out


def sizes(result: Run) -> Dict[Any, float]:
    """By (node, k) and ("gradient", item): how large the numbers are that a gradient is a sum of: 10 from 10 on, 100
    from 100 on, and 1 below. What additions leave over is in proportion to it, so Check's absolute tolerance is too."""
    found: Dict[Any, float] = {}
    arriving: Dict[Any, float] = {}
    for node, k in result.contributions:
        if node not in arriving:
            dy = result.gradients.get(node)  # None where a part of it has no cells in the workbook that is read
            largest = max((abs(g) for g in (() if dy is None else numbers(dy)) if abs(g) < inf), default=0.0)
            arriving[node] = 10.0 ** max(0, floor(log10(largest))) if largest else 1.0
        size = found[node, k] = arriving[node]
        key = "gradient", node.inputs[k]
        found[key] = max(size, found.get(key, 1.0))
    return found


def noise(graph: Graph, result: Run, rtol: float) -> Dict[Leaf, List[bool]]:
    """For each parameter of the step, number by number, whether rounding alone may move its gradient by more than the
    relative tolerance. Only for optimizers whose rule divides by the gradient's size; nothing where there is none."""
    step = graph.step
    if step is None or not step.rule.divides:
        return {}
    nudged = [run(graph, _nudged(graph, seed)).gradients for seed in range(SAMPLES)]
    found = {}
    for leaf in [update.parameter for update in step.updates]:
        gradients = numbers(result.gradients[leaf])
        others = zip(*(numbers(sample[leaf]) for sample in nudged))
        found[leaf] = [MARGIN * max(abs(b - g) for b in bs) > rtol * abs(g) for g, bs in zip(gradients, others)]
    return {leaf: flags for leaf, flags in found.items() if any(flags)}


def _nudged(graph: Graph, seed: int) -> Dict[Leaf, K.Array]:
    """The inputs, those that ask for a gradient moved in their last digit."""
    arrays = {leaf: leaf.array for leaf in graph.inputs}
    with no_grad():
        for n, leaf in enumerate(graph.leaves):
            if leaf.requires_grad:
                random = Tensor._wrap(K.uniform(leaf.shape, leaf.dtype, seed, n << 32))
                arrays[leaf] = (Tensor._wrap(leaf.array) * (1 + NUDGE[leaf.dtype] * (2 * random - 1))).array
    return arrays


__all__ = ["noise", "sizes"]
