"""`saitama launch -n 4 train ...`: one training on several processes, here or on several machines."""

from __future__ import annotations

import argparse
import os
from typing import Any, Callable, List

from .options import positive

Parser = Callable[[], argparse.ArgumentParser]


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("launch", help="train on several cores or machines (MPI)")
    command.description = (
        "Run `saitama train`, or a Python script that uses saitama.distributed, as several processes (ranks) that "
        "train one model together. Each gets its share of the cores. If one fails, all end, with one message."
    )
    command.usage = "saitama launch [-n N] [--hosts FILE] train ... | SCRIPT.py ..."
    command.add_argument("-n", "--ranks", type=positive, metavar="N", help="how many processes (default: one a core)")
    command.add_argument("--hosts", metavar="FILE", help="machines, one a line: name, or name:processes")
    command.add_argument("what", nargs=argparse.REMAINDER, help="train or SCRIPT.py, with its own options")
    command.set_defaults(run=launch)


def launch(options: argparse.Namespace) -> int:
    """Start, pass on what the ranks say, and return the exit code."""
    from saitama.distributed import launch as starting

    program = checked(options.what)
    ranks = options.ranks
    if ranks is None:
        machines = starting.read_hosts(options.hosts) if options.hosts else []
        ranks = sum(count for _, count in machines) or len(os.sched_getaffinity(0))
    return starting.launch(ranks, program, options.hosts)


def checked(what: List[str]) -> List[str]:
    """What python is to run. ValueError for what cannot be launched; wrong options of train end as they would there."""
    if what[:1] == ["train"]:
        from saitama.cli import make_parser

        make_parser().parse_args(what)  # once, rather than by every rank
        return ["-m", "saitama", *what]
    if what and what[0].endswith(".py"):
        if not os.path.isfile(what[0]):
            raise FileNotFoundError(f"{what[0]}: there is no such file")
        return what
    given = f", got {what[0]!r}" if what else ""
    raise ValueError(f"launch: expected `train` with its options, or a SCRIPT.py{given}")
