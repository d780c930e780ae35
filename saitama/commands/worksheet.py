"""`saitama worksheet SCRIPT.py`: a script's computation as a page with blanks to fill in by hand."""

from __future__ import annotations

import argparse
from typing import Any, Dict, Optional

from saitama.terminal import say

from .exit_codes import RIGHT
from .options import SCRIPT, add_output, seed


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("worksheet", help="a page with blanks to fill in by hand, that marks itself")
    command.add_argument("script", metavar="SCRIPT.py[:NAME]", help=SCRIPT)
    add_output(command)
    command.add_argument(
        "--blanks",
        default="all",
        help="all (default), forward, backward, update, or names of tensors, with commas between",
    )
    command.add_argument("--optimizer", metavar="NAME", help="the script's name of an optimizer: its step is asked too")
    command.add_argument(
        "--layout", choices=("page", "sheets"), help="one page, or a sheet an operation (default: what fits)"
    )
    command.add_argument(
        "--marks",
        choices=("own", "true"),
        default="own",
        help="what ✓ and ✗ go by: the learner's own numbers above (default), or the true ones",
    )
    command.add_argument("--no-key", action="store_true", help="no marks, so nothing on the page to look answers up in")
    command.add_argument("--solution", action="store_true", help="write the blanks filled in, for the teacher")
    command.add_argument("--title", help="printed at the top")
    command.add_argument("--learner", metavar="NAME", help="printed at the top")
    command.add_argument("--seed", type=seed, help="given to the script as `seed`, and printed on the page")
    command.set_defaults(run=worksheet)


def worksheet(options: argparse.Namespace) -> int:
    """Write the workbook."""
    from saitama import spreadsheets
    from saitama.script import run_script

    root, names = run_script(options.script, seed=options.seed)
    parts = [part.strip() for part in options.blanks.split(",") if part.strip()]
    written = spreadsheets.worksheet(
        root,
        options.output,
        names=names,
        optimizer=_optimizer(options, names),
        blanks=parts[0] if parts in (["all"], ["forward"], ["backward"], ["update"]) else parts,
        layout=options.layout,
        marks=None if options.no_key else options.marks,
        solution=options.solution,
        title=options.title,
        learner=options.learner,
        seed=options.seed,
        overwrite=options.force or None,
    )
    say(str(written))
    if options.solution:
        say("next: keep it to yourself; without --solution the same command writes the exercise")
    else:
        say(f"next: fill in its yellow cells, save it, and `saitama verify {options.output}`")
    return RIGHT


def _optimizer(options: argparse.Namespace, names: Dict[str, Any]) -> Optional[Any]:
    if options.optimizer is None:
        return None
    from saitama.optim import Optimizer

    found = names.get(options.optimizer)
    if not isinstance(found, Optimizer):
        there = [name for name, value in names.items() if isinstance(value, Optimizer)]
        known = f"its optimizers are {', '.join(there)}" if there else "it makes no optimizer at its top level"
        raise ValueError(f"worksheet: the script has no optimizer {options.optimizer!r}; {known}")
    return found
