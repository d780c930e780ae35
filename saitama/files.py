"""Files that are either written whole or not touched at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import Any, Iterator, Union


@contextmanager
def atomic_path(path: Union[str, os.PathLike[str]]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` when the block succeeds, delete it when it does not.

    A reader sees the old file or the new one, never half of either. A file that is replaced passes its permissions on.
    Raises OSError with one line that says which file could not be written and why (missing folder, denied write, full
    disk); an OSError of the block about some other file passes through.
    """
    target = Path(path)
    if os.path.isdir(target):
        raise IsADirectoryError(f"cannot write {target}: it is a folder; give a file name")
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(f"cannot write {target}: it is not an ordinary file")  # renaming would destroy /dev/null
    temporary = target.with_name(f".{target.stem[:50]}-{token_hex(4)}{target.suffix}")
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        if os.path.exists(target):
            if not os.access(target, os.W_OK):
                raise PermissionError(f"cannot write {target}: it is read-only or open in another program; it is kept")
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        about = error.filename
        if error.strerror is None or about is not None and str(about) not in (str(temporary), str(target)):
            raise
        kept = "; the old file is kept" if os.path.exists(target) else ""
        raise type(error)(f"cannot write {target}: {error.strerror}{kept}") from error
    finally:
        if os.path.exists(temporary):
            temporary.unlink()


def write_workbook(workbook: Any, path: Union[str, os.PathLike[str]]) -> None:
    """Write an openpyxl workbook whole or not at all; OSError as atomic_path raises it."""
    packed = BytesIO()  # first, because openpyxl's writer complains twice about a full disk
    workbook.save(packed)
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed.getvalue())
