"""The snippets of README and docs/WORKBOOKS.md run as printed, in order, from a fresh folder: Python in one session,
commands one by one."""

from __future__ import annotations

import re
import shlex
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from available import needs_ironcalc

from saitama import get_num_threads, set_num_threads
from saitama.cli import main
from saitama.language import PRESETS

ROOT = Path(__file__).resolve().parent.parent


def snippets(page: str) -> List[Tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.M | re.S)


WRITTEN = {
    "README.md": "saitama-demo attention.xlsx run play gpt.xlsx my-run loss.xlsx homework.xlsx scale.xlsx",
    "docs/WORKBOOKS.md": "loss.xlsx descent.xlsx slope.xlsx homework.xlsx marks.xlsx marked",
}
SAID = {
    "README.md": "1 slip of your own, 1 right",  # a planted error
    "docs/WORKBOOKS.md": "found 1.57, expected 1.75",
}
MADE_BY_HAND = {
    "play.txt": "The fox ran. The hen sat.\n" * 40,  # "your own text files"
    "names.csv": "Ada Lovelace\nEmmy Noether\n",
    "exercise.py": "import saitama as s\ns.manual_seed(seed)\nloss = (2 * s.dyadic(2, name='x')).sum()\n",
}

QUICKLY = {"launch": ["--steps", "4"], "scale": ["--seconds", "0.2"]}  # what a reader has the patience for


def commands(snippet: str) -> List[List[str]]:
    """The saitama commands of a snippet; installing and testing are what CI does with the README's lines."""
    lines = [part for line in snippet.splitlines() for part in re.split(r"\s&&\s", line)]
    return [words[1:] for words in (shlex.split(line, comments=True) for line in lines) if words[:1] == ["saitama"]]


def outputs(source: str) -> List[str]:
    """What the comments beside print() say is printed, where they are numbers."""
    return re.findall(r"^print\(.*\)  # (\[.*\])$", source, re.M)


def numbers(text: str) -> List[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


@needs_ironcalc
@pytest.mark.parametrize("page", list(WRITTEN))
def test_the_snippets_run_in_order(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name, settings in list(PRESETS.items()):  # all but the patience
        monkeypatch.setitem(PRESETS, name, replace(settings, steps=20, evaluate_every=10))
    for file, text in MADE_BY_HAND.items():
        Path(file).write_text(text)
    main(["worksheet", "exercise.py", "--class", "names.csv", "-o", "handed-in"])  # which come back as they went
    capsys.readouterr()
    threads = get_num_threads()
    set_num_threads(1)
    session: Dict[str, Any] = {"__name__": "__main__"}
    printed = everything = ""
    try:
        for language, source in snippets(page):
            if language == "python":
                with redirect_stdout(StringIO()) as output:
                    exec(compile(source, f"{page}: {source.splitlines()[0]}", "exec"), session)
                printed = output.getvalue()
                everything += printed
                shown = numbers(printed)
                for expected in map(numbers, outputs(source)):
                    assert expected == shown[: len(expected)]
                    del shown[: len(expected)]
            for command in commands(source) if language == "sh" else ():
                assert (command, main([*command, *QUICKLY.get(command[0], [])]), capsys.readouterr().err) == (
                    command,
                    0,
                    "",
                )
    finally:
        set_num_threads(threads)
    assert SAID[page] in everything
    assert {path.name for path in tmp_path.iterdir()} >= set(WRITTEN[page].split())
    if page == "README.md":
        assert {path.name for path in (tmp_path / "my-run").iterdir()} >= {"curves.xlsx", "checkpoint.safetensors"}


def test_links_lead_to_files() -> None:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_every_kind_of_snippet_is_tried() -> None:
    languages = [language for language, _ in snippets("README.md")]
    assert set(languages) == {"python", "sh"} and languages.count("python") >= 6
    assert sum(len(outputs(source)) for _, source in snippets("README.md")) >= 2
    tried = [
        command[0] for language, source in snippets("README.md") if language == "sh" for command in commands(source)
    ]
    assert {"demo", "train", "generate", "export", "recalc", "verify"} <= set(tried)
