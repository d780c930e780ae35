"""Options that argparse checks, where what is wrong with one is said before anything is done, and those of several
commands."""

from __future__ import annotations

import argparse
from typing import Any, Mapping

SCRIPT = "a Python file, and the name of a tensor at its top level (default: loss)"
HOW_TO_MAKE = "`saitama train --out FOLDER` makes one"  # a folder of a run


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def seed(text: str) -> int:
    """A whole number that manual_seed() takes."""
    if not text.isdecimal() or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 to 2^64 - 1, got {text!r}")
    return int(text)


def number(text: str) -> float:
    """A number, infinite ones and nan excepted."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value - value != 0:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return value


def above_zero(text: str) -> float:
    """A number above 0."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def tolerance(text: str) -> float:
    """A number from 0 on."""
    try:
        value = number(text)
    except argparse.ArgumentTypeError:
        value = -1.0
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 on, such as 1e-9, got {text!r}")
    return value


def workbook_name(text: str) -> str:
    """A name that ends with .xlsx."""
    if not text.lower().endswith(".xlsx"):
        raise argparse.ArgumentTypeError(f"expected a name that ends with .xlsx, got {text!r}")
    return text


def add_output(command: argparse.ArgumentParser) -> None:
    """-o, which export and worksheet need, and --force."""
    command.add_argument(
        "-o", "--output", required=True, type=workbook_name, metavar="FILE", help="the workbook to write, .xlsx"
    )
    add_force(command)


def add_force(command: argparse.ArgumentParser) -> None:
    """--force, for workbooks that would be kept."""
    command.add_argument("--force", action="store_true", help="replace workbooks that somebody has worked in")


def named_optimizer(command: str, name: str, names: Mapping[str, Any]) -> Any:
    """The optimizer of that name in a script. ValueError where there is none."""
    from saitama.optim import Optimizer

    found = names.get(name)
    if not isinstance(found, Optimizer):
        there = [other for other, value in names.items() if isinstance(value, Optimizer)]
        known = f"its optimizers are {', '.join(there)}" if there else "it makes no optimizer at its top level"
        raise ValueError(f"{command}: the script has no optimizer {name!r}; {known}")
    return found


def add_no_progress(command: Any) -> None:
    """For a command that takes seconds where there is much to do."""
    command.add_argument(
        "--no-progress",
        dest="progress",
        action="store_const",
        const=False,
        help="no line that shows how far it is (there is none but on a terminal)",
    )


def examples(text: str) -> Any:
    """Examples of a batch: a number, `0:2` or `0,3,5`."""
    try:
        if ":" in text:
            return slice(*(int(part) if part else None for part in text.split(":")))
        numbers = [int(part) for part in text.split(",")]
        return numbers if len(numbers) > 1 else numbers[0]
    except (ValueError, TypeError):
        raise argparse.ArgumentTypeError(f"expected examples such as 0, 0:2 or 0,3,5, got {text!r}") from None
