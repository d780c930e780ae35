"""`saitama worksheet SCRIPT.py`: a script's computation as a page with blanks to fill in by hand; for a class, a page
each."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Optional

from saitama.terminal import say

from .exit_codes import RIGHT
from .options import SCRIPT, add_force, named_optimizer, seed, workbook_name


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("worksheet", help="a page with blanks to fill in by hand, that marks itself")
    command.add_argument("script", metavar="SCRIPT.py[:NAME]", help=SCRIPT)
    command.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE|FOLDER",
        help="the .xlsx to write; with --class a folder",
    )
    add_force(command)
    command.add_argument(
        "--class",
        dest="names",
        metavar="NAMES.csv",
        help="a worksheet for everyone of a list of names (and seeds), each with numbers of their own",
    )
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
    """Write the workbook, or a class's."""
    if options.names is not None:
        return each(options)
    workbook_name(options.output)
    write(options, options.output, options.learner, options.seed)
    say(options.output)
    if options.solution:
        say("next: keep it to yourself; without --solution the same command writes the exercise")
    else:
        say(f"next: fill in its yellow cells, save it, and `saitama verify {options.output}`")
    return RIGHT


def write(options: argparse.Namespace, output: str, learner: Optional[str], seed: Optional[int]) -> None:
    """One worksheet."""
    from saitama import spreadsheets
    from saitama.script import run_script

    root, names = run_script(options.script, seed=seed)
    parts = [part.strip() for part in options.blanks.split(",") if part.strip()]
    spreadsheets.worksheet(
        root,
        output,
        names=names,
        optimizer=None if options.optimizer is None else named_optimizer("worksheet", options.optimizer, names),
        blanks=parts[0] if parts in (["all"], ["forward"], ["backward"], ["update"]) else parts,
        layout=options.layout,
        marks=None if options.no_key else options.marks,
        solution=options.solution,
        title=options.title,
        learner=learner,
        seed=seed,
        overwrite=options.force or None,
    )


def each(options: argparse.Namespace) -> int:
    """A worksheet for each learner of a list, and the list with everyone's seed beside them."""
    from saitama.files import atomic_path, make_folder
    from saitama.spreadsheets.grade.class_list import LIST, as_table, read_class
    from saitama.training.progress import ProgressBar

    if options.seed is not None or options.learner is not None:
        raise ValueError("worksheet: --class gives names and seeds; leave --seed and --learner out")
    if options.output.lower().endswith(".xlsx"):
        raise ValueError(f"worksheet: --class writes many worksheets: give a folder, not {options.output!r}")
    learners, folder = read_class(options.names), Path(options.output)
    make_folder(folder, "-o")
    with ProgressBar("worksheets", len(learners), stays=False) as bar:
        for learner in learners:
            write(options, str(folder / learner.file), learner.name, learner.seed)
            bar.advance()
    with atomic_path(folder / LIST) as temporary:
        temporary.write_bytes(as_table(learners).encode("utf-8-sig"))
    say(f"{len(learners)} worksheets in {options.output}, and {LIST} with everyone's seed")
    if not options.solution:
        say(f"next: `saitama grade HANDED_IN --original {options.output} --class {folder / LIST} -o marks.xlsx`")
    return RIGHT
