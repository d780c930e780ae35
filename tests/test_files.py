"""A file is written whole or not at all, and read with a bound."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

from saitama import locking
from saitama.files import atomic_path, make_folder, parse_json, read_file
from saitama.locking import folder_lock
from saitama.spreadsheets.write.saving import write_workbook


def write(path, body=b"new", error=None, check=True):
    with atomic_path(path) as temporary:
        if check:
            assert temporary.parent == path.parent and temporary != path and temporary.suffix == path.suffix
        temporary.write_bytes(body)
        if error is not None:
            raise error


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(OSError, match="cannot make the folder .*file/in: Not a directory; give another with -o$"):
        make_folder(tmp_path / "file" / "in", "-o")
    assert make_folder(tmp_path / "new" / "one").is_dir() and make_folder(tmp_path / "new" / "one").is_dir()


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


def test_json_says_one_thing():
    assert parse_json('{"a": {"b": [1, {"b": 2}]}, "b": 3}') == {"a": {"b": [1, {"b": 2}]}, "b": 3}
    for text, message in (
        ('{"a": 1, "b": 2, "a": 1}', "^the name 'a' comes twice$"),
        ('[{"x": {"y": 1, "y": 2}}]', "^the name 'y' comes twice$"),
        ("{", "Expecting"),
        ("[" * 200_000, "^it is nested too deeply$"),
    ):
        with pytest.raises(ValueError, match=message):
            parse_json(text)


# --- links, and what killed processes leave ---------------------------------------------------------------------------
def test_behind_a_link_the_file_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "real").mkdir()
    path, link, folder = tmp_path / "real" / "a.xlsx", tmp_path / "link.xlsx", tmp_path / "folder"
    link.symlink_to(path)
    folder.symlink_to(tmp_path / "real")
    write(link, b"made", check=False)  # through a link to a file that is not there yet
    assert link.is_symlink() and path.read_bytes() == b"made"
    write(link, b"new", check=False)
    write(folder / "b.xlsx", b"beside", check=False)
    assert link.is_symlink() and folder.is_symlink() and path.read_bytes() == b"new"
    assert only(tmp_path / "real") == ["a.xlsx", "b.xlsx"] and only(tmp_path) == ["folder", "link.xlsx", "real"]
    with pytest.raises(IsADirectoryError, match=r"^cannot write .*folder: it is a folder"):
        write(folder, check=False)


def test_a_link_to_itself_is_left_alone(tmp_path):
    link = tmp_path / "a.xlsx"
    link.symlink_to(link)
    with pytest.raises(OSError, match=r"^cannot write .*a\.xlsx: "):
        write(link, check=False)
    assert link.is_symlink() and only(tmp_path) == ["a.xlsx"]


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_killed_writer_leaves_nothing_behind_for_ever(tmp_path):
    path = tmp_path / "c.safetensors"
    script = (
        "import os, signal, sys; from saitama.files import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script, str(path)])
        assert len(only(tmp_path)) == 1 and only(tmp_path)[0].startswith(".c-")  # the one before is gone
    others = [".c-12345678.xlsx", ".d-12345678.safetensors", ".c-1234567.safetensors", ".c-notes.safetensors"]
    for name in others:
        (tmp_path / name).write_bytes(b"somebody's")
    write(path)
    assert only(tmp_path) == sorted([*others, "c.safetensors"])


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_who_still_writes_is_not_disturbed(tmp_path):
    path = tmp_path / "c.safetensors"
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"slow")
        write(path, b"quick")
        assert path.read_bytes() == b"quick" and temporary.read_bytes() == b"slow"
    assert path.read_bytes() == b"slow" and only(tmp_path) == ["c.safetensors"]


# --- reading ----------------------------------------------------------------------------------------------------------
def test_reading_with_a_bound(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == read_file(str(path), 6) == b"12345"
    with pytest.raises(ValueError, match=r"^cannot read .*a: it is too large; 4 bytes are the most$"):
        read_file(path, 4)
    with pytest.raises(FileNotFoundError, match=r"^cannot read .*none: No such file or directory$"):
        read_file(tmp_path / "none", 9)
    with pytest.raises(OSError, match=r"^cannot read .*: "):
        read_file(tmp_path, 9)


@pytest.mark.skipif(sys.platform != "linux", reason="files as Linux has them")
def test_files_without_an_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe", tmp_path / "link", "/dev/zero"):
        with pytest.raises(OSError, match=rf"^cannot read {path}: it is not an ordinary file$"):
            read_file(path, 1 << 40)
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ValueError, match="it is too large"):
        read_file(tmp_path / "huge", 1 << 30)
    assert b"Name:" in read_file("/proc/self/status", 1 << 20)  # has a size of 0, and content


# --- locks ------------------------------------------------------------------------------------------------------------
def test_a_folder_has_one_lock(tmp_path):
    with folder_lock(tmp_path) as mine:
        assert mine is True
        with folder_lock(tmp_path) as second:
            assert second is False
    with folder_lock(tmp_path) as mine:
        assert mine is True
    assert only(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_lock_ends_with_its_process(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from saitama.locking import folder_lock\n"
        "with folder_lock(Path(sys.argv[1])): print('locked', flush=True); time.sleep(600)"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    with other.stdout as printed:
        printed.readline()
    with folder_lock(tmp_path) as mine:
        assert mine is False
    other.kill()
    other.wait()
    with folder_lock(tmp_path) as mine:
        assert mine is True
    assert only(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks up descriptors in /proc")
def test_where_folders_have_no_locks_a_file_stands_for_them(tmp_path, monkeypatch):
    locked = locking.try_lock
    monkeypatch.setattr(locking, "try_lock", lambda fd: None if os.path.isdir(f"/proc/self/fd/{fd}") else locked(fd))
    with folder_lock(tmp_path) as mine, folder_lock(tmp_path) as second:
        assert (mine, second) == (True, False)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_sigterm_ends_a_program_in_order(tmp_path):
    script = (
        "import os, signal, sys; from saitama.signals import end_in_order; from saitama.files import atomic_path\n"
        "end_in_order()\n"
        "with atomic_path(sys.argv[1]) as temporary: temporary.touch(); os.kill(os.getpid(), signal.SIGTERM)"
    )
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path / "a")]).returncode == 143
    assert only(tmp_path) == []
