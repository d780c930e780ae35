"""CONTRIBUTING.md's "Add an operation", followed to the letter on a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from textwrap import dedent
from typing import List, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMPILER = (sysconfig.get_config_var("CC") or "cc").split()[0]
FOLDERS = ("saitama", "spreadsheets", "kernels", "tests", "scripts")
FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE")
BUILT = ("__pycache__", "kernels.c", "*.so", "*.pyd", "_build.json", ".*")


class Edit(NamedTuple):
    """A block of code, and the file that the text before it names."""

    kind: str  # "python" is put at the end of the file, "diff" changes it
    path: str
    text: str


def edits() -> List[Edit]:
    """The six edits that the section asks for, in order."""
    section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Add an operation\n")[1].split("\n## ")[0]
    found, path = [], ""
    for text, kind, code in re.findall(r"(.*?)\n   ```(\w+)\n(.*?)\n   ```", section, re.DOTALL):
        named = re.findall(r"(?:At the end of|In)\s+`([\w/.]+)`", text)
        path = named[-1] if named else path
        if kind != "sh":
            found.append(Edit(kind, path, dedent(code)))
    return found


def apply(edit: Edit, tree: Path) -> None:
    file = tree / edit.path
    source = file.read_text(encoding="utf-8")
    if edit.kind == "python":
        source += ("\n\n" if "\n" in edit.text else "") + edit.text + "\n"
    else:
        for hunk in edit.text.split("\n@@\n"):
            lines = [line if line else " " for line in hunk.split("\n")]
            before = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
            after = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
            assert source.count(before) == 1, f"{edit.path} has {source.count(before)} times:\n{before}"
            source = source.replace(before, after)
    file.write_text(source, encoding="utf-8")


def checkout(folder: Path) -> Path:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*BUILT))
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(tree: Path, *command: str, **environment: str) -> str:
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("SAITAMA_", "PYTEST_"))}
    surroundings = {**ours, "PYTHONPATH": str(tree), **environment}
    ran = subprocess.run([sys.executable, *command], cwd=tree, env=surroundings, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, with all steps taken; nothing is built."""
    made = checkout(tmp_path_factory.mktemp("tree"))
    for edit in edits():
        apply(edit, made)
    run(made, "scripts/stub", SAITAMA_KERNELS="reference")
    return made


PLACES = [
    ("saitama/autograd/ops/elementwise.py", "Softsign has no class: add one"),
    ("saitama/tensor/reference/elementwise.py", "Softsign has no twin: add softsign to saitama/tensor/reference/"),
    ("kernels/operations.pxi", "Softsign has no compiled kernel: add softsign to kernels/operations.pxi"),
    ("spreadsheets/formulas/unary.py", "Softsign has no formula: add a class to spreadsheets/formulas/"),
    ("tests/operations.py", "Softsign has no case in the tests: add one to tests/operations.py"),
    ("saitama/nn/functional.py", "Softsign has no public name: add a function to saitama/nn/functional.py"),
]
FORGOTTEN = """
import sys
sys.path.insert(0, "tests")
import test_operations
print(*test_operations.forgotten(), sep="\\n")
"""


def test_there_are_six_places() -> None:
    assert [edit.path for edit in edits()] == [path for path, _ in PLACES]


@pytest.mark.parametrize(("place", "told"), PLACES, ids=[path for path, _ in PLACES])
def test_a_forgotten_place_is_named(tree: Path, place: str, told: str) -> None:
    taken = (tree / place).read_bytes()
    shutil.copy(ROOT / place, tree / place)
    try:
        lines = run(tree, "-c", FORGOTTEN, SAITAMA_KERNELS="reference").splitlines()
    finally:
        (tree / place).write_bytes(taken)
    assert lines and all("oftsign" in line for line in lines)
    assert any(line.startswith(told) for line in lines), lines


TESTS = ("tests/autograd/ops/test_ops_elementwise.py", "tests/kernels/test_twins_elementwise.py")
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


def test_the_steps_make_an_operation_that_is_right(tree: Path) -> None:
    """On the pure-Python kernels: value, derivative, errors, places and contract."""
    chosen = "softsign or places or twins_say"
    others = ("tests/test_operations.py", "tests/kernels/test_stub.py")
    told = run(tree, *PYTEST, *TESTS, *others, "-k", chosen, SAITAMA_KERNELS="reference")
    assert int(re.findall(r"(\d+) passed", told)[0]) > 10 and "failed" not in told


WORKBOOK = """
import sys
sys.path[:0] = ["tests", "tests/spreadsheets"]
from pathlib import Path
import openpyxl
from graphs import CASES
from saitama.spreadsheets import export, recalculate, verify

exported = export(CASES["Softsign"](), Path(sys.argv[1], "softsign.xlsx"))
found = recalculate(exported, engine="ironcalc", output=Path(sys.argv[1], "right.xlsx"))
print(str(found["Check!A3"])[:4], len(verify(Path(sys.argv[1], "right.xlsx")).differences))
from saitama.spreadsheets.formulas.unary import Softsign
Softsign.dx = lambda self, dy, x, y, params: f"{dy}/(1+ABS({x}))"  # forgets the square
exported = export(CASES["Softsign"](), Path(sys.argv[1], "planted.xlsx"))
found = recalculate(exported, engine="ironcalc", output=Path(sys.argv[1], "wrong.xlsx"))
print(str(found["Check!A3"])[:4], len(verify(Path(sys.argv[1], "wrong.xlsx")).differences) > 0)
"""


def test_its_formulas_agree_and_a_wrong_one_does_not(tree: Path, tmp_path: Path) -> None:
    pytest.importorskip("ironcalc")
    told = run(tree, "-c", WORKBOOK, str(tmp_path), SAITAMA_KERNELS="reference")
    assert told.split() == ["PASS", "0", "FAIL", "True"]


@pytest.mark.skipif(shutil.which(COMPILER) is None or os.name != "posix", reason="there is no C compiler")
def test_its_compiled_kernels_agree_with_the_twins(tree: Path, tmp_path: Path) -> None:
    """Built without optimisation and without debugging symbols, in a fifth of the time."""
    built = tmp_path / "tree"
    shutil.copytree(tree, built, ignore=shutil.ignore_patterns("__pycache__"))
    quick = tmp_path / "cc"
    quick.write_text(f'#!/bin/sh\nexec {COMPILER} "$@" -O0 -g0\n')
    quick.chmod(0o755)
    run(built, "setup.py", "-q", "build_ext", "--inplace", CC=str(quick), SAITAMA_MARCH="none")
    tests = (TESTS[1], "tests/kernels/test_stub.py", "-k", "softsign or stub")
    told = run(built, *PYTEST, *tests, SAITAMA_KERNELS="compiled")
    assert int(re.findall(r"(\d+) passed", told)[0]) > 10 and "failed" not in told
