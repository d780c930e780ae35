"""A few letters that tell one exercise from another: of its graph, its numbers and its blanks."""

from __future__ import annotations

import hashlib
import json
from typing import Iterable, List

from ..graph.items import Item, numbers
from ..graph.trace_step import OPTIMIZERS
from .subject import Subject


def digest_of(subject: Subject, blanks: Iterable[str]) -> str:
    graph = subject.graph
    number = {item: n for n, item in enumerate([*graph.leaves, *graph.nodes])}
    described = {
        "inputs": [[leaf.name, leaf.shape, leaf.dtype, list(map(repr, numbers(leaf.array)))] for leaf in graph.inputs],
        "operations": [
            [node.name, node.op, node.params, [number[item] for item in node.inputs]] for node in graph.nodes
        ],
        "optimizer": " ".join(optimizer_of(subject)),
        "blanks": sorted(blanks),
    }
    text = json.dumps(described, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def optimizer_of(subject: Subject) -> List[str]:
    """The optimiser, and the conventions in which its rule is not the usual one."""
    step = subject.graph.step
    if step is None:
        return []
    usual = OPTIMIZERS[step.optimizer].ADDED
    off = [one for group in step.groups for one in group.off.items()]
    conventions = {name for name, value in off if usual.get(name, value) != value}
    return [step.optimizer, *sorted(conventions)]


def blank_names(*items: Iterable[Item]) -> Iterable[str]:
    return (f"{n} {item.name}" for n, some in enumerate(items) for item in some)
