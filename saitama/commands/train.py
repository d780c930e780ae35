"""`saitama train [TEXT ...]`: a character GPT from text files, kept in a folder."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Dict, List, Tuple, Type

from saitama.terminal import say

from .exit_codes import RIGHT
from .options import HOW_TO_MAKE, above_zero, number, positive, seed

if TYPE_CHECKING:
    from saitama.language import LanguageModelTrainer, RunFolder

SETTINGS = {  # option -> kind, explanation; the names are those of saitama.language.Settings
    "steps": (positive, "steps of the optimiser, in all"),
    "lr": (above_zero, "the learning rate at its highest"),
    "seed": (seed, "of all random numbers: the same seed, the same model"),
    "dtype": (str, "of the weights; float32 is the faster one"),
    "n_layer": (positive, "blocks"),
    "n_head": (positive, "attention heads in each block"),
    "n_embd": (positive, "the width, a multiple of the heads"),
    "block_size": (positive, "the context: how many characters the model sees"),
    "batch_size": (positive, "contexts in each batch"),
    "accumulate": (positive, "batches in each step, one after the other"),
    "dropout": (number, "the share that is dropped in training"),
    "precision": (str, "of products: 16 bits, computed as such hardware would"),
    "lr_schedule": (str, "of the learning rate after its warm-up"),
    "checkpoint_blocks": (bool, "keep less for the backward pass, and compute it again"),
}
CHOICES = {
    "dtype": ("float32", "float64"),
    "precision": ("bfloat16", "float16"),
    "lr_schedule": ("cosine", "linear", "constant"),
}

HANG = 7 * " "  # under the words of introduce()


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("train", help="train a character GPT on text files")
    command.description = (
        "Train a character GPT on UTF-8 text files, the last tenth of the text being kept for validation, or without "
        "files on a small text that comes with saitama. Ctrl-C stops and keeps everything; --resume goes on."
    )
    command.add_argument("text", nargs="*", metavar="TEXT", help="text files, UTF-8")
    command.add_argument(
        "--preset", choices=("tiny", "baby"), help="tiny: half a minute (default); baby: larger, minutes"
    )
    command.add_argument("--out", default="run", metavar="FOLDER", help="where the run is kept (default: run)")
    command.add_argument("--resume", action="store_true", help="go on with the run in FOLDER; --steps may be raised")
    group = command.add_argument_group("settings, instead of the preset's")
    for name, (kind, explanation) in SETTINGS.items():
        option, choices = f"--{name.replace('_', '-')}", CHOICES.get(name)
        if kind is bool:
            group.add_argument(option, dest=name, action="store_const", const=True, help=explanation)
            continue
        shown = None if choices else "N" if kind in (positive, seed) else "X"
        group.add_argument(option, dest=name, type=kind, choices=choices, metavar=shown, help=explanation)
    group = command.add_argument_group("a pipeline: the model in stages, one on each rank (see `saitama launch`)")
    group.add_argument("--schedule", metavar="NAME", help="naive, gpipe or 1f1b: what each stage does when")
    group.add_argument("--micro-batches", type=positive, metavar="N", help="into how many a batch is cut (default: 4)")
    command.set_defaults(run=train)


def train(options: argparse.Namespace) -> int:
    """Train, and say what came of it."""
    from saitama.language import RunFolder

    run = RunFolder(options.out)
    try:
        trainer = resumed(options) if options.resume else fresh(options)
    except ValueError as error:
        raise ValueError(in_options(str(error))) from error
    if trainer.world.first:
        introduce(trainer)
    begin = perf_counter()
    try:
        trainer.fit()
    except KeyboardInterrupt as stop:
        where = str(stop) or "stopped"  # a second Ctrl-C has no words
        raise KeyboardInterrupt(f"{where}; to go on: saitama train --resume --out {options.out}") from None
    if trainer.world.first:
        conclude(trainer, run, perf_counter() - begin)
    return RIGHT


def in_options(message: str) -> str:
    """What Python calls n_embd is --n-embd here."""
    for name in SETTINGS:
        if "_" in name:
            message = re.sub(rf"\b{name}\b", f"--{name.replace('_', '-')}", message)
    return message


def fresh(options: argparse.Namespace) -> LanguageModelTrainer:
    """The trainer of a new run."""
    from saitama.datasets import corpus
    from saitama.distributed import world
    from saitama.language import PRESETS, RunFolder, read_texts

    if world().first:
        free = "go on with it by --resume, or choose another folder with --out"
        RunFolder(options.out).check_free(free)  # before a long text is read
    text = read_texts(options.text) if options.text else corpus()
    settings = replace(PRESETS[options.preset or "tiny"], **given(options))
    kind, more = trainer_kind(options)
    return kind(text, settings, options.out, sources=sources(options), progress=True, **more)


def resumed(options: argparse.Namespace) -> LanguageModelTrainer:
    """The trainer of a run that was stopped. ValueError for options that the run has settled long ago."""
    from saitama.language import RunFolder, read_texts

    RunFolder(options.out).check_there(HOW_TO_MAKE)
    settled = [name for name in given(options) if name not in ("steps", "lr")] + ["preset"] * bool(options.preset)
    if settled:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in settled)
        raise ValueError(f"{names}: a run keeps its settings; with --resume only --steps and --lr may be given")
    text = read_texts(options.text) if options.text else None
    kind, more = trainer_kind(options)
    return kind.resume(options.out, text, steps=options.steps, lr=options.lr, progress=True, **more)


def trainer_kind(options: argparse.Namespace) -> Tuple[Type[LanguageModelTrainer], Dict[str, Any]]:
    """The class of the trainer, and what it is told besides. ValueError for --micro-batches without a pipeline."""
    from saitama.language import LanguageModelTrainer, PipelineLanguageModelTrainer

    if options.schedule is None:
        if options.micro_batches is not None:
            raise ValueError("--micro-batches are a pipeline's: give --schedule naive, gpipe or 1f1b too")
        return LanguageModelTrainer, {}
    return PipelineLanguageModelTrainer, {"schedule": options.schedule, "micro_batches": options.micro_batches or 4}


def given(options: argparse.Namespace) -> Dict[str, Any]:
    """The settings among the options."""
    return {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}


def sources(options: argparse.Namespace) -> List[str]:
    """The text files by names that hold from every folder."""
    return [os.path.abspath(path) for path in options.text]


def introduce(trainer: LanguageModelTrainer) -> None:
    """What is trained on what."""
    settings, text = trainer.settings, trainer.text
    learn, check = len(text.train), len(text.validation)
    known, parameters = trainer.tokenizer.vocab_size, trainer.model.num_parameters()
    sizes = (
        f"{settings.n_layer} layers, {settings.n_head} heads, width {settings.n_embd}, context {settings.block_size}"
    )
    contexts = settings.batch_size * settings.accumulate
    times = settings.steps * contexts * settings.block_size / learn
    done = f"; {trainer.step:,} are done" if trainer.step else ""
    batch = f"{contexts} x {settings.block_size} characters"
    ranks = f" on {trainer.world.size} ranks" if trainer.world.size > 1 else ""
    say(f"text   {learn + check:,} characters ({known} different), the last {check:,} for validation", HANG)
    say(f"model  {sizes}: {parameters:,} parameters, {settings.dtype}", HANG)
    say(f"steps  {settings.steps:,} of {batch}{ranks}, {times:.1f} times the text{done}\n", HANG)


def conclude(trainer: LanguageModelTrainer, run: RunFolder, seconds: float) -> None:
    """What the model has learnt, and what to do with it."""
    from saitama.transformer import perplexity

    loss = trainer.history.steps[-1]["val_loss"]
    say(f"\ndone in {seconds:.0f} s; validation loss {loss:.3f} on all of the validation text")
    say(
        f"it is as unsure of the next character as among {perplexity(loss):.1f} equally likely ones; untrained, among "
        f"{trainer.tokenizer.vocab_size}"
    )
    curves = trainer.curves or run.curves
    say(f"kept in {run.path}: {run.checkpoint.name}, the model; {curves.name}, loss and more as charts")
    say(f"next: saitama generate {run.path}")
