"""`saitama export --model`: a whole transformer as a workbook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List

import pytest
from available import needs_ironcalc

from saitama.cli import main
from saitama.language import loss_of_text, tiny_gpt
from saitama.training import save_checkpoint
from saitama.transformer import GPT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run of a model of 1 layer and width 4."""
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    save_checkpoint("run/checkpoint.safetensors", GPT(4, 3, 1, 1, 4, dtype="float32"))
    settings = {"n_layer": 1, "n_head": 1, "n_embd": 4, "block_size": 3, "bias": True}
    Path("run/run.json").write_text(json.dumps({"settings": settings, "tokenizer": {"characters": "abcd"}}))
    return "run"


def test_the_tiny_gpt() -> None:
    model, tokenizer = tiny_gpt()
    assert (tokenizer.characters, model.config["n_layer"], model.config["n_embd"]) == ("aeinot", 2, 8)
    again = tiny_gpt()[0].state_dict()
    assert {name: value.tolist() for name, value in model.state_dict().items()} == {
        name: value.tolist() for name, value in again.items()
    }
    numbers = model.transformer.h[0].attn.c_attn.weight.reshape(-1).tolist()
    assert all(number == round(number, 2) for number in numbers) and max(numbers) > 0.3
    assert 1 < loss_of_text(model, tokenizer, "attention").item() < 4


@needs_ironcalc
def test_the_model_of_a_run_is_checked_cell_by_cell(folder: str, capsys: Any) -> None:
    assert main(["export", "--model", folder, "--text", "abcd", "-o", "gpt.xlsx"]) == 0
    out = capsys.readouterr().out
    assert "live formulas, forward and backward" in out and "next: open it" in out
    assert main(["recalc", "gpt.xlsx", "--engine", "ironcalc"]) == 0
    assert main(["verify", "gpt.xlsx"]) == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "give SCRIPT.py, or --model for a GPT"),
        (["a.py", "--model", "run"], "not both"),
        (["a.py", "--text", "abc"], "--text is for --model"),
        (["--model", "run"], "the text has 9 characters; give 2 to 4: a context of up to 3, and the character"),
        (["--model", "run", "--text", "a"], "the text has 1 characters"),
        (["--model", "run", "--text", "abx"], "the character 'x' (U+0078) at position 2"),
        (["--model", "none"], "there is no such folder"),
        (["--model", "--text", ""], "the text is empty"),
    ],
)
def test_unusable(folder: str, capsys: Any, arguments: List[str], message: str) -> None:
    assert main(["export", *arguments, "-o", "a.xlsx"]) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1 and not Path("a.xlsx").exists()
