"""The folder of a run, and what it keeps: enough to go on as if nothing had happened, and to write.

    run.json                the settings, the alphabet, and which text it was; written once
    checkpoint.safetensors  the weights under nanoGPT's names, and the state of the training
    curves.xlsx             loss, learning rate, gradient norm and speed as charts

Every file is written under another name first and then renamed, so none is ever half of one.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Sequence, Tuple, Union

from saitama import __version__
from saitama.files import atomic_path
from saitama.training import load_checkpoint
from saitama.transformer import GPT, CharTokenizer

from .settings import Settings

GO_ON = "go on with it by LanguageModelTrainer.resume(folder), or give another folder"
HOW_TO_MAKE = "LanguageModelTrainer(text, settings, folder) makes one"


class RunFolder:
    """The names of the files, and run.json."""

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        self.path = Path(path)
        self.about, self.checkpoint = self.path / "run.json", self.path / "checkpoint.safetensors"
        self.curves = self.path / "curves.xlsx"

    def check_free(self, advice: str = GO_ON) -> None:
        """Raises FileExistsError if there is a run already, NotADirectoryError if there is something else."""
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file; give the name of a folder for the run")
        there = [file.name for file in (self.about, self.checkpoint, self.curves) if file.exists()]
        if there:
            raise FileExistsError(f"{self.path} holds another run ({', '.join(there)}), which is kept; {advice}")

    def check_there(self, advice: str = HOW_TO_MAKE) -> None:
        """Raises FileNotFoundError if there is no run."""
        if not self.path.is_dir():
            what = "it is a file" if self.path.exists() else "there is no such folder"
            raise FileNotFoundError(f"{self.path} is no folder of a run: {what}; {advice}")
        if not self.about.exists():
            raise FileNotFoundError(f"{self.path} is no folder of a run: it has no run.json; {advice}")

    def claim(self) -> None:
        """Make the folder for a new run. Raises FileExistsError if it holds a run already, OSError if it cannot be."""
        self.check_free()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise type(error)(f"cannot make the folder {self.path}: {error.strerror}") from error

    def write_about(self, settings: Settings, tokenizer: CharTokenizer, text: str, sources: Sequence[str]) -> None:
        """Write run.json."""
        about = {
            "saitama": __version__,
            "settings": asdict(settings),
            "tokenizer": tokenizer.state_dict(),
            "text": {"files": list(sources), "characters": len(text), "sha256": fingerprint(text)},
        }
        with atomic_path(self.about) as temporary:
            temporary.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def read_about(self) -> Tuple[Settings, CharTokenizer, Dict[str, Any]]:
        """Settings, tokenizer, and about the text: {"files", "characters", "sha256"}.

        Raises FileNotFoundError for a folder without a run, ValueError for a run.json that is damaged.
        """
        self.check_there()
        try:
            about = json.loads(self.about.read_text(encoding="utf-8"))
            text = {"files": [], "characters": 0, "sha256": "", **about.get("text", {})}
            return Settings(**about["settings"]), CharTokenizer.from_state_dict(about["tokenizer"]), text
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{self.about} is damaged: {type(error).__name__}: {error}") from error


def fingerprint(text: str) -> str:
    """The same for the same text only (SHA-256)."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def load_language_model(path: Union[str, os.PathLike[str]], dtype: Any = None) -> Tuple[GPT, CharTokenizer]:
    """The model, in evaluation, and the tokenizer of a run's folder; in another dtype if one is given.

    Weights from elsewhere go into such a folder too: checkpoint.safetensors needs no more than nanoGPT's state_dict,
    run.json no more than the "settings" that differ from the defaults and the "tokenizer".

    Raises FileNotFoundError where there is no run, ValueError for files that are damaged or do not fit together.
    """
    run = RunFolder(path)
    settings, tokenizer, _ = run.read_about()
    options = settings.model_options()
    model = GPT(tokenizer.vocab_size, **{**options, "dtype": dtype or options["dtype"]})
    load_checkpoint(run.checkpoint, model)
    model.eval()
    return model, tokenizer
