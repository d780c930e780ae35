"""Standing in a checkout: what imports as a part of saitama, and what is said where its kernels are not built."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, Tuple

import pytest

import saitama
from saitama.source_tree import SUBPACKAGES

BUILT = ("__pycache__", "kernels.*", "_build.json")


@pytest.mark.parametrize("name", ["tests", "setup", "benchmarks", "examples", "scripts"])
def test_the_rest_of_a_checkout_is_no_part_of_saitama(name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"No module named 'saitama.{name}'"):
        importlib.import_module(f"saitama.{name}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose kernels are not built, with one small sub-package."""
    folder = tmp_path / "checkout"
    shutil.copytree(Path(saitama.__file__).parent, folder / "saitama", ignore=shutil.ignore_patterns(*BUILT))
    (folder / "setup.py").touch()
    sub_package(folder / SUBPACKAGES[0])
    return folder


def sub_package(folder: Path) -> None:
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import part\n")
    (folder / "part.py").write_text("here = __file__\n")


def python(code: str, folder: Path, *path: Path, **environment: str) -> Tuple[str, str]:
    """What the code prints and what it warns of, run in the folder with nothing else of saitama in sight."""
    command = [sys.executable, "-S", "-W", "always", "-c", f"import sys; sys.path.insert(0, ''); {code}"]
    ours = {key: value for key, value in os.environ.items() if not key.startswith("SAITAMA_")}
    where = os.pathsep.join(str(each) for each in path)
    ran = subprocess.run(command, cwd=folder, env={**ours, "PYTHONPATH": where, **environment}, capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode(), ran.stderr.decode()


def test_the_listed_folders_are_sub_packages_and_others_are_not(checkout: Path) -> None:
    sub_package(checkout / "other")
    (checkout / SUBPACKAGES[1]).mkdir()  # without an __init__.py: not a package yet
    code = """
for name in sys.argv[1:]:
    try:
        __import__(name)
        print(sys.modules[name + '.part'].here)
    except ModuleNotFoundError as error:
        print(error)
"""
    names = [f"saitama.{name}" for name in (*SUBPACKAGES, "other", "kernels")]
    code = f"sys.argv = {['', *names]}\n{code}"
    printed, _ = python(code, checkout, SAITAMA_KERNELS="reference")
    missing = [f"No module named '{name}'" for name in names[1:]]
    assert printed.splitlines() == [str(checkout / SUBPACKAGES[0] / "part.py"), *missing]
    shutil.rmtree(checkout / SUBPACKAGES[1])
    sub_package(checkout / SUBPACKAGES[1])
    printed, _ = python(code, checkout, SAITAMA_KERNELS="reference")
    assert printed.splitlines()[:2] == [str(checkout / name / "part.py") for name in SUBPACKAGES]


ANOTHER = """
import importlib.machinery

class Editable:  # an editable install of another checkout, as setuptools makes it
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("saitama."):
            return importlib.machinery.PathFinder.find_spec(name, [where])

sys.meta_path.append(Editable)
for name in ("saitama.kernels", "saitama.exercises"):
    try:
        print(__import__(name, fromlist=["x"]).__file__)
    except ModuleNotFoundError as error:
        print(error)
from saitama import tensor
try:
    from saitama import kernels
except ImportError as error:
    print(str(error).split(" (")[0])
"""


def test_parts_of_another_checkout_are_not_mixed_in(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for name in ("kernels", "exercises"):
        sub_package(tmp_path / "other" / name)
    printed, _ = python(f"where = {str(tmp_path / 'other')!r}\n{ANOTHER}", checkout, SAITAMA_KERNELS="reference")
    missing = [f"No module named 'saitama.{name}'" for name in ("kernels", "exercises")]
    assert printed.splitlines() == [*missing, "cannot import name 'kernels' from 'saitama'"]


def test_an_unbuilt_checkout_before_a_built_saitama_says_so_in_one_line(checkout: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "saitama").mkdir(parents=True)
    (site / "saitama" / "__init__.py").touch()
    code = "import saitama; print(saitama.__file__)"
    printed, warned = python(code, checkout, site)
    assert printed.strip() == str(checkout / "saitama" / "__init__.py")
    (told,) = [line for line in warned.splitlines() if "RuntimeWarning" in line]
    assert f"of {checkout / 'saitama'} are not built" in told and str(site) not in told  # that one is not built either
    (site / "saitama" / f"kernels{EXTENSION_SUFFIXES[0]}").touch()
    _, warned = python(code, checkout, site)
    (told,) = [line for line in warned.splitlines() if "RuntimeWarning" in line]
    for part in (
        f"found the source folder {checkout}, whose kernels are not built",
        f"before the built one in {site / 'saitama'}",
        "run from another folder to use that one",
        f"`pip install -e .` in {checkout}",
    ):
        assert part in told
    assert python(code, checkout, site, SAITAMA_KERNELS="reference")[1] == ""  # asked for


def test_finders_of_other_kinds_are_passed_over(monkeypatch: Any) -> None:
    from saitama import source_tree

    monkeypatch.setattr(sys, "meta_path", [object(), *sys.meta_path])
    source_tree.built_elsewhere()
    source_tree.connect()
    source_tree.connect()
    assert sum(getattr(each, "__name__", "") == "SourceTree" for each in sys.meta_path) <= 1
