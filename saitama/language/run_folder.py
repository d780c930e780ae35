"""The folder of a run, and what it keeps: enough to go on as if nothing had happened, and to write.

    run.json                the settings, the alphabet, and which text it was; written once
    checkpoint.safetensors  the weights under nanoGPT's names, and the state of the training
    curves.xlsx             loss, learning rate, gradient norm and speed as charts

Every file is written under another name first and then renamed, so none is ever half of one. One run at a time uses a
folder: it has a lock while it does, which ends with its process.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Tuple, Union

from saitama import __version__
from saitama.files import atomic_path, make_folder, parse_json, read_file
from saitama.locking import folder_lock
from saitama.tensor import Tensor
from saitama.training import History
from saitama.training.checkpoint import read_checkpoint
from saitama.transformer import GPT, CharTokenizer

from .settings import Settings

GO_ON = "go on with it by LanguageModelTrainer.resume(folder), or give another folder"
HOW_TO_MAKE = "LanguageModelTrainer(text, settings, folder) makes one"
MOST_BYTES = 10_000_000  # of run.json


class RunFolder:
    """The names of the files, and run.json."""

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        self.path = Path(path)
        self.about, self.checkpoint = self.path / "run.json", self.path / "checkpoint.safetensors"
        self.curves = self.path / "curves.xlsx"
        self._seen: Optional[Tuple[int, int, int]] = None

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

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Make the folder for a new run, and use it for the block.

        Raises FileExistsError if it holds a run already, OSError if it cannot be made.
        """
        self.check_free()
        make_folder(self.path)
        with self.use():
            self.check_free()  # again: somebody may have been faster
            yield

    @contextmanager
    def use(self) -> Iterator[None]:
        """Keep all others from training in the folder for the block.

        Raises BlockingIOError where another run does, FileExistsError where one has, since we last saw its checkpoint.
        """
        with folder_lock(self.path) as is_mine:
            if is_mine is False:
                raise BlockingIOError(f"{self.path} is in use by another run: let it end, or stop it, and try again")
            if self._seen not in (None, self._state()):
                raise FileExistsError(
                    f"{self.checkpoint} was written by another run meanwhile, and is kept; go on with that one by "
                    "LanguageModelTrainer.resume(folder)"
                )
            yield

    def see(self) -> None:
        """Note how the checkpoint is now, as we have just read or written it."""
        self._seen = self._state()

    def _state(self) -> Optional[Tuple[int, int, int]]:
        try:
            status = self.checkpoint.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def write_curves(self, history: History) -> Path:
        """Write the charts, and return the file: curves.xlsx, or if somebody has worked in that, one beside it."""
        beside = (self.path / f"curves ({number}).xlsx" for number in range(2, 1000))
        for path in (self.curves, *beside):
            try:
                history.export(path)
                return path
            except FileExistsError:
                continue
        raise FileExistsError(f"{self.path} has too many curves.xlsx that somebody worked in; move them elsewhere")

    def write_about(self, settings: Settings, tokenizer: CharTokenizer, text: str, sources: Sequence[str]) -> None:
        """Write run.json."""
        about = {
            "saitama": __version__,
            "settings": asdict(settings),
            "tokenizer": tokenizer.state_dict(),
            "text": {
                "files": [_readable(name) for name in sources],
                "characters": len(text),
                "sha256": fingerprint(text),
            },
        }
        with atomic_path(self.about) as temporary:
            temporary.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def read_about(self) -> Tuple[Settings, CharTokenizer, Dict[str, Any]]:
        """Settings, tokenizer, and about the text: {"files", "characters", "sha256"}.

        Raises FileNotFoundError for a folder without a run, ValueError for a run.json that is damaged.
        """
        self.check_there()
        content = read_file(self.about, MOST_BYTES)
        try:
            about = parse_json(content.decode("utf-8"))
            text = {"files": [], "characters": 0, "sha256": "", **about.get("text", {})}
            return Settings(**about["settings"]), CharTokenizer.from_state_dict(about["tokenizer"]), text
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"{self.about} is damaged: {type(error).__name__}: {error}") from error

    def check_size(self, settings: Settings, tokenizer: CharTokenizer, weights: Mapping[str, Tensor]) -> None:
        """ValueError where run.json tells of another model than the checkpoint holds, before such a one is made."""
        layers = {name.split(".")[2] for name in weights if name.startswith("transformer.h.")}
        found: Dict[str, Any] = {"n_layer": len(layers)}
        for table, rows in (("wte", "alphabet"), ("wpe", "block_size")):
            weight = weights.get(f"transformer.{table}.weight")
            if weight is not None and weight.ndim == 2:
                found[rows], found["n_embd"] = weight.shape
        for name, size in found.items():
            said = tokenizer.vocab_size if name == "alphabet" else getattr(settings, name)
            if said != size:
                raise ValueError(
                    f"{self.about} does not fit the checkpoint: {name} is {said!r:.40}, there it is {size}"
                )


def _readable(name: str) -> str:
    """The name of a file, whose bytes may be no UTF-8, in letters that a file can hold."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


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
    weights = read_checkpoint(run.checkpoint).model
    run.check_size(settings, tokenizer, weights)
    options = settings.model_options()
    model = GPT(tokenizer.vocab_size, **{**options, "dtype": dtype or options["dtype"]})
    try:
        model.load_state_dict(weights)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{run.checkpoint}: {error}") from error
    model.eval()
    return model, tokenizer
