"""`saitama audit`: a workbook of one's own layout, checked by a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from saitama.cli import main

SCRIPT = """
w, x = s.tensor(s.find("w"), "w", requires_grad=True), s.tensor("B4:B5", "x")
y = w @ x
(y * y).sum().backward()
s.check("E1", y)
s.check("E2:F2", w.grad)
"""


def run(capsys: Any, *arguments: str) -> Any:
    code = main(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def sheet(tmp_path: Path, slope: str) -> str:
    workbook = Workbook()
    mine = workbook.active
    for cell, value in {"A1": "w", "B1": 0.5, "C1": -2, "B4": 3, "B5": 1.5, "E1": "=B1*B4+C1*B5", "E2": slope}.items():
        mine[cell] = value
    mine["F2"] = "=2*E1*B5"
    workbook.save(tmp_path / "mine.xlsx")
    (tmp_path / "check.py").write_text(SCRIPT)
    return str(tmp_path / "mine.xlsx")


def test_right_and_wrong(tmp_path: Path, capsys: Any) -> None:
    path, script, out = sheet(tmp_path, "=2*E1*B4"), str(tmp_path / "check.py"), str(tmp_path / "out.xlsx")
    code, printed, _ = run(capsys, "audit", path, script)
    assert code == 0 and printed.startswith(f"{path}: 3 numbers checked, all right\n")
    path = sheet(tmp_path, "=2*E1*B5")
    code, printed, _ = run(capsys, "audit", path, script, "--out", out)
    assert code == 1 and "1 slip of your own, 2 right" in printed and printed.endswith(f"marked copy: {out}\n")
    assert load_workbook(out).active["E2"].fill.start_color.rgb == "FFFFC7CE"
    code, printed, _ = run(capsys, "audit", path, script, "--json", "--hide-answers")
    told = json.loads(printed)
    assert code == 1 and told["checked"] == 3 and "expected" not in told["differences"][0]
    assert told["slips"][0]["cells"][0]["address"] == "E2"


def test_what_cannot_be_done_is_one_line(tmp_path: Path, capsys: Any) -> None:
    path, script = sheet(tmp_path, "=2*E1*B4"), str(tmp_path / "check.py")
    (tmp_path / "nothing.py").write_text("x = s.tensor('B1')\n")
    for arguments, told in (
        ((str(tmp_path / "no.xlsx"), script), "does not exist"),
        ((path, str(tmp_path / "no.py")), "there is no such file"),
        ((path, str(tmp_path / "nothing.py")), "nothing is checked"),
        ((path, script, "--out", path), "is the workbook itself"),
        ((path, script, "--sheet", "None"), "has no sheet 'None'"),
    ):
        code, out, err = run(capsys, "audit", *arguments)
        assert (code, out) == (2, "") and told in err and err.count("\n") == 1, err
