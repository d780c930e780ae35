"""Which kernels are taken on a processor: by the build's record and by what the processor says."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from building import emulator, needs_x86, without_ours

import saitama
from saitama.tensor import cpu


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: Any) -> Callable[[str], None]:
    """Writes a build record and has cpu.py read it, on a processor with AVX2."""

    def write(text: str) -> None:
        (tmp_path / "_build.json").write_text(text)

    monkeypatch.setattr(cpu, "BUILD_RECORD", tmp_path / "_build.json")
    monkeypatch.setattr(cpu, "processor_features", lambda: frozenset(("sse4_2", "avx", "avx2")))
    return write


def needing(*instructions: str) -> str:
    return json.dumps({"compiled": True, "instructions": instructions})


VARIANTS = {"x86-64-v4": ["avx2", "avx512f"], "x86-64-v3": ["avx2"], "x86-64-v2": ["sse4_2"]}
PORTABLE = json.dumps({"compiled": True, "variants": {name: {"instructions": VARIANTS[name]} for name in VARIANTS}})


def test_a_missing_instruction_is_named(recorded: Any) -> None:
    recorded(needing("avx2", "avx9000"))
    with pytest.raises(ImportError) as error:
        cpu.kernels_folder()
    assert str(error.value) == (
        "this processor lacks instructions that the kernels were compiled to use (avx9000); "
        "install saitama from source on this machine, or have it built with SAITAMA_MARCH=none"
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", needing(), needing("avx", "avx2")])
def test_kernels_of_one_variant_lie_in_the_package(recorded: Any, text: str) -> None:
    recorded(text)
    assert cpu.kernels_folder() == cpu.PACKAGE


def test_no_record_at_all(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(cpu, "BUILD_RECORD", tmp_path / "none.json")
    assert cpu.build_record() == {}
    assert cpu.kernels_folder() == cpu.PACKAGE


@pytest.mark.parametrize(
    ("features", "name"),
    [
        (("sse4_2", "avx2", "avx512f"), "x86-64-v4"),
        (("sse4_2", "avx2"), "x86-64-v3"),
        (("sse4_2",), "x86-64-v2"),
        (None, "x86-64-v2"),
    ],
)
def test_the_best_variant_that_the_processor_can_run(recorded: Any, monkeypatch: Any, features: Any, name: str) -> None:
    monkeypatch.setattr(cpu, "processor_features", lambda: features)
    recorded(PORTABLE)
    assert cpu.kernels_folder() == cpu.PACKAGE / name


def test_a_processor_without_any_variant(recorded: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(cpu, "processor_features", lambda: frozenset())
    recorded(PORTABLE)
    with pytest.raises(ImportError, match=r"lacks instructions .* \(sse4_2\)"):
        cpu.kernels_folder()


def test_a_variant_can_be_asked_for(recorded: Any) -> None:
    recorded(PORTABLE)
    assert cpu.kernels_folder("x86-64-v2") == cpu.PACKAGE / "x86-64-v2"
    with pytest.raises(ImportError, match=r"\(avx512f\)"):
        cpu.kernels_folder("x86-64-v4")
    with pytest.raises(ValueError, match="SAITAMA_VARIANT=avx2: choose x86-64-v4, x86-64-v3 or x86-64-v2"):
        cpu.kernels_folder("avx2")
    recorded(needing("avx2"))
    with pytest.raises(ValueError, match="SAITAMA_VARIANT=x86-64-v3: these kernels were built in one variant"):
        cpu.kernels_folder("x86-64-v3")


def test_an_unknown_processor_is_trusted(recorded: Any, monkeypatch: Any) -> None:
    recorded(needing("avx9000"))
    monkeypatch.setattr(cpu, "processor_features", lambda: None)
    assert cpu.kernels_folder() == cpu.PACKAGE


@needs_x86
@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="reads /proc/cpuinfo")
def test_the_processor_says_what_linux_says_of_it() -> None:
    pytest.importorskip("saitama.cpuid")
    (flags, *_) = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")]
    assert cpu.processor_features() == set(cpu.INSTRUCTIONS.values()) & set(flags.partition(":")[2].split())


def processor(answers: Dict[Any, Any], xcr0: int) -> Any:
    return types.SimpleNamespace(cpuid=lambda leaf, part: answers.get((leaf, part), (0,) * 4), xcr0=lambda: xcr0)


def test_avx_needs_an_operating_system_that_saves_its_registers() -> None:
    answers = {(1, 0): (0, 0, 1 << 28 | 1, 0), (7, 0): (0, 1 << 16, 0, 0)}
    assert cpu._x86_features(processor(answers, 0)) == {"pni"}
    assert cpu._x86_features(processor(answers, 0x07)) == {"pni", "avx"}
    assert cpu._x86_features(processor(answers, 0xE7)) == {"pni", "avx", "avx512f"}


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("processor\t: 0\nFeatures\t: fp asimd sve\n\nFeatures\t: other\n", {"fp", "asimd", "sve"}),
        ("processor: 0\n", None),
    ],
)
def test_cpuinfo_of_arm_and_of_others(cpuinfo: str, expected: Any) -> None:
    assert cpu._linux_features(cpuinfo) == expected


ADD = "import saitama; print(saitama.__file__); print((saitama.Tensor([1.0, 2.0]) + 1).tolist())"


def imported(folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-W", "always", "-c", ADD]
    environment = without_ours(PYTHONPATH=str(folder))
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_import_survives_a_processor_that_lacks_an_instruction(tmp_path: Path) -> None:
    if cpu.processor_features() is None:
        pytest.skip("nobody says what this processor has")
    package = tmp_path / "saitama"
    shutil.copytree(Path(saitama.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "_build.json").write_text(needing("avx9000"))
    result = imported(tmp_path)
    assert result.stdout.splitlines() == [str(package / "__init__.py"), "[2.0, 3.0]"], result.stderr
    assert "this processor lacks instructions that the kernels were compiled to use (avx9000)" in result.stderr


@needs_x86
def test_import_survives_an_emulated_processor_that_lacks_what_the_build_used() -> None:
    """The kernels as they are built here, on a processor of 2003 to 2006: only SSE3 is there."""
    package = Path(saitama.__file__).parent
    needed = cpu.build_record().get("instructions", ())
    if importlib.util.find_spec("saitama.cpuid") is None or "avx" not in needed:
        pytest.skip("the kernels are not built, or for any processor")
    result = imported(package.parent, *emulator("qemu64"))
    assert result.returncode == 0
    assert result.stdout.splitlines() == [str(package / "__init__.py"), "[2.0, 3.0]"], result.stderr
    assert "saitama computes with its slow pure-Python kernels: this processor lacks instructions" in result.stderr
    assert "avx" in result.stderr
