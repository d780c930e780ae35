"""The sdist and the wheel hold what they must and nothing else; the README's commands are the ones that CI runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

import saitama
from saitama import source_tree

ROOT = Path(__file__).resolve().parent.parent
SUBPACKAGES = [folder for folder in source_tree.SUBPACKAGES if (ROOT / folder).is_dir()]
FOLDERS = ["benchmarks", "examples", "kernels", "saitama", "scripts", "tests", *SUBPACKAGES]


def run(*command, cwd, **environment):
    ours = {key: value for key, value in os.environ.items() if not key.startswith("SAITAMA_")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**ours, **environment},
        check=True,
        capture_output=True,
        text=True,
    )


def files(folder):
    """The source files below a folder, as `folder/name` with forward slashes."""
    made = (".so", ".pyd", ".pyc", "kernels.c", ".html", "_build.json")
    paths = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
    names = {path.as_posix() for path in paths if not path.name.endswith(made)}
    return {name for name in names if "/." not in name}  # tools keep their caches in hidden folders


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The unpacked sdist, built from a copy: building writes into the source folder."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("sdist")
    for folder in FOLDERS:
        copytree(ROOT / folder, copy / folder, ignore=ignore_patterns("__pycache__", ".*"))
    for file in ROOT.glob("*.*"):
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    (copy / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
    run("-c", "import sys, setuptools.build_meta as backend; backend.build_sdist(sys.argv[1])", str(out), cwd=copy)
    (archive,) = out.glob("*.tar.gz")  # older setuptools keep the hyphen of saitama-dl
    with tarfile.open(archive) as tar:
        tar.extractall(out, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return out / archive.name[: -len(".tar.gz")]


@pytest.fixture(scope="module")
def pure(sdist, tmp_path_factory):
    """The wheel that pip builds from the sdist, without a network and without a compiler."""
    out = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out)]
    run("-m", "pip", "wheel", *options, str(sdist), cwd=out, CC="/bin/false")
    (archive,) = out.glob("saitama_dl-*.whl")
    return archive


@pytest.fixture(scope="module")
def wheel(pure):
    """The same, unpacked."""
    with zipfile.ZipFile(pure) as file:
        file.extractall(pure.parent / "unpacked")
    return pure.parent / "unpacked"


@pytest.fixture(scope="module")
def about(wheel):
    """The wheel's metadata."""
    (file,) = wheel.glob("*.dist-info/METADATA")
    return Parser().parsestr(file.read_text(encoding="utf-8"))


def test_the_sdist_has_every_source_file_and_nothing_built(sdist):
    packed = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    wanted = {"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", "setup.py"}
    for folder in FOLDERS:
        wanted |= files(folder)
    assert "kernels/kernels.pyx" in wanted
    assert wanted - packed == set()
    extra = {name for name in packed - wanted if "egg-info" not in name}
    assert extra == {"MANIFEST.in", "PKG-INFO", "setup.cfg"}


def test_the_wheel_has_only_saitama_at_top_level(wheel):
    assert {path.name for path in wheel.iterdir()} == {"saitama", f"saitama_dl-{saitama.__version__}.dist-info"}


def test_the_wheel_has_every_module_and_the_types(wheel):
    packed = {path.relative_to(wheel).as_posix() for path in (wheel / "saitama").rglob("*") if path.is_file()}
    wanted = files("saitama") | {f"saitama/{name}" for folder in SUBPACKAGES for name in files(folder)}
    assert {"saitama/kernels.pyi", "saitama/py.typed", "saitama/spreadsheets/__init__.py"} <= wanted
    assert packed == wanted | {"saitama/_build.json"}


def test_without_a_compiler_the_wheel_runs_and_says_what_it_lacks(wheel):
    record = json.loads((wheel / "saitama" / "_build.json").read_text())
    assert record == {"compiled": False, "reason": "no working C compiler was found (CC chooses one)"}
    code = (
        "import saitama, saitama.spreadsheets as s; print(saitama.__file__, s.__file__, saitama.Tensor([2]).tolist())"
    )
    path = os.pathsep.join([str(wheel), sysconfig.get_paths()["purelib"]])
    result = run("-S", "-W", "always", "-c", code, cwd=wheel, PYTHONPATH=path)  # -S: no editable install beside it
    modules = [str(wheel / "saitama" / name) for name in ("__init__.py", "spreadsheets/__init__.py")]
    assert result.stdout.split() == [*modules, "[2.0]"]
    assert "slow pure-Python kernels" in result.stderr


def test_metadata(about, wheel):
    assert (about["Name"], about["Version"]) == ("saitama-dl", saitama.__version__)
    assert about["Requires-Python"] == ">=3.8"
    (scripts,) = wheel.glob("*.dist-info/entry_points.txt")
    assert "saitama = saitama.cli:main" in scripts.read_text()
    (licence,) = wheel.glob("*.dist-info/**/LICENSE")
    assert licence.read_text().startswith("MIT License")


def test_few_run_time_dependencies_and_the_rest_by_extra(about):
    requires = [line.replace("'", '"') for line in about.get_all("Requires-Dist")]
    always = {line.split(">=")[0].strip() for line in requires if "extra ==" not in line}
    assert always == {"openpyxl", "defusedxml", "safetensors", "rich"}
    (recalc,) = [line for line in requires if 'extra == "recalc"' in line]
    assert recalc.startswith("ironcalc") and 'python_version >= "3.10"' in recalc
    assert set(about.get_all("Provides-Extra")) == {"recalc", "mpi", "test", "bench", "dev"}


def installed(archive, folder):
    """Install it in a fresh virtual environment, whose Python is returned; there its requirements are those of here."""
    venv.create(folder)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    where = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = subprocess.run([python, "-c", where], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    Path(site, "here.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")  # searched after its own
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--target", site]
    run("-m", "pip", "install", *options, str(archive), cwd=folder)
    return python


def said_by(python, *command, **environment):
    """What a command of the installed saitama prints."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("SAITAMA_", "PYTHON"))}
    told = subprocess.run(
        [python, "-m", "saitama", *command],
        cwd=python.parent.parent,
        env={**ours, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert told.returncode == 0, told.stdout
    return told.stdout


def test_the_pure_wheel_installs_anywhere(pure, tmp_path):
    assert pure.name == f"saitama_dl-{saitama.__version__}-py3-none-any.whl"
    told = said_by(installed(pure, tmp_path), "info")
    assert "slow pure-Python kernels" in told and "reference (" in told


DIST = Path(os.environ.get("SAITAMA_DIST", os.devnull))  # what scripts/build-wheels made; CI does


@pytest.mark.skipif(not DIST.is_dir(), reason="SAITAMA_DIST names no folder that scripts/build-wheels has filled")
@pytest.mark.parametrize(
    "kind", ["*.tar.gz", "*-py3-none-any.whl", f"*-cp{sys.version_info[0]}{sys.version_info[1]}-*.whl"]
)
def test_each_archive_installs_in_a_fresh_environment_and_runs_the_demo(kind, tmp_path):
    (archive,) = DIST.glob(kind)
    python = installed(archive, tmp_path)
    said_by(python, "demo")
    assert len(list((tmp_path / "saitama-demo").glob("*.xlsx"))) > 1
    assert ("reference (" if "none-any" in kind else "compiled (") in said_by(python, "info")
    (record,) = tmp_path.rglob("saitama/_build.json")
    for variant in json.loads(record.read_text()).get("variants", {}):
        told = said_by(python, "info", SAITAMA_VARIANT=variant)
        if "this processor lacks instructions" not in told or variant == "x86-64-v2":
            assert f"march {variant}" in told
            said_by(python, "demo", "--force", SAITAMA_VARIANT=variant)


@pytest.mark.parametrize(
    "end",
    ["pip install -e '.[recalc]' && saitama demo", "pip install -e '.[test,mpi]' && python -m pytest -n auto tests/"],
)
def test_the_readme_has_the_commands_that_ci_takes_from_it(end):
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert f"python3 -m venv .venv && . .venv/bin/activate && {end}" in lines
