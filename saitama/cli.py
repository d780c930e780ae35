"""The `saitama` command.

Exit codes: 0 all right, 1 something differs, 2 the input cannot be used (one line on stderr says why), 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import List, Optional

import saitama
from saitama.commands import export, generate, launch, recalc, scale, train
from saitama.commands.options import tolerance
from saitama.signals import end_in_order

RIGHT, DIFFERS, UNUSABLE = 0, 1, 2
INTERRUPTED = 130  # what a shell reports after Ctrl-C
UNUSABLE_ERRORS = (ValueError, TypeError, LookupError, OSError, RuntimeError, ImportError, ArithmeticError, MemoryError)


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command with these arguments (sys.argv's by default) and return its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us, as `>&-` does
            setattr(sys, name, open(os.devnull, "w"))
        elif hasattr(getattr(sys, name), "reconfigure"):  # a verdict is printed whatever letters a terminal has
            getattr(sys, name).reconfigure(errors="backslashreplace")
    end_in_order()
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return UNUSABLE
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt as stop:
        if speaks():
            print(f"saitama: {one_line(stop) if stop.args else 'stopped'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return RIGHT
    except UNUSABLE_ERRORS as error:
        end_all_ranks(one_line(error))
        print(f"saitama: {one_line(error)}", file=sys.stderr)
        return UNUSABLE


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="saitama",
        description="A deep-learning framework that a person can check by hand. Start with `saitama demo`.",
        epilog="Exit codes: 0 all right, 1 something differs, 2 the input cannot be used, 130 stopped by Ctrl-C.",
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
    launch.add(commands)
    scale.add(commands)

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


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks; its kind where it has no message."""
    text = " ".join(str(error).split())
    return text if text else type(error).__name__


def end_all_ranks(message: str) -> None:
    """Where several processes work together, end all of them: the others would wait for this one for ever."""
    from saitama.distributed.ranks import connected

    here = connected()
    if here is not None:
        from saitama.distributed.watch import fail

        fail(here, message, UNUSABLE)


def speaks() -> bool:
    """Whether this process speaks for all that work together: where they stop together, one says so."""
    from saitama.distributed.ranks import connected

    here = connected()
    return here is None or bool(here.first)


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
    print(spreadsheets.worksheet(root, options.output, names=names, blanks=blanks, overwrite=force))
    print(f"next: fill in its yellow cells, save it, and `saitama verify {options.output}`")
    return RIGHT


def verify(options: argparse.Namespace) -> int:
    from saitama import spreadsheets

    result = spreadsheets.verify(options.file, rtol=options.rtol, atol=options.atol)
    if result.differences and {difference.kind for difference in result.differences} == {"not calculated"}:
        raise spreadsheets.WorkbookError(
            f"{options.file} was never calculated: open and save it in a spreadsheet program, or run "
            f"`saitama recalc {options.file}`, and verify it then"
        )
    print(json.dumps(result.as_dict(), indent=1) if options.json else result)
    return RIGHT if result.ok else DIFFERS


def info(options: argparse.Namespace) -> int:
    from saitama.information import information

    for name, value in information().items():
        print(f"{name + ':':<14} {value}")
    return RIGHT
