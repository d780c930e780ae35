"""The training of a language model, from a text to a model that writes. Read `fit` first: it is the whole of it."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from math import isfinite, nan
from pathlib import Path
from time import perf_counter
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from saitama.autograd import no_grad
from saitama.datasets import corpus
from saitama.distributed import DistributedDataParallel, world
from saitama.distributed.memory import checksum
from saitama.distributed.sampler import share_of
from saitama.optim import AdamW
from saitama.optim.lr_scheduler import WarmupCosine, WarmupLinear
from saitama.tensor import Tensor, get_rng_state, manual_seed, set_rng_state
from saitama.training import (
    Accumulation,
    GradScaler,
    History,
    NonFiniteError,
    autocast,
    clip_grad_norm_,
    load_checkpoint,
    save_checkpoint,
)
from saitama.training.accumulate import gathering
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
        more: what a subclass wants to know.

    Started as several ranks (`saitama launch`), they share every batch and train one model; rank 0 keeps it and prints.
    The folder and the text must be where all can read them.

    Attributes: model, tokenizer, text, optimizer, step (how many are done), history (one row for each step), curves
    (the workbook that fit() wrote).

    The random numbers are started at settings.seed: the same text and settings give the same bits. Raises ValueError
    for a text that is too short or settings that cannot be, FileExistsError if the folder holds another run.
    """

    data_parallel = True

    def __init__(
        self,
        text: str,
        settings: Settings = PRESETS["tiny"],
        folder: Union[None, str, os.PathLike[str]] = None,
        *,
        sources: Sequence[str] = (),
        progress: Optional[bool] = None,
        **more: Any,
    ) -> None:
        self._set_up(text, settings, progress, **more)
        self.run = RunFolder(folder) if folder is not None and self.world.first else None
        if self.run is not None:
            with self.run.claim():
                try:  # now, and not in an hour, it turns out whether the folder can be written
                    self._save()
                    self.run.write_about(settings, self.tokenizer, text, sources)
                except BaseException:  # half a run would be in the way of the next one
                    self.run.checkpoint.unlink(missing_ok=True)
                    raise
        elif folder is not None:  # rank 0 keeps it, and asks the others for their part
            self._save()

    def _set_up(self, text: str, settings: Settings, progress: Optional[bool]) -> None:
        self.world = world()
        self.world.check_same(
            "the text", fingerprint(text), f"{len(text):,} characters, SHA-256 {fingerprint(text)[:12]}"
        )
        self.world.check_same("the settings", settings)
        self.settings, self.progress, self.step, self.history = settings, progress, 0, History()
        if not self.world.first:
            self.progress = False
        self.curves: Optional[Path] = None
        self.tokenizer = CharTokenizer(text)
        self.text = TextBatches(text, self.tokenizer, settings.block_size, settings.validation)
        manual_seed(settings.seed)
        self.model = GPT(self.tokenizer.vocab_size, **settings.model_options())
        # Each rank with a part of every batch; in a world of one this is the model itself.
        self.parallel = DistributedDataParallel(self.model) if self.data_parallel else self.model
        self.autocast, self.scaler = autocast(settings.precision), GradScaler(enabled=settings.precision == "float16")
        matrices = [parameter for parameter in self.model.parameters() if parameter.ndim >= 2]
        vectors = [parameter for parameter in self.model.parameters() if parameter.ndim < 2]
        groups: List[Dict[str, Any]] = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
        betas = settings.beta1, settings.beta2
        self.optimizer = AdamW(groups, settings.lr, betas=betas, weight_decay=settings.weight_decay)
        warmup = min(settings.warmup, settings.steps // 10)
        last = settings.lr if settings.lr_schedule == "constant" else settings.lr / 10
        kind = WarmupCosine if settings.lr_schedule == "cosine" else WarmupLinear
        self.schedule = kind(self.optimizer, warmup, settings.steps, min_lr=last)

    def fit(self) -> History:
        """Train until settings.steps steps are done, and return what happened.

        Each `evaluate_every` steps the model is evaluated, writes a sample where somebody sees it, and a checkpoint is
        kept. At the end, also at an early one, the curves are written. At Ctrl-C the step is finished and kept, and
        KeyboardInterrupt raised. NonFiniteError is raised as soon as the loss or a gradient is NaN or infinite, before
        the step that would spread it; the checkpoint before is kept. BlockingIOError is raised where another run uses
        the folder.
        """
        settings = self.settings
        self.model.train()
        with Interrupt() as interrupt, self._folder(), Watch(settings.steps, self.step, self.progress) as watch:
            while self.step < settings.steps:
                begin = perf_counter()
                lr = self.schedule.rate(settings.lr, self.step)
                for group in self.optimizer.param_groups:
                    group["lr"] = lr
                self.optimizer.zero_grad()  # gradients add up, so start from none
                loss, norm = self.add_gradients()
                self.scaler.step(self.optimizer)  # a small step of every parameter against its gradient
                self.scaler.update()
                self.step += 1

                tokens = settings.accumulate * settings.batch_size * settings.block_size
                speed = tokens / (perf_counter() - begin)
                row = self.history.add_step(loss=loss, lr=lr, grad_norm=norm, tokens_per_s=speed)
                sample = ""
                if self.step % settings.evaluate_every == 0 or self.step == settings.steps:
                    row["val_loss"] = self.evaluate(None if self.step == settings.steps else SOME)
                    sample = self.sample() if self.world.first and watch.is_seen else ""
                    self._save()
                try:
                    watch.step(row, sample)
                except BrokenPipeError:  # nobody reads the lines any more, as behind `head`
                    self._save()
                    raise
                if self.world.any(interrupt.asked) and self.step < settings.steps:
                    self._save()
                    kept = f"kept in {self.run.path}" if self.run else "not kept, as the run has no folder"
                    raise KeyboardInterrupt(f"stopped after step {self.step:,} of {settings.steps:,}, {kept}")
        return self.history

    def add_gradients(self) -> Tuple[float, float]:
        """Forward and backward pass of a step's batches. Returns the mean loss, and the norm of its gradient, which
        is then clipped. (Where that is infinite in float16 alone, the step will be left out, and the next has
        smaller ones.)
        """
        settings, parameters, mean = self.settings, list(self.model.parameters()), Accumulation(self.world)
        for number in range(1, settings.accumulate + 1):
            x, y = self.text.batch(settings.batch_size, share_of(self.world, settings.batch_size))  # (B, T) both
            random = get_rng_state()
            with gathering(self.parallel, last=number == settings.accumulate):
                with self.autocast:
                    logits, loss = self.parallel(x, y)  # what does the model expect to come next, and how wrong is it?
                if len(x) and not isfinite(loss.item()):
                    set_rng_state(random)  # the same dropout masks when it is run again to find the place
                    with self.autocast:
                        why = first_bad(self.model, x, y, loss)
                    raise self._diverged(self.step + 1, f"the loss is {loss.item()}", why)
                share = mean.share(loss, y.numel(), logits)
                self.scaler.scale(share).backward()  # how does the loss change with each parameter?
        total = mean.finish(parameters)
        self.scaler.unscale_(self.optimizer)
        norm = clip_grad_norm_(parameters, settings.clip_norm).item()
        if not isfinite(norm) and not (self.scaler.found_inf(self.optimizer) and self.scaler.get_scale() > 1):
            why = first_bad_gradient(self.model) or "its norm"
            raise self._diverged(self.step + 1, "the loss is finite, its gradient is not", why)
        return total, norm

    def evaluate(self, most: Optional[int] = None) -> float:
        """The mean loss, in nats a character, over the validation text, or about `most` pieces of it.

        Raises NonFiniteError where it is none.
        """
        total, pieces, training = 0.0, 0.0, self.model.training
        self.model.eval()
        try:
            with no_grad(), self.autocast:
                for x, y in self.text.validation_batches(4 * self.settings.batch_size, most):
                    rows = share_of(self.world, len(x))
                    x, y = x[rows], y[rows]
                    if len(x):
                        _, loss = self.model(x, y)
                        assert loss is not None  # as y was given
                        if not isfinite(loss.item()):
                            why = first_bad(self.model, x, y, loss)
                            raise self._diverged(self.step, f"the validation loss is {loss.item()}", why)
                        total, pieces = total + loss.item() * len(x), pieces + len(x)
        finally:
            self.model.train(training)
        total, pieces = self.world.sum([total, pieces])
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
        **more: Any,
    ) -> LanguageModelTrainer:
        """The trainer of a folder as it was at its last checkpoint: fit() goes on bit for bit as if never stopped.

        text: as it was; None reads the files again that run.json names.
        steps, lr: if given, another number of steps in all, or learning rate; then the schedule is another one too.

        Raises FileNotFoundError for no run, BlockingIOError for one that is being trained, ValueError for another text
        and for files that are damaged or do not fit.
        """
        run = RunFolder(folder)
        with run.use() if run.path.is_dir() and world().first else nullcontext():
            return cls._resumed(run, text, {"steps": steps, "lr": lr}, progress, more)

    @classmethod
    def _resumed(
        cls, run: RunFolder, text: Optional[str], wanted: Dict[str, Any], progress: Optional[bool], more: Dict[str, Any]
    ) -> LanguageModelTrainer:
        settings, tokenizer, about = run.read_about()
        if text is None:
            text = read_texts(about["files"]) if about["files"] else corpus()
        if fingerprint(text) != about["sha256"]:
            raise ValueError(
                f"{run.path} was trained on another text: {about['characters']:,} characters then, {len(text):,} now; "
                "give the files as they were, or train anew in another folder"
            )
        changed = replace(settings, **{name: value for name, value in wanted.items() if value is not None})
        run.check_size(settings, tokenizer, read_checkpoint(run.checkpoint).model)
        trainer = cls.__new__(cls)
        trainer._set_up(text, changed, progress, **more)
        trainer.run = run if trainer.world.first else None
        scaler = trainer.scaler if trainer.scaler.enabled else None
        saved = load_checkpoint(run.checkpoint, trainer.model, trainer.optimizer, scaler=scaler)
        run.see()
        if saved.random is None or "history" not in saved.extra:
            raise ValueError(f"{run.checkpoint} holds weights, but no run to go on with")
        ranks = saved.extra.get("ranks", [saved.random])
        set_rng_state(ranks[trainer.world.rank] if len(ranks) == trainer.world.size else ranks[0])
        trainer.step, trainer.history.steps = saved.step, unpack(**saved.extra["history"])
        if saved.step > changed.steps:
            raise ValueError(f"the run in {run.path} has made {saved.step:,} steps, more than {changed.steps:,}")
        trainer.world.check_same("the checkpoint", (saved.step, checksum(trainer.model.parameters())))
        if changed != settings and trainer.world.first:
            run.write_about(changed, tokenizer, text, about["files"])
        return trainer

    # --- inside -------------------------------------------------------------------------------------------------------
    @contextmanager
    def _folder(self) -> Iterator[None]:
        """Use the folder alone, and leave the curves in it, whatever ends the block."""
        before = self.step
        with nullcontext() if self.run is None else self.run.use():
            try:
                yield
            except BaseException:  # which says more than that the curves could not be written either
                with suppress(OSError):
                    self._write_curves(before)
                raise
            self._write_curves(before)

    def _write_curves(self, before: int) -> None:
        if self.run is not None and self.step > before:
            self.curves = self.run.write_curves(self.history)

    def _save(self) -> None:
        ranks = self.world.gather(get_rng_state())
        if self.run is None:
            return
        for name, parameter in self.model.named_parameters():
            if is_bad(parameter.array):
                why = f"parameter {name} has {describe(parameter.array)}"
                raise self._diverged(self.step, "there is nothing good to save", why)
        extra = {"history": pack(self.history.steps), "ranks": ranks}
        scaler = self.scaler if self.scaler.enabled else None
        save_checkpoint(self.run.checkpoint, self.model, self.optimizer, step=self.step, extra=extra, scaler=scaler)
        self.run.see()

    def _diverged(self, step: int, what: str, why: str) -> NonFiniteError:
        kept = "" if self.run is None else f" {self.run.checkpoint} is the last good checkpoint."
        largest = ", or bfloat16: float16 holds numbers up to 65504" if self.scaler.enabled else ""
        return NonFiniteError(
            f"training stopped at step {step:,}: {what}. First to go bad: {why}.{kept} Try a smaller learning "
            f"rate than {self.settings.lr:g}{largest}"
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
