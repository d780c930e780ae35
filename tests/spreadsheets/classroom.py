"""An exercise of one layer, two slips in it, and what grade() says of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict

from pupil import Learner

from saitama import dyadic, manual_seed
from saitama.spreadsheets import Grades, grade


def loss_of(seed: int = 0) -> Any:
    manual_seed(seed)
    x, W, b = (
        dyadic(1, 2, name="x"),
        dyadic(2, 2, name="W", requires_grad=True),
        dyadic(2, name="b", requires_grad=True),
    )
    a = x @ W
    net = a + b
    h = net.tanh()
    loss = h.sum()
    return loss, locals()


def negative(learner: Learner, number: float) -> float:
    return -number


def logistic(learner: Learner, number: float) -> float:
    from math import exp

    return 1 / (1 + exp(-learner.number("net", *learner.index)))


def rows_of(grades: Grades) -> Dict[str, Any]:
    return {row.learner: row for row in grades.rows}


def flags(exercise: Path, folder: Path, **how: Any) -> Dict[str, str]:
    return {
        row.learner: "; ".join([*row.marked.flags, *row.flags])
        for row in grade(folder, exercise, workers=1, **how).rows
    }
