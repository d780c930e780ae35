"""export(root, path): the graph behind a tensor as a workbook that computes it again with formulas of its own."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Dict, Optional, Set, Tuple, Union

from saitama import __version__
from saitama.tensor.tensor import Tensor

from .graph.batch import Batch, check_whole, split
from .graph.graph import Graph
from .graph.items import Item
from .graph.run import Run, run
from .graph.take_step import take_step
from .graph.trace import trace
from .graph.trace_step import trace_step
from .plan.chosen import Names, left_out
from .plan.compared import Compared
from .plan.descent import check_steps
from .plan.page import target
from .plan.sheet import Plan
from .plan.slope import parse_nudge
from .plan.subject import doubts_of, subject_of
from .plan.workbook import plan_workbook
from .write.saving import check_replaceable, place_beside
from .write.workbook import write_plan


@dataclass(frozen=True)
class Exported:
    """The file that was written; usable wherever a path is. read_tensor(written, written.cells["h"]) reads h again."""

    path: Path
    sheets: Tuple[str, ...]
    nodes: int  # operations
    formulas: int  # live formula cells that compute values or gradients
    left_out: Tuple[str, ...]  # what has no live cells, and why
    cells: Dict[str, str] = field(default_factory=dict, compare=False)  # "h" or "dloss/dh" -> where its numbers stand
    kept: Optional[Path] = None  # where the workbook went that was there before, if somebody had worked in it

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)


def export(
    root: Tensor,
    path: Union[str, os.PathLike[str]],
    *,
    names: Any = None,
    optimizer: Any = None,
    max_cells: int = 20_000,
    nudge: Optional[str] = None,
    h: float = 1e-3,
    steps: Optional[int] = None,
    include: Names = None,
    exclude: Names = None,
    batch: Batch = None,
    overwrite: Optional[bool] = None,
    progress: Optional[bool] = None,
) -> Exported:
    """Write every value and gradient behind `root` to an .xlsx workbook of live formulas.

    root: a tensor of one element with a graph, a loss say. Its forward pass is computed again and a backward pass run
        beside it: nobody's .grad changes, and nothing needs to be prepared.
    names: a mapping from names to tensors (`locals()` will do) or a module, for tensors that have no name of their own.
    optimizer: one of saitama.optim, whose next step is added: a sheet for each parameter that the graph gives a
        gradient, with every line of the rule, from the optimizer's options and state as they are now. Nothing is
        updated; the gradient is this graph's own, whatever .grad holds.
    max_cells: a tensor of more numbers is summarised; Start and Check say so.
    nudge, h: a number of an input, "w[0, 1]": the forward pass at w + h and at w - h on two more sheets, and on a sheet
        Slope the central difference beside the gradient, live.
    steps: with an optimizer, so many of its steps as rows of a sheet Descent: loss, parameters, gradients and state,
        all live, with a chart of the loss.
    include, exclude: names of inputs and results, in which * stands for anything: "h.0.*". Only what is included, and
        nothing that is excluded, has cells; the rest is summarised, and what reads it starts from the framework's
        values.
    batch: of a batch, only some examples: a number, a slice or a list. Inputs that ask for no gradient and have as many
        rows as the first of them hold the examples. Values and gradients are still those of the whole batch: a sum or
        mean over it adds a value for the rest, and so does the gradient of a weight. As such a value would not follow
        a weight, steps and nudge do not go with it.
    overwrite: None replaces a file if saitama wrote it and nobody has touched it since, and keeps an export in which
        somebody has tried other inputs beside the new one, as `name (2).xlsx`; True replaces any file, False none.
    progress: whether a line shows how far it is; None shows it on a terminal, where it takes seconds.

    Raises TypeError or ValueError for a root without a graph, an optimizer without formulas, or options that do not go
    together, RuntimeError for a graph
    freed by backward(), FileExistsError for a file that is kept, OSError where the file cannot be written (an old file
    is kept).
    """
    check_name(path, max_cells)
    if steps is not None:
        check_steps(steps, optimizer is not None)
    beside = place_beside(path, overwrite)
    graph, result = computed(root, names, None if batch is not None else optimizer)
    rest: Set[Item] = set()
    shows = ""
    if batch is not None:
        whole, before = graph, result
        graph, rest, shows = split(whole, before, batch)
        check_goes_with_batch(bool(rest), steps, nudge)
        result = computed_again(graph, optimizer)
        check_whole(whole, before, graph, result)
    without = left_out(graph, include, exclude) | rest
    subject = subject_of(graph, result, max_cells, doubts_of(graph, result), without)
    size = f"{len(graph.nodes)} operations, {len(graph.leaves)} input tensors, {graph.dtype}"
    size = f"{size}; {shows}" if shows else size
    moved = parse_nudge(nudge, h, graph.leaves) if nudge is not None else None
    plan = plan_workbook(subject, Compared, f"written by saitama {__version__}: {size}", moved, steps or 0)
    if beside is None:
        return written(plan, Path(path), overwrite, progress)
    shutil.copy2(path, beside)  # first, so that at no time it is gone
    return replace(written(plan, Path(path), True, progress), kept=beside)


def check_goes_with_batch(is_part: bool, steps: Optional[int], nudge: Optional[str]) -> None:
    """What is not shown of a batch stands there as values of this step: after a change of a weight they are others."""
    for option, given in ((f"steps={steps}", steps is not None), (f"nudge={nudge!r}", nudge is not None)):
        if is_part and given:
            raise ValueError(
                f"export: {option} does not go with a part of a batch: the rest of it stands there as fixed numbers, "
                "which would not follow when a weight changes; leave batch= out, or give a smaller batch to the graph"
            )


def computed(root: Any, names: Any, optimizer: Any, forward: bool = False) -> Tuple[Graph, Run]:
    """The graph behind `root`, with a step of the optimizer if there is one, and everything in it."""
    graph = trace(root, names, forward)
    return graph, computed_again(graph, optimizer)


def computed_again(graph: Graph, optimizer: Any) -> Run:
    result = run(graph, {leaf: leaf.array for leaf in graph.leaves})
    if optimizer is not None:
        graph.step = trace_step(optimizer, graph, result)
        result.values.update({leaf: leaf.array for leaf in graph.step.inputs})
        take_step(graph, result)
    return result


def check_path(path: Union[str, os.PathLike[str]], overwrite: Optional[bool], max_cells: int) -> None:
    check_name(path, max_cells)
    check_replaceable(path, overwrite)


def check_name(path: Union[str, os.PathLike[str]], max_cells: int) -> None:
    if Path(path).suffix.lower() != ".xlsx":
        raise ValueError(f"export: {os.fspath(path)!r} is not an .xlsx name; give one, such as 'network.xlsx'")
    if isinstance(max_cells, bool) or not isinstance(max_cells, int) or max_cells < 1:
        raise ValueError(f"max_cells is {max_cells!r}; give a whole number of at least 1")


def written(plan: Plan, path: Path, overwrite: Optional[bool], progress: Optional[bool] = None) -> Exported:
    """The plan as a file: written to a temporary name and renamed."""
    write_plan(plan, path, overwrite, progress)
    sheets = tuple(sheet.title for sheet in plan.sheets)
    return Exported(path, sheets, plan.operations, plan.formulas, plan.left_out, places(plan))


def places(plan: Plan) -> Dict[str, str]:
    """The address of every tensor's numbers, as a person sees them: live formulas, or blanks to be filled in."""
    found: Dict[str, str] = {}
    for section in plan.sections.values():
        block = section.shown or section.live
        found.setdefault(section.label, target(block.sheet, block.rectangle()))
    return found


__all__ = ["Exported", "export"]
