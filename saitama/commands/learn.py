"""`saitama learn`: the course, level by level: a workbook and a code file, and what is right in them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, List

from saitama.terminal import say

from .exit_codes import DIFFERS, RIGHT


def level_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 14:
        raise argparse.ArgumentTypeError(f"expected a level from 1 to 14, got {text!r}")
    return int(text)


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("learn", help="the course: 14 levels that check themselves")
    command.add_argument("level", nargs="?", type=level_number, help="default: the first that is not done")
    act = command.add_mutually_exclusive_group()
    for name, what in (
        ("check", "say what is right, once (exit code 1: something is open)"),
        ("hint", "the next hint for the first open task"),
        ("solution", "write the solutions of what is solved or was tried three times"),
        ("reset", "start the level anew; copies are kept"),
    ):
        act.add_argument(f"--{name}", nargs="?", type=level_number, const=0, metavar="N", help=what)
    act.add_argument("--list", action="store_true", help="all levels, and what is done of each")
    act.add_argument("--code", metavar="FILE.py", help="try this file with the level's code tasks, once")
    act.add_argument("--class", dest="names", metavar="NAMES.csv", help="write everyone's workbooks into the folder -o")
    command.add_argument("-o", "--output", metavar="FOLDER", help="with --class: where the workbooks go")
    command.add_argument("--folder", default="saitama-course", help="where the course lies (default saitama-course)")
    command.add_argument("--name", help="whose numbers the sheets have; asked for the first time only")
    command.set_defaults(run=learn)


def learn(options: argparse.Namespace) -> int:
    """Route to what was asked for."""
    from saitama.exercises.course import Course

    if options.names is not None:
        return everyone(options)
    if options.output is not None:
        raise ValueError("learn: -o goes with --class NAMES.csv")
    course = Course(Path(options.folder))
    try:
        return one(course, options)
    finally:
        course.close()


def one(course: Any, options: argparse.Namespace) -> int:
    from saitama.exercises.levels import level
    from saitama.exercises.telling import listed

    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    asked = [value for value in (options.check, options.hint, options.solution, options.reset) if value]
    if options.level and asked and asked[0] != options.level:
        raise ValueError(f"learn: both level {options.level} and level {asked[0]} are given; give one")
    plain = not (options.list or options.code or any(getattr(options, n) is not None for n in ACTIONS))
    name = options.name
    if name is None and not course.learner and interactive and plain:
        name = ask_name()
    if plain or name is not None:
        course.begin(name)
    tell(course.remarks())
    number = options.level or (asked[0] if asked else course.next_level())
    if options.list:
        tell(listed(course, number))
        return RIGHT
    of = level(number)
    if options.code is not None:
        return results(course.check(of, pages=False, file=Path(options.code)))
    for action, run in ACTIONS.items():
        if getattr(options, action) is not None:
            return run(course, of)
    if interactive:
        return watch(course, number)
    return start(course, of)


# --- what one can ask for ---------------------------------------------------------------------------------------------
def start(course: Any, of: Any) -> int:
    """Without a terminal: make the files, and say what there is to do."""
    from saitama.exercises.telling import opening

    course.make(of)
    tell(opening(course, of))
    tell([f"next: fill in the pages, write the code, and `saitama learn --check {of.number}`"])
    return RIGHT


def watch(course: Any, number: int) -> int:
    from saitama.exercises.keys import keys
    from saitama.exercises.loop import Loop

    with keys() as press:
        Loop(course, number, press).run()
    return RIGHT


def check(course: Any, of: Any) -> int:
    if not course.workbook(of).exists() and not course.code(of).exists():
        raise FileNotFoundError(f"learn: level {of.number} was not begun: `saitama learn {of.number}` makes its files")
    return results(course.check(of))


def results(found: List[Any]) -> int:
    from saitama.exercises.telling import counted, told

    tell([*told(found), counted(found)])
    return RIGHT if all(result.solved for result in found) else DIFFERS


def hint(course: Any, of: Any) -> int:
    task, text, left = course.hint(of)
    tell([f"{task.id}: {text}", *([f"({left} more: ask again)"] if left else [])])
    return RIGHT


def solution(course: Any, of: Any) -> int:
    from saitama.exercises.course import TRIES
    from saitama.exercises.telling import answers

    written = course.solution(of)
    if not written:
        tell(
            [f"a solution is shown once a task is solved, or after {TRIES} tries at it (a save that is checked is one)"]
        )
        return DIFFERS
    tell([*(f"written: {path}" for path in written), *answers(course, of)])
    return RIGHT


def reset(course: Any, of: Any) -> int:
    kept = course.reset(of)
    tell([f"level {of.number} is new; kept: {', '.join(map(str, kept)) or 'nothing was there'}"])
    return RIGHT


ACTIONS = {"check": check, "hint": hint, "solution": solution, "reset": reset}


def everyone(options: argparse.Namespace) -> int:
    from saitama.exercises.school import write_class

    if options.output is None:
        raise ValueError("learn: --class needs -o FOLDER, where everyone's workbooks go")
    written = write_class(Path(options.names), Path(options.output), options.level)
    tell([f"{len(written)} workbooks in {options.output}"])
    tell([f"next: `saitama grade HANDED_IN --class {options.names} -o marks.xlsx`"])
    return RIGHT


def ask_name() -> str:
    from saitama.exercises.course import login_name

    default = login_name()
    try:
        return input(f"Your name, for the sheets and their numbers [{default}]: ").strip() or default
    except EOFError:
        return default


def tell(lines: List[str]) -> None:
    for line in lines:
        say(line, hang="    ")
