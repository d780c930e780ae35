"""The `saitama` command.

Exit codes: 0 all right, 1 something differs, 2 the input cannot be used (one line on stderr says why).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import List, Optional

import saitama

RIGHT, DIFFERS, UNUSABLE = 0, 1, 2
INTERRUPTED = 130  # what a shell reports after Ctrl-C
UNUSABLE_ERRORS = (ValueError, TypeError, LookupError, OSError, RuntimeError, ImportError, ArithmeticError, MemoryError)


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the command with these arguments (sys.argv's by default) and return its exit code."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return UNUSABLE
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("saitama: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return RIGHT
    except UNUSABLE_ERRORS as error:
        print(f"saitama: {one_line(error)}", file=sys.stderr)
        return UNUSABLE


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="saitama",
        description="A deep-learning framework that a person can check by hand. Start with `saitama demo`.",
        epilog="Exit codes: 0 all right, 1 something differs, 2 the input cannot be used.",
    )
    parser.add_argument("--version", action="version", version=f"saitama {saitama.__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    command = commands.add_parser("demo", help="a 2-2-2 network checked against a published hand calculation")
    command.add_argument("-o", "--out", default="saitama-demo", metavar="FOLDER", help="where its workbooks go")
    command.set_defaults(run=demo)

    command = commands.add_parser("export", help="write a script's computation as a live workbook")
    add_script(command)
    command.add_argument(
        "--max-cells", type=positive, metavar="N", help="summarise tensors with more numbers than this"
    )
    command.set_defaults(run=export)

    command = commands.add_parser("worksheet", help="the same workbook with blanks to fill in by hand")
    add_script(command)
    command.add_argument(
        "--blanks", default="all", help="all (default), forward, backward, or names of tensors, with commas between"
    )
    command.set_defaults(run=worksheet)

    command = commands.add_parser("verify", help="check a workbook's formulas and hand-typed numbers")
    command.add_argument("file", metavar="FILE", help="a workbook that export or worksheet wrote")
    command.add_argument("--rtol", type=tolerance, help="largest relative difference of a formula (default 1e-9)")
    command.add_argument("--atol", type=tolerance, help="largest absolute difference of a formula")
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    command.set_defaults(run=verify)

    command = commands.add_parser("recalc", help="calculate a workbook's formulas and store the results in it")
    command.add_argument("file", metavar="FILE")
    command.add_argument("-o", "--output", metavar="FILE", help="write here and leave the original as it is")
    command.add_argument("--engine", choices=("ironcalc", "libreoffice"), help="default: the first that is installed")
    command.set_defaults(run=recalc)

    command = commands.add_parser("info", help="version, kernels and machine")
    command.set_defaults(run=info)
    return parser


def workbook_name(text: str) -> str:
    if not text.lower().endswith(".xlsx"):
        raise argparse.ArgumentTypeError(f"expected a name that ends with .xlsx, got {text!r}")
    return text


def add_script(command: argparse.ArgumentParser) -> None:
    command.add_argument("script", metavar="SCRIPT.py[:NAME]", help="a Python file, and its tensor (default: loss)")
    command.add_argument(
        "-o", "--output", required=True, type=workbook_name, metavar="FILE", help="the workbook to write, .xlsx"
    )


def positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number from 0 on, such as 1e-9, got {text!r}")
    return value


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks; its kind where it has no message."""
    text = " ".join(str(error).split())
    return text if text else type(error).__name__


# --- the commands -----------------------------------------------------------------------------------------------------
def demo(options: argparse.Namespace) -> int:
    from saitama.demo import run_demo

    return RIGHT if run_demo(options.out) else DIFFERS


def export(options: argparse.Namespace) -> int:
    from saitama import spreadsheets
    from saitama.script import run_script

    root, names = run_script(options.script)
    limit = {} if options.max_cells is None else {"max_cells": options.max_cells}
    print(spreadsheets.export(root, options.output, names=names, **limit))
    print(f"next: open it, or `saitama recalc {options.output}` and `saitama verify {options.output}`")
    return RIGHT


def worksheet(options: argparse.Namespace) -> int:
    from saitama import spreadsheets
    from saitama.script import run_script

    root, names = run_script(options.script)
    parts = [part.strip() for part in options.blanks.split(",") if part.strip()]
    blanks = parts[0] if parts in (["all"], ["forward"], ["backward"]) else parts
    print(spreadsheets.worksheet(root, options.output, names=names, blanks=blanks))
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


def recalc(options: argparse.Namespace) -> int:
    from saitama import spreadsheets

    output = options.output or options.file
    result = spreadsheets.recalculate(options.file, engine=options.engine, output=output)
    cells = sum(len(sheet) for sheet in result.values.values())
    print(f"{output}: {cells:,} cells calculated by {result.engine} in {result.seconds:.1f} s")
    for cell in list(result.errors)[:20]:
        print(f"  {cell}: {result[cell]}")
    return DIFFERS if result.errors else RIGHT


def info(options: argparse.Namespace) -> int:
    from saitama.information import information

    for name, value in information().items():
        print(f"{name + ':':<14} {value}")
    return RIGHT
