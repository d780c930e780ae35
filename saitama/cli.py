"""The `saitama` command.

Here is only the way to the commands, which have a file each, and to the exit code. Exit codes: 0 all right, 1 something
differs (and nothing else), 2 it cannot be done (one line on stderr says why), 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import sys
from typing import List, Optional

import saitama
from saitama import terminal
from saitama.commands import demo, export, generate, info, launch, learn, recalc, scale, train, verify, worksheet
from saitama.commands.exit_codes import INTERRUPTED, RIGHT, UNUSABLE
from saitama.commands.reason import reason
from saitama.distributed.ranks import connected
from saitama.messages import one_line
from saitama.signals import end_in_order


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
    """Say why, if anybody can hear it, and return the code.

    Of several ranks that work together one speaks, and what one cannot do ends all: they would wait for it for ever.
    """
    here = connected()
    if here is not None and code == UNUSABLE:
        from saitama.distributed.watch import fail

        fail(here, message, code)
    try:
        if here is None or here.first:
            terminal.say(f"saitama: {message}", error=True)
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
    for command in (demo, learn, export, worksheet, train, generate, launch, scale, verify, recalc, info):
        command.add(commands)
    return parser
