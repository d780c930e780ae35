"""`saitama demo`: the published network, four ways."""

from __future__ import annotations

import argparse
from typing import Any

from .exit_codes import DIFFERS, RIGHT
from .options import add_force


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("demo", help="a 2-2-2 network checked against a published hand calculation")
    command.add_argument("-o", "--out", default="saitama-demo", metavar="FOLDER", help="where its workbooks go")
    add_force(command)
    command.set_defaults(run=demo)


def demo(options: argparse.Namespace) -> int:
    """Write its workbooks, and compare."""
    from saitama.demo import run_demo

    return RIGHT if run_demo(options.out, options.force) else DIFFERS
