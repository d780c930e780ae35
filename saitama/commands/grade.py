"""`saitama grade FOLDER -o marks.xlsx`: the work of a class marked, a row a learner: worksheets, by --original, or the
workbooks of the course's levels, by --class alone."""

from __future__ import annotations

import argparse
import os
from typing import Any

from saitama.terminal import say

from .exit_codes import DIFFERS, RIGHT
from .options import positive


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("grade", help="mark the work of a class, into a table for the teacher")
    command.add_argument("files", metavar="FOLDER|FILE", nargs="+", help="what was handed in")
    command.add_argument(
        "--original",
        metavar="EXERCISE.xlsx",
        help="the worksheet as it was handed out, or the folder with everyone's own (`worksheet --class`, "
        "`learn --class`); not needed for levels of the course, if --class is given",
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

    original, names = options.original, options.names
    if original is None:
        if names is None:
            raise ValueError(
                "grade: give --original EXERCISE.xlsx, the worksheet as it was handed out; or --class NAMES.csv alone, "
                "for the levels of the course"
            )
        from saitama.exercises.classwork import Levels

        original, names = Levels(names), None
    elif os.path.isdir(original):
        from saitama.exercises.classwork import HandedOut, is_handed_out

        if is_handed_out(original):
            original, names = HandedOut(original, names), None
    grades = spreadsheets.grade(
        options.files,
        original,
        options.output,
        names=names,
        points=options.points,
        marked=options.marked,
        workers=options.workers or os.cpu_count() or 1,
        overwrite=options.force or None,
    )
    say(f"{options.output}: {grades}")
    for row in grades.errors:
        for problem in row.problems:
            say(f"  {row.learner}: {problem}", hang="    ")
    for row in grades.missing:
        say(f"  {row.learner}: {row.marked.error}", hang="    ")
    return DIFFERS if grades.errors else RIGHT
