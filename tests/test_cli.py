"""The command: exit codes, one-line errors, and what it prints."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, List

import pytest
from available import needs_ironcalc
from openpyxl import load_workbook

import saitama
from saitama import commands, spreadsheets
from saitama.cli import main
from saitama.messages import MOST, one_line
from saitama.spreadsheets.graph.keys import Value
from saitama.spreadsheets.read.carried import read_graph
from saitama.spreadsheets.read.workbook import open_workbook
from saitama.terminal import wrapped

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
    assert err.startswith("saitama: ") and err.count("\n") == 1 and len(err) <= 301 and err[:-1].isprintable()
    return err


@needs_ironcalc
def test_export_recalc_verify(script: str, capsys: Any) -> None:
    assert run(capsys, "export", script, "-o", "loss.xlsx")[0] == 0
    assert "loss.xlsx was never calculated: open and save it" in refuses(capsys, "verify", "loss.xlsx")
    assert run(capsys, "recalc", "loss.xlsx", "--engine", "ironcalc")[0] == 0
    code, out, _ = run(capsys, "verify", "loss.xlsx")
    assert code == 0 and "all right" in out


@needs_ironcalc
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
        ("raise SystemExit('no\\ndata')\n", "ended itself (no data) before it was done"),
        ("def main(): return 1\nif __name__ == '__main__': main()\n", "end the script with `loss = main()`"),
        (SCRIPT.replace("loss", "vars().update({f't{n}': h for n in range(20)})\ntotal"), "t7 and 13 more; choose"),
        ("raise MemoryError\n", "bad.py, line 1: MemoryError"),
        ("import asyncio\nraise asyncio.CancelledError\n", "bad.py, line 2: CancelledError"),
        ("raise GeneratorExit\n", "bad.py, line 1: GeneratorExit"),
        ("x = 1\0\n", "bad.py"),
        ("raise ValueError('long ' * 1000 + 'end')\n", "bad.py, line 1: ValueError: long long"),
        ("raise ValueError('\\x1b[31mred\\x07')\n", "ValueError: \\x1b[31mred\\x07"),
        ("x = 1\n", "it makes no tensors"),
        (SCRIPT + "loss.backward()\n", "export before backward()"),
    ],
)
def test_a_script_that_fails_is_one_line(script: str, capsys: Any, source: str, message: str) -> None:
    Path("bad.py").write_text(source)
    assert message in refuses(capsys, "export", "bad.py", "-o", "a.xlsx")


EVERYDAY = """
from __future__ import annotations
import os, sys, pickle
from dataclasses import dataclass
from saitama import nn, optim, Tensor
from saitama.nn import Linear

@dataclass
class Settings:
    lr: float = 0.1

class Net(nn.Module):
    def __init__(self):
        self.fc = Linear(2, 1)
    def forward(self, x):
        return self.fc(x).tanh()

def main():
    global net, loss
    assert pickle.loads(pickle.dumps(Settings(0.5))).lr == 0.5 and __file__ == sys.argv[0]
    net = Net()
    loss = net(Tensor([[1.0, 2.0]], name="x")).sum()
    os.mkdir(sys.argv[0] + "-folder")
    os.chdir(sys.argv[0] + "-folder")

if __name__ == "__main__":
    sys.exit(main())
"""


def test_an_everyday_script(script: str, capsys: Any) -> None:
    Path("everyday.py").write_text(EVERYDAY)
    before = sys.modules["__main__"], list(sys.argv), list(sys.path)
    for name in ("export", "worksheet"):
        assert run(capsys, name, "everyday.py", "-o", f"{name}.xlsx")[0] == 0
        os.rmdir("everyday.py-folder")
    assert (sys.modules["__main__"], sys.argv, sys.path) == before
    assert "net.fc.weight" in [leaf.name for leaf in read_graph(open_workbook("export.xlsx")).graph.leaves]


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


def test_every_command_has_a_file_of_its_own(capsys: Any) -> None:
    files = [path for path in Path(commands.__file__).parent.glob("*.py") if "\ndef add(" in path.read_text("utf-8")]
    named = re.findall(r"^    ([a-z]+)\b", run(capsys)[1].split("COMMAND\n")[1], re.M)
    assert sorted(named) == sorted(path.stem for path in files)


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


# --- what can go wrong with any command -------------------------------------------------------------------------------
def command(*arguments: str, cwd: Path, encoding: str = "utf-8", **streams: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    default = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run([sys.executable, "-m", "saitama", *arguments], cwd=cwd, env=environment, **default)


FULL = Path("/dev/full")
full_disk = pytest.mark.skipif(not FULL.exists(), reason="a device that is always full")


@full_disk
@pytest.mark.parametrize("arguments", [["info"], ["--help"], ["--version"], ["verify", "exercise.xlsx"], []])
def test_a_full_standard_output_is_said_to_be_full(
    script: str, capsys: Any, tmp_path: Path, arguments: List[str]
) -> None:
    run(capsys, "worksheet", script, "-o", "exercise.xlsx")
    with FULL.open("wb") as full:
        done = command(*arguments, cwd=tmp_path, stdout=full)
    assert done.stderr.decode() == "saitama: cannot write to standard output: No space left on device\n"
    assert done.returncode == 2


@full_disk
def test_a_full_standard_error_changes_no_exit_code(tmp_path: Path) -> None:
    with FULL.open("wb") as full:
        assert command("verify", "nowhere.xlsx", cwd=tmp_path, stderr=full).returncode == 2


def test_a_reader_who_leaves_costs_no_verdict(script: str, capsys: Any, tmp_path: Path) -> None:
    run(capsys, "worksheet", script, "-o", "exercise.xlsx")
    end, begin = os.pipe()
    os.close(end)
    done = command("verify", "exercise.xlsx", cwd=tmp_path, stdout=begin)
    assert (done.returncode, done.stderr) == (1, b"")
    done = command("verify", "nowhere.xlsx", cwd=tmp_path, stdout=begin)
    assert done.returncode == 2
    assert command("info", cwd=tmp_path, stdout=begin).returncode == 0
    os.close(begin)


def here(
    monkeypatch: pytest.MonkeyPatch, *arguments: str, cwd: Path, encoding: str
) -> subprocess.CompletedProcess[bytes]:
    """As `command`, in this process and so much quicker."""
    streams = {"stdout": "strict", "stderr": "backslashreplace"}
    printed = {name: io.TextIOWrapper(io.BytesIO(), encoding, errors) for name, errors in streams.items()}
    with monkeypatch.context() as patch:
        patch.chdir(cwd)
        for name, stream in printed.items():
            patch.setattr(sys, name, stream)
        code = main(list(arguments))
    for stream in printed.values():
        stream.flush()
    return subprocess.CompletedProcess(arguments, code, *(stream.buffer.getvalue() for stream in printed.values()))


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_terminal_that_does_not_know_a_letter(
    script: str, tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = command if encoding == "ascii" else partial(here, monkeypatch)  # one of them as a person calls it
    Path("θ→.py").write_text(SCRIPT.replace('"w"', '"θ→"') + "print('θ→')", encoding="utf-8")
    for arguments, code in (
        (["export", "θ→.py", "-o", "θ→.xlsx"], 0),
        (["worksheet", "θ→.py", "-o", "exercise.xlsx"], 0),
        (["verify", "exercise.xlsx"], 1),
        (["verify", "none θ→.xlsx"], 2),
    ):
        done = call(*arguments, cwd=tmp_path, encoding=encoding)
        assert done.returncode == code
        shown = "θ→" if encoding == "utf-8" else "\\u03b8\\u2192"
        assert shown in (done.stdout + done.stderr).decode(encoding)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "a.xlsx: there is not enough memory"),
        (MemoryError("8 GB"), "a.xlsx: there is not enough memory (8 GB)"),
        (OSError(28, "No space left on device"), "a.xlsx: No space left on device"),
        (OSError(28, "No space left on device", "/tmp/x"), "[Errno 28] No space left on device: '/tmp/x'"),
        (KeyError("no sheet"), "no sheet"),
        (RuntimeError(), "RuntimeError"),
        (ZeroDivisionError("by\nzero"), "by zero"),
        (AttributeError("x"), "a.xlsx: unexpected AttributeError: x (test_cli.py, line "),
        (EOFError(), "a.xlsx: unexpected EOFError:"),
        (AssertionError("y" * 9999), "a.xlsx: unexpected AssertionError: yyyy"),
        (ValueError("\x1b]0;title\x07" + "\u202e" * 500), "\\x1b]0;title\\x07\\u202e"),
    ],
)
def test_one_line_says_what_failed_and_for_which_file(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(spreadsheets, "verify", fails)
    assert refuses(capsys, "verify", "a.xlsx").startswith(f"saitama: {message}")


def test_the_middle_of_a_long_message_is_left_out() -> None:
    line = one_line("file.xlsx: " + "x" * 1000 + ": save it again")
    assert len(line) == MOST and line.startswith("file.xlsx: x") and line.endswith("x: save it again") and " … " in line
    assert one_line("a" * MOST) == "a" * MOST


def test_lines_break_between_words_where_a_person_reads_them() -> None:
    text = "one two three four five six seven\n  eight nine ten eleven twelve\n\n" + "x" * 30
    assert wrapped(text, None) == text
    assert wrapped(text, 22).split("\n") == [
        "one two three four",
        "  five six seven",
        "  eight nine ten",
        "    eleven twelve",
        "",
        "x" * 30,
    ]
    assert wrapped("next: a b c d e f g h i j k l", 22, "      ").split("\n") == [
        "next: a b c d e f g h",
        "      i j k l",
    ]


def test_importing_saitama_loads_no_spreadsheet_library() -> None:
    check = "import saitama, sys; assert not {'openpyxl', 'rich', 'numpy', 'torch'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
