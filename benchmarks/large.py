"""Workbooks of a million cells: export against openpyxl that writes the same cells, and verify against openpyxl that
reads the same file.

Each side runs in a process of its own, in turns. The seconds are those of its processor, as others run on a shared
machine; the memory is the most that was resident, less what was before (Python, imports, the tensors). That of openpyxl
says little where it writes: it gets the cells for nothing, and memory that reading them has left.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable, Dict, Iterator, List, Tuple

from benchmarks.timing import Result, Times

TITLE = "Workbooks of a million cells"
BATCH, SMALL, ROUNDS = 1_250, 2, 3
REACH = {"export": 1 / 0.8, "verify": 1.5}  # the most processor time, over openpyxl's
MEMORY = {"export": 100e6, "verify": 200e6}  # the most bytes over those before

Measured = Dict[str, float]


# --- in a process of its own ------------------------------------------------------------------------------------------
def status(field: str) -> int:
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


@contextmanager
def measured() -> Iterator[None]:
    """Prints what the block took."""
    import gc
    import time

    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the highest memory so far
    before, start = status("VmRSS"), time.process_time()
    yield
    seconds = time.process_time() - start
    print(json.dumps({"seconds": seconds, "before": before, "memory": status("VmHWM") - before}))


def perceptron(batch: int) -> Any:
    """The loss of a batch on two layers, 16 to 32 to 10, and the model."""
    import saitama

    saitama.manual_seed(0)
    x, target = saitama.randn(batch, 16), saitama.randint(0, 10, (batch,))
    model = saitama.nn.Sequential(saitama.nn.Linear(16, 32), saitama.nn.Tanh(), saitama.nn.Linear(32, 10))
    return saitama.nn.functional.cross_entropy(model(x), target), model


def export(folder: Path, batch: int = BATCH) -> None:
    from saitama.spreadsheets import export as write

    small, (loss, model) = perceptron(SMALL)[0], perceptron(batch)
    write(small, folder / "small.xlsx", overwrite=True)  # so that all is imported
    with measured():
        write(loss, folder / "plain.xlsx", names=model, max_cells=batch * 32, overwrite=True)


def openpyxl_writes(folder: Path) -> None:
    """The same values, formulas and looks: one cell object for each, and one style object for each look."""
    from copy import copy

    from openpyxl import Workbook, load_workbook
    from openpyxl.cell import WriteOnlyCell

    given, new = load_workbook(folder / "plain.xlsx", read_only=True), Workbook(write_only=True)
    looks: Dict[int, Any] = {}
    sheets: List[Tuple[str, List[List[Any]]]] = []
    scratch = WriteOnlyCell(Workbook(write_only=True).create_sheet())
    for sheet in given:
        sheets.append((sheet.title, []))
        for row in sheet.iter_rows():
            sheets[-1][1].append([(c.value, c._style_id) if hasattr(c, "_style_id") else None for c in row])
            for cell in row:
                if hasattr(cell, "_style_id") and cell._style_id not in looks:
                    look = WriteOnlyCell(scratch.parent)
                    look.parent = type("Sheet", (), {"parent": new})
                    for name in ("font", "fill", "border", "alignment", "number_format", "protection"):
                        setattr(look, name, copy(getattr(cell, name)))
                    looks[cell._style_id] = look._style
    with measured():
        for title, rows in sheets:
            sheet = new.create_sheet(title)
            for values in rows:
                line: List[Any] = []
                for one in values:
                    cell = None
                    if one is not None:
                        cell = WriteOnlyCell(sheet, one[0])
                        cell._style = looks[one[1]]
                    line.append(cell)
                sheet.append(line)
        new.save(folder / "openpyxl.xlsx")


def verify(folder: Path) -> None:
    from saitama.spreadsheets import verify as check

    check(folder / "small.xlsx")
    with measured():
        result = check(folder / "calculated.xlsx")
    assert result.ok, result.headline()


def openpyxl_reads(folder: Path) -> None:
    from openpyxl import load_workbook

    with measured():
        book = load_workbook(folder / "calculated.xlsx", read_only=True)
        count = sum(cell.value is not None for sheet in book for row in sheet.iter_rows() for cell in row)
    assert count > 0


# --- the measurement --------------------------------------------------------------------------------------------------
def run(side: Callable[..., None], folder: Path) -> Measured:
    code = f"from pathlib import Path; from benchmarks import large; large.{side.__name__}(Path({str(folder)!r}))"
    child = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    found: Measured = json.loads(child.stdout)
    return found


def take_turns(what: str, ours: Callable[..., None], theirs: Callable[..., None], folder: Path, cells: int) -> Result:
    sides = {"saitama": ours, "openpyxl": theirs}
    times: Times = {name: [] for name in sides}
    most = dict.fromkeys(sides, 0.0)
    for number in range(ROUNDS):
        for name in sorted(sides, reverse=number % 2 == 0):  # saitama first in the first round: it writes the file
            found = run(sides[name], folder)
            times[name].append(found["seconds"])
            most[name] = max(most[name], found["memory"])
            print(f"    {what}, {name}: {found['seconds']:.1f} s, {found['memory'] / 1e6:.0f} MB over", flush=True)
    limit = MEMORY[what]
    kept = "within" if most["saitama"] <= limit else "ABOVE"
    memory = f"{most['saitama'] / 1e6:.0f} MB, {kept} {limit / 1e6:.0f} MB"
    return Result(f"{what} of {cells:,} cells; memory {memory}", times, reach=REACH[what])


def cells_of(path: Path) -> int:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return sum(archive.read(name).count(b"<c r=") for name in sheets)


def calculate(folder: Path) -> bool:
    """Store the results of all formulas, as a spreadsheet program would; False where there is none."""
    from saitama.spreadsheets import recalculate
    from saitama.spreadsheets.engines.recalculate import installed_engines

    if not installed_engines():
        print("  verify: needs a program that calculates, such as IronCalc; skipped")
        return False
    recalculate(folder / "small.xlsx", output=folder / "small.xlsx", overwrite=True)
    recalculate(folder / "plain.xlsx", output=folder / "calculated.xlsx", timeout=900)
    return True


def results() -> Iterator[Result]:
    if not sys.platform.startswith("linux"):
        print("  large: reads Linux's /proc, skipped")
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        run(export, folder)
        cells = cells_of(folder / "plain.xlsx")
        yield take_turns("export", export, openpyxl_writes, folder, cells)
        if calculate(folder):
            yield take_turns("verify", verify, openpyxl_reads, folder, cells)
