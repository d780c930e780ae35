"""worksheet(root, path): a graph with blanks in it, to be filled in by hand, that marks itself while one types.

A small graph is one page, in the order in which one works; a large one has a sheet for each operation.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterable, Optional, Sequence, Set, Tuple, Union

from saitama import __version__
from saitama.autograd.value import Value
from saitama.tensor.tensor import Tensor

from .export import Exported, check_path, computed, written
from .graph.graph import Graph
from .graph.items import Item
from .graph.names import given_names
from .plan.blanks import Blanks
from .plan.digest import blank_names, digest_of
from .plan.one_page import OnePage
from .plan.page_options import PageOptions
from .plan.section import Draft
from .plan.subject import Subject, subject_of
from .plan.workbook import plan_page, plan_workbook

Chosen = Union[None, str, Iterable[str]]
PAGE_STEPS, PAGE_BLANKS = 40, 400  # what still goes on one page
LAYOUTS, MARKS = ("page", "sheets"), ("own", "true", None)


def worksheet(
    root: Union[Tensor, Value, Sequence[Tensor]],
    path: Union[str, os.PathLike[str]],
    *,
    names: Any = None,
    optimizer: Any = None,
    blanks: Chosen = None,
    layout: Optional[str] = None,
    marks: Optional[str] = "own",
    solution: bool = False,
    title: Optional[str] = None,
    learner: Optional[str] = None,
    seed: Optional[int] = None,
    max_cells: int = 20_000,
    overwrite: Optional[bool] = None,
) -> Exported:
    """Write the graph behind `root` to an .xlsx workbook with blanks to be filled in by hand.

    root: a Tensor or a Value; of a list of tensors, the last one is what gradients are taken of. For a tensor of
        several numbers, or one through which no gradient flows, only the way forward is asked for; then its inputs
        need names instead of requires_grad: `Tensor([1, 2], name="a")`.
    blanks: "all" (the default), "forward", "backward", "update", or names of operations, inputs and updates: the value
        and the gradients of such an operation, the gradient of such an input, every line of an "update W1". What is
        not blank is computed from what was typed.
    layout: "page" for one page in the order of the work, "sheets" for a sheet an operation; by default a page up to
        40 steps and 400 blanks.
    marks: what ✓ and ✗ beside the blanks go by: "own" for the learner's own numbers above (no cell holds an answer),
        "true" for the true numbers (which are hidden columns of the sheet), None for no marks. Sheets know "true" only.
    solution: write the blanks filled in, for the teacher.
    title, learner, seed: printed on the page; the name of the learner and the seed of the numbers only say what is.

    Everything else is as in export(); verify(path) says what was typed right, whose slip was which, and why. A
    worksheet in which somebody has typed is replaced with overwrite=True only. Raises as export() does, and ValueError
    for a layout, marks or names of blanks that there are not.
    """
    check_path(path, overwrite, max_cells)
    if layout not in (None, *LAYOUTS):
        raise ValueError(f"worksheet: layout is {layout!r}; give 'page' or 'sheets', or None to let the size decide")
    if marks not in MARKS:
        raise ValueError(f"worksheet: marks is {marks!r}; give 'own', 'true' or None")
    wanted = PageOptions(marks=marks or "none", title=title or "", numbers=seed, name=learner or "", solved=solution)
    subject, options = asked(root, names, optimizer, blanks, wanted, max_cells)
    graph, values, gradients = subject.graph, options.blank, options.blank_back
    if layout is None:
        layout = "page" if fits_a_page(subject, options) else "sheets"
    if layout == "page":
        return written(plan_page(subject, options), Path(path), overwrite)
    if not graph.flows:
        raise ValueError(
            f"worksheet: the root has shape {graph.root.shape}; for a sheet an operation reduce it to one number, "
            "through which a gradient flows"
        )
    what = f"to be filled in by hand; written by saitama {__version__}: {len(graph.nodes)} operations, {graph.dtype}"
    plan = plan_workbook(subject, lambda subject, draft: Blanks(subject, draft, values, gradients), what)
    return written(plan, Path(path), overwrite)


def asked(
    root: Any, names: Any, optimizer: Any, blanks: Chosen, wanted: PageOptions, max_cells: int
) -> Tuple[Subject, PageOptions]:
    """The graph behind `root`, computed, and `wanted` with its blanks."""
    graph, result = computed(root, names, optimizer, forward=True)
    values, gradients = _chosen(graph, blanks)
    subject = subject_of(graph, result, max_cells)
    digest = digest_of(subject, blank_names(values, gradients))
    made = {tensor: number for number, tensor in enumerate(given_names(names))}
    leaves = sorted(graph.leaves, key=lambda leaf: made.get(leaf.source, len(made)))
    order = tuple(leaf.name for leaf in leaves)
    return subject, replace(wanted, blank=values, blank_back=gradients, digest=digest, order=order)


def fits_a_page(subject: Subject, options: PageOptions, steps: int = PAGE_STEPS, blanks: int = PAGE_BLANKS) -> bool:
    """Whether it can be a page, which is printed on as many sheets as it takes, of at most so many steps and blanks."""
    if any(not subject.fits(item) for item in [*subject.graph.inputs, *subject.graph.nodes]):
        return False
    if len(subject.graph.nodes) > steps:
        return False
    page = OnePage(subject, Draft(), options)
    return len(page.steps) <= steps and page.blanks <= blanks


def _chosen(graph: Graph, blanks: Chosen) -> Tuple[Set[Item], Set[Item]]:
    """The tensors whose value is blank, and those whose gradients are."""
    nodes: Set[Item] = set(graph.nodes)
    leaves: Set[Item] = set(graph.leaves)
    updates: Set[Item] = set(graph.step.updates if graph.step else ())
    if blanks is None or blanks == "all":
        return nodes | updates, nodes | leaves
    if blanks == "update" and updates:
        return updates, set()
    if blanks == "forward":
        return nodes, set()
    if blanks == "backward":
        return set(), nodes | leaves
    wanted = [blanks] if isinstance(blanks, str) else list(blanks)
    if not wanted:
        raise ValueError("blanks: nothing is named, so nothing would be left to fill in; give 'all' or names")
    by_name = {item.name: item for item in [*graph.leaves, *graph.nodes, *updates]}
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        known = ", ".join(list(by_name)[:20])
        raise ValueError(
            f"blanks: nothing is called {unknown[0]!r}; there are 'all', 'forward', 'backward', 'update', {known}"
        )
    items = {by_name[name] for name in wanted}
    return items & (nodes | updates), items
