"""The machine code of the tiles (kernels/tiles.h), by every compiler here: in the loop over k, the largest tiles keep
all their sums in registers, read b once, read a number of a once for each row or each multiply-add, and do little else.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
pytestmark = [
    pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="reads the code of x86-64"),
    pytest.mark.skipif(not COMPILERS, reason="neither gcc nor clang is there"),
]
SETS = {  # (flags, what vectors are called, rows and vectors of the largest tile)
    "AVX2": (["-mavx2", "-mfma"], "ymm", (4, 3)),
    "AVX-512": (["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl"], "zmm", (8, 3)),
}
STEPS = 4  # along k in a loop
MOST_OTHERS = 16  # in four steps of operands in order; twice as many where each place depends on the one before
SOURCE = """
#include "tiles.h"
void doubles(const saitama_tile *t, double *x) { saitama_run_tile_d(t, x, x, x, x, x); }
void floats(const saitama_tile *t, float *x) { saitama_run_tile_f(t, x, x, x, x, x); }
"""


def assembly(compiler: str, flags: List[str], folder: Path) -> Dict[str, List[str]]:
    """Function -> its instructions and labels. Headers in `folder` stand for those of the kernels."""
    (folder / "Python.h").write_text(
        "#include <stddef.h>\ntypedef ptrdiff_t Py_ssize_t;\n"
    )  # all that tiles need of it
    (folder / "tile.c").write_text(SOURCE)
    command = [compiler, *"-S -O3 -g0 -ffp-contract=off -fno-math-errno -fno-trapping-math -o -".split(), *flags]
    found = subprocess.run(
        [*command, "-I", str(folder), "-I", str(KERNELS), str(folder / "tile.c")], stdout=subprocess.PIPE, check=True
    )
    functions: Dict[str, List[str]] = {}
    for line in found.stdout.decode().splitlines():
        text = re.split(r"\s*#", line)[0].strip()
        if re.match(r"\w+:", text):
            functions[text[:-1]] = lines = []
        elif text and (text.endswith(":") or not text.startswith(".")) and functions:
            lines.append(text)
    return functions


def copy_headers(folder: Path) -> Dict[str, str]:
    """The headers as they are, to plant an error in: both, as one looks for the other beside it."""
    texts = {name: (KERNELS / name).read_text() for name in ("tile.h", "tiles.h")}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return texts


def steps(lines: List[str]) -> List[str]:
    """The loop with most multiply-adds: from a label to the last jump back to it."""
    loops: List[List[str]] = [[]]
    for first, label in enumerate(lines):
        jumps = [last for last, text in enumerate(lines) if text.split()[-1] + ":" == label and last > first]
        if jumps:
            loops.append(lines[first : jumps[-1]])
    return max(loops, key=lambda loop: sum("vfmadd" in text for text in loop))


def traffic(loop: List[str], vectors: str) -> Tuple[int, Counter]:
    """(multiply-adds, how often a vector is loaded, stored, filled from a number, or multiplied from memory)."""
    count: Counter = Counter()
    for text in loop:
        name, operands = (text.split(None, 1) + [""])[:2]
        if "(" not in operands or f"%{vectors}" not in operands:
            continue
        if operands.strip().endswith(")"):  # the last operand is where the result goes
            count["stored"] += 1
        elif name.startswith("vbroadcast"):
            count["filled"] += 1
        elif name.startswith("vfmadd"):
            count["multiplied from a number" if "{1to" in operands else "multiplied from a vector"] += 1
        else:
            count["loaded"] += 1
    return sum("vfmadd" in text for text in loop), count


def faults(compiler: str, instructions: str, folder: Path, more_rows: int = 0) -> List[str]:
    """What is wrong with the largest tiles, in words."""
    flags, vectors, (rows, wide) = SETS[instructions]
    rows += more_rows
    functions = assembly(compiler, flags, folder)
    found = []
    for kind in ("d", "f", "d_in_order", "f_in_order", "d_packed", "f_packed"):
        name = f"saitama_tile_{kind}_{rows}x{wide}"
        loop = steps(functions[name])
        done, count = traffic(loop, vectors)
        if done != STEPS * rows * wide:
            found.append(f"{name}: {done} multiply-adds in its loop")
        others = len([text for text in loop if not text.endswith(":")]) - done - count["loaded"] - count["filled"]
        if others > (MOST_OTHERS if "_" in kind else 2 * MOST_OTHERS):
            found.append(f"{name}: {others} instructions in its loop neither load nor multiply")
        taken = done // (rows * wide)
        numbers = count["filled"] * wide + count["multiplied from a number"]
        if count["stored"] or count["multiplied from a vector"] or count["loaded"] != taken * wide or numbers != done:
            found.append(f"{name}: {done} multiply-adds, {dict(count)}")
    return found


@pytest.mark.parametrize("instructions", SETS)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_sums_of_a_tile_stay_in_registers(compiler: str, instructions: str, tmp_path: Path) -> None:
    assert faults(compiler, instructions, tmp_path) == []


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_sum_in_memory_would_be_seen(compiler: str, tmp_path: Path) -> None:
    """A tile of a row more: 15 sums, 3 vectors of b and a number of a for 16 registers."""
    tiles = copy_headers(tmp_path)["tiles.h"].replace("#define SAITAMA_ROWS 4", "#define SAITAMA_ROWS 5")
    tiles = tiles.replace("what(__VA_ARGS__, 4)\n#endif", "what(__VA_ARGS__, 4) what(__VA_ARGS__, 5)\n#endif")
    (tmp_path / "tiles.h").write_text(tiles)
    assert str(faults(compiler, "AVX2", tmp_path, more_rows=1)).count("stored") == 6


@pytest.mark.skipif("gcc" not in COMPILERS, reason="gcc is not there")
def test_b_read_anew_for_each_row_would_be_seen(tmp_path: Path) -> None:
    """Multiply-adds whose registers the compiler chooses: GCC 12 takes vectors of b from memory then."""
    header = copy_headers(tmp_path)["tile.h"]
    freed = re.sub(r'__asm__ volatile\("vfmadd231p([ds]) %1, .*', r"(sum) = _mm256_fmadd_p\1(x, y, sum)", header)
    assert freed.count("_mm256_fmadd") == 2
    (tmp_path / "tile.h").write_text(freed)
    assert "multiplied from a vector" in str(faults("gcc", "AVX2", tmp_path))
