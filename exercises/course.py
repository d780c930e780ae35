"""A learner's course: the folder with a workbook and a code file for each level, and what is known of them."""

from __future__ import annotations

import getpass
import hashlib
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Union

from saitama.files import atomic_path

from .levels import LEVELS, Level, level
from .progress import Progress, count, is_done, mark_done, one_more
from .running import CodeResult, run_code, skeleton
from .task import CodeTask, Task
from .workbook import PageResult, judge_page, named_in, write_level

FOLDER = "saitama-course"
TRIES = 3  # after which a solution is shown

Result = Union[PageResult, CodeResult]


@dataclass
class Course:
    folder: Path = field(default_factory=lambda: Path(FOLDER))

    def __post_init__(self) -> None:
        self.progress = Progress(self.folder)
        self._originals = tempfile.TemporaryDirectory(prefix="saitama-course-")

    def close(self) -> None:
        self._originals.cleanup()

    # --- who, and where -----------------------------------------------------------------------------------------------
    @property
    def learner(self) -> str:
        """By the progress file, or where it says nothing by the workbooks that are there."""
        return str(self.progress.read()["learner"]) or self._named_in_a_workbook()

    def _named_in_a_workbook(self) -> str:
        found = (named_in(path, n) for n in LEVELS for path in [self.workbook_of(n)] if path.exists())
        return next(filter(None, found), "")

    def remarks(self) -> List[str]:
        """What has to be said of the progress file, once."""
        remark, self.progress.remark = self.progress.remark, ""
        return [remark] if remark else []

    def begin(self, learner: Optional[str] = None) -> str:
        """Make the folder; the learner's name, which is that of the first time from then on."""

        def named(data: Dict[str, Any]) -> None:
            if not data["learner"]:
                data["learner"] = known or (learner or "").strip() or login_name()

        known = self.learner
        if known and learner and learner.strip() != known:
            raise ValueError(
                f"learn: {self.folder} is the course of {known}, whose sheets have {known}'s numbers; "
                "give another --folder"
            )
        return str(self.progress.read()["learner"] or self.progress.change(named)["learner"])

    def workbook(self, of: Level) -> Path:
        return self.workbook_of(of.number)

    def workbook_of(self, number: int) -> Path:
        return self.folder / f"level{number:02d}.xlsx"

    def code(self, of: Level) -> Path:
        return self.folder / f"level{of.number:02d}.py"

    def make(self, of: Level) -> List[Path]:
        """The level's workbook and code file, where there are none; those that were made."""
        learner, made = self.begin(), []
        if not self.workbook(of).exists():
            write_level(of, learner, self.workbook(of))
            made.append(self.workbook(of))
        if of.code and not self.code(of).exists():
            with atomic_path(self.code(of)) as temporary:
                temporary.write_text(skeleton(of), encoding="utf-8")
            made.append(self.code(of))
        return made

    # --- what is right ------------------------------------------------------------------------------------------------
    def check(self, of: Level, pages: bool = True, code: bool = True, file: Optional[Path] = None) -> List[Result]:
        """Judge what there is now, and keep what was solved. `file`: code that stands elsewhere."""
        results: List[Result] = []
        looked = []
        if pages and self.workbook(of).exists():
            looked.append(self.workbook(of))
            originals, learner = Path(self._originals.name), self.begin()
            for task in of.pages:
                results.append(judge_page(task, learner, self.workbook(of), originals / f"{task.id}.xlsx"))
        at = file or self.code(of)
        if code and of.code and (file is not None or at.exists()):
            looked.append(at)
            results += run_code(of, at)
        self._keep(results, looked)
        return results

    def _keep(self, results: List[Result], files: List[Path]) -> None:
        """What was solved stays so; a try is counted once for each version of a file."""
        digests = {path.name: digest(path) for path in files if path.exists()}

        def kept(data: Dict[str, Any]) -> None:
            new = {name for name, found in digests.items() if data["seen"].get(name) != found}
            data["seen"].update(digests)
            for result in results:
                of_code = isinstance(result, CodeResult)
                if result.solved:
                    mark_done(data, result.task)
                elif result.begun and any(name.endswith(".py") == of_code for name in new):
                    one_more(data, "tries", result.task)

        self.progress.change(kept)

    def done(self, of: Level, data: Optional[Dict[str, Any]] = None) -> Tuple[int, int]:
        """How many of a level's tasks are done, and how many there are."""
        data = data or self.progress.read()
        return sum(is_done(data, task) for task in of.tasks), len(of.tasks)

    def is_done(self, number: int, data: Optional[Dict[str, Any]] = None) -> bool:
        done, tasks = self.done(level(number), data)
        return done == tasks

    def next_level(self) -> int:
        """The first that is not done; the last where all are."""
        data = self.progress.read()
        return next((n for n in LEVELS if not self.is_done(n, data)), LEVELS[-1])

    # --- help ---------------------------------------------------------------------------------------------------------
    def hint(self, of: Level, task: Union[Task, CodeTask, None] = None) -> Tuple[Union[Task, CodeTask], str, int]:
        """The next hint of the first task that is not done: the task, the hint, how many are left."""
        data = self.progress.read()
        open_tasks = [one for one in of.tasks if not is_done(data, one)]
        chosen = task or (open_tasks or of.tasks)[0]
        shown = count(data, "hints", chosen)
        if shown < len(chosen.hints):
            self.progress.change(lambda data: one_more(data, "hints", chosen))
        n = min(shown, len(chosen.hints) - 1)
        return chosen, chosen.hints[n], len(chosen.hints) - 1 - n

    def unlocked(self, of: Level) -> List[Union[Task, CodeTask]]:
        """The tasks whose solution may be seen: solved, or tried often enough."""
        data = self.progress.read()
        return [task for task in of.tasks if is_done(data, task) or count(data, "tries", task) >= TRIES]

    def solution(self, of: Level) -> List[Path]:
        """Write the solutions that may be seen beside the level's own files."""
        unlocked = self.unlocked(of)
        written: List[Path] = []
        shown = [task for task in of.pages if task in unlocked]
        if shown:
            path = self.workbook(of).with_name(f"level{of.number:02d}-solution.xlsx")
            only = Level(of.number, of.text, tuple(shown), of.code)
            write_level(only, self.begin(), path, solution=True, overwrite=True)
            written.append(path)
        if of.code and all(task in unlocked for task in of.code):
            path = self.code(of).with_name(f"level{of.number:02d}-solution.py")
            with atomic_path(path) as temporary:
                shutil.copyfile(of.folder / "solution.py", temporary)
            written.append(path)
        return written

    def reset(self, of: Level) -> List[Path]:
        """Start a level anew; the copies that are kept of its files."""
        kept = []
        stamp = time.strftime("%Y%m%d-%H%M%S")
        for path in (self.workbook(of), self.code(of)):
            if path.exists():
                copy, n = path.with_name(f"{path.stem}-{stamp}{path.suffix}"), 1
                while copy.exists():
                    copy, n = path.with_name(f"{path.stem}-{stamp}-{n}{path.suffix}"), n + 1
                path.replace(copy)
                kept.append(copy)

        def forget(data: Dict[str, Any]) -> None:
            for task in of.tasks:
                for id in (task.id, *task.formerly):
                    for what in ("done", "tries", "hints"):
                        data[what].pop(id, None)

        self.progress.change(forget)
        self.make(of)
        return kept


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def login_name() -> str:
    try:
        return getpass.getuser()
    except Exception:  # no name is known to this system
        return "learner"


__all__ = ["FOLDER", "TRIES", "Course", "Result"]
