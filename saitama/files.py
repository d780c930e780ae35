"""Files that are read with a bound, or written whole or not at all, and JSON that says one thing."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, Dict, Iterator, List, Tuple, Union

from saitama.locking import try_lock

StrPath = Union[str, "os.PathLike[str]"]


def make_folder(path: StrPath, option: str = "") -> Path:
    """The folder, made if it is not there; OSError where that cannot be done. `option`: by which another is given."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        other = f"; give another with {option}" if option else ""
        raise type(error)(f"cannot make the folder {os.fspath(path)}: {error.strerror}{other}") from error
    return Path(path)


@contextmanager
def open_ordinary(path: StrPath) -> Iterator[BinaryIO]:
    """Open an ordinary file to be read. Pipes and devices, which may never end, are refused before a byte is read.

    OSError and MemoryError, of the block too, are one line that names the file.
    """
    try:
        # Without O_NONBLOCK, opening a pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(f"cannot read {path}: it is not an ordinary file")
            yield file
    except MemoryError:
        raise MemoryError(f"cannot read {path}: there is not enough memory for it") from None
    except OSError as error:
        if error.strerror is None:
            raise
        raise type(error)(f"cannot read {path}: {error.strerror}") from error


def read_file(path: StrPath, most: int) -> bytes:
    """The bytes of an ordinary file; errors as open_ordinary raises them, and ValueError for more than `most` bytes."""
    with open_ordinary(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(size) if size <= most else b""
        while size <= most and len(content) <= most:  # it may have grown, or be one of /proc, which have no size
            more = file.read(1 << 20)
            if not more:
                return content
            content += more
    raise ValueError(f"cannot read {path}: it is too large; {most:,} bytes are the most")


def target_file(path: StrPath) -> Path:
    """The file that writing to `path` makes or replaces: behind a link, what it leads to. OSError for all but files."""
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):
        raise IsADirectoryError(f"cannot write {path}: it is a folder; give a file name")
    if os.path.lexists(target) and not os.path.isfile(target):  # renaming would destroy /dev/null
        raise OSError(f"cannot write {path}: it is not an ordinary file")
    return target


@contextmanager
def atomic_path(path: StrPath) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` when the block succeeds, delete it when it does not.

    A reader sees the old file or the new one, never half of either. A file that is replaced passes its permissions on.
    Behind a link it is the file that is replaced, and the link stays. What a process that was killed here left behind
    is deleted by the next one that writes the same file.

    Raises OSError with one line that says which file could not be written and why (missing folder, denied write, full
    disk); an OSError of the block about some other file passes through.
    """
    target = target_file(path)
    temporary = target.with_name(f"{_beginning(target)}{token_hex(4)}{target.suffix}")
    descriptor = None
    try:
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if sys.platform == "win32":  # where an open file cannot be renamed
            os.close(descriptor)
            descriptor = None
        else:
            try_lock(descriptor)  # so that others see that it is in use
            _delete_leftovers(target)
        yield temporary
        if os.path.exists(target):
            if not os.access(target, os.W_OK):
                raise PermissionError(f"cannot write {path}: it is read-only or open in another program; it is kept")
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        about = error.filename
        if error.strerror is None or about is not None and str(about) not in (str(temporary), str(target)):
            raise
        kept = "; the old file is kept" if os.path.exists(target) else ""
        raise type(error)(f"cannot write {path}: {error.strerror}{kept}") from error
    finally:
        if os.path.exists(temporary):
            temporary.unlink()
        if descriptor is not None:
            os.close(descriptor)


def _beginning(target: Path) -> str:
    return f".{target.stem[:50]}-"


def _delete_leftovers(target: Path) -> None:
    """Delete the temporary files for `target` that nobody writes any more."""
    leftover = re.compile(f"{re.escape(_beginning(target))}[0-9a-f]{{8}}{re.escape(target.suffix)}")
    for path in (entry for entry in target.parent.iterdir() if leftover.fullmatch(entry.name)):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:  # somebody else's, or gone by now
            continue
        try:
            if try_lock(descriptor) and stat.S_ISREG(os.fstat(descriptor).st_mode):
                path.unlink()
        except OSError:
            pass
        finally:
            os.close(descriptor)


def parse_json(text: str) -> Any:
    """What the text says. Raises ValueError where it is no JSON, and where a name comes twice in one object: two
    programs could read two different things."""
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _each_once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    once = dict(pairs)
    if len(once) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r:.80} comes twice")
    return once
