"""`saitama verify FILE`: which formulas and hand-typed numbers are right, which are not."""

from __future__ import annotations

import argparse
import json
from typing import Any

from saitama.terminal import say

from .exit_codes import DIFFERS, RIGHT
from .options import tolerance


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("verify", help="check a workbook's formulas and hand-typed numbers")
    command.add_argument("file", metavar="FILE", help="a workbook that export or worksheet wrote")
    command.add_argument("--rtol", type=tolerance, help="largest relative difference of a formula (default 1e-9)")
    command.add_argument("--atol", type=tolerance, help="largest absolute difference of a formula")
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.set_defaults(run=verify)


def verify(options: argparse.Namespace) -> int:
    """Check, and print what differs."""
    from saitama import spreadsheets

    result = spreadsheets.verify(options.file, rtol=options.rtol, atol=options.atol)
    if result.differences and {difference.kind for difference in result.differences} == {"not calculated"}:
        raise spreadsheets.WorkbookError(
            f"{options.file} was never calculated: open and save it in a spreadsheet program, or run "
            f"`saitama recalc {options.file}`, and verify it then"
        )
    if options.json:
        say(json.dumps(result.as_dict(), indent=1), hang=None)
    else:
        say(str(result), hang="    ")
    return RIGHT if result.ok else DIFFERS
