"""`saitama recalc FILE`: a workbook's formulas calculated by an independent engine, and the results stored in it."""

from __future__ import annotations

import argparse
from typing import Any, List

from saitama.terminal import say

from .options import above_zero

SHOWN = 20  # lines of a list


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("recalc", help="calculate a workbook's formulas and store the results in it")
    command.description = (
        "Calculate a workbook's formulas with IronCalc, LibreOffice or Gnumeric. Formulas without a result get one; "
        "results that the file holds are compared with the new ones, and are kept unless --force is given."
    )
    command.add_argument("file", metavar="FILE")
    command.add_argument("-o", "--output", metavar="FILE", help="write here and leave the original as it is")
    command.add_argument(
        "--engine",
        choices=("ironcalc", "libreoffice", "gnumeric", "all"),
        help="default: the first that is installed and agrees with what is stored; all: compare all that are installed",
    )
    command.add_argument(
        "--timeout", type=above_zero, default=300.0, metavar="SECONDS", help="for each engine (default: 300)"
    )
    command.add_argument(
        "--force", action="store_true", help="replace stored results by others, and an output that somebody worked in"
    )
    command.set_defaults(run=recalc)


def recalc(options: argparse.Namespace) -> int:
    """Calculate, store, and say what differs."""
    from saitama import spreadsheets

    output = options.output or options.file
    wanted: Any = {"engine": options.engine, "timeout": options.timeout, "overwrite": options.force or None}
    wanted["tell"] = lambda text: say(f"{options.file}: {text}")
    try:
        result = spreadsheets.recalculate(options.file, output=output, **wanted)
        was_kept = False
    except spreadsheets.ResultsDiffer as error:
        result, was_kept = error.recalculation, True
    formulas = f"{result.formulas:,} formula{'' if result.formulas == 1 else 's'}"
    say(f"{output}: {formulas} calculated by {result.engine} in {result.seconds:.1f} s")
    if result.differences:
        say_some([result.what_differs, *map(str, result.differences[1:])])
    elif result.stored:
        kept = "" if options.force else ", and are kept"
        say(f"  {result.stored:,} of them had a stored result: these agree{kept}")
    say_some([f"{cell}: {value}" for cell, value in result.errors.items()])
    for engine, functions in result.missing.items():
        say(f"  {engine} lacks {', '.join(functions)}")
    for note in result.notes:
        say(f"  {note}")
    if was_kept:
        say(f"nothing was written: --force stores the results of {result.engine}")
    differs = was_kept or (result.differences and (not options.force or options.engine == "all"))
    return 1 if differs or result.errors or result.lacks else 0


def say_some(lines: List[str]) -> None:
    """The first of the lines, and how many more there are."""
    for line in lines[:SHOWN]:
        say(f"  {line}")
    if len(lines) > SHOWN:
        say(f"  and {len(lines) - SHOWN:,} more")
