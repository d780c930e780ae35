"""A folder is one run's at a time, nothing in it is lost, and nothing strange in it costs hours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, List

import openpyxl
import pytest
from small_runs import TEXT, small

from saitama.language import LanguageModelTrainer, RunFolder, load_language_model, read_texts
from saitama.training import History, load_checkpoint, save_checkpoint
from saitama.training.tensor_file import read_tensors, write_tensors
from saitama.transformer import GPT

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")

TRAIN = """
import sys
from pathlib import Path
from small_runs import TEXT, small
from saitama.language import LanguageModelTrainer
folder, how, name = sys.argv[1:]
if how == "fresh":
    run = LanguageModelTrainer(TEXT, small(steps=100_000), folder, progress=False)
else:
    run = LanguageModelTrainer.resume(folder, TEXT, progress=False)
evaluate = run.evaluate
def noting(*arguments):
    Path(name).touch()
    return evaluate(*arguments)
run.evaluate = noting
run.fit()
"""


def start(folder: Path, how: str, note: Path) -> subprocess.Popen:
    """A training in a process of its own, once it is under way."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)]))
    process = subprocess.Popen([sys.executable, "-c", TRAIN, str(folder), how, str(note)], env=environment)
    wait_until(note.exists)
    return process


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not begin"
        time.sleep(0.02)


def names(folder: Path) -> List[str]:
    return sorted(file.name for file in folder.iterdir())


# --- one at a time ----------------------------------------------------------------------------------------------------
@posix
def test_who_comes_second_is_refused_and_a_killed_run_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = start(folder, "fresh", tmp_path / "one")
    try:
        for _ in range(2):
            with pytest.raises(BlockingIOError, match=r"run is in use by another run: let it end, or stop it"):
                LanguageModelTrainer.resume(folder, TEXT, progress=False)
        with pytest.raises(FileExistsError, match="holds another run"):
            LanguageModelTrainer(TEXT, small(), folder, progress=False)
        load_language_model(folder)  # reading is free
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait(20)
    second = start(folder, "resume", tmp_path / "two")
    try:
        with pytest.raises(BlockingIOError):
            LanguageModelTrainer.resume(folder, TEXT, progress=False)
    finally:
        second.send_signal(signal.SIGKILL)
        second.wait(20)
    last = LanguageModelTrainer.resume(folder, TEXT, progress=False)
    last.settings = small(steps=last.step + 2, evaluate_every=1)
    last.fit()
    assert names(folder) == ["checkpoint.safetensors", "curves.xlsx", "run.json"]  # no lock, nothing half written


def test_two_that_resumed_at_once(tmp_path: Path) -> None:
    """Both have read the folder before either trains: one is refused while the other does, and afterwards too."""
    LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    first, second = (LanguageModelTrainer.resume(tmp_path, TEXT, progress=False) for _ in range(2))
    evaluate = first.evaluate

    def during(*arguments: Any) -> float:
        with pytest.raises(BlockingIOError, match="is in use by another run"):
            second.fit()
        return evaluate(*arguments)

    first.evaluate = during  # type: ignore[method-assign]
    first.fit()
    with pytest.raises(
        FileExistsError, match=r"checkpoint.safetensors was written by another run meanwhile, and is kept"
    ):
        second.fit()
    assert load_checkpoint(tmp_path / "checkpoint.safetensors").step == 6


def test_a_run_goes_on_in_one_process(tmp_path: Path) -> None:
    run = LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    run.fit()
    again = LanguageModelTrainer.resume(tmp_path, TEXT, steps=8, progress=False)
    assert len(again.fit().steps) == 8


def test_curves_that_somebody_worked_in_are_kept(tmp_path: Path) -> None:
    run, history = RunFolder(tmp_path), History()
    history.add_step(loss=0.5)
    assert run.write_curves(history) == run.write_curves(history) == tmp_path / "curves.xlsx"
    workbook = openpyxl.load_workbook(tmp_path / "curves.xlsx")
    workbook["Charts"]["A30"] = "the bend is where the rate fell"
    workbook.save(tmp_path / "curves.xlsx")
    before = (tmp_path / "curves.xlsx").read_bytes()
    for _ in range(2):
        assert run.write_curves(history) == tmp_path / "curves (2).xlsx"
    assert (tmp_path / "curves.xlsx").read_bytes() == before


# --- what is no ordinary file -----------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path: Path) -> Path:
    LanguageModelTrainer(TEXT, small(), tmp_path / "run", progress=False)
    return tmp_path / "run"


@posix
@pytest.mark.parametrize("name", ["run.json", "checkpoint.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_or_a_device_in_a_run(folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to("/dev/zero")
    for load in (load_language_model, lambda path: LanguageModelTrainer.resume(path, TEXT)):
        with pytest.raises(OSError, match=rf"^cannot read .*{name}: it is not an ordinary file$"):
            load(folder)


@posix
def test_a_pipe_or_a_device_as_a_text(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match=rf"^cannot read {path}: it is not an ordinary file$"):
            read_texts([path])
    with open(tmp_path / "endless.txt", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match=r"^cannot read .*endless.txt: it is too large"):
        read_texts([tmp_path / "endless.txt"])


def test_files_that_go_on_and_on(folder: Path) -> None:
    for name, message in (("checkpoint.safetensors", "it is not a whole .safetensors file"), ("run.json", "too large")):
        with open(folder / name, "r+b") as file:
            file.truncate(1 << 40)
        with pytest.raises(ValueError, match=message):
            load_language_model(folder)


def test_a_checkpoint_of_zeros_without_end(tmp_path: Path) -> None:
    with open(tmp_path / "zeros", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match="it is not a whole .safetensors file"):
        read_tensors(tmp_path / "zeros")


def test_checkpoints_read_as_before(folder: Path, tmp_path: Path) -> None:
    tensors, metadata = read_tensors(folder / "checkpoint.safetensors")
    write_tensors(tmp_path / "again", tensors, metadata)
    again, metadata_again = read_tensors(tmp_path / "again")
    assert metadata_again == metadata and set(again) == set(tensors)
    assert all(again[name].tolist() == tensors[name].tolist() for name in tensors)


# --- run.json asks for the impossible ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "setting, value, message",
    [
        ("n_layer", 100_000, "n_layer is 100000, there it is 1"),
        ("n_layer", 10**30, "n_layer is 10{30}, there it is 1"),
        ("n_embd", 1 << 40, f"n_embd is {1 << 40}, there it is 8"),
        ("block_size", 10**9, "block_size is 1000000000, there it is 8"),
    ],
)
def test_a_model_of_another_size_is_never_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, setting: str, value: int, message: str
) -> None:
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    about["settings"][setting] = value
    (folder / "run.json").write_text(json.dumps(about))
    monkeypatch.setattr(GPT, "__init__", None)
    for load in (load_language_model, lambda path: LanguageModelTrainer.resume(path, TEXT)):
        with pytest.raises(ValueError, match=rf"run.json does not fit the checkpoint: {message}$"):
            load(folder)


def test_an_alphabet_of_another_size(folder: Path) -> None:
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    about["tokenizer"]["characters"] += "\u0416"
    (folder / "run.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="does not fit the checkpoint: alphabet is"):
        load_language_model(folder)


def test_nested_without_end(folder: Path) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    (folder / "run.json").write_text(deep)
    with pytest.raises(ValueError, match=r"run\.json is damaged"):
        load_language_model(folder)
    model = GPT(3, 8, 1, 2, 8)
    path = folder / "checkpoint.safetensors"
    save_checkpoint(path, model, step=3)
    tensors, metadata = read_tensors(path)
    for nested in (deep, '{"list": [' * 50_000 + "]}" * 50_000, '{"list": [' * 900 + "]}" * 900):
        write_tensors(path, tensors, {**metadata, "training": nested})
        with pytest.raises(ValueError, match=r"checkpoint.safetensors: its training state is damaged"):
            load_checkpoint(path, model)
