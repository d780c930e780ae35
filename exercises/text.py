"""What the course reads from a level's own text: its title and goal, what each task asks, what the code is to look
like, and the open questions with their answers."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

FOLDER = Path(__file__).resolve().parent

_TASK = re.compile(r"^- \*\*`([^`]+)`\*\* ((?:.+\n)(?:  .+\n)*)", re.M)
_SIGNATURE = re.compile(r"^```python signature\n(.*?)^```$", re.M | re.S)
_QUESTION = re.compile(
    r"^(?!<)(\S[^\n]*(?:\n[^\n<]+)*)\n\n<details>\n<summary>[^\n]*</summary>\n\n(.*?)\n\n</details>", re.M | re.S
)


class Text(NamedTuple):
    path: Path
    title: str
    goal: str
    tasks: Dict[str, str]  # id -> what is asked
    signature: str
    questions: List[Tuple[str, str]]  # and a model answer


@lru_cache(maxsize=None)
def text_of(level: int) -> Text:
    (path,) = FOLDER.glob(f"{level:02d}_*.md")
    source = path.read_text(encoding="utf-8")
    signature = _SIGNATURE.search(source)
    return Text(
        path,
        plain(source.partition("\n")[0].lstrip("# ").partition(": ")[2]),
        plain(section(source, "Goal")),
        {match.group(1): plain(match.group(2)) for match in _TASK.finditer(source)},
        signature.group(1) if signature else "",
        [(plain(q), plain(a)) for q, a in _QUESTION.findall(section(source, "Open questions"))],
    )


def section(source: str, name: str) -> str:
    return source.partition(f"\n## {name}\n")[2].partition("\n## ")[0].strip() + "\n"


def plain(text: str) -> str:
    """Without the marks of Markdown, in one line for each paragraph."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"`([^`]*)`", r"\1", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"\1", text)
    text = re.sub(r"(?<![\w*])\*(?=\S)([^*]+?)(?<=\S)\*(?![\w*])", r"\1", text)  # but not a product: a * b
    return "\n".join(" ".join(part.split()) for part in text.split("\n\n")).strip()
