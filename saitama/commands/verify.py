"""`saitama verify FILE`: which formulas and hand-typed numbers are right, whose slip a wrong one is, and why."""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any, List, Optional

from saitama.terminal import say

from .exit_codes import DIFFERS, RIGHT, UNUSABLE
from .options import add_no_progress, tolerance
from .reason import reason

PAUSE = 0.5  # seconds between two looks at a file that is watched


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("verify", help="check a workbook's formulas and hand-typed numbers")
    command.add_argument(
        "files", metavar="FILE", nargs="+", help="a workbook that export or worksheet wrote; of several, a line each"
    )
    command.add_argument(
        "--original",
        metavar="EXERCISE.xlsx",
        help="the worksheet as it was handed out: nothing but what was typed into its blanks is taken from FILE",
    )
    command.add_argument("--page", metavar="TITLE", help="of a workbook with several pages, this one (default: each)")
    command.add_argument("--hide-answers", action="store_true", help="say where, whose and why, but no true number")
    command.add_argument("--watch", action="store_true", help="check again after each save, until Ctrl-C")
    command.add_argument("--rtol", type=tolerance, help="largest relative difference of a formula (default 1e-9)")
    command.add_argument("--atol", type=tolerance, help="largest absolute difference of a formula")
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    add_no_progress(command)
    command.set_defaults(run=verify)


def verify(options: argparse.Namespace) -> int:
    """Check, and print what differs."""
    if len(options.files) > 1:
        if options.watch:
            raise ValueError("verify: --watch looks at one file")
        return each(options)
    options.file = options.files[0]
    return watch(options) if options.watch else one(options.file, options)


def one(file: str, options: argparse.Namespace) -> int:
    from saitama.spreadsheets import open_workbook
    from saitama.spreadsheets.read.pages import SeveralPages

    try:
        return told(checked(file, options), options)
    except SeveralPages as several:
        codes, book = [], open_workbook(file)
        for page in several.titles:
            if not options.json:
                say(f"{page}:")
            codes.append(told(checked(file, options, page, book), options))
        return max(codes)


def told(result: Any, options: argparse.Namespace) -> int:
    answers = not options.hide_answers
    if options.json:
        say(json.dumps(result.as_dict(answers=answers), indent=1), hang=None)
    else:
        say(result.explain(answers=answers), hang="    ")
    return RIGHT if result.ok else DIFFERS


def checked(file: str, options: argparse.Namespace, page: Optional[str] = None, book: Any = None) -> Any:
    """`book`: the file, where it is open already."""
    from saitama import spreadsheets

    page, given = page or options.page, file if book is None else book
    limits = {"rtol": options.rtol, "atol": options.atol}
    result = spreadsheets.verify(given, original=options.original, page=page, progress=options.progress, **limits)
    if result.differences and {difference.kind for difference in result.differences} == {"not calculated"}:
        raise spreadsheets.WorkbookError(
            f"{file} was never calculated: open and save it in a spreadsheet program, or run "
            f"`saitama recalc {file}`, and verify it then"
        )
    return result


# --- several files, and one again and again ---------------------------------------------------------------------------
def each(options: argparse.Namespace) -> int:
    """A line a file. One that cannot be checked is a line too, and does not stop the others."""
    found: List[Any] = []
    code = RIGHT
    for file in options.files:
        options.file = file
        try:
            result = checked(file, options)
        except Exception as error:
            line, code = reason(error, options), UNUSABLE
            line = line if line.startswith(file) else f"{file}: {line}"
            found.append({"path": file, "ok": False, "error": line})
        else:
            line = result.headline()
            found.append(result.as_dict(answers=not options.hide_answers))
            code = max(code, RIGHT if result.ok else DIFFERS)
        if not options.json:
            say(line, hang="    ")
    if options.json:
        say(json.dumps(found, indent=1), hang=None)
    return code


def watch(options: argparse.Namespace) -> int:
    """Check at every save. What cannot be read, half written perhaps, is said and looked at again."""
    seen: Optional[object] = None
    while True:
        now = stamp(options.file)
        if now != seen:
            seen = now
            try:
                one(options.file, options)
            except Exception as error:
                say(reason(error, options))
            say(f"  watching {options.file}: save it and it is checked again; Ctrl-C ends", hang="    ")
        time.sleep(PAUSE)


def stamp(file: str) -> Optional[object]:
    """What changes with a save: programs write the file anew, or another one in its place."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
