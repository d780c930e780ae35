"""`saitama export`: a script's computation, or a transformer's, as a live workbook."""

from __future__ import annotations

import argparse
from typing import Any, Tuple

from .options import positive, workbook_name

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
    command.set_defaults(run=export)


SCRIPT = "a Python file, and its tensor (default: loss)"


def add_output(command: argparse.ArgumentParser) -> None:
    """-o, which export and worksheet need, and --force."""
    command.add_argument(
        "-o", "--output", required=True, type=workbook_name, metavar="FILE", help="the workbook to write, .xlsx"
    )
    add_force(command)


def add_force(command: argparse.ArgumentParser) -> None:
    command.add_argument("--force", action="store_true", help="replace workbooks that somebody has worked in")


def export(options: argparse.Namespace) -> int:
    """Write the workbook."""
    from saitama import spreadsheets

    root, names = computation(options)
    limit = {} if options.max_cells is None else {"max_cells": options.max_cells}
    written = spreadsheets.export(root, options.output, names=names, overwrite=options.force or None, **limit)
    print(written)
    if options.model is not None:
        print(f"{written.nodes:,} operations, {written.formulas:,} live formulas, forward and backward")
        if written.left_out:
            print(f"not live, as too large: {written.left_out[0]}")
            print(f"and {len(written.left_out) - 1} more, which Start lists; --max-cells sets the limit")
    print(f"next: open it, or `saitama recalc {options.output}` and `saitama verify {options.output}`")
    return 0


def computation(options: argparse.Namespace) -> Tuple[Any, Any]:
    """The tensor to export, and where the names of the others are found."""
    if (options.script is None) == (options.model is None):
        raise ValueError("export: give either SCRIPT.py or --model, not both" if options.script else NEITHER)
    if options.script is not None:
        if options.text is not None:
            raise ValueError("export: --text is for --model; a script brings its own data")
        from saitama.script import run_script

        return run_script(options.script)
    from saitama.language import load_language_model, loss_of_text, tiny_gpt
    from saitama.language.by_hand import TEXT

    text = TEXT if options.text is None else options.text
    # Weights of float32 are doubles too: so the workbook, which knows only doubles, agrees to the last digits.
    if options.model == FRESH:
        model, tokenizer = tiny_gpt(text)
    else:
        model, tokenizer = load_language_model(options.model, dtype="float64")
    return loss_of_text(model, tokenizer, text), model


NEITHER = "export: give SCRIPT.py, or --model for a GPT"
