"""What setup.py decides, on kernels that compile in a second; and what is done where the kernels cannot run."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import saitama
from saitama.tensor import cpu

ROOT = Path(__file__).resolve().parent.parent
X86 = platform.machine() in ("x86_64", "AMD64")
COMPILER = (sysconfig.get_config_var("CC") or "cc").split()[0]
needs_compiler = pytest.mark.skipif(shutil.which(COMPILER) is None, reason="there is no C compiler")
needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/cpuinfo")


@pytest.fixture
def checkout(tmp_path):
    """setup.py with all it reads, and a kernel of one line."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("__init__.py", "source_tree.py", "tensor/__init__.py", "tensor/cpu.py"):
        (tmp_path / "saitama" / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "saitama" / name, tmp_path / "saitama" / name)
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "kernels.pyx").write_text("# cython: language_level=3\ninclude 'answer.pxi'\n")
    (tmp_path / "kernels" / "answer.pxi").write_text("def answer():\n    return 42\n")
    return tmp_path


IN_PLACE = ["setup.py", "build_ext", "--inplace"]
EDITABLE = ["-c", "import setuptools.build_meta as backend; backend.build_editable('.')"]  # as pip install -e does


def build(checkout, how=IN_PLACE, **environment):
    """Build with no other SAITAMA_ variables than these: (exit code, output, build record)."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("SAITAMA_")}
    result = subprocess.run(
        [sys.executable, *how],
        cwd=checkout,
        env={**ours, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    record = checkout / "saitama" / "_build.json"
    return result.returncode, result.stdout, json.loads(record.read_text()) if record.exists() else None


def answer(checkout):
    """What the compiled kernel of the checkout says; None if there is none."""
    if not list((checkout / "saitama").glob("kernels.*")):
        return None
    code = "import sys; sys.path.insert(0, 'saitama'); import kernels; print(kernels.answer())"
    return int(subprocess.run([sys.executable, "-c", code], cwd=checkout, stdout=subprocess.PIPE, check=True).stdout)


@needs_compiler
def test_builds_in_place_and_again_only_after_a_change(checkout):
    code, output, record = build(checkout, SAITAMA_MARCH="none")
    assert code == 0, output
    assert answer(checkout) == 42
    assert record["compiled"] is True and "-O3" in record["flags"] and "-ffast-math" not in record["flags"]

    _, output, _ = build(checkout, SAITAMA_MARCH="none")
    assert "building 'saitama.kernels'" not in output

    included = checkout / "kernels" / "answer.pxi"
    included.write_text("def answer():\n    return 43\n")
    later = included.stat().st_mtime + 10
    os.utime(included, (later, later))
    build(checkout, SAITAMA_MARCH="none")
    assert answer(checkout) == 43


@needs_compiler
@pytest.mark.skipif(not X86, reason="names an x86 instruction set")
def test_another_instruction_set_compiles_again_and_is_recorded(checkout):
    assert build(checkout, SAITAMA_MARCH="none")[2]["instructions"] == []
    _, output, record = build(checkout, SAITAMA_MARCH="x86-64-v3")
    assert "building 'saitama.kernels'" in output
    assert "-march=x86-64-v3" in record["flags"]
    assert {"avx2", "fma", "bmi2"} <= set(record["instructions"])
    assert "avx512f" not in record["instructions"]


@needs_compiler
@needs_linux
def test_native_flags_enable_only_what_this_machine_has(checkout):
    _, _, record = build(checkout)
    available = cpu.processor_features()
    assert record["machine"] == platform.machine()
    assert [name for name in record["instructions"] if name.replace("_", "") not in available] == []


@needs_compiler
def test_an_unknown_instruction_set_is_an_error_that_says_so(checkout):
    code, output, _ = build(checkout, SAITAMA_MARCH="z80")
    assert code != 0
    assert "does not know -march=z80; set SAITAMA_MARCH to a name it has" in output


@needs_compiler
def test_without_threads_it_builds_with_a_warning(checkout):
    picky = checkout / "picky-cc"
    picky.write_text(f'#!/bin/sh\ncase "$*" in *pthread*) exit 1;; esac\nexec {COMPILER} "$@"\n')
    picky.chmod(0o755)
    code, output, record = build(checkout, CC=str(picky), SAITAMA_MARCH="none")
    assert code == 0, output
    assert "neither POSIX threads nor OpenMP" in output
    assert record["threads"] is False
    assert answer(checkout) == 42


@needs_compiler
def test_an_install_without_a_compiler_goes_on_and_leaves_no_older_kernels(checkout):
    code, output, _ = build(checkout, EDITABLE, SAITAMA_MARCH="none")
    assert code == 0, output
    assert answer(checkout) == 42
    code, output, record = build(checkout, EDITABLE, CC="/bin/false")
    assert code == 0, output
    assert "the compiled kernels were NOT built: no working C compiler was found" in output
    assert record == {"compiled": False, "reason": "no working C compiler was found (CC chooses one)"}
    assert answer(checkout) is None


def test_an_install_can_require_the_compiled_kernels(checkout):
    code, output, _ = build(checkout, EDITABLE, CC="/bin/false", SAITAMA_REQUIRE_COMPILED="1")
    assert code != 0
    assert "no working C compiler was found" in output


@needs_compiler
def test_building_in_place_requires_a_compiler_and_keeps_what_was_built(checkout):
    _, _, before = build(checkout, SAITAMA_MARCH="none")
    code, output, record = build(checkout, CC="/bin/false")
    assert code != 0
    assert "error: no working C compiler was found" in output
    assert (answer(checkout), record) == (42, before)


@needs_compiler
def test_an_error_in_our_own_source_is_never_taken_for_a_missing_compiler(checkout):
    (checkout / "kernels" / "answer.pxi").write_text("def answer(:\n")
    code, output, _ = build(checkout, EDITABLE, SAITAMA_MARCH="none")
    assert code != 0
    assert "answer.pxi:1" in output


@pytest.fixture
def record_of(tmp_path, monkeypatch):
    """Writes a build record and has cpu.py read it."""

    def write(text):
        monkeypatch.setattr(cpu, "BUILD_RECORD", tmp_path / "_build.json")
        cpu.BUILD_RECORD.write_text(text)

    return write


def needing(*instructions):
    return json.dumps({"compiled": True, "instructions": instructions})


@needs_linux
def test_a_missing_instruction_is_named(record_of):
    record_of(needing("avx9000"))
    assert cpu.unsupported_instructions() == (
        "this processor lacks instructions that the kernels were compiled to use (avx9000); "
        "install saitama from source on this machine, or have it built with SAITAMA_MARCH=none"
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", needing()])
def test_nothing_is_missing_where_nothing_is_recorded(record_of, text):
    record_of(text)
    assert cpu.unsupported_instructions() is None


def test_no_record_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "BUILD_RECORD", tmp_path / "none.json")
    assert cpu.build_record() == {}
    assert cpu.unsupported_instructions() is None


def test_an_unknown_processor_is_trusted(record_of, monkeypatch):
    record_of(needing("avx9000"))
    monkeypatch.setattr(cpu, "processor_features", lambda: None)
    assert cpu.unsupported_instructions() is None


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu pni avx512_vbmi2\n\nflags\t\t: other\n", {"fpu", "pni", "avx512vbmi2"}),
        ("processor\t: 0\nFeatures\t: fp asimd sve\n", {"fp", "asimd", "sve"}),
        ("processor: 0\n", None),
    ],
)
def test_cpuinfo_of_x86_arm_and_neither(cpuinfo, expected):
    assert cpu._linux_features(cpuinfo) == expected


def test_the_names_of_an_intel_mac(monkeypatch):
    answer = "FPU SSE3 SSE4.1 AVX1.0 FMA\nAVX2 BMI1 AVX512F\nLZCNT SYSCALL\n"
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: subprocess.CompletedProcess([], 0, answer))
    expected = {"pni", "sse41", "avx", "fma", "avx2", "bmi1", "avx512f", "abm"}
    assert expected <= cpu._mac_features()


@needs_linux
def test_import_survives_a_processor_that_lacks_an_instruction(tmp_path):
    package = tmp_path / "saitama"
    shutil.copytree(Path(saitama.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "_build.json").write_text(needing("avx9000"))
    environment = {key: value for key, value in os.environ.items() if key != "SAITAMA_KERNELS"}
    code = "import saitama; print(saitama.__file__); print((saitama.Tensor([1.0, 2.0]) + 1).tolist())"
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert result.stdout.splitlines() == [str(package / "__init__.py"), "[2.0, 3.0]"], result.stderr
    assert "this processor lacks instructions that the kernels were compiled to use (avx9000)" in result.stderr
