"""A rank that fails ends the job: no hang, one message that names it, an exit code, the last checkpoint whole."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from saitama.training.checkpoint import read_checkpoint

LINES = {
    "raise": "saitama: rank 1 of 2: ValueError: no such thing; this ends the job",
    "nan": "saitama: rank 1 of 2: NonFiniteError: training stopped in epoch 3, batch 2: the loss is nan",
    "exit": "saitama: rank 0 of 2: ConnectionError: rank 1 has ended its program, but rank 0 still waits for it",
    "version": "saitama: rank 0 of 2: ValueError: the ranks disagree on the version of saitama: rank 0 has",
}


def lines_of(finished):
    return [line for line in finished.stderr.splitlines() if line.startswith("saitama: ")]


@pytest.mark.parametrize("how", list(LINES))
def test_one_message_names_the_rank(mpi, tmp_path, how):
    path = tmp_path / "run.safetensors"
    finished = mpi(2, "failures.py", how, str(path), launched=True, timeout=60)
    assert finished.returncode == 1
    lines = lines_of(finished)
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith(LINES[how])
    assert "the end" not in finished.stdout
    if how != "version":
        assert read_checkpoint(path).extra["epoch"] == 2  # the last one, whole
        assert os.listdir(tmp_path) == ["run.safetensors"]


@pytest.mark.parametrize("how", ["kill", "kill-first"])
def test_a_killed_rank_ends_the_job(mpi, tmp_path, how):
    finished = mpi(2, "failures.py", how, str(tmp_path / "run.safetensors"), launched=True, timeout=60)
    assert finished.returncode != 0
    (line,) = lines_of(finished)
    assert f"rank {1 if how == 'kill' else 0} of 2" in line and "killed" in line
    assert "TERMINATION" not in finished.stdout + finished.stderr  # mpiexec's own words
    assert read_checkpoint(tmp_path / "run.safetensors").extra["epoch"] == 2


def test_where_all_fail_alike_one_speaks(mpi, tmp_path):
    finished = mpi(4, "failures.py", "all", str(tmp_path / "run.safetensors"), launched=True, timeout=60)
    assert finished.returncode == 1
    assert lines_of(finished) == ["saitama: rank 0 of 4: ValueError: no such thing; this ends the job"]
    assert finished.stderr.count("Traceback") == 1


def test_ctrl_c_on_one_rank_stops_all_between_two_steps(mpi, tmp_path):
    finished = mpi(2, "failures.py", "interrupt", str(tmp_path / "run.safetensors"), launched=True, timeout=60)
    assert finished.returncode == 130
    (line,) = lines_of(finished)
    assert "stopped in epoch 3 after 2 batches; to go on" in line
    assert read_checkpoint(tmp_path / "run.safetensors").step == 6


def test_under_mpiexec_alone_too(mpi, tmp_path):
    finished = mpi(2, "failures.py", "raise", str(tmp_path / "run.safetensors"), timeout=60)
    assert finished.returncode == 1
    assert lines_of(finished) == [LINES["raise"]]
    killed = mpi(2, "failures.py", "kill", str(tmp_path / "run.safetensors"), timeout=60)
    assert killed.returncode != 0


def python(code, **environment):
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


def test_without_mpi4py_it_is_said_what_to_install():
    hidden = "import sys; sys.modules['mpi4py'] = None; from saitama.distributed import world; world()"
    finished = python(hidden, SAITAMA_RANKS="2")
    assert (
        "ImportError: training on 2 processes needs MPI; install it with pip install 'saitama-dl[mpi]'"
        in finished.stderr
    )


@pytest.mark.usefixtures("mpi")
def test_an_mpiexec_of_another_mpi_is_noticed():
    finished = python("from saitama.distributed import world; world()", SAITAMA_RANKS="2")
    assert "2 processes were started, but MPI connects 1: mpiexec belongs to another MPI" in finished.stderr
