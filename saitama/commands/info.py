"""`saitama info`: what runs here."""

from __future__ import annotations

import argparse
from typing import Any

from saitama.terminal import say

from .exit_codes import RIGHT


def add(commands: Any) -> None:
    """The command."""
    command = commands.add_parser("info", help="version, kernels and machine")
    command.set_defaults(run=info)


def info(options: argparse.Namespace) -> int:
    """Print it."""
    from saitama.information import information

    for name, value in information().items():
        say(f"{name + ':':<14} {value}", hang=15 * " ")
    return RIGHT
