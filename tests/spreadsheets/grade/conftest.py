"""An exercise that is made once, and a folder for what is handed in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from classroom import loss_of

from saitama.spreadsheets import worksheet


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("exercise") / "exercise.xlsx"
    loss, names = loss_of()
    worksheet(loss, path, names=names)
    return path


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed in"
    folder.mkdir()
    return folder
