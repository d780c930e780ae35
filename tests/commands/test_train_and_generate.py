"""`saitama train` and `saitama generate`: what a person sees, exit codes, one line for what cannot be used."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, List

import pytest
from openpyxl import load_workbook

from saitama.cli import main
from saitama.language import load_language_model
from saitama.locking import folder_lock
from saitama.transformer import GPT

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 8
SMALL = ["--n-layer", "1", "--n-head", "2", "--n-embd", "8", "--block-size", "8", "--batch-size", "2", "--steps", "4"]


def run(capsys: Any, *arguments: str) -> Any:
    code = main(list(arguments))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def refuses(capsys: Any, *arguments: str) -> str:
    """The one line on stderr of a command that ends with 2."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "") and err.startswith("saitama: ") and err.count("\n") == 1
    return str(err)


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(TEXT)
    return "text.txt"


@pytest.fixture
def trained(text: str, capsys: Any) -> str:
    assert run(capsys, "train", text, *SMALL)[0] == 0
    return "run"


def test_train_says_what_it_does_and_what_is_next(text: str, capsys: Any) -> None:
    code, out, err = run(capsys, "train", text, *SMALL, "--out", "a/run")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "text   384 characters (15 different), the last 39 for validation",
        "model  1 layers, 2 heads, width 8, context 8: 1,072 parameters, float32",
        "steps  4 of 2 x 8 characters, 0.2 times the text",
    ]
    assert lines[4].startswith("step 1 of 4  loss 2.") and "step 4 of 4" in out and "  validation 2." in out
    assert "    | " in out  # a sample
    assert lines[-1] == "next: saitama generate a/run"
    assert sorted(file.name for file in Path("a/run").iterdir()) == [
        "checkpoint.safetensors",
        "curves.xlsx",
        "run.json",
    ]
    book = load_workbook("a/run/curves.xlsx")
    names = [cell.value for cell in book["Steps"][1]]
    assert names == ["step", "loss", "lr", "grad_norm", "tokens_per_s", "val_loss"]
    assert len(book["Charts"]._charts) == 4


def test_without_a_text_it_learns_the_corpus(text: str, capsys: Any) -> None:
    code, out, _ = run(capsys, "train", *SMALL, "--dtype", "float64")
    assert code == 0 and "float64" in out
    model, tokenizer = load_language_model("run")
    assert {"e", " ", "\n", "?"} <= set(tokenizer.characters) and model.lm_head.weight.dtype == "float64"


def test_the_same_seed_the_same_model(text: str, capsys: Any) -> None:
    weights = []
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run(capsys, "train", text, *SMALL, "--seed", seed, "--out", out)[0] == 0
        weights.append(load_language_model(out)[0].lm_head.weight.tolist())
    assert weights[0] == weights[1] != weights[2]


def test_ctrl_c_and_resume(text: str, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    forward, calls = GPT.forward, []

    def pressed(model: GPT, *args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return forward(model, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(GPT, "forward", pressed)
        code, _, err = run(capsys, "train", text, *SMALL)
    assert code == 130
    assert err == "saitama: stopped after step 2 of 4, kept in run; to go on: saitama train --resume --out run\n"
    assert Path("run/curves.xlsx").exists()
    monkeypatch.chdir("run")  # the text is found again from another folder
    assert run(capsys, "train", "--resume", "--out", ".")[0] == 0
    monkeypatch.chdir("..")
    assert run(capsys, "train", text, *SMALL, "--out", "whole")[0] == 0
    weights = [load_language_model(folder)[0].lm_head.weight.tolist() for folder in ("run", "whole")]
    assert weights[0] == weights[1]
    code, out, _ = run(capsys, "train", "--resume")
    assert code == 0 and "4 are done" in out
    code, out, _ = run(capsys, "train", "--resume", "--steps", "6", text)
    assert code == 0 and "step 6 of 6" in out and "step 5 of 6" in out and "step 4 of" not in out


def test_generate_writes(trained: str, capsys: Any) -> None:
    one = run(capsys, "generate", trained, "--prompt", "the ", "--tokens", "30", "--seed", "3")
    assert one == run(capsys, "generate", trained, "--prompt", "the ", "--tokens", "30", "--seed", "3")
    assert (one[0], one[2]) == (0, "") and one[1].startswith("the ") and len(one[1]) == 35
    code, out, _ = run(capsys, "generate", trained, "--tokens", "20", "--greedy")
    assert code == 0 and len(out) == 22 and out[0] == "\n"
    long = "the cat sat on the mat. "  # longer than the context
    code, out, _ = run(capsys, "generate", trained, "--prompt", long, "--tokens", "5", "--top-k", "3", "--top-p", "0.9")
    assert code == 0 and out.startswith(long) and len(out) == len(long) + 6


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--prompt", ""], "the prompt is empty"),
        (["--prompt", "the café 1"], "the characters 'f' (U+0066) at position 6, 'é' (U+00E9) at position 7, '1'"),
        (["--top-p", "1.5"], "top_p must be a number above 0 and up to 1"),
    ],
)
def test_generate_refuses(trained: str, capsys: Any, arguments: List[str], message: str) -> None:
    assert message in refuses(capsys, "generate", trained, *arguments)


def test_generate_without_a_run(text: str, capsys: Any) -> None:
    assert "none is no folder of a run: there is no such folder" in refuses(capsys, "generate", "none")
    assert "text.txt is no folder of a run: it is a file" in refuses(capsys, "generate", text)
    Path("run").mkdir()
    assert "it has no run.json; `saitama train --out FOLDER` makes one" in refuses(capsys, "generate", "run")


def test_a_second_run_keeps_the_first(trained: str, text: str, capsys: Any) -> None:
    before = {file.name: file.read_bytes() for file in Path("run").iterdir()}
    advice = "which is kept; go on with it by --resume, or choose another folder with --out"
    assert advice in refuses(capsys, "train", text, *SMALL)
    assert "run keeps its settings; with --resume only" in refuses(capsys, "train", "--resume", "--n-embd", "16")
    assert "another text" in refuses(capsys, "train", "--resume", __file__)
    assert "more than 3" in refuses(capsys, "train", "--resume", "--steps", "3")
    assert {file.name: file.read_bytes() for file in Path("run").iterdir()} == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["none.txt"], "cannot read none.txt: No such file or directory"),
        (["."], "cannot read .: it is a folder"),
        (["text.txt", "empty.txt"], "empty.txt: there is no text in it (0 bytes)"),
        (["latin.txt"], "latin.txt: it is not UTF-8, as byte 3 (0xE9"),
        (["text.txt", "--block-size", "39"], "needs 40 in both; give more text or a --block-size of at most 38"),
        (["text.txt", "--n-embd", "9"], "a width of --n-embd=9 cannot be split among --n-head=2 heads"),
        (["text.txt", "--out", "text.txt"], "text.txt is a file; give the name of a folder"),
        (["text.txt", "--out", "text.txt/run"], "cannot make the folder text.txt/run: Not a directory"),
        (["--resume", "--out", "none"], "there is no such folder; `saitama train --out FOLDER` makes one"),
    ],
)
def test_train_refuses(text: str, capsys: Any, arguments: List[str], message: str) -> None:
    Path("empty.txt").touch()
    Path("latin.txt").write_bytes(b"caf\xe9")
    options = [] if "--resume" in arguments else SMALL
    assert message in refuses(capsys, "train", *options, *arguments)
    assert not Path("run").exists()


def test_a_loss_that_is_no_number_keeps_the_run(text: str, capsys: Any) -> None:
    code, _, err = run(capsys, "train", text, *SMALL, "--lr", "1e38")
    assert code == 2 and err.startswith("saitama: training stopped at step ") and "First to go bad: " in err
    assert "is the last good checkpoint" in err
    assert load_language_model("run")[0].lm_head.weight.abs().max().item() < 1


def test_a_folder_that_may_not_be_written(text: str, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Any, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, flags, mode)

    opened = os.open
    monkeypatch.setattr(os, "open", denied)  # the superuser may write everything
    assert "checkpoint.safetensors: Permission denied" in refuses(capsys, "train", text, *SMALL)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--steps", "0"],
        ["train", "--lr", "0"],
        ["train", "--lr", "nan"],
        ["train", "--seed", "-1"],
        ["train", "--dropout", "much"],
        ["generate", "run", "--temperature", "0"],
        ["generate", "run", "--tokens", "0"],
        ["generate", "run", "--seed", str(2**64)],
    ],
)
def test_options_out_of_range(capsys: Any, arguments: List[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and "expected" in capsys.readouterr().err


def test_a_folder_in_use_and_curves_that_somebody_worked_in(trained: str, text: str, capsys: Any) -> None:
    before = {file.name: file.read_bytes() for file in Path("run").iterdir()}
    with folder_lock(Path("run")):  # as another run has it
        assert "run is in use by another run" in refuses(capsys, "train", "--resume", "--steps", "6", text)
    assert {file.name: file.read_bytes() for file in Path("run").iterdir()} == before
    workbook = load_workbook("run/curves.xlsx")
    workbook["Charts"]["A50"] = "mine"
    workbook.save("run/curves.xlsx")
    code, out, _ = run(capsys, "train", "--resume", "--steps", "6", text)
    assert code == 0 and "checkpoint.safetensors, the model; curves (2).xlsx, loss" in out
    assert load_workbook("run/curves.xlsx")["Charts"]["A50"].value == "mine"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of POSIX")
def test_a_pipe_is_refused_at_once(text: str, capsys: Any) -> None:
    os.mkfifo("pipe.txt")
    assert "cannot read pipe.txt: it is not an ordinary file" in refuses(capsys, "train", "pipe.txt", *SMALL)
    assert not Path("run").exists()
