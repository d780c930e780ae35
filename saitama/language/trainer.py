"""The training of a language model, from a text to a model that writes. Read `fit` first: it is the whole of it."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from math import isfinite, nan
from time import perf_counter
from typing import Any, Dict, List, Optional, Sequence, Union

from saitama.autograd import no_grad
from saitama.datasets import corpus
from saitama.optim import AdamW
from saitama.optim.lr_scheduler import WarmupCosine
from saitama.tensor import Tensor, get_rng_state, manual_seed, set_rng_state
from saitama.training import History, NonFiniteError, clip_grad_norm_, load_checkpoint, save_checkpoint
from saitama.training.checkpoint import read_checkpoint
from saitama.training.finite import describe, first_bad, first_bad_gradient, is_bad
from saitama.training.history import Row, columns
from saitama.training.interrupt import Interrupt
from saitama.transformer import GPT, CharTokenizer

from .run_folder import RunFolder, fingerprint
from .settings import PRESETS, Settings
from .text import TextBatches, read_texts
from .watch import Watch
from .writing import first_prompt, write

SOME = 256  # pieces of the validation text that are looked at on the way; at the end it is all of it
SAMPLE = 160  # characters that the model writes at each evaluation


class LanguageModelTrainer:
    """Trains a character GPT on a text.

        trainer = LanguageModelTrainer(read_texts(["novel.txt"]), PRESETS["baby"], "run")
        trainer.fit()

    Args:
        folder: where the run is kept (see run_folder.py); None keeps nothing.
        sources: the files of the text, for resume() to find them again.
        progress: True shows a bar on a terminal and lines elsewhere, None a bar only, False nothing.

    Attributes: model, tokenizer, text, optimizer, step (how many are done), history (one row for each step).

    The random numbers are started at settings.seed: the same text and settings give the same bits. Raises ValueError
    for a text that is too short or settings that cannot be, FileExistsError if the folder holds another run.
    """

    def __init__(
        self,
        text: str,
        settings: Settings = PRESETS["tiny"],
        folder: Union[None, str, os.PathLike[str]] = None,
        *,
        sources: Sequence[str] = (),
        progress: Optional[bool] = None,
    ) -> None:
        self._set_up(text, settings, progress)
        self.run = None if folder is None else RunFolder(folder)
        if self.run is not None:
            with self.run.claim():
                try:  # now, and not in an hour, it turns out whether the folder can be written
                    self._save()
                    self.run.write_about(settings, self.tokenizer, text, sources)
                except BaseException:  # half a run would be in the way of the next one
                    self.run.checkpoint.unlink(missing_ok=True)
                    raise

    def _set_up(self, text: str, settings: Settings, progress: Optional[bool]) -> None:
        self.settings, self.progress, self.step, self.history = settings, progress, 0, History()
        self.tokenizer = CharTokenizer(text)
        self.text = TextBatches(text, self.tokenizer, settings.block_size, settings.validation)
        manual_seed(settings.seed)
        self.model = GPT(self.tokenizer.vocab_size, **settings.model_options())
        matrices = [parameter for parameter in self.model.parameters() if parameter.ndim >= 2]
        vectors = [parameter for parameter in self.model.parameters() if parameter.ndim < 2]
        groups: List[Dict[str, Any]] = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
        betas = settings.beta1, settings.beta2
        self.optimizer = AdamW(groups, settings.lr, betas=betas, weight_decay=settings.weight_decay)
        warmup = min(settings.warmup, settings.steps // 10)
        self.schedule = WarmupCosine(self.optimizer, warmup, settings.steps, min_lr=settings.lr / 10)

    def fit(self) -> History:
        """Train until settings.steps steps are done, and return what happened.

        Each `evaluate_every` steps the model is evaluated, writes a sample, and a checkpoint is kept. At Ctrl-C the
        step is finished and kept, and KeyboardInterrupt raised. NonFiniteError is raised as soon as the loss or a
        gradient is NaN or infinite, before the step that would spread it; the checkpoint before is kept. BlockingIOError
        is raised where another run uses the folder.
        """
        settings, parameters = self.settings, list(self.model.parameters())
        self.model.train()
        folder = nullcontext() if self.run is None else self.run.use()
        with folder, Interrupt() as interrupt, Watch(settings.steps, self.step, self.progress) as watch:
            while self.step < settings.steps:
                begin = perf_counter()
                lr = self.schedule.rate(settings.lr, self.step)
                for group in self.optimizer.param_groups:
                    group["lr"] = lr
                x, y = self.text.batch(settings.batch_size)  # (B, T) both
                random = get_rng_state()
                _, loss = self.model(x, y)  # forward: what does the model expect to come next, and how wrong is it?
                assert loss is not None  # as y was given
                if not isfinite(loss.item()):
                    set_rng_state(random)  # the same dropout masks when it is run again to find the place
                    why = first_bad(self.model, x, y, loss)
                    raise self._diverged(self.step + 1, f"the loss is {loss.item()}", why)
                self.optimizer.zero_grad()
                loss.backward()  # how does the loss change with each parameter?
                norm = clip_grad_norm_(parameters, settings.clip_norm).item()
                if not isfinite(norm):
                    why = first_bad_gradient(self.model) or "its norm"
                    raise self._diverged(self.step + 1, "the loss is finite, its gradient is not", why)
                self.optimizer.step()  # a small step of every parameter against its gradient
                self.step += 1

                speed = x.numel() / (perf_counter() - begin)
                row = self.history.add_step(loss=loss.item(), lr=lr, grad_norm=norm, tokens_per_s=speed)
                sample = ""
                if self.step % settings.evaluate_every == 0 or self.step == settings.steps:
                    row["val_loss"] = self.evaluate(None if self.step == settings.steps else SOME)
                    if not isfinite(row["val_loss"]):
                        why = first_bad(self.model, x, y, loss)
                        raise self._diverged(self.step, f"the validation loss is {row['val_loss']}", why)
                    sample = self.sample()
                    self._save()
                try:
                    watch.step(row, sample)
                except BrokenPipeError:  # nobody reads the lines any more, as behind `head`
                    self._save()
                    raise
                if interrupt.asked and self.step < settings.steps:
                    self._save()
                    kept = f"kept in {self.run.path}" if self.run else "not kept, as the run has no folder"
                    raise KeyboardInterrupt(f"stopped after step {self.step:,} of {settings.steps:,}, {kept}")
        return self.history

    def evaluate(self, most: Optional[int] = None) -> float:
        """The mean loss, in nats a character, over the validation text, or about `most` pieces of it."""
        total, pieces, training = 0.0, 0, self.model.training
        self.model.eval()
        try:
            with no_grad():
                for x, y in self.text.validation_batches(4 * self.settings.batch_size, most):
                    _, loss = self.model(x, y)
                    assert loss is not None  # as y was given
                    total += loss.item() * len(x)
                    pieces += len(x)
        finally:
            self.model.train(training)
        return total / pieces

    def sample(self, length: int = SAMPLE) -> str:
        """What the model writes now; the same at every call, as the random numbers are its own."""
        options: Any = {"temperature": 0.8, "seed": self.settings.seed}
        return write(self.model, self.tokenizer, first_prompt(self.tokenizer), length, **options)

    @classmethod
    def resume(
        cls,
        folder: Union[str, os.PathLike[str]],
        text: Optional[str] = None,
        *,
        steps: Optional[int] = None,
        lr: Optional[float] = None,
        progress: Optional[bool] = None,
    ) -> LanguageModelTrainer:
        """The trainer of a folder as it was at its last checkpoint: fit() goes on bit for bit as if never stopped.

        text: as it was; None reads the files again that run.json names.
        steps, lr: if given, another number of steps in all, or learning rate; then the schedule is another one too.

        Raises FileNotFoundError for no run, BlockingIOError for one that is being trained, ValueError for another text
        and for files that are damaged or do not fit.
        """
        run = RunFolder(folder)
        with run.use() if run.path.is_dir() else nullcontext():
            return cls._resumed(run, text, steps, lr, progress)

    @classmethod
    def _resumed(
        cls, run: RunFolder, text: Optional[str], steps: Optional[int], lr: Optional[float], progress: Optional[bool]
    ) -> LanguageModelTrainer:
        settings, tokenizer, about = run.read_about()
        if text is None:
            text = read_texts(about["files"]) if about["files"] else corpus()
        if fingerprint(text) != about["sha256"]:
            raise ValueError(
                f"{run.path} was trained on another text: {about['characters']:,} characters then, {len(text):,} now; "
                "give the files as they were, or train anew in another folder"
            )
        wanted: Dict[str, Any] = {"steps": steps, "lr": lr}
        changed = replace(settings, **{name: value for name, value in wanted.items() if value is not None})
        run.check_size(settings, tokenizer, read_checkpoint(run.checkpoint).model)
        trainer = cls.__new__(cls)
        trainer._set_up(text, changed, progress)
        trainer.run = run
        saved = load_checkpoint(run.checkpoint, trainer.model, trainer.optimizer)
        run.see()
        if saved.random is None or "history" not in saved.extra:
            raise ValueError(f"{run.checkpoint} holds weights, but no run to go on with")
        set_rng_state(saved.random)
        trainer.step, trainer.history.steps = saved.step, unpack(**saved.extra["history"])
        if saved.step > changed.steps:
            raise ValueError(f"the run in {run.path} has made {saved.step:,} steps, more than {changed.steps:,}")
        if changed != settings:
            run.write_about(changed, tokenizer, text, about["files"])
        return trainer

    # --- inside -------------------------------------------------------------------------------------------------------
    def _save(self) -> None:
        if self.run is None:
            return
        for name, parameter in self.model.named_parameters():
            if is_bad(parameter.array):
                why = f"parameter {name} has {describe(parameter.array)}"
                raise self._diverged(self.step, "there is nothing good to save", why)
        extra = {"history": pack(self.history.steps)}
        save_checkpoint(self.run.checkpoint, self.model, self.optimizer, step=self.step, extra=extra)
        self.run.see()

    def _diverged(self, step: int, what: str, why: str) -> NonFiniteError:
        kept = "" if self.run is None else f" {self.run.checkpoint} is the last good checkpoint."
        return NonFiniteError(
            f"training stopped at step {step:,}: {what}. First to go bad: {why}.{kept} Try a smaller learning "
            f"rate than {self.settings.lr:g}"
        )


def pack(rows: List[Row]) -> Dict[str, Any]:
    """Rows as one tensor, which takes less room than their names again and again; nan where a row has no number."""
    names = columns(rows)
    numbers = Tensor([[row.get(name, nan) for name in names] for row in rows]) if rows else None
    return {"names": names, "numbers": numbers}


def unpack(names: List[str], numbers: Optional[Tensor]) -> List[Row]:
    """The rows that pack() took."""
    rows: List[Row] = []
    for values in [] if numbers is None else numbers.tolist():
        row: Row = {name: value for name, value in zip(names, values) if value == value}
        rows.append({**row, "step": int(row["step"])})
    return rows
