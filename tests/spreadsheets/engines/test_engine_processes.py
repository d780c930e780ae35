"""The programs that recalculate: they crash, hang or are stopped, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time

import hostile
import pytest
from available import ENGINES, needs_ironcalc

from saitama.locking import folder_lock
from saitama.spreadsheets import recalculate
from saitama.spreadsheets.engines import ironcalc_engine
from saitama.spreadsheets.engines.engine import EngineFailure, engine_folder, run
from saitama.spreadsheets.errors import WorkbookError

resource = pytest.importorskip("resource") if hasattr(os, "killpg") else None


@pytest.fixture
def workbook(tmp_path):
    return hostile.one_cell(tmp_path / "a.xlsx", '<c r="A1"><f>1+1</f></c>')


@needs_ironcalc
@pytest.mark.parametrize(
    "end, why",
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"it crashed \(signal 11\)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", r"it crashed \(signal 9\)"),
        ("print(bytearray(8 << 30))", r"it needs more than the [0-9.]+ GB of memory that it may take"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="signals and limits as Linux has them")
def test_an_engine_that_crashes_takes_nothing_with_it(workbook, tmp_path, monkeypatch, end, why):
    child = tmp_path / "child.py"
    child.write_text(f"import os, signal\n{end}\n")
    monkeypatch.setattr(ironcalc_engine, "_CHILD", child)
    with pytest.raises(WorkbookError, match=f"cannot be recalculated: ironcalc: {why}"):
        recalculate(workbook, engine="ironcalc")


@pytest.mark.parametrize("engine", ENGINES)
def test_timeout(workbook, engine):
    with pytest.raises(WorkbookError, match=f"{engine}: it took more than 0.001 seconds and was stopped"):
        recalculate(workbook, engine=engine, timeout=0.001)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "engine").mkdir()
    return tmp_path / "engine"


def sleeper(tmp_path, then="p.wait()"):
    """A command that starts a process of its own, notes its number in `pid`, and waits for it."""
    script = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        f"open({str(tmp_path / 'new')!r}, 'w').write(str(p.pid)); "
        f"import os; os.rename({str(tmp_path / 'new')!r}, {str(tmp_path / 'pid')!r}); {then}"
    )
    return [sys.executable, "-c", script]


def wait_until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def assert_gone(pid):
    if not wait_until(lambda: not _is_running(pid)):
        os.kill(pid, signal.SIGKILL)
        pytest.fail("what the command started still runs")


posix = pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")


@posix
def test_a_command_that_hangs_is_stopped_with_all_it_started(tmp_path, folder):
    with pytest.raises(EngineFailure, match="more than 3 seconds"):
        run(sleeper(tmp_path), 3, folder)
    assert_gone(int((tmp_path / "pid").read_text()))


@posix
def test_limits_of_an_engine(folder):
    """Little memory, and all the stack that is allowed: a chain of 100,000 formulas is that many calls deep."""
    script = "from resource import *; print(*(getrlimit(kind)[0] for kind in (RLIMIT_AS, RLIMIT_STACK, RLIMIT_CORE)))"
    memory, stack, core = map(int, run([sys.executable, "-c", script], 60, folder).split())
    assert 0 < memory <= 4 << 30 and core == 0
    assert stack == resource.getrlimit(resource.RLIMIT_STACK)[1]


@posix
def test_what_a_command_leaves_running_is_stopped(tmp_path, folder):
    assert run(sleeper(tmp_path, then="print('done')"), 60, folder) == "done"
    assert_gone(int((tmp_path / "pid").read_text()))


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_an_engine_ends_with_whoever_started_it(tmp_path, folder, number):
    script = (
        f"import sys; from pathlib import Path; from saitama.spreadsheets.engines.engine import run; "
        f"run({sleeper(tmp_path)!r}, 600, Path({str(folder)!r}))"
    )
    ours = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    assert wait_until((tmp_path / "pid").exists)
    ours.send_signal(number)
    ours.wait(20)
    assert_gone(int((tmp_path / "pid").read_text()))
    assert wait_until(lambda: not folder.exists())


@needs_ironcalc
@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_a_stopped_command_leaves_no_engine_and_no_folder(workbook, name):
    here = workbook.parent
    child, script, temporary = here / "child.py", here / "script.py", here / "tmp"
    child.write_text(
        f"import os, pathlib, time; new = pathlib.Path({str(here / 'new')!r}); "
        f"new.write_text(f'{{os.getpid()}} {{os.getppid()}}'); new.rename({str(here / 'pids')!r}); time.sleep(600)\n"
    )
    script.write_text(
        "import sys; from pathlib import Path\n"
        "from saitama import cli; from saitama.spreadsheets.engines import ironcalc_engine\n"
        f"ironcalc_engine._CHILD = Path({str(child)!r})\n"
        f"sys.exit(cli.main(['recalc', {str(workbook)!r}, '--engine', 'ironcalc']))"
    )
    assert ironcalc_engine._CHILD.exists()
    temporary.mkdir()
    process = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "TMPDIR": str(temporary)})
    assert wait_until((here / "pids").exists)
    engine, guard = map(int, (here / "pids").read_text().split())
    process.send_signal(getattr(signal, name))
    assert process.wait(20) == (143 if name == "SIGTERM" else -9)
    for pid in (engine, guard):
        assert_gone(pid)
    assert wait_until(lambda: os.listdir(temporary) == [])
    assert sorted(os.listdir(here)) == ["a.xlsx", "child.py", "pids", "script.py", "tmp"]


@posix
def test_folders_of_processes_that_were_killed_are_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, new, mine = (tmp_path / f"saitama-recalc-{name}" for name in ("left", "new", "mine"))
    for path in (left, new, mine, tmp_path / "saitama-demo"):
        path.mkdir()
        (path / "workbook.xlsx").write_bytes(b"")
    for path in (left, mine):
        os.utime(path, (0, 0))
    with folder_lock(mine), engine_folder() as here:
        assert sorted(tmp_path.iterdir()) == sorted([new, mine, tmp_path / "saitama-demo", here])
    assert not here.exists()


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as status:
            return status.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it has gone, or went just now, after the file was opened
        pass
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return not os.path.isdir("/proc/self")


def test_a_command_that_fails_or_does_not_exist(tmp_path, folder):
    with pytest.raises(EngineFailure, match="^the reason$"):
        run([sys.executable, "-c", "import sys; sys.exit('first line\\nthe reason')"], 60, folder)
    with pytest.raises(EngineFailure, match="exit code 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"], 60, folder)
    with pytest.raises(EngineFailure, match="cannot be started"):
        run([str(tmp_path / "nothing")], 60, folder)
