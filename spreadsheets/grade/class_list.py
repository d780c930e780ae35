"""The teacher's list of a class: names, and the seed of everyone's own numbers.

    name,seed
    Ada Lovelace,17
    Emmy Noether

A .csv with a header, or just a name a line. Who has no seed is given one by the name, so that the same list always
gives the same numbers, and a learner who joins changes nobody else's.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, List, Optional, Sequence, Set, Tuple, Union

from saitama.files import read_file

LIST = "class.csv"  # beside the worksheets of a class
MOST_BYTES, MOST_LEARNERS = 2_000_000, 5_000
SEEDS = 10_000  # seeds that names lead to: short enough to be read out
ALSO = {"learner": "name", "student": "name", "names": "name"}  # what a column may be called too
StrPath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Learner:
    name: str
    seed: int
    file: str  # the name of their workbook, "Ada Lovelace.xlsx"


def read_class(path: StrPath) -> List[Learner]:
    """The learners of a list, in its order. Raises ValueError, in one line, for a list that cannot be used."""
    rows = read_table(path, ("name", "seed"))
    names = [row["name"] for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(names) <= MOST_LEARNERS else []
    if not names or twice or len(names) > MOST_LEARNERS:
        what = f"{twice[0]!r} stands in it twice" if twice else f"it has {len(names):,} names"
        raise ValueError(f"{os.fspath(path)}: {what}; give 1 to {MOST_LEARNERS:,} different names, one a line")
    given = {row["name"]: _seed(path, row) for row in rows}
    seeds = {seed for seed in given.values() if seed is not None}
    files: Set[str] = set()
    learners = []
    for name, seed in given.items():
        if seed is None:
            seed = _by_name(name, seeds)
            seeds.add(seed)
        learners.append(Learner(name, seed, _file_name(name, files)))
    return learners


def as_table(learners: List[Learner]) -> str:
    """The list with everyone's seed and file."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("name", "seed", "file"))
    writer.writerows((learner.name, learner.seed, learner.file) for learner in learners)
    return out.getvalue()


def read_table(path: StrPath, columns: Tuple[str, ...]) -> List[Dict[str, str]]:
    """The rows of a .csv, by these columns; the first line names them, or they are in this order. A comma, a semicolon
    or a tab stands between, and a line that begins with # (or is Excel's `sep=`) is passed over."""
    try:
        text = read_file(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{os.fspath(path)}: it is not a text in UTF-8; save it as CSV UTF-8") from None
    lines = [line for line in text.splitlines() if line.strip(" ,;\t") and not line.startswith(("#", "sep="))]
    separator = max(",;\t", key=lambda mark: lines[0].count(mark)) if lines else ","
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator)
        ]
    except csv.Error as error:
        raise ValueError(f"{os.fspath(path)}: it is no .csv: {error}") from None
    order = list(columns)
    heads = [ALSO.get(cell.casefold(), cell.casefold()) for cell in rows[0]] if rows else []
    if columns[0] in heads:
        order, rows = heads, rows[1:]
    found = []
    for row in rows:
        named = dict(zip(order, row))
        if not named.get(columns[0]):
            raise ValueError(f"{os.fspath(path)}: a line has no {columns[0]}: {separator.join(row)[:60]!r}")
        found.append({column: named.get(column, "") for column in columns})
    return found


def _seed(path: StrPath, row: Dict[str, str]) -> Optional[int]:
    text = row["seed"]
    if text and not (text.isascii() and text.isdigit() and int(text) < 2**64):
        raise ValueError(
            f"{os.fspath(path)}: the seed of {row['name']} is {text[:40]!r}; give a whole number from 0 on"
        )
    return int(text) if text else None


def _by_name(name: str, taken: Set[int]) -> int:
    """A seed that a name leads to; the next free one where somebody has it."""
    seed = int.from_bytes(hashlib.sha256(key_of(name).encode()).digest()[:8], "big") % SEEDS
    while seed in taken:
        seed = (seed + 1) % max(SEEDS, len(taken) + 1)
    return seed


def _file_name(name: str, taken: Set[str]) -> str:
    """A name as a file can have it on every system, and no other learner's."""
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "-", name).strip(" .")[:80] or "learner"
    file, n = plain, 2
    while key_of(file) in taken:
        file, n = f"{plain} ({n})", n + 1
    taken.add(key_of(file))
    return f"{file}.xlsx"


@lru_cache(maxsize=100_000)
def key_of(name: str) -> str:
    """The letters and digits of a name, without marks and case: how names are found in the names of files."""
    plain = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in plain.casefold() if letter.isalnum())


def whose(file: str, learners: Sequence[Learner]) -> Optional[Learner]:
    """Whose file this is by its name: `Ada Lovelace.xlsx`, `ada_lovelace_final.xlsx`, `Lovelace, Ada.xlsx`, or a file
    in a folder of that name. The longest name that is in it; None where none or two of that length are."""
    path = os.path.normpath(file)
    for part in (os.path.splitext(os.path.basename(path))[0], *reversed(os.path.dirname(path).split(os.sep)[-2:])):
        stems = [(os.path.splitext(one.file)[0], one) for one in learners]
        exact = [one for stem, one in stems if stem == part] or [
            one for stem, one in stems if key_of(stem) == key_of(part)
        ]
        if len(exact) == 1:
            return exact[0]
        fitting = [one for one in learners if _is_in(one.name, part)]
        longest = max((len(key_of(one.name)) for one in fitting), default=0)
        best = [one for one in fitting if len(key_of(one.name)) == longest]
        if len(best) == 1:
            return best[0]
    return None


def _is_in(name: str, part: str) -> bool:
    """As it is written, or its words in another order."""
    words = [key for key in map(key_of, re.split(r"[\W_]+", name)) if key]
    there = [key for key in map(key_of, re.split(r"[\W_]+", part)) if key]
    as_written = len(key_of(name)) > 3 and key_of(name) in key_of(part)
    return as_written or bool(words) and all(word in there for word in words)
