"""`saitama learn` without a terminal, and the loop with keys that a test presses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Iterator, List, Optional, Tuple

import pytest
from openpyxl import load_workbook

from saitama.cli import main
from saitama.exercises.course import Course
from saitama.exercises.guard import steps_of
from saitama.exercises.levels import level
from saitama.exercises.loop import Loop
from saitama.exercises.numbers import seed_of
from saitama.exercises.school import file_name, names_in
from saitama.exercises.workbook import page_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "saitama-course"


def learn(*arguments: str) -> int:
    return main(["learn", *arguments])


def fill(path: Path, number: int, learner: str, wrong: Tuple[str, str] = ("", "")) -> None:
    """All pages with the right numbers; the first number of one step has the wrong sign."""
    book = load_workbook(path)
    for task in level(number).pages:
        for step in steps_of(page_of(task, seed_of(learner, number))):
            for k, ((row, column), value) in enumerate(zip(step.cells, step.right)):
                slip = (task.id, step.name) == wrong and k == 0
                book[task.sheet].cell(row, column).value = -value if slip else value
    book.save(path)


def test_from_the_first_page_to_the_next_level(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn("--name", "Ada") == 0
    out = capsys.readouterr().out
    assert "Level 1: Linear algebra" in out and "numbers 50629, for Ada" in out
    assert sorted(path.name for path in folder.iterdir()) == ["level01.py", "level01.xlsx", "progress.json"]
    assert learn("--check") == 1
    assert "0 of 12 tasks solved" in capsys.readouterr().out

    fill(folder / "level01.xlsx", 1, "Ada", ("01-dot-product", "total"))
    assert learn("--check", "1") == 1
    out = capsys.readouterr().out
    assert "✗ 01-dot-product: 5 blanks: 1 slip of your own, 4 right" in out
    assert "Σ products has the other sign" in out
    assert "✓ 01-scaling" in out and "8 of 12 tasks solved" in out
    assert learn("--hint") == 0
    assert "01-dot-product: First the three products" in capsys.readouterr().out

    fill(folder / "level01.xlsx", 1, "Ada")
    shutil.copy(level(1).folder / "solution.py", folder / "level01.py")
    assert learn("1", "--check") == 0
    assert "12 of 12 tasks solved" in capsys.readouterr().out
    assert learn("--list") == 0
    out = capsys.readouterr().out
    assert "✓  1  Linear algebra by computation: 12 of 12 tasks" in out and "●  2" in out
    assert learn() == 0
    assert "Level 2: Derivatives" in capsys.readouterr().out


def test_solutions_are_shown_after_solving_or_three_tries(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn("2", "--name", "Ada") == 0
    assert learn("--solution", "2") == 1
    assert "after 3 tries" in capsys.readouterr().out
    code = folder / "level02.py"
    for n in range(3):
        code.write_text(code.read_text(encoding="utf-8") + f"# {n}\n", encoding="utf-8")
        assert learn("--check", "2") == 1
        learn("--check", "2")  # the same file once more is no further try
    assert json.loads((folder / "progress.json").read_text(encoding="utf-8"))["tries"]["02-code-line"] == 3
    capsys.readouterr()
    assert learn("--solution", "2") == 0
    assert (folder / "level02-solution.py").exists() and not (folder / "level02-solution.xlsx").exists()
    assert "question" not in capsys.readouterr().out  # no page was solved or tried
    fill(folder / "level02.xlsx", 2, "Ada", ("02-line", "y"))
    learn("--check", "2")
    capsys.readouterr()
    assert learn("--solution", "2") == 0
    assert (folder / "level02-solution.xlsx").exists()
    out = capsys.readouterr().out
    (answer,) = [task.work(seed_of("Ada", 2)).answer for task in level(2).pages if task.questions]
    assert "the questions of the pages, with a model answer:" in out and "02-difference-quotient: Halve h." in out
    assert " ".join(answer.split()) in " ".join(out.split())
    assert "the open questions" not in out  # 02-line is open


def test_a_reset_keeps_copies(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    learn("1", "--name", "Ada")
    fill(folder / "level01.xlsx", 1, "Ada")
    learn("--check", "1")
    assert learn("--reset", "1") == 0
    assert len(list(folder.glob("level01-*.xlsx"))) == 1 and len(list(folder.glob("level01-*.py"))) == 1
    assert learn("--check", "1") == 1
    assert "0 of 12" in capsys.readouterr().out


def test_a_file_of_ones_own(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    shutil.copy(level(3).folder / "solution.py", mine)
    assert learn("3", "--code", "mine.py") == 0
    mine.write_text("class Value:\n    pass\n", encoding="utf-8")
    assert learn("3", "--code", "mine.py") == 1
    assert "Value(2) raised TypeError" in capsys.readouterr().out
    assert learn("3", "--code", "none.py") == 2
    assert "there is no file none.py" in capsys.readouterr().err


def test_what_cannot_be_done_is_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert learn("--check", "5") == 2
    assert "level 5 was not begun" in capsys.readouterr().err
    assert learn("1", "--check", "2") == 2
    assert "give one" in capsys.readouterr().err
    learn("--name", "Ada")
    assert learn("--name", "Bob") == 2
    assert "is the course of Ada" in capsys.readouterr().err
    (folder / "level01.xlsx").write_bytes(b"no workbook")
    assert learn("--check", "1") == 1
    out = capsys.readouterr().out
    assert "✗ 01-scaling:" in out and "Traceback" not in out
    with pytest.raises(SystemExit):
        learn("15")


# --- a class ----------------------------------------------------------------------------------------------------------
def test_a_class(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.csv"
    names.write_text("number;name\n1;Ada Lovelace\n2;Émile\n", encoding="utf-8")
    assert learn("2", "--class", str(names), "-o", "class") == 0
    made = sorted(path.name for path in (tmp_path / "class" / "level02").iterdir())
    assert made == ["Ada_Lovelace.xlsx", "Émile.xlsx"]
    book = load_workbook(tmp_path / "class" / "level02" / "Ada_Lovelace.xlsx")
    assert book["line"]["A2"].value.startswith(f"numbers {seed_of('Ada Lovelace', 2)}")
    assert learn("--class", str(names), "-o", str(names)) == 2
    assert "cannot make the folder" in (said := capsys.readouterr().err) and "give another with -o" in said
    assert learn("--class", str(names)) == 2
    assert "-o FOLDER" in capsys.readouterr().err
    names.write_text("Ada\nada\n", encoding="utf-8")
    assert learn("--class", str(names), "-o", "class") == 2
    assert "tell them apart" in capsys.readouterr().err
    assert not folder.exists()


def test_names_in_a_file(tmp_path: Path) -> None:
    for text in (
        "Ada\nBob\n",
        "name,mail\nAda,a@x\nBob,b@x\n",
        "mail;Name\n\nx;Ada\ny; Bob \n",
        "\ufeffname\nAda\nBob\n",
        "sep=;\nStudent;seed\nAda;1\nBob;2\n",
        "Name\tSeed\nAda\t1\nBob\t2\n",
    ):
        path = tmp_path / "n.csv"
        path.write_text(text, encoding="utf-8")
        assert names_in(path) == ["Ada", "Bob"]
    assert file_name("../../etc/passwd") == "etc_passwd"
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no names"):
        names_in(path)
    path.write_text("name\nAda\n", encoding="utf-16")
    with pytest.raises(ValueError, match="save it as CSV UTF-8"):
        names_in(path)


# --- the loop ---------------------------------------------------------------------------------------------------------
class Keys:
    """Presses keys, and does something between two of them."""

    def __init__(self, *steps: Any) -> None:
        self.steps: Iterator[Any] = iter(steps)

    def __call__(self, seconds: float) -> Optional[str]:
        step = next(self.steps, "q")
        if callable(step):
            step()
            return None
        return str(step)


def looped(folder: Path, capsys: pytest.CaptureFixture[str], *steps: Any) -> List[str]:
    course = Course(folder)
    course.begin("Ada")
    try:
        Loop(course, 1, Keys(*steps)).run()
    finally:
        course.close()
    return capsys.readouterr().out.replace("\r\x1b[K", "\n").split("\n")


def test_a_save_is_judged(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workbook = folder / "level01.xlsx"

    def by_renaming() -> None:
        other = folder / "other.tmp"
        shutil.copy(workbook, other)
        fill(other.rename(folder / "other.xlsx"), 1, "Ada", ("01-scaling", "y"))
        (folder / "other.xlsx").replace(workbook)

    lines = looped(folder, capsys, by_renaming, "q")
    assert any(line.startswith("✗ 01-scaling: 3 blanks: 1 slip of your own") for line in lines)
    assert any("8 of 9 pages solved" in line for line in lines)
    assert not any("01-code" in line for line in lines if line.startswith(("✓", "✗")))
    assert lines[-2].startswith("●·············")


def test_the_bar_keeps_to_one_line_and_ends_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saitama.exercises.loop.columns", lambda stream: 60)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        looped(folder, capsys, "h", interrupt)
    out = capsys.readouterr().out
    bars = [line for line in out.replace("\r\x1b[K", "\n").split("\n") if line.startswith("●·············")]
    assert bars and all(len(line) < 60 and line.endswith(" n h l c s x q") for line in bars)
    assert out.endswith(" q\n")


def test_the_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = looped(folder, capsys, "h", "l", "s", "n", "n", "z", "x", "n", "x", "y", "c", "q")
    text = "\n".join(lines)
    assert "01-scaling: Every number" in text
    assert "14  Training at scale" in text
    assert "after 3 tries" in text
    assert "12 tasks of level 1 are open" in text and "Level 2: Derivatives" in text
    assert "keys: n next" in text
    assert "nothing was changed" in text and "level 2 is new; kept:" in text
    assert "0 of 12 tasks solved" in text


def test_a_file_that_is_no_workbook_does_not_end_the_loop(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = looped(folder, capsys, lambda: (folder / "level01.xlsx").write_bytes(b"half"), "l", "q")
    assert any(line.startswith("✗ 01-scaling:") for line in lines)
    assert any("14  Training at scale" in line for line in lines)
