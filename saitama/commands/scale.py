"""`saitama scale [TEXT ...]`: how the loss falls with parameters and compute, on a few small models."""

from __future__ import annotations

import argparse
from typing import Any, List

from saitama.terminal import put, say

from .exit_codes import RIGHT
from .options import above_zero, add_force, workbook_name


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("scale", help="fit scaling laws to a few small models")
    command.description = (
        "Train models of several widths for the same time each, and fit the loss against parameters and compute "
        "(Kaplan et al. 2020): a workbook with both charts on logarithmic axes. Minutes, not months: small, but honest."
    )
    command.add_argument("text", nargs="*", metavar="TEXT", help="text files, UTF-8 (default: a text that comes along)")
    command.add_argument("--seconds", type=above_zero, default=20.0, metavar="S", help="for each width (default: 20)")
    command.add_argument("--widths", type=widths, metavar="A,B,...", help="even numbers (default: 8,16,24,32,48,64)")
    command.add_argument(
        "-o", "--output", default="scale.xlsx", type=workbook_name, metavar="FILE", help="the workbook"
    )
    add_force(command)
    command.set_defaults(run=scale)


def widths(text: str) -> List[int]:
    """Even whole numbers with commas between, two at least."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 and int(part) % 2 == 0 for part in parts) or len(set(parts)) < 2:
        raise argparse.ArgumentTypeError(f"expected two even numbers at least, such as 8,16,32, got {text!r}")
    return [int(part) for part in parts]


def scale(options: argparse.Namespace) -> int:
    """Measure, say what came of it, and write the workbook."""
    from saitama.datasets import corpus
    from saitama.language import read_texts, scaling
    from saitama.spreadsheets import check_replaceable

    check_replaceable(options.output, options.force or None)  # before the minutes, and not after
    text = read_texts(options.text) if options.text else corpus()
    put("width  parameters   steps      tokens    loss")

    def tell(size: scaling.Size) -> None:
        put(f"{size.width:5}  {size.parameters:10,}  {size.steps:6,}  {size.tokens:10,}  {size.loss:6.3f}")

    sizes = scaling.measure(text, options.seconds, options.widths or scaling.WIDTHS, tell=tell)
    for name, fit, theirs in zip(("parameters", "compute"), scaling.fits(sizes), (scaling.KAPLAN_N, scaling.KAPLAN_C)):
        if fit is None:
            say(f"loss over {name}: too few points for a line; give more --seconds")
        else:
            say(f"loss ~ {name}^-{fit.exponent:.3f}, R squared {fit.r2:.3f} (Kaplan et al. 2020, at scale: {theirs})")
    scaling.write(sizes, options.output, options.force or None)
    say(f"{options.output}: the numbers, the fits as formulas, and two charts")
    return RIGHT
