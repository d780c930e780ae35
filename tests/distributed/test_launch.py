"""saitama launch: what it starts, what it passes on, and what it refuses."""

from __future__ import annotations

import os
import sys

import pytest

from saitama.cli import main
from saitama.commands.launch import checked
from saitama.distributed.launch import Job, Starter, find_starter, read_hosts
from saitama.distributed.watch import ANNOUNCED


def test_the_commands_of_both_mpis():
    mpich, openmpi = Starter("/x/mpiexec", False), Starter("/x/mpiexec", True)
    assert mpich.command(3, None, ["python", "a.py"]) == ["/x/mpiexec", "-n", "3", "python", "a.py"]
    assert mpich.command(3, "h", ["python"]) == ["/x/mpiexec", "-n", "3", "-f", "h", "python"]
    started = openmpi.command(3, "h", ["python"])
    assert started[:5] == ["/x/mpiexec", "-n", "3", "--hostfile", "h"] and "--oversubscribe" in started
    assert ("--allow-run-as-root" in started) == (os.geteuid() == 0)


def test_hosts(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("# machines\nnode1:4\nnode2   # one process\n\nnode-3.example.org:2\n")
    assert read_hosts(str(path)) == [("node1", 4), ("node2", 1), ("node-3.example.org", 2)]
    for text, words in (("", "names no machine"), ("a b", "line 1: 'a b' is no machine"), ("a:0", "line 1: 'a:0'")):
        path.write_text(text)
        with pytest.raises(ValueError, match=words):
            read_hosts(str(path))
    with pytest.raises(OSError, match="cannot read the hosts"):
        read_hosts(str(tmp_path / "none"))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(OSError, match="it is no text"):
        read_hosts(str(path))


def heard(*lines):
    """What is passed on, and what is said at the end, if no rank said anything."""
    job = Job(4)
    return [line for line in lines if not job._hear(line)], job.killed


def test_of_mpiexecs_own_words_the_rank_and_the_signal_are_kept():
    passed, killed = heard(
        f"{ANNOUNCED} 0 100 here",
        f"{ANNOUNCED} 2 102 there",
        "step 1 of 10",
        "=" * 83,
        "=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES",
        "=   PID 102 RUNNING AT there",
        "=   EXIT CODE: 9",
        "=   CLEANING UP REMAINING PROCESSES",
        "=   YOU CAN IGNORE THE BELOW CLEANUP MESSAGES",
        "=" * 83,
        "YOUR APPLICATION TERMINATED WITH THE EXIT STRING: Killed (signal 9)",
        "This typically refers to a problem with your application.",
        "Please see the FAQ page for debugging suggestions",
    )
    assert passed == ["step 1 of 10"]
    assert killed == "rank 2 of 4 (process 102 on there) was killed by signal 9; this ended the job"
    passed, killed = heard(
        f"{ANNOUNCED} 1 7 node",
        "-" * 74,
        "mpirun noticed that process rank 1 with PID 7 on node node exited on signal 9 (Killed).",
        "-" * 74,
    )
    assert passed == [] and killed == "rank 1 of 4 (process 7 on node) was killed by signal 9; this ended the job"


def test_after_the_first_word_of_a_rank_that_fails_the_others_words_are_left_out():
    first = "saitama: rank 1 of 4: ValueError: x; this ends the job"
    passed, _ = heard("Traceback (most recent call last):", "ValueError: x", first,
                      "Traceback (most recent call last):", '  File "x"', first.replace("1", "2"))  # fmt: skip
    assert passed == ["Traceback (most recent call last):", "ValueError: x", first]


def test_what_can_be_launched(tmp_path, monkeypatch, capsys):
    script = tmp_path / "train_it.py"
    script.write_text("")
    assert checked(["train", "--steps", "3"]) == ["-m", "saitama", "train", "--steps", "3"]
    assert checked([str(script), "-x"]) == [str(script), "-x"]
    with pytest.raises(ValueError, match="expected `train` with its options, or a SCRIPT.py, got 'demo'"):
        checked(["demo"])
    with pytest.raises(ValueError, match="expected `train`"):
        checked([])
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        checked(["none.py"])
    with pytest.raises(SystemExit):
        checked(["train", "--steps", "many"])
    assert "expected a whole number" in capsys.readouterr().err
    for wrong in ("0", "-3", "two"):
        with pytest.raises(SystemExit):
            main(["launch", "-n", wrong, "train"])
        assert "expected a whole number from 1 on" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert main(["launch", "-n", "2", str(script)]) == 2
    assert "launch needs mpi4py, which is not installed; install it with pip install" in capsys.readouterr().err


def test_without_mpiexec_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match=r"launch needs mpiexec, which is not there; install MPI with pip install"
    ):
        find_starter()


def test_every_rank_gets_its_share_of_the_cores(mpi, tmp_path):
    script = tmp_path / "threads.py"
    script.write_text(  # a line in one piece, as two ranks write at once
        "import os; e = os.environ; os.write(1, f\"{e['SAITAMA_RANKS']} {e['OMP_NUM_THREADS']}\\n\".encode())"
    )
    finished = mpi(2, str(script), launched=True)
    assert finished.returncode == 0
    assert finished.stdout.split() == ["2", "1"] * 2  # as it was set
