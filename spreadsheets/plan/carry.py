"""The graph as JSON inside the workbook, so that the file alone suffices to compute everything again.

Only data: operations by the name of their class with their parameters, names, shapes, and where each block lies.
read/carried.py takes it in again, and believes none of it before it has checked names, shapes and places.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Optional

from ..graph.format import FORMATS, MAX_TEXT, SHEET
from ..graph.items import Item, Node
from ..graph.keys import Gradient, Inner, Share, Start, Value
from ..graph.step import OptimizerStep
from .section import Draft, Section
from .subject import Subject

CHUNK = 30_000  # characters of one cell; Excel cuts text silently after 32,767


def plan_carried(
    subject: Subject, draft: Draft, kind: str, version: str, exercise: Optional[Mapping[str, Any]] = None
) -> None:
    """The hidden sheet Graph. `exercise`: what is said about a worksheet."""
    page = draft.page(SHEET, hidden=True)
    text = json.dumps(describe(subject, draft, kind, version, exercise), ensure_ascii=True, separators=(",", ":"))
    text = text.replace(" ", "\\u0020")  # of names; a blank at the end of a cell needs a mark that the format lacks
    if len(text) > MAX_TEXT:
        raise ValueError(f"export: the graph takes {len(text):,} characters to describe; export a smaller example")
    page.text(1, 1, "The graph of this workbook, for saitama verify. Please leave it as it is.", "note")
    for n in range(0, len(text), CHUNK):
        page.text(2 + n // CHUNK, 1, text[n : n + CHUNK], "note")


def describe(
    subject: Subject, draft: Draft, kind: str, version: str, exercise: Optional[Mapping[str, Any]] = None
) -> Dict[str, Any]:
    graph, placed = subject.graph, draft.sections.get
    number: Dict[Item, int] = {item: n for n, item in enumerate([*graph.leaves, *graph.nodes])}
    leaves = [
        {
            **_item(leaf),
            **_left_out(subject, leaf),
            "value": places(placed(Value(leaf))),
            "gradient": places(placed(Gradient(leaf))),
        }
        for leaf in graph.leaves
    ]
    nodes = [
        {
            **_item(node),
            **_left_out(subject, node),
            "op": node.op,
            "params": node.params,
            "inputs": [number[item] for item in node.inputs],
            "needs": list(node.needs),
            "sheet": subject.titles[node],
            "forward": places(placed(Value(node))),
            "arriving": places(placed(Gradient(node))),
            "contributions": [places(placed(Share(node, k))) for k in range(len(node.inputs))],
            **_inner(draft, node),
        }
        for node in graph.nodes
    ]
    described = {"saitama": version, "format": FORMATS[0], "kind": kind, "leaves": leaves, "nodes": nodes}
    if graph.step:
        described.update(format=FORMATS[1], step=_describe_step(subject, draft, graph.step))
    if kind == "worksheet":
        described["helpers"] = [[b.sheet, b.row, b.column, list(b.shape), hidden] for b, hidden in draft.helpers]
    if exercise is not None:
        described.update(format=FORMATS[2], exercise=exercise)
    return described


def _inner(draft: Draft, node: Node) -> Dict[str, Any]:
    """The steps in between: what they are on the way to (-1: the result, k: the gradient of operand k), their names."""
    found = []
    for key, section in draft.sections.items():
        if isinstance(key, Inner) and (key.of.node if isinstance(key.of, Share) else key.of.item) is node:
            placed = {**(places(section) or {}), "shape": list(section.shape)}
            found.append([key.of.k if isinstance(key.of, Share) else -1, key.name, placed])
    return {"inner": found} if found else {}


def _left_out(subject: Subject, item: Item) -> Dict[str, Any]:
    """Said of a tensor that has no cells because somebody wanted it so."""
    return {"out": True} if item in subject.left_out else {}


def _item(item: Item) -> Dict[str, Any]:
    return {"name": item.name, "shape": list(item.shape), "dtype": item.dtype, "grad": item.requires_grad}


def _describe_step(subject: Subject, draft: Draft, step: OptimizerStep) -> Dict[str, Any]:
    """An optimiser's step, beside the graph whose gradients it takes."""

    def values(items: Mapping[str, Any]) -> Dict[str, Any]:
        return {name: places(draft.sections.get(Value(item))) for name, item in items.items()}

    starts = {update: draft.sections.get(Start(update)) for update in step.updates}
    return {
        "optimizer": step.optimizer,
        "groups": [{"cells": values(group.cells), "off": group.off} for group in step.groups],
        "updates": [
            {
                "parameter": subject.graph.leaves.index(update.parameter),
                "group": step.groups.index(update.group),
                "state": values(update.state),
                "lines": values(update.lines),
                **({"start": places(starts[update])} if starts[update] else {}),
            }
            for update in step.updates
        ],
    }


def places(section: Optional[Section]) -> Optional[Dict[str, Any]]:
    """Where the blocks of an array lie."""
    if section is None:
        return None
    found: Dict[str, Any] = {"sheet": section.sheet}
    # Beside a key that is hidden a person sees once more what was typed elsewhere.
    echo = section.shown if section.hidden and section.typed is None else None
    live = None if section.typed is section.live else section.live  # a blank that formulas refer to
    blocks = {"live": live, "framework": section.framework, "typed": section.typed, "echo": echo}
    found.update((name, [block.row, block.column]) for name, block in blocks.items() if block is not None)
    for name in ("pinned", "hidden"):
        if getattr(section, name):
            found[name] = True
    if section.name_at is not None:
        found.update(name=list(section.name_at), called=section.label)
    return found
