"""What happened in a run: one row of numbers for each epoch, and, if wanted, for each step."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Union

Row = Dict[str, float]


class History:
    """Losses, metrics, learning rate and gradient norm, as they were.

        history = History()
        history.add_epoch(loss=0.3, val_loss=0.4, lr=0.01)
        history["loss"]                  # one number for each epoch
        history.export("run.xlsx")       # tables and line charts

    Attributes:
        epochs: rows (dicts of numbers), the first column is "epoch", counted from 1.
        steps: rows, the first column is "step", counted from 1.
    """

    def __init__(self) -> None:
        self.epochs: List[Row] = []
        self.steps: List[Row] = []

    def add_epoch(self, **values: float) -> Row:
        """A row for an epoch. A name "val_x" belongs to "x": the two share a chart. TypeError for what is no number."""
        return self._add(self.epochs, "epoch", values)

    def add_step(self, **values: float) -> Row:
        """A row for a step of the optimiser."""
        return self._add(self.steps, "step", values)

    def _add(self, rows: List[Row], counter: str, values: Mapping[str, Any]) -> Row:
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"History: {name} is {value!r:.40}, expected a number (a Tensor's is t.item())")
        rows.append({counter: len(rows) + 1, **{name: value for name, value in values.items() if name != counter}})
        return rows[-1]

    def __getitem__(self, name: str) -> List[float]:
        """The column `name` of the epochs; nan where an epoch has none. KeyError where no epoch has it."""
        if not any(name in row for row in self.epochs):
            known = ", ".join(columns(self.epochs)) or "none"
            raise KeyError(f"History: no epoch has {name!r}; there are: {known}")
        return [row.get(name, float("nan")) for row in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def state_dict(self) -> Dict[str, Any]:
        """What a checkpoint keeps."""
        return {"epochs": [dict(row) for row in self.epochs], "steps": [dict(row) for row in self.steps]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state_dict()."""
        self.epochs, self.steps = ([dict(row) for row in state[name]] for name in ("epochs", "steps"))

    def export(self, path: Union[str, os.PathLike[str]], *, overwrite: Optional[bool] = None) -> None:
        """Write an .xlsx workbook with the tables and a line chart of each quantity.

        overwrite: None replaces a file only if saitama wrote it and nobody has touched it since, True any, False none.

        Raises ValueError for a name that is not .xlsx or no rows at all, FileExistsError for a file that is kept,
        OSError where the file cannot be written.
        """
        export_histories({"": self}, path, overwrite=overwrite)


def export_histories(
    runs: Mapping[str, History], path: Union[str, os.PathLike[str]], *, overwrite: Optional[bool] = None
) -> None:
    """Several runs in one workbook: a table for each, and for each quantity one chart with a line for each run.

    overwrite: as in History.export().
    """
    from saitama.spreadsheets.write.history import write_histories

    write_histories(runs, path, overwrite)


def columns(rows: List[Row]) -> List[str]:
    """The names in all rows, in the order in which they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row))
