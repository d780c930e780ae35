"""The commands of `saitama`, one in each file: its options, and what it does with them.

A command prints what a person asked for, and returns an exit code of exit_codes.py. What goes wrong it raises.
"""

from __future__ import annotations
