"""Fisher's irises (1936): four lengths of 150 flowers of three species, measured by Edgar Anderson."""

from __future__ import annotations

from pathlib import Path
from typing import Tuple

from saitama.tensor import Tensor

IRIS_FEATURES = ("sepal length", "sepal width", "petal length", "petal width")  # in cm
IRIS_SPECIES = ("setosa", "versicolor", "virginica")


def iris() -> Tuple[Tensor, Tensor]:
    """x (150, 4) in cm, columns as IRIS_FEATURES; y (150,) int64, the position in IRIS_SPECIES; 50 of each, in order.

    The values are those of Fisher's paper. The copy in the UCI repository differs in two flowers (35: petal width 0.1
    for 0.2; 38: sepal width 3.1 for 3.6, petal length 1.5 for 1.4).
    """
    lines = (Path(__file__).parent / "data" / "iris.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    species = [IRIS_SPECIES.index(row[4]) for row in rows]
    return Tensor([[float(value) for value in row[:4]] for row in rows]), Tensor(species, dtype="int64")
