"""The training of a language model: it learns, it resumes bit for bit, and nothing that goes wrong loses anything."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any, Dict, List

import pytest
from openpyxl import load_workbook
from small_runs import TEXT, small

from saitama import Tensor
from saitama.files import atomic_path
from saitama.language import LanguageModelTrainer, RunFolder, Settings, load_language_model, run_folder, trainer, write
from saitama.training import NonFiniteError, load_checkpoint, save_checkpoint, tensor_file
from saitama.training.checkpoint import read_checkpoint
from saitama.transformer import GPT

Rows = List[Dict[str, float]]


def without_speed(rows: Rows) -> Rows:
    return [{name: value for name, value in row.items() if name != "tokens_per_s"} for row in rows]


def state(run: Path) -> Any:
    """Everything in a checkpoint that a resumed run must have in common with one that never stopped."""
    saved = read_checkpoint(run / "checkpoint.safetensors")

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items()}
        return value.tolist() if isinstance(value, Tensor) else value

    rows = without_speed(trainer.unpack(**saved.extra["history"]))
    return plain(saved.model), plain(saved.optimizer), saved.random, saved.step, rows


class CtrlC:
    """Presses Ctrl-C in the middle of the n-th step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
        self.left, self.forward = step, GPT.forward
        monkeypatch.setattr(GPT, "forward", lambda model, *args, **options: self.press(model, *args, **options))

    def press(self, model: GPT, *args: Any, **options: Any) -> Any:
        if model.training:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGINT)
        return self.forward(model, *args, **options)


# --- it learns --------------------------------------------------------------------------------------------------------
def test_it_learns_a_text_by_heart() -> None:
    settings = small(n_embd=16, steps=120, lr=2e-2, batch_size=8, dropout=0.0, evaluate_every=1000)
    run = LanguageModelTrainer(TEXT, settings, progress=False)
    rows = run.fit().steps
    assert rows[0]["loss"] > 2.5 and rows[-1]["loss"] < 0.6 and rows[-1]["val_loss"] < 0.6
    assert [row["step"] for row in rows] == list(range(1, 121))
    text = write(run.model, run.tokenizer, "the cat ", 30, greedy=True)
    assert text.startswith("the cat sat on the ") and len(text) == 38


def test_settings_are_what_is_trained_with() -> None:
    run = LanguageModelTrainer(TEXT, small(steps=20, warmup=100, lr=1e-2), progress=False)
    rows = run.fit().steps
    rates = [row["lr"] for row in rows]
    assert rates[:3] == pytest.approx([1e-2 / 3, 2e-2 / 3, 1e-2])  # warm-up for a tenth of the steps
    assert sorted(rates[2:], reverse=True) == rates[2:] and 1e-3 < rates[-1] < 1.3e-3
    decays = {
        parameter.ndim: group["weight_decay"] for group in run.optimizer.param_groups for parameter in group["params"]
    }
    assert decays == {2: 0.1, 1: 0.0}
    assert [row["step"] for row in rows if "val_loss" in row] == list(range(2, 21, 2))
    assert run.optimizer.param_groups[0]["betas"] == (0.9, 0.99)


def test_evaluation_and_samples_change_nothing(capsys: Any) -> None:
    losses: List[List[float]] = []
    for every in (1, 6):
        run = LanguageModelTrainer(TEXT, small(evaluate_every=every), progress=every == 1)  # who sees samples gets some
        losses.append([row["loss"] for row in run.fit().steps])
    assert losses[0] == losses[1] and "\n    | " in capsys.readouterr().out
    assert run.sample() == run.sample() and run.model.training


def test_a_sample_that_nobody_sees_is_not_written(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    written: List[int] = []
    monkeypatch.setattr(LanguageModelTrainer, "sample", lambda run: str(written.append(run.step)))
    for progress in (True, False, None):
        LanguageModelTrainer(TEXT, small(evaluate_every=3), progress=progress).fit()
    assert written == [3, 6]
    assert "    | None" in capsys.readouterr().out


# --- resume -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("pressed", [3, 4])  # between two evaluations, and at one
def test_a_resumed_run_is_the_run_that_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pressed: int
) -> None:
    whole = LanguageModelTrainer(TEXT, small(), tmp_path / "whole", progress=False)
    whole.fit()
    first = LanguageModelTrainer(TEXT, small(), tmp_path / "parts", progress=False)
    with monkeypatch.context() as patch:
        CtrlC(patch, pressed)
        with pytest.raises(KeyboardInterrupt, match=f"stopped after step {pressed} of 6, kept in .*parts"):
            first.fit()
    second = LanguageModelTrainer.resume(tmp_path / "parts", TEXT, progress=False)
    assert second.step == pressed
    second.fit()
    assert state(tmp_path / "parts") == state(tmp_path / "whole")
    third = LanguageModelTrainer.resume(tmp_path / "parts", TEXT, progress=False)  # it is complete
    assert len(third.fit().steps) == 6


def test_resume_finds_its_text(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text(TEXT)
    LanguageModelTrainer(TEXT, small(), tmp_path / "run", sources=[str(file)], progress=False)
    assert LanguageModelTrainer.resume(tmp_path / "run").step == 0
    file.write_text(TEXT + "more")
    with pytest.raises(ValueError, match="was trained on another text: 384 characters then, 388 now"):
        LanguageModelTrainer.resume(tmp_path / "run")
    file.unlink()
    with pytest.raises(FileNotFoundError, match="text.txt"):
        LanguageModelTrainer.resume(tmp_path / "run")


def test_more_steps_and_another_learning_rate(tmp_path: Path) -> None:
    LanguageModelTrainer(TEXT, small(), tmp_path / "run", progress=False).fit()
    more = LanguageModelTrainer.resume(tmp_path / "run", TEXT, steps=8, lr=1e-4, progress=False)
    assert [row["lr"] <= 1e-4 for row in more.fit().steps] == [False] * 6 + [True] * 2
    assert LanguageModelTrainer.resume(tmp_path / "run", TEXT).settings == small(steps=8, lr=1e-4)
    with pytest.raises(ValueError, match="has made 8 steps, more than 7"):
        LanguageModelTrainer.resume(tmp_path / "run", TEXT, steps=7)
    with pytest.raises(ValueError, match="steps must be a whole number from 1 on, got 0"):
        LanguageModelTrainer.resume(tmp_path / "run", TEXT, steps=0)


def test_it_leaves_the_curves_of_every_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows(folder: Path) -> int:
        return load_workbook(folder / "curves.xlsx")["Steps"].max_row - 1

    run = LanguageModelTrainer(TEXT, small(), tmp_path / "run", progress=False)
    assert not run.run.curves.exists()
    with monkeypatch.context() as patch:
        CtrlC(patch, 3)
        with pytest.raises(KeyboardInterrupt):
            run.fit()
    assert rows(tmp_path / "run") == 3
    run.fit()
    assert rows(tmp_path / "run") == 6
    LanguageModelTrainer(TEXT, small(), progress=False).fit()  # no folder, no curves
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_curves_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    run.run.curves.mkdir()  # a folder of that name is in the way
    with monkeypatch.context() as patch:
        CtrlC(patch, 3)
        with pytest.raises(KeyboardInterrupt, match="stopped after step 3"):  # the reason that came first
            run.fit()
    with pytest.raises(IsADirectoryError, match="curves.xlsx: it is a folder"):
        run.fit()
    assert LanguageModelTrainer.resume(tmp_path, TEXT, progress=False).step == 6


def test_its_errors_speak_python(tmp_path: Path) -> None:
    LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    with pytest.raises(FileExistsError, match=r"by LanguageModelTrainer\.resume\(folder\), or give another folder$"):
        LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    for read in (load_language_model, LanguageModelTrainer.resume):
        with pytest.raises(FileNotFoundError, match=r"LanguageModelTrainer\(text, settings, folder\) makes one$"):
            read(tmp_path / "none")


# --- nothing is lost --------------------------------------------------------------------------------------------------
def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(before) == {"run.json", "checkpoint.safetensors"}
    with pytest.raises(FileExistsError, match=r"holds another run \(run.json, checkpoint.safetensors\), which is kept"):
        LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    with pytest.raises(NotADirectoryError, match="run.json is a file; give the name of a folder"):
        LanguageModelTrainer(TEXT, small(), tmp_path / "run.json", progress=False)


def full_disk(path: Any) -> Any:
    """atomic_path on a disk that is full."""
    manager = atomic_path(path)
    temporary = manager.__enter__()
    temporary.write_bytes(b"as far as it went")
    error = OSError(28, "No space left on device")
    manager.__exit__(OSError, error, None)
    raise AssertionError("the error passes through")


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LanguageModelTrainer(TEXT, small(steps=4), tmp_path, progress=False)
    with monkeypatch.context() as patch:
        CtrlC(patch, 1)
        with pytest.raises(KeyboardInterrupt):
            run.fit()
    before = state(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(tensor_file, "atomic_path", full_disk)
        with pytest.raises(OSError, match=r"checkpoint\.safetensors: No space left on device; the old file is kept"):
            run.fit()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["checkpoint.safetensors", "curves.xlsx", "run.json"]
    assert state(tmp_path) == before
    again = LanguageModelTrainer.resume(tmp_path, TEXT, progress=False)
    assert again.step == 1 and len(again.fit().steps) == 4


def test_a_run_that_could_not_begin_is_not_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "atomic_path", full_disk)
        with pytest.raises(OSError, match=r"cannot write .*run\.json: No space left on device$"):
            LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    assert list(tmp_path.iterdir()) == []
    LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)


def test_a_reader_of_the_lines_who_leaves_loses_no_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LanguageModelTrainer(TEXT, small(), tmp_path, progress=True)

    def gone(watch: Any, row: Any, sample: str = "") -> None:
        if row["step"] == 3:
            raise BrokenPipeError

    with monkeypatch.context() as patch:
        patch.setattr(trainer.Watch, "step", gone)
        with pytest.raises(BrokenPipeError):
            run.fit()
    assert LanguageModelTrainer.resume(tmp_path, TEXT, progress=False).step == 3


def test_ctrl_c_in_the_middle_of_a_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)

    def pressed(*args: Any, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        save_checkpoint(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "save_checkpoint", pressed)
        with pytest.raises(KeyboardInterrupt):
            run.fit()
    assert LanguageModelTrainer.resume(tmp_path, TEXT, progress=False).step == 2


def test_ctrl_c_twice_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    with monkeypatch.context() as patch:
        CtrlC(patch, 4)
        CtrlC(patch, 4)
        with pytest.raises(KeyboardInterrupt) as caught:
            run.fit()
    assert caught.value.args == ()
    assert LanguageModelTrainer.resume(tmp_path, TEXT, progress=False).step == 2  # the last checkpoint


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    run = LanguageModelTrainer(TEXT, small(), tmp_path, progress=False)
    with monkeypatch.context() as patch:
        CtrlC(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            run.fit()
    before = state(tmp_path)
    weight = run.model.transformer.h[0].mlp.c_fc.weight
    weight.data = weight.detach() * value
    message = (
        r"stopped at step 3: the loss is nan\. First to go bad: parameter transformer\.h\.0\.mlp\.c_fc\.weight has"
    )
    with pytest.raises(NonFiniteError, match=message) as caught:
        run.fit()
    assert f"{tmp_path / 'checkpoint.safetensors'} is the last good checkpoint" in str(caught.value)
    assert state(tmp_path) == before


def test_weights_that_a_step_threw_away_are_not_saved(tmp_path: Path) -> None:
    run = LanguageModelTrainer(TEXT, small(lr=1e38, clip_norm=1e30, evaluate_every=1), tmp_path, progress=False)
    with pytest.raises(NonFiniteError, match="Try a smaller learning rate than 1e\\+38"):
        run.fit()
    assert load_checkpoint(tmp_path / "checkpoint.safetensors").step == run.step - 1 or run.step <= 1
    numbers = load_language_model(tmp_path)[0].transformer.wte.weight.reshape(-1).tolist()
    assert all(abs(number) < float("inf") for number in numbers)


# --- files that are wrong ---------------------------------------------------------------------------------------------
@pytest.fixture
def folder(tmp_path: Path) -> Path:
    LanguageModelTrainer(TEXT, small(), tmp_path / "run", progress=False)
    return tmp_path / "run"


def test_the_model_of_a_folder(folder: Path) -> None:
    model, tokenizer = load_language_model(folder)
    fresh = LanguageModelTrainer(TEXT, small(), progress=False)
    assert tokenizer.characters == fresh.tokenizer.characters and not model.training
    assert model.state_dict()["lm_head.weight"].tolist() == fresh.model.state_dict()["lm_head.weight"].tolist()
    assert load_language_model(folder, dtype="float64")[0].lm_head.weight.dtype == "float64"


def test_weights_from_elsewhere(tmp_path: Path) -> None:
    """What other programs write: weights alone, and a run.json by hand."""
    model = GPT(3, 8, 1, 2, 8, weight_tying=False)
    save_checkpoint(tmp_path / "checkpoint.safetensors", model)
    settings = {"n_layer": 1, "n_head": 2, "n_embd": 8, "block_size": 8, "bias": True, "weight_tying": False}
    about = {"settings": {**settings, "dtype": "float64"}, "tokenizer": {"characters": "abc"}}
    (tmp_path / "run.json").write_text(json.dumps(about))
    loaded, tokenizer = load_language_model(tmp_path)
    idx = Tensor(tokenizer.encode("abcab"), dtype="int64")
    assert loaded(idx)[0].tolist() == model(idx)[0].tolist()
    with pytest.raises(ValueError, match="was trained on another text"):
        LanguageModelTrainer.resume(tmp_path, TEXT)


def test_folders_without_a_run(tmp_path: Path, folder: Path) -> None:
    for path, message in (
        (tmp_path / "none", "there is no such folder"),
        (tmp_path, "it has no run.json"),
        (folder / "run.json", "it is a file"),
    ):
        with pytest.raises(FileNotFoundError, match=message):
            load_language_model(path)


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "{}", '{"settings": {"colour": 3}, "tokenizer": {"characters": "ab"}}', '{"settings": 3}'),
        '{"settings": {}, "tokenizer": {"characters": "ab"}, "tokenizer": {"characters": "ac"}}',
        '{"settings": {}, "tokenizer": {"characters": "\\ud83d"}}',
    ],
)
def test_a_damaged_run_json(folder: Path, content: str) -> None:
    (folder / "run.json").write_text(content)
    with pytest.raises(ValueError, match="run.json is damaged"):
        load_language_model(folder)


@pytest.mark.parametrize("resume", [False, True])
def test_damaged_checkpoints(folder: Path, resume: bool) -> None:
    file = folder / "checkpoint.safetensors"

    def load() -> None:
        if resume:
            LanguageModelTrainer.resume(folder, TEXT)
        else:
            load_language_model(folder)

    whole = file.read_bytes()
    for content in (whole[:-1], whole[:100], b"", b"PK\x03\x04 a zip file, which is what torch.save writes"):
        file.write_bytes(content)
        with pytest.raises(ValueError, match="it is not a whole .safetensors file"):
            load()
    save_checkpoint(file, GPT(RunFolder(folder).read_about()[1].vocab_size, 9, 1, 2, 8, bias=False))
    with pytest.raises(ValueError, match="run.json does not fit the checkpoint: block_size is 8, there it is 9"):
        load()
    file.unlink()
    with pytest.raises(FileNotFoundError, match="checkpoint.safetensors: there is no such file"):
        load()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"steps": 0}, "steps must be a whole number from 1 on, got 0"),
        ({"batch_size": 2.0}, "batch_size must be a whole number"),
        ({"lr": 0.0}, "lr must be a number above 0"),
        ({"lr": float("nan")}, "lr must be a number above 0"),
        ({"clip_norm": float("inf")}, "clip_norm must be a number above 0"),
        ({"validation": 1.0}, "validation is a share of the text"),
        ({"dtype": "int64"}, "dtype must be float32 or float64"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_bad_settings(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**options)
