"""`saitama verify`: one file or several, without answers, against the original, and again at each save."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Tuple

import pytest
from learner import chain
from pages import handed_in, type_in

from saitama.cli import main
from saitama.spreadsheets import worksheet


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: Any, *arguments: str) -> Tuple[int, str, str]:
    code = main(["verify", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_exit_codes_and_the_story(capsys: Any) -> None:
    handed_in(chain(), Path("right.xlsx"), {})
    handed_in(chain(), Path("wrong.xlsx"), {"d": 6})
    code, out, _ = run(capsys, "right.xlsx")
    assert code == 0 and out.startswith("right.xlsx: 8 blanks: all right\n")
    code, out, _ = run(capsys, "wrong.xlsx")
    assert code == 1 and out.startswith("wrong.xlsx: 8 blanks: 1 slip of your own, 7 right given it\n")
    code, out, err = run(capsys, "nowhere.xlsx")
    assert code == 2 and not out and "nowhere.xlsx" in err and err.count("\n") == 1


def test_hide_answers(capsys: Any) -> None:
    handed_in(chain(), Path("w.xlsx"), {"d": 6})
    _, out, _ = run(capsys, "w.xlsx")
    assert "2 · (-3) = -6" in out
    _, out, _ = run(capsys, "w.xlsx", "--hide-answers")
    assert "= -6" not in out and "a · b has the other sign" in out
    _, out, _ = run(capsys, "w.xlsx", "--hide-answers", "--json")
    assert "-6" not in re.findall(r"-?\d+\.?\d*", out) and "expected" not in out


def test_json_has_the_story(capsys: Any) -> None:
    handed_in(chain(), Path("w.xlsx"), {"d": 6})
    code, out, _ = run(capsys, "w.xlsx", "--json")
    told = json.loads(out)
    assert code == 1 and told["ok"] is False
    first, second = told["differences"][:2]
    assert (first["cause"], first["reason"]["slug"], second["cause"], second["reason"]) == (
        "own",
        "sign",
        "carried",
        None,
    )
    assert told["story"]["slips"][0]["reason"]["sentence"] == "with your a = 2 and b = -3, a · b has the other sign"


def test_original(capsys: Any) -> None:
    root, names = chain()
    worksheet(root, "original.xlsx", names=names)
    handed_in(chain(), Path("w.xlsx"), {})
    code, out, _ = run(capsys, "w.xlsx", "--original", "original.xlsx")
    assert code == 0 and "judged by the graph that the workbook itself carries" not in out
    type_in("w.xlsx", {("d", ()): 6})
    assert run(capsys, "w.xlsx", "--original", "original.xlsx")[0] == 1
    assert run(capsys, "w.xlsx", "--original", "nowhere.xlsx")[0] == 2


def test_several_files_a_line_each(capsys: Any) -> None:
    handed_in(chain(), Path("a.xlsx"), {})
    handed_in(chain(), Path("b.xlsx"), {"d": 6})
    Path("broken.xlsx").write_bytes(b"this is no workbook")
    code, out, _ = run(capsys, "a.xlsx", "broken.xlsx", "b.xlsx")
    lines = out.splitlines()
    assert code == 2 and len(lines) == 3
    assert lines[0] == "a.xlsx: 8 blanks: all right"
    assert lines[1].startswith("broken.xlsx ")
    assert lines[2] == "b.xlsx: 8 blanks: 1 slip of your own, 7 right given it"
    assert run(capsys, "a.xlsx", "b.xlsx")[0] == 1 and run(capsys, "a.xlsx", "a.xlsx")[0] == 0
    code, out, _ = run(capsys, "a.xlsx", "broken.xlsx", "--json")
    good, bad = json.loads(out)
    assert good["ok"] and not bad["ok"] and bad["error"].startswith("broken.xlsx ")


def test_watch_looks_at_one_file(capsys: Any) -> None:
    assert run(capsys, "a.xlsx", "b.xlsx", "--watch")[0] == 2


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way there")
def test_watch_sees_a_save() -> None:
    handed_in(chain(), Path("w.xlsx"), {"d": 6})
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "saitama", "verify", "w.xlsx", "--watch"]
    with open("told.txt", "wb") as told:
        child = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, env=environment)
    try:
        assert waits_for("1 slip of your own", child)
        handed_in(chain(), Path("new.xlsx"), {})
        os.replace("new.xlsx", "w.xlsx")  # as programs save
        assert waits_for("8 blanks: all right", child)
        Path("w.xlsx").write_bytes(b"half of a")
        assert waits_for("w.xlsx is not an .xlsx workbook", child)
        assert child.poll() is None  # a file that cannot be read does not end it
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 130
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def waits_for(text: str, child: Any) -> bool:
    for _ in range(300):
        if text in Path("told.txt").read_text(encoding="utf-8"):
            return True
        if child.poll() is not None:
            return False
        time.sleep(0.1)
    return False
