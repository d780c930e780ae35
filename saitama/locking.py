"""Locks that end with the process that holds them, however it ends: nobody has to remove one."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

LOCK_FILE = ".lock"  # only where folders themselves cannot be locked


def try_lock(descriptor: int) -> Optional[bool]:
    """Lock an open file or folder until its descriptor is closed.

    True where that worked, False where another descriptor has the lock, None where the system cannot say.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # some network file systems lock nothing, others no folders
        return None
    return True


@contextmanager
def folder_lock(folder: Path) -> Iterator[Optional[bool]]:
    """Lock a folder for the block. Yields what try_lock says: False where another process, or block, has locked it."""
    descriptor = None if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
    try:
        mine = None if descriptor is None else try_lock(descriptor)
        if mine is None:
            if descriptor is not None:
                os.close(descriptor)
            descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
            mine = try_lock(descriptor)
        yield mine
    finally:
        if descriptor is not None:
            os.close(descriptor)
