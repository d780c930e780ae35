"""`saitama export`: a script's computation, or a transformer's, as a live workbook."""

from __future__ import annotations

import argparse
from typing import Any, Tuple

from saitama.terminal import say

from .exit_codes import RIGHT
from .options import HOW_TO_MAKE, SCRIPT, add_no_progress, add_output, examples, named_optimizer, number, positive

FRESH = ""  # --model without a folder


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("export", help="write a script's computation, or a GPT's, as a live workbook")
    command.add_argument("script", nargs="?", metavar="SCRIPT.py[:NAME]", help=SCRIPT)
    add_output(command)
    command.add_argument(
        "--model",
        nargs="?",
        const=FRESH,
        metavar="FOLDER",
        help="instead of a script: the GPT of a run; without FOLDER a new one of 2 blocks, width 8, context 8",
    )
    command.add_argument("--text", help="with --model: what it reads (default: attention)")
    command.add_argument("--max-cells", type=positive, metavar="N", help="summarise tensors with more numbers")
    command.add_argument("--include", action="append", metavar="NAMES", help="only these have cells, 'h.0.*' say")
    command.add_argument("--exclude", action="append", metavar="NAMES", help="these are summarised")
    command.add_argument("--batch", type=examples, metavar="EXAMPLES", help="of a batch only these: 0, 0:2 or 0,3,5")
    command.add_argument(
        "--nudge", metavar="NUMBER", help="such as 'w[0, 1]': its slope by moving it, beside the gradient"
    )
    command.add_argument("--step", type=number, default=1e-3, metavar="H", help="how far (default: 0.001)")
    command.add_argument("--optimizer", metavar="NAME", help="the script's name of an optimizer: its next step too")
    command.add_argument(
        "--steps", type=positive, metavar="N", help="with --optimizer: so many steps as rows, with a chart"
    )
    add_no_progress(command)
    command.set_defaults(run=export)


def export(options: argparse.Namespace) -> int:
    """Write the workbook."""
    from saitama import spreadsheets

    root, names = computation(options)
    limit: Any = {} if options.max_cells is None else {"max_cells": options.max_cells}
    limit.update(include=options.include, exclude=options.exclude, batch=options.batch)
    if options.nudge is not None:
        limit.update(nudge=options.nudge, h=options.step)
    if options.optimizer is not None:
        if options.script is None:
            raise ValueError("export: --optimizer is a name in a script; leave --model out")
        limit.update(optimizer=named_optimizer("export", options.optimizer, names), steps=options.steps)
    elif options.steps is not None:
        raise ValueError("export: --steps needs --optimizer, the script's name of one")
    limit.update(overwrite=options.force or None, progress=options.progress)
    written = spreadsheets.export(root, options.output, names=names, **limit)
    say(str(written))
    if written.kept is not None:
        say(f"the workbook that was there, in which somebody had worked, is kept as {written.kept}")
    if options.model is not None:
        say(f"{written.nodes:,} operations, {written.formulas:,} live formulas, forward and backward")
        if written.left_out:
            say(f"not live, as too large: {written.left_out[0]}")
            say(f"Start lists all {len(written.left_out)} of these; --max-cells sets the limit")
    say(f"next: open it, or `saitama recalc {options.output}` and `saitama verify {options.output}`")
    return RIGHT


def computation(options: argparse.Namespace) -> Tuple[Any, Any]:
    """The tensor to export, and where the names of the others are found."""
    if (options.script is None) == (options.model is None):
        raise ValueError("export: give either SCRIPT.py or --model, not both" if options.script else NEITHER)
    if options.script is not None:
        if options.text is not None:
            raise ValueError("export: --text is for --model; a script brings its own data")
        from saitama.script import run_script

        return run_script(options.script)
    from saitama.language import RunFolder, load_language_model, loss_of_text, tiny_gpt
    from saitama.language.by_hand import TEXT

    text = TEXT if options.text is None else options.text
    # Weights of float32 are doubles too: so the workbook, which knows only doubles, agrees to the last digits.
    if options.model == FRESH:
        model, tokenizer = tiny_gpt(text)
    else:
        RunFolder(options.model).check_there(HOW_TO_MAKE)
        model, tokenizer = load_language_model(options.model, dtype="float64")
    return loss_of_text(model, tokenizer, text), model


NEITHER = "export: give SCRIPT.py, or --model for a GPT"
