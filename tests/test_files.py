"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

from saitama.files import atomic_path
from saitama.spreadsheets.saving import write_workbook


def write(path, body=b"new", error=None):
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent and temporary != path and temporary.suffix == path.suffix
        temporary.write_bytes(body)
        if error is not None:
            raise error


def only(folder):
    return sorted(path.name for path in folder.iterdir())


def test_new_and_replaced(tmp_path):
    path = tmp_path / "a.xlsx"
    write(path)
    write(path, b"newer")
    assert path.read_bytes() == b"newer" and only(tmp_path) == ["a.xlsx"]


@pytest.mark.parametrize("error", [ValueError("v"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_after_an_error_the_old_file_is_there_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as caught:
        write(path, error=error)
    assert path.read_bytes() == b"old" and only(tmp_path) == ["a.xlsx"]
    if isinstance(error, OSError):
        assert str(caught.value) == f"cannot write {path}: No space left on device; the old file is kept"


def test_nothing_is_left_of_a_new_file_that_failed(tmp_path):
    with pytest.raises(OSError, match=r"^cannot write .*b\.xlsx: No space left on device$"):
        write(tmp_path / "b.xlsx", error=OSError(28, "No space left on device"))
    assert only(tmp_path) == []


def test_folders_missing_or_in_the_way(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"^cannot write .*: it is a folder; give a file name$"):
        write(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"^cannot write .*: No such file or directory$"):
        write(tmp_path / "missing" / "a.xlsx")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match=r"^cannot write "):
        write(tmp_path / "file" / "a.xlsx")
    with pytest.raises(OSError, match=r"^cannot write .*: File name too long"):
        write(tmp_path / ("n" * 300))


def test_an_error_about_another_file_is_not_renamed(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"other\.txt"):
        write(tmp_path / "a", error=FileNotFoundError(2, "No such file or directory", "other.txt"))


def test_a_long_name(tmp_path):
    write(tmp_path / ("n" * 250 + ".xls"))
    assert only(tmp_path) == ["n" * 250 + ".xls"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_permissions(tmp_path):
    new, private = tmp_path / "new", tmp_path / "private"
    private.write_bytes(b"old")
    private.chmod(0o600)
    write(new)
    write(private)
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE(new.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600 and private.read_bytes() == b"new"


def test_a_file_that_may_not_be_written_is_kept(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *args: False)  # the superuser may write everything
    with pytest.raises(
        PermissionError, match=r"^cannot write .*: it is read-only or open in another program; it is kept$"
    ):
        write(path)
    assert path.read_bytes() == b"old" and only(tmp_path) == ["a.xlsx"]


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes of POSIX")
def test_what_is_not_an_ordinary_file_is_left_alone(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match=r"^cannot write .*pipe: it is not an ordinary file$"):
        write(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_workbook_on_a_full_disk_is_one_error(tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")  # a ZipFile would say so again when it is thrown away

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"^cannot write .*b\.xlsx: No space left on device$"):
        write_workbook(Workbook(), tmp_path / "b.xlsx")
    assert not list(tmp_path.iterdir())
