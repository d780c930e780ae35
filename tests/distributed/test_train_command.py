"""`saitama launch train`: one model from several ranks, the one a single process trains."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from saitama.cli import main
from saitama.training.checkpoint import read_checkpoint

SMALL = "--n-layer 2 --n-embd 16 --n-head 2 --block-size 16 --batch-size 6 --dtype float64 --lr 0.01".split()


def single(folder, *options):
    command = [sys.executable, "-m", "saitama", "train", *SMALL, *options]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert finished.returncode == 0, finished.stderr
    return finished


def weights(folder, name):
    return read_checkpoint(folder / name / "checkpoint.safetensors").model


def agree(folder, a, b, rel=1e-12):
    ours, theirs = weights(folder, a), weights(folder, b)
    assert sorted(ours) == sorted(theirs)
    for name in ours:
        scale = theirs[name].abs().max().item()
        assert (ours[name] - theirs[name]).abs().max().item() <= rel * scale, name


def test_several_ranks_and_pipelines_train_the_model_of_a_single_process(mpi, tmp_path):
    options = ["--steps", "8", "--dropout", "0.1", "--accumulate", "2"]
    single(tmp_path, "--out", "one", *options)
    finished = mpi(4, "train", *SMALL, *options, "--out", "four")  # by mpiexec alone
    assert finished.returncode == 0, finished.stderr
    assert "on 4 ranks" in finished.stdout and finished.stdout.count("done in") == 1
    assert sorted(os.listdir(tmp_path / "four")) == ["checkpoint.safetensors", "curves.xlsx", "run.json"]
    agree(tmp_path, "four", "one")
    assert json.loads((tmp_path / "four" / "run.json").read_text()) == json.loads(
        (tmp_path / "one" / "run.json").read_text()
    )

    plain = ["--steps", "5", "--checkpoint-blocks", "--lr-schedule", "linear"]
    single(tmp_path, "--out", "plain", *plain)
    finished = mpi(2, "train", *SMALL, *plain, "--out", "pipe", "--schedule", "1f1b", launched=True)
    assert finished.returncode == 0, finished.stderr
    agree(tmp_path, "pipe", "plain")
    lines = [[line for line in text.splitlines() if line.startswith("    |")] for text in (finished.stdout,)]
    assert lines[0]  # a sample, from all stages together


def test_a_run_goes_on_on_another_number_of_ranks_and_to_the_bit_on_the_same(mpi, tmp_path):
    whole = [*SMALL, "--steps", "9", "--dropout", "0.1"]
    assert mpi(2, "train", *whole, "--out", "whole", launched=True).returncode == 0
    interrupted = tmp_path / "stop.py"
    interrupted.write_text(STOP)
    stopped = mpi(2, str(interrupted), *whole, "--out", "same", launched=True)
    assert stopped.returncode == 130, stopped.stderr
    assert (
        "stopped after step 4 of 9, kept in" in stopped.stderr and "to go on: saitama train --resume" in stopped.stderr
    )
    assert read_checkpoint(tmp_path / "same" / "checkpoint.safetensors").step == 4
    shutil.copytree(tmp_path / "same", tmp_path / "other")
    for name, ranks in (("same", 2), ("other", 3)):
        again = mpi(ranks, "train", "--resume", "--out", name, launched=True)
        assert again.returncode == 0, again.stderr
    agree(tmp_path, "same", "whole", rel=0.0)
    agree(tmp_path, "other", "whole")


STOP = """
import sys
from saitama.cli import main
from saitama.distributed import world
from saitama.language import trainer

class Asked(trainer.Interrupt):
    def __enter__(self):
        self.asked = False
        return self
    def __exit__(self, *exception):
        pass

plain = trainer.LanguageModelTrainer.add_gradients

def add_gradients(self):
    if self.step == 3 and world().rank == 1:
        INTERRUPT.asked = True  # Ctrl-C, seen by one rank only
    return plain(self)

INTERRUPT = Asked()
trainer.Interrupt = lambda: INTERRUPT
trainer.LanguageModelTrainer.add_gradients = add_gradients
sys.exit(main(["train", *sys.argv[1:]]))
"""


def test_a_folder_that_another_run_uses_is_refused_once(mpi, tmp_path):
    single(tmp_path, "--out", "run", "--steps", "1")
    finished = mpi(2, "train", *SMALL, "--out", "run", launched=True)
    assert finished.returncode == 2
    (line,) = [line for line in finished.stderr.splitlines() if line.startswith("saitama:")]
    assert "rank 0 of 2: run holds another run" in line


def test_a_lock_holds_for_all_ranks(mpi, tmp_path):
    from saitama.language import RunFolder

    single(tmp_path, "--out", "run", "--steps", "1")
    with RunFolder(tmp_path / "run").use():
        finished = mpi(2, "train", "--resume", "--steps", "3", "--out", "run", launched=True)
    assert finished.returncode == 2
    assert "rank 0 of 2" in finished.stderr and "is in use by another run" in finished.stderr


def test_bad_options(mpi, tmp_path, monkeypatch, capsys):
    finished = mpi(2, "train", *SMALL, "--schedule", "gpip", launched=True)
    assert finished.returncode == 2
    assert "rank 0 of 2: unknown schedule 'gpip'; choose one of naive, gpipe, 1f1b" in finished.stderr
    monkeypatch.chdir(tmp_path)
    assert main(["train", "--micro-batches", "3"]) == 2
    assert "--micro-batches are a pipeline's" in capsys.readouterr().err
    assert main(["train", "--schedule", "gpipe", "--precision", "float16"]) == 2
    assert "a pipeline trains in bfloat16" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
