"""Files that are either written whole or not touched at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union


@contextmanager
def atomic_path(path: Union[str, "os.PathLike[str]"]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` when the block succeeds, delete it when it does not.

    A reader sees the old file or the new one, never half of either. Raises OSError with one line that says which file
    could not be written and why (missing folder, denied write, full disk).
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {target}: it is a folder; give a file name")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise type(error)(f"cannot write {target}: {error.strerror or error}") from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes private files; a workbook is meant to be passed on
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(f"cannot write {target}: it is read-only or open in another program")
        os.replace(temporary, target)
    except OSError as error:
        if str(target) in str(error) and error.strerror is None:
            raise
        raise type(error)(f"cannot write {target}: {error.strerror or error}; the old file is kept") from error
    finally:
        if temporary.exists():
            temporary.unlink()
