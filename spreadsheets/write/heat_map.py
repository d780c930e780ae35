"""Attention as a picture: who looks at whom, one coloured table for each head.

The cells hold the weights themselves; a colour scale of the spreadsheet program colours them, so a weight that is
changed there changes its colour.
"""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from typing import Any, List, Optional, Sequence, Union

from openpyxl import Workbook
from openpyxl.formatting.rule import ColorScaleRule
from openpyxl.utils import get_column_letter

from saitama.tensor.tensor import Tensor

from ..layout import MAX_COLUMNS, MAX_ROWS, slice_label
from .saving import check_replaceable, write_workbook
from .style import Styles, write_number

MOST_CELLS = 1_000_000


def heat_map(
    weights: Tensor,
    path: Union[str, os.PathLike[str]],
    *,
    queries: Optional[Sequence[str]] = None,
    keys: Optional[Sequence[str]] = None,
    overwrite: Optional[bool] = None,
) -> Path:
    """Write attention weights as coloured tables, the larger the darker: a row for each query, a column for each key.

    Args:
        weights: (..., T, S), what `return_weights=True` gives; a table for each index of the axes in front.
        path: an .xlsx file.
        queries, keys: labels of the T rows and the S columns, the tokens say; their positions if None. If T = S, the
            labels of the queries are those of the keys too.
        overwrite: None replaces a file only if saitama wrote it and nobody has touched it since, True any, False none.

    Returns the path. Raises TypeError for anything but a Tensor of numbers, ValueError for a name that is not .xlsx, a
    tensor without rows and columns or too large for a sheet, or a wrong number of labels; FileExistsError for a
    file that is kept, OSError where it cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise ValueError(f"heat_map: {os.fspath(path)!r} is not an .xlsx name; give one, such as 'attention.xlsx'")
    check_replaceable(path, overwrite)
    if not isinstance(weights, Tensor) or weights.dtype == "bool":
        raise TypeError(f"heat_map: expected a Tensor of numbers, got {getattr(weights, 'dtype', type(weights))}")
    if weights.ndim < 2 or not weights.numel():
        raise ValueError(f"heat_map: expected weights of shape (..., queries, keys), got {weights.shape}")
    *lead, T, S = weights.shape
    if weights.numel() > MOST_CELLS or S >= MAX_COLUMNS or weights.numel() // S + 3 * weights.numel() >= MAX_ROWS * S:
        raise ValueError(f"heat_map: weights of shape {weights.shape} are too many for a sheet; choose fewer heads")
    if keys is None and T == S:
        keys = queries
    rows, columns = _labels("queries", queries, T), _labels("keys", keys, S)
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = "Attention"
    styles = Styles(workbook)
    styles.text(sheet.cell(1, 1), "Attention weights", "title")
    styles.text(sheet.cell(2, 1), "Rows are queries, columns are keys: each row says where its query looks.", "note")
    tables = {index: _which(index) for index in product(*map(range, lead))}  # each with its caption
    sheet.column_dimensions["A"].width = min(40, 4 + max(map(len, [*rows, *tables.values()])))
    for place in range(S):
        sheet.column_dimensions[get_column_letter(place + 2)].width = max(6.5, min(20, 2 + len(columns[place])))
    top = 4
    for index, caption in tables.items():
        if caption:
            styles.text(sheet.cell(top, 1), caption, "caption")
        table = weights[index].detach().tolist() if index else weights.detach().tolist()
        _table(sheet, styles, top, rows, columns, table)
        top += T + 3
    sheet.sheet_view.showGridLines = False
    write_workbook(workbook, path, overwrite)
    return path


def _table(sheet: Any, styles: Styles, top: int, rows: List[str], columns: List[str], table: Any) -> None:
    for place, label in enumerate(columns, start=2):
        styles.text(sheet.cell(top, place), label, "index")
    for number, (label, values) in enumerate(zip(rows, table), start=top + 1):
        styles.text(sheet.cell(number, 1), label, "row_index")
        for place, value in enumerate(values, start=2):
            write_number(styles.put(sheet.cell(number, place), "live", "0.00"), value)
    corner = f"{get_column_letter(len(columns) + 1)}{top + len(rows)}"
    rule = ColorScaleRule(start_type="num", start_value=0, start_color="FFFFFF", end_type="max", end_color="7FA8DB")
    sheet.conditional_formatting.add(f"B{top + 1}:{corner}", rule)


def _which(index: Sequence[int]) -> str:
    """`batch 0, head 1`; nothing for the only table."""
    names = ("batch", "head")[-len(index) :]
    return ", ".join(f"{name} {i}" for name, i in zip(names, index)) if len(index) < 3 else slice_label(index)


def _labels(what: str, labels: Optional[Sequence[str]], count: int) -> List[str]:
    if labels is None:
        return [str(place) for place in range(count)]
    if len(labels) != count:
        raise ValueError(f"heat_map: {len(labels)} labels for {count} {what}; give one for each")
    texts = [str(label) for label in labels]
    return [text if text.isprintable() and text.strip() else repr(text) for text in texts]  # a blank has to be seen
