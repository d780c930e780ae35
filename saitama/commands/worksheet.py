"""`saitama worksheet SCRIPT.py`: a script's computation as a workbook with blanks."""

from __future__ import annotations

import argparse
from typing import Any

from saitama.terminal import say

from .exit_codes import RIGHT
from .options import SCRIPT, add_output


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("worksheet", help="the same workbook with blanks to fill in by hand")
    command.add_argument("script", metavar="SCRIPT.py[:NAME]", help=SCRIPT)
    add_output(command)
    command.add_argument(
        "--blanks", default="all", help="all (default), forward, backward, or names of tensors, with commas between"
    )
    command.set_defaults(run=worksheet)


def worksheet(options: argparse.Namespace) -> int:
    """Write the workbook."""
    from saitama import spreadsheets
    from saitama.script import run_script

    root, names = run_script(options.script)
    parts = [part.strip() for part in options.blanks.split(",") if part.strip()]
    blanks = parts[0] if parts in (["all"], ["forward"], ["backward"]) else parts
    force = options.force or None
    say(str(spreadsheets.worksheet(root, options.output, names=names, blanks=blanks, overwrite=force)))
    say(f"next: fill in its yellow cells, save it, and `saitama verify {options.output}`")
    return RIGHT
