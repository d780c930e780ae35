"""A sheet calculated again from other inputs and checked again: zeros hide errors, and so do numbers that are equal."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from saitama.tensor.backend import K
from saitama.tensor.dyadic import dyadic
from saitama.tensor.random import get_rng_state, manual_seed, set_rng_state
from saitama.tensor.tensor import Tensor

from ..engines.cached_values import write_with_values
from ..engines.engine import Result
from ..engines.recalculate import recalculate
from ..errors import WorkbookError
from ..graph.items import Leaf, numbers
from ..layout import size_of
from ..read.workbook import open_workbook
from .audited import Audited
from .stages import Stages


def probed(sheet: Any, inputs: Optional[Mapping[str, Any]], seed: int, engine: Optional[str]) -> Audited:
    """The outcome of a HandSheet's checks for other inputs."""
    bound = {one.tensor.name: one for one in sheet._bound}
    other = (
        {name: _numbers(value, bound, name) for name, value in inputs.items()}
        if inputs is not None
        else _random(sheet, seed)
    )
    if not other:
        raise ValueError("probe: no bound tensor has typed numbers that could be others")
    values: Dict[str, Dict[Any, Result]] = {}
    for name, flat in other.items():
        for (title, row, column), number in zip(bound[name].cells, flat):
            if sheet.book[title][row, column].has_formula:
                raise ValueError(f"probe: {name} is calculated in the sheet; give other numbers for what it is made of")
            values.setdefault(sheet.book[title].title, {})[row, column] = Result(float(number), False)
    with tempfile.TemporaryDirectory() as folder:
        changed, calculated = Path(folder) / "changed.xlsx", Path(folder) / "calculated.xlsx"
        write_with_values(sheet.book.package, values, changed)
        recalculate(changed, output=calculated, engine=engine, overwrite=True)
        book = open_workbook(calculated)
        own = [(leaf, leaf.array) for traced in sheet._watch.traced for leaf in traced.graph.inputs]
        try:
            return _again(sheet, book, {bound[name].tensor: flat for name, flat in other.items()})
        finally:
            for leaf, array in own:
                leaf.array = array


def _again(sheet: Any, book: Any, other: Dict[Tensor, List[float]]) -> Audited:
    """The same checks of another book, against the graphs computed from other numbers."""
    from .hand_sheet import HandSheet
    from .judged import judged
    from .made_of import numbers_in

    stages = Stages(sheet._watch, sheet.book)
    located = []
    for check in sheet._checks:
        owners = numbers_in(check.made_of, lambda source: stages.known(source) is not None)
        if owners is None and stages.extend(check.made_of.source, check.tensor.array):
            owners = numbers_in(check.made_of, lambda source: stages.known(source) is not None)
        if owners is None:
            raise WorkbookError(
                f"{sheet.path}: {check.text} cannot be computed again: nothing leads to it from the inputs"
            )
        located.append([(*stages.known(source), index) for source, index in owners])  # type: ignore[misc]
    for stage in stages.stages:
        for leaf in stage.graph.inputs:
            self_given = stage.given.get(leaf)
            if self_given is not None:
                array = stages.stages[self_given[0]].run().get(self_given[1])
                _replace(leaf, list(numbers(array)))
            elif isinstance(leaf.source, Tensor) and leaf.source in other:
                _replace(leaf, other[leaf.source])
            elif isinstance(leaf.source, Tensor):
                bound = next((one for one in sheet._bound if one.tensor is leaf.source), None)
                if bound is not None:  # calculated in the sheet from what was changed
                    _replace(leaf, [book[title][row, column].number or 0.0 for title, row, column in bound.cells])
        stage._run = None
    copy = HandSheet.__new__(HandSheet)
    copy._open(book, sheet._ranges.sheet)
    copy._bound, copy._used, copy._watch = sheet._bound, sheet._used, sheet._watch
    for check, places in zip(sheet._checks, located):
        arrays = {(n, key): list(numbers(stages.stages[n].run().get(key))) for n, key, _ in places}
        shapes = {(n, key): stages.stages[n].run().get(key).shape for n, key, _ in places}
        flat = [arrays[n, key][_position(index, shapes[n, key])] for n, key, index in places]
        copy._checks.append(_with_values(check, flat))
    return judged(copy, stages=stages)


def _with_values(check: Any, flat: List[float]) -> Any:
    from dataclasses import replace

    array = K.from_list(flat, check.tensor.shape, check.tensor.dtype)
    return replace(check, values=flat, tensor=Tensor._wrap(array))


def _replace(leaf: Leaf, flat: List[float]) -> None:
    leaf.array = K.from_list([type(numbers(leaf.array)[0])(x) for x in flat], leaf.shape, leaf.dtype)


def _position(index: Any, shape: Any) -> int:
    number = 0
    for i, n in zip(index, shape):
        number = number * n + i
    return number


def _numbers(value: Any, bound: Mapping[str, Any], name: str) -> List[float]:
    if name not in bound:
        raise ValueError(f"probe: nothing is bound to the name {name!r}; there are {', '.join(bound)}")
    tensor = value if isinstance(value, Tensor) else Tensor(value)
    shape = bound[name].tensor.shape
    if tensor.numel() != size_of(shape):
        raise ValueError(f"probe: {name} is {shape}, other numbers for it were given in the shape {tensor.shape}")
    return [float(x) for x in tensor.detach().reshape(tensor.numel()).tolist()]


def _random(sheet: Any, seed: int) -> Dict[str, List[float]]:
    """Other numbers for every tensor of typed floats, without zeros and equal ones."""
    before = get_rng_state()
    try:
        manual_seed(seed)
        return {
            one.tensor.name: dyadic(len(one.cells), low=-2, high=2, denominator=64).tolist()
            for one in sheet._bound
            if one.tensor.dtype.startswith("float")
            and not any(sheet.book[title][row, column].has_formula for title, row, column in one.cells)
        }
    finally:
        set_rng_state(before)
