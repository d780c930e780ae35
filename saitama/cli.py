"""The `saitama` command.

Exit codes: 0 all right, 1 something differs (and nothing else), 2 it cannot be done (one line on stderr says why), 130
Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import List, Optional

import saitama
from saitama import terminal
from saitama.commands import export, generate, recalc, train
from saitama.commands.options import tolerance
from saitama.commands.reason import reason
from saitama.messages import one_line
from saitama.signals import end_in_order
from saitama.terminal import say

RIGHT, DIFFERS, UNUSABLE = 0, 1, 2
INTERRUPTED = 130  # what a shell reports after Ctrl-C


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command with these arguments (sys.argv's by default) and return its exit code."""
    terminal.prepare()
    end_in_order()
    options = argparse.Namespace()
    try:
        try:
            return run(arguments, options)
        finally:
            terminal.flush()
    except KeyboardInterrupt as stop:
        return failed(INTERRUPTED, one_line(stop) if stop.args else "stopped")
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        terminal.detach(sys.stdout)
        return RIGHT
    except Exception as error:
        return failed(UNUSABLE, reason(error, options))


def run(arguments: Optional[List[str]], options: argparse.Namespace) -> int:
    """Parse the arguments into `options`, and run the command."""
    parser = make_parser()
    parser.parse_args(arguments, options)
    if options.run is None:
        parser.print_help()
        return UNUSABLE
    code: int = options.run(options)
    return code


def failed(code: int, message: str) -> int:
    """Say why, if anybody can hear it, and return the code."""
    try:
        say(f"saitama: {message}", error=True)
    except OSError:
        pass
    return code


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="saitama",
        description="A deep-learning framework that a person can check by hand. Start with `saitama demo`.",
        epilog="Exit codes: 0 all right, 1 something differs, 2 it cannot be done, 130 stopped by Ctrl-C.",
    )
    parser.add_argument("--version", action="version", version=f"saitama {saitama.__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    command = commands.add_parser("demo", help="a 2-2-2 network checked against a published hand calculation")
    command.add_argument("-o", "--out", default="saitama-demo", metavar="FOLDER", help="where its workbooks go")
    export.add_force(command)
    command.set_defaults(run=demo)

    export.add(commands)

    command = commands.add_parser("worksheet", help="the same workbook with blanks to fill in by hand")
    command.add_argument("script", metavar="SCRIPT.py[:NAME]", help=export.SCRIPT)
    export.add_output(command)
    command.add_argument(
        "--blanks", default="all", help="all (default), forward, backward, or names of tensors, with commas between"
    )
    command.set_defaults(run=worksheet)

    train.add(commands)
    generate.add(commands)

    command = commands.add_parser("verify", help="check a workbook's formulas and hand-typed numbers")
    command.add_argument("file", metavar="FILE", help="a workbook that export or worksheet wrote")
    command.add_argument("--rtol", type=tolerance, help="largest relative difference of a formula (default 1e-9)")
    command.add_argument("--atol", type=tolerance, help="largest absolute difference of a formula")
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.set_defaults(run=verify)

    recalc.add(commands)

    command = commands.add_parser("info", help="version, kernels and machine")
    command.set_defaults(run=info)
    return parser


# --- the commands -----------------------------------------------------------------------------------------------------
def demo(options: argparse.Namespace) -> int:
    from saitama.demo import run_demo

    return RIGHT if run_demo(options.out, options.force) else DIFFERS


def worksheet(options: argparse.Namespace) -> int:
    from saitama import spreadsheets
    from saitama.script import run_script

    root, names = run_script(options.script)
    parts = [part.strip() for part in options.blanks.split(",") if part.strip()]
    blanks = parts[0] if parts in (["all"], ["forward"], ["backward"]) else parts
    force = options.force or None
    say(str(spreadsheets.worksheet(root, options.output, names=names, blanks=blanks, overwrite=force)))
    say(f"next: fill in its yellow cells, save it, and `saitama verify {options.output}`")
    return RIGHT


def verify(options: argparse.Namespace) -> int:
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


def info(options: argparse.Namespace) -> int:
    from saitama.information import information

    for name, value in information().items():
        say(f"{name + ':':<14} {value}", hang=15 * " ")
    return RIGHT
