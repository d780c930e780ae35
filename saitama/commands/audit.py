"""`saitama audit SHEET.xlsx CHECK.py`: a workbook of a person's own layout, checked by a script."""

from __future__ import annotations

import argparse
import json
from typing import Any

from saitama.terminal import say

from .exit_codes import DIFFERS, RIGHT
from .options import workbook_name


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("audit", help="check a workbook of your own layout by a script")
    command.description = (
        "Run a script that says what should stand where in a workbook. It finds the workbook as `s`, a HandSheet: "
        "x = s.tensor('B1:B2', 'x') reads numbers, s.check('F1:F2', y) has them compared."
    )
    command.add_argument("file", metavar="SHEET.xlsx", help="the workbook, of any layout")
    command.add_argument("script", metavar="CHECK.py", help="what should stand where")
    command.add_argument("--sheet", metavar="TITLE", help="the sheet that addresses without one mean")
    command.add_argument("--hide-answers", action="store_true", help="say where, whose and why, but no true number")
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.add_argument(
        "--out",
        type=workbook_name,
        metavar="FILE",
        help="a marked copy: checked cells green or red, the reasons beside them, all else as it was",
    )
    command.set_defaults(run=audit)


def audit(options: argparse.Namespace) -> int:
    """Check, and print what differs."""
    from saitama import spreadsheets

    found = spreadsheets.audit(options.file, options.script, sheet=options.sheet, out=options.out)
    answers = not options.hide_answers
    if options.json:
        say(json.dumps(found.as_dict(answers=answers), indent=1), hang=None)
    else:
        say(found.explain(answers=answers), hang="    ")
        if options.out is not None:
            say(f"marked copy: {options.out}")
    return RIGHT if found.ok else DIFFERS
