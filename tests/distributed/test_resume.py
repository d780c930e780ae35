"""A run that was stopped goes on as if it never had been, also on another number of ranks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs" / "resume.py"


def answer(finished):
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def alone(what, path):
    command = [sys.executable, str(PROGRAM), what, str(path)]
    return subprocess.run(command, capture_output=True, text=True)


def close(a, b, rel):
    return all(x == pytest.approx(y, rel=rel, abs=rel) for x, y in zip(a["parameters"], b["parameters"]))


def test_on_as_many_ranks_to_the_bit_and_on_others_with_the_same_data(mpi, tmp_path):
    path = tmp_path / "run.safetensors"
    found = answer(mpi(2, "resume.py", "start", str(path)))
    whole, part = found["whole"], found["part"]
    assert "stopped in epoch 2 after 4 batches" in found["stopped"]
    assert part["step"] == 6 and part["order"] == whole["order"][:11]
    assert sorted(sum(whole["order"][:7], [])) == list(range(33))  # each example once an epoch

    copies = [shutil.copy(path, tmp_path / f"{ranks}.safetensors") for ranks in (2, 4, 1)]  # each run writes its own
    again = answer(mpi(2, "resume.py", "go-on", str(copies[0])))
    assert again["begun"] == 6
    skipped = 11  # batches before the stop; the loader goes through those of the epoch again
    assert again["order"][-len(whole["order"]) + skipped :] == whole["order"][skipped:]
    for name in ("parameters", "history", "scale", "lr", "step"):
        assert again[name] == whole[name], name

    for other in (answer(mpi(4, "resume.py", "go-on", str(copies[1]))), answer(alone("go-on", copies[2]))):
        assert other["order"][-len(whole["order"]) + skipped :] == whole["order"][skipped:]
        assert (other["scale"], other["lr"], other["step"]) == (whole["scale"], whole["lr"], whole["step"])
        assert close(other, whole, rel=1e-4)  # sums of float32 in another order, and rounded to float16
        for row, wanted in zip(other["history"], whole["history"]):
            assert row == pytest.approx(wanted, rel=1e-4)


def test_a_run_of_a_single_process_goes_on_with_two(mpi, tmp_path):
    path = tmp_path / "run.safetensors"
    found = answer(alone("start", path))
    other = answer(mpi(2, "resume.py", "go-on", str(path)))
    assert other["step"] == found["whole"]["step"]
    assert close(other, found["whole"], rel=1e-4)
