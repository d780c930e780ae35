"""The command: exit codes, one-line errors, and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
from openpyxl import load_workbook

import saitama
from saitama.cli import main
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook

ironcalc = pytest.mark.skipif(sys.version_info < (3, 9), reason="IronCalc has no wheel for Python 3.8")

SCRIPT = """
from saitama import Tensor
x = Tensor([[1.0, 2.0]], name="x")
w = Tensor([[0.5, -0.25], [0.125, 1.0]], requires_grad=True, name="w")
net = x @ w
h = net.sigmoid()
loss = h.sum()
number = 3
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("network.py").write_text(SCRIPT)
    return "network.py"


def run(capsys: Any, *arguments: str) -> Any:
    code = main(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def refuses(capsys: Any, *arguments: str) -> str:
    """The one line on stderr of a command that ends with 2 and prints nothing else."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("saitama: ") and err.count("\n") == 1
    return err


@ironcalc
def test_export_recalc_verify(script: str, capsys: Any) -> None:
    assert run(capsys, "export", script, "-o", "loss.xlsx")[0] == 0
    assert "loss.xlsx was never calculated: open and save it" in refuses(capsys, "verify", "loss.xlsx")
    assert run(capsys, "recalc", "loss.xlsx", "--engine", "ironcalc")[0] == 0
    code, out, _ = run(capsys, "verify", "loss.xlsx")
    assert code == 0 and "all right" in out


@ironcalc
def test_verify_says_cell_found_expected_and_what_it_is(script: str, capsys: Any) -> None:
    run(capsys, "export", f"{script}:loss", "-o", "loss.xlsx")
    carried = read_graph(open_workbook("loss.xlsx"))
    h = next(node for node in carried.graph.nodes if node.name == "h")
    places = carried.places[Value(h)]
    workbook = load_workbook("loss.xlsx")
    _, row, column = list(places.live.cells())[1]
    workbook[places.sheet].cell(row, column).value = 0.5
    workbook.save("loss.xlsx")
    run(capsys, "recalc", "loss.xlsx", "--engine", "ironcalc")
    code, out, _ = run(capsys, "verify", "loss.xlsx")
    assert code == 1
    cell = workbook[places.sheet].cell(row, column).coordinate
    first = f"'{places.sheet}'!{cell} (h[0, 1] = sigmoid(net)[0, 1]): found 0.5, expected 0.851952802; rounded, 0.85"
    assert out.splitlines()[1].strip() == first  # the cause comes before what follows from it
    code, out, _ = run(capsys, "verify", "loss.xlsx", "--json")
    result = json.loads(out)
    assert code == 1 and result["ok"] is False and result["not_checked"] == []
    assert sum(result["kinds"].values()) == result["checked"]
    assert {"sheet": places.sheet, "cell": cell, "kind": "wrong", "found": 0.5}.items() <= result["differences"][
        0
    ].items()


def test_worksheet_is_blank_at_first(script: str, capsys: Any) -> None:
    assert run(capsys, "worksheet", script, "-o", "exercise.xlsx", "--blanks", "h,w")[0] == 0
    code, out, _ = run(capsys, "verify", "exercise.xlsx")
    assert code == 1 and "blank" in out and "wrong" not in out


def test_info_names_version_and_kernels(capsys: Any) -> None:
    code, out, _ = run(capsys, "info")
    assert code == 0 and saitama.__version__ in out and "kernels:" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "missing.xlsx"], "missing.xlsx"),
        (["verify", "network.py"], "network.py"),
        (["recalc", "missing.xlsx"], "missing.xlsx"),
        (["export", "missing.py", "-o", "a.xlsx"], "missing.py: there is no such file"),
        (["export", "network.txt", "-o", "a.xlsx"], "expected SCRIPT.py or SCRIPT.py:NAME"),
        (["export", "network.py:nothing", "-o", "a.xlsx"], "its tensors are x, w, net, h, loss"),
        (["export", "network.py:number", "-o", "a.xlsx"], "number is of type int, expected a Tensor"),
        (["export", "network.py:h", "-o", "a.xlsx"], "reduce it to one number"),
        (["export", "network.py:x", "-o", "a.xlsx"], "requires_grad=True"),
        (["export", "network.py", "-o", "no/such/folder/a.xlsx"], "No such file or directory"),
        (["worksheet", "network.py", "-o", "a.xlsx", "--blanks", "zzz"], "nothing is called 'zzz'"),
        (["worksheet", "network.py", "-o", "a.xlsx", "--blanks", ","], "nothing is named"),
    ],
)
def test_unusable_input_is_one_line_and_exit_code_2(
    script: str, capsys: Any, arguments: List[str], message: str
) -> None:
    assert message in refuses(capsys, *arguments)
    assert not Path("a.xlsx").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\ny = x / 0\n", "bad.py, line 2: ZeroDivisionError: division by zero"),
        ("x = (\n", "bad.py, line 1: SyntaxError"),
        ("raise SystemExit(3)\n", "ended itself with exit code 3"),
        ("x = 1\n", "it makes no tensors"),
        (SCRIPT + "loss.backward()\n", "export before backward()"),
    ],
)
def test_a_script_that_fails_is_one_line(script: str, capsys: Any, source: str, message: str) -> None:
    Path("bad.py").write_text(source)
    assert message in refuses(capsys, "export", "bad.py", "-o", "a.xlsx")


def test_a_failed_export_keeps_the_old_file(script: str, capsys: Any) -> None:
    Path("a.xlsx").write_text("precious")
    refuses(capsys, "export", "network.py:h", "-o", "a.xlsx")
    assert Path("a.xlsx").read_text() == "precious"
    assert sorted(path.name for path in Path().iterdir() if path.name != "__pycache__") == ["a.xlsx", "network.py"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "a.xlsx", "--rtol", "-1"],
        ["export", "a.py", "-o", "b.xlsx", "--max-cells", "0"],
        ["export", "a.py", "-o", "b.xls"],
        ["train", "--steps", "\u00b2"],
    ],
)
def test_options_out_of_range_are_usage_errors(capsys: Any, arguments: List[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and "expected" in capsys.readouterr().err


def test_without_a_command_it_says_what_there_is(capsys: Any) -> None:
    code, out, _ = run(capsys)
    assert code == 2 and "demo" in out and "verify" in out


def test_python_dash_m(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "saitama", "--version"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, f"saitama {saitama.__version__}\n")


def test_a_closed_standard_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # what Python makes of `>&-`
    monkeypatch.setattr(sys, "stderr", None)
    assert (main(["info"]), main(["verify", "nowhere.xlsx"])) == (0, 2)
    for stream in (sys.stdout, sys.stderr):
        stream.close()


def test_importing_saitama_loads_no_spreadsheet_library() -> None:
    check = "import saitama, sys; assert not {'openpyxl', 'rich', 'numpy', 'torch'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
