"""`saitama grade FOLDER --original EXERCISE.xlsx -o marks.xlsx`: the worksheets of a class marked, a row a learner."""

from __future__ import annotations

import argparse
import os
from typing import Any

from saitama.terminal import say

from .exit_codes import DIFFERS, RIGHT
from .options import positive


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("grade", help="mark the worksheets of a class, into a table for the teacher")
    command.add_argument("files", metavar="FOLDER|FILE", nargs="+", help="what was handed in")
    command.add_argument(
        "--original",
        required=True,
        metavar="EXERCISE.xlsx",
        help="the worksheet as it was handed out, or the folder with everyone's own (`worksheet --class`)",
    )
    command.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="marks.xlsx, with marks.csv beside it; or a .csv alone"
    )
    command.add_argument(
        "--class",
        dest="names",
        metavar="NAMES.csv",
        help="names (and seeds) of the class: the name of a file says whose it is; who handed in nothing has a row too",
    )
    command.add_argument("--points", metavar="FILE", help="a .csv of tasks or steps and points (default: one a number)")
    command.add_argument("--marked", metavar="FOLDER", help="write each marked copy there")
    command.add_argument("--workers", type=positive, metavar="N", help="processes (default: one a core)")
    command.add_argument("--force", action="store_true", help="replace an output that is somebody's own")
    command.set_defaults(run=grade)


def grade(options: argparse.Namespace) -> int:
    """Mark, write the table, and say what stands out."""
    from saitama import spreadsheets

    grades = spreadsheets.grade(
        options.files,
        options.original,
        options.output,
        names=options.names,
        points=options.points,
        marked=options.marked,
        workers=options.workers or os.cpu_count() or 1,
        overwrite=options.force or None,
    )
    say(f"{options.output}: {grades}")
    for row in grades.errors + grades.missing:
        say(f"  {row.learner}: {row.marked.error}", hang="    ")
    return DIFFERS if grades.errors else RIGHT
