"""The teacher's list: names, seeds, and whose a file is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import pytest

from saitama.spreadsheets.grade.class_list import as_table, read_class, whose


def listed(tmp_path: Path, text: Any) -> Any:
    path = tmp_path / "names.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_class(path)


@pytest.mark.parametrize(
    "text",
    ["name,seed\nA B,7\nC,\n", "\ufeffName;Seed\nA B;7\nC\n", "A B,7\n\n# a remark\nC\n", "seed\tname\n7\tA B\n\tC\n"],
)
def test_ways_to_write_it(tmp_path: Path, text: str) -> None:
    first, second = listed(tmp_path, text)
    assert (first.name, first.seed, first.file) == ("A B", 7, "A B.xlsx") and second.name == "C"


def test_seeds_follow_from_the_name(tmp_path: Path) -> None:
    names = [f"learner {n}" for n in range(300)]
    all_of_them = {one.name: one.seed for one in listed(tmp_path, "\n".join(names))}
    assert len(set(all_of_them.values())) == 300
    one = listed(tmp_path, "learner 5\n")[0]
    assert one.seed == all_of_them["learner 5"], "whoever else is in the class"
    again = listed(tmp_path, as_table(listed(tmp_path, "\n".join(names))))
    assert {one.name: one.seed for one in again} == all_of_them


def test_names_of_files(tmp_path: Path) -> None:
    files = [one.file for one in listed(tmp_path, "a/b\nA-B\n..\nc:\\d\n")]
    assert files == ["a-b.xlsx", "A-B (2).xlsx", "learner.xlsx", "c--d.xlsx"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "it has 0 names"),
        ("A\nA\n", "'A' stands in it twice"),
        ("name,seed\nA,one\n", "the seed of A is 'one'"),
        ("A,-3\n", "the seed of A"),
        ("name,seed\n,3\n", "a line has no name"),
        (b"\xff\xfe\x00", "it is not a text in UTF-8"),
    ],
)
def test_lists_that_cannot_be_used(tmp_path: Path, text: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error) as raised:
        listed(tmp_path, text)
    assert "names.csv: " in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Ann Lee.xlsx", "Ann Lee"),
        ("ann_lee_v2 (1).xlsx", "Ann Lee"),
        ("ANN-LEE.xlsx", "Ann Lee"),
        ("Ann Leeson exercise.xlsx", "Ann Leeson"),
        ("12345_Jose_Alvarez_exercise.xlsx", "José Álvarez"),
        ("José Álvarez/exercise.xlsx", "José Álvarez"),
        ("Bo.xlsx", "Bo"),
        ("Robo.xlsx", None),
        ("exercise.xlsx", None),
        ("Ann Lee and José Álvarez.xlsx", "José Álvarez"),
        ("Lee, Ann.xlsx", "Ann Lee"),
        ("leeson_ann_final.xlsx", "Ann Leeson"),
    ],
)
def test_whose_a_file_is(tmp_path: Path, file: str, name: Optional[str]) -> None:
    learners = listed(tmp_path, "Ann Lee\nAnn Leeson\nJosé Álvarez\nBo\n")
    found = whose(file, learners)
    assert (found.name if found else None) == name
