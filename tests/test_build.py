"""What setup.py decides, on kernels that compile in a second."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES

import pytest
from building import (
    COMPILER,
    EDITABLE,
    WHEEL,
    answer,
    build,
    emulator,
    needs_compiler,
    needs_x86,
    small_checkout,
    without_ours,
)

from saitama.tensor import cpu


@pytest.fixture
def checkout(tmp_path):
    return small_checkout(tmp_path)


def python(checkout, code, *before, **environment):
    """What the code prints on the saitama of the checkout."""
    command = [*before, sys.executable, "-W", "error", "-c", code]
    environment = without_ours(PYTHONPATH=str(checkout), **environment)
    ran = subprocess.run(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return ran.stdout.strip()


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
@needs_x86
def test_another_instruction_set_compiles_again_and_is_recorded(checkout):
    assert build(checkout, SAITAMA_MARCH="none")[2]["instructions"] == []
    _, output, record = build(checkout, SAITAMA_MARCH="x86-64-v3")
    assert "building 'saitama.kernels'" in output
    assert "-march=x86-64-v3" in record["flags"]
    assert {"avx2", "fma", "bmi2"} <= set(record["instructions"])
    assert "avx512f" not in record["instructions"]


@needs_compiler
def test_native_flags_enable_only_what_this_machine_has(checkout):
    _, _, record = build(checkout)
    assert record["machine"] == platform.machine()
    code = "from saitama.tensor import cpu; print(cpu.processor_features() is not None, cpu.kernels_folder())"
    folder = str(checkout / "saitama")
    assert python(checkout, code) in (f"True {folder}", f"{platform.machine() not in cpu.X86_MACHINES} {folder}")


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


def packed_in(folder):
    """The names of the one wheel in a folder and of the files in it."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return wheel.name, set(archive.namelist())


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"CC": "/bin/false"}, "no working C compiler was found (CC chooses one)"),
        ({"SAITAMA_MARCH": "pure"}, "SAITAMA_MARCH=pure asked for none"),
    ],
)
def test_a_wheel_without_kernels_is_for_every_machine(checkout, settings, reason):
    code, output, _ = build(checkout, WHEEL, **settings)
    assert code == 0, output
    name, packed = packed_in(checkout)
    assert name == "saitama_dl-0.1.0-py3-none-any.whl"
    assert {"saitama/__init__.py", "saitama/tensor/cpu.py", "saitama/_build.json"} <= packed
    assert not [name for name in packed if name.endswith((".so", ".pyd"))]
    with zipfile.ZipFile(checkout / name) as archive:
        assert json.loads(archive.read("saitama/_build.json")) == {"compiled": False, "reason": reason}


CHOSEN = """
from pathlib import Path
from saitama.tensor.backend import K
print(K.__name__, K.answer(), Path(K.__file__).parent.name)
"""


@pytest.fixture(scope="module")
def portable(tmp_path_factory):
    """A checkout whose small kernels are built in each variant."""
    checkout = small_checkout(tmp_path_factory.mktemp("portable"))
    (checkout / "saitama" / f"kernels{EXTENSION_SUFFIXES[0]}").touch()  # of an earlier build for one machine
    code, output, record = build(checkout, SAITAMA_MARCH="portable")
    assert code == 0, output
    assert list(record["variants"]) == list(cpu.VARIANTS)
    return checkout


@needs_compiler
@needs_x86
def test_each_variant_is_built_and_can_be_forced(portable):
    assert not list((portable / "saitama").glob("kernels.*"))  # the earlier ones are gone
    record = json.loads((portable / "saitama" / "_build.json").read_text())
    for variant in cpu.VARIANTS:
        built = record["variants"][variant]
        assert f"-march={variant}" in built["flags"]
        assert ("avx512f" in built["instructions"], "avx2" in built["instructions"]) == {
            "x86-64-v4": (True, True),
            "x86-64-v3": (False, True),
            "x86-64-v2": (False, False),
        }[variant]
        told = python(portable, CHOSEN, SAITAMA_VARIANT=variant)
        lacks = "RuntimeWarning: saitama computes with its slow pure-Python kernels: this processor lacks instructions"
        assert told == f"saitama.kernels 42 {variant}" or variant != "x86-64-v2" and lacks in told


@needs_compiler
@needs_x86
def test_the_import_takes_the_best_variant_that_the_processor_has(portable):
    told = python(portable, CHOSEN)
    forced = [python(portable, CHOSEN, SAITAMA_VARIANT=variant) for variant in cpu.VARIANTS]
    assert told == next(each for each in forced if each.startswith("saitama.kernels 42"))


@needs_compiler
@needs_x86
def test_a_variant_that_was_not_built_names_the_choices(portable, checkout):
    code = "from saitama.tensor import backend"
    told = python(portable, code, SAITAMA_VARIANT="v3")
    assert told.endswith("ValueError: SAITAMA_VARIANT=v3: choose x86-64-v4, x86-64-v3 or x86-64-v2")
    told = python(checkout, code, SAITAMA_VARIANT="x86-64-v3")
    assert told.endswith("leave it unset, or build them with SAITAMA_MARCH=portable")


@needs_compiler
@needs_x86
@pytest.mark.parametrize(
    ("model", "variant"), [("Nehalem", "x86-64-v2"), ("max,-avx512f", "x86-64-v3"), ("qemu64", None)]
)
def test_an_emulated_processor_gets_the_variant_that_it_can_run(portable, model, variant):
    told = python(portable, CHOSEN, *emulator(model))
    if variant is None:
        lacking = "instructions that the kernels were compiled to use (popcnt, sse4_1, sse4_2, ssse3)"
        assert f"saitama computes with its slow pure-Python kernels: this processor lacks {lacking}" in told
    else:
        assert told.splitlines()[-1] == f"saitama.kernels 42 {variant}"
