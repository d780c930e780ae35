"""What a learner has done: a plain JSON file, kept by the stable ids of the tasks.

Every change reads the file anew, under a lock, and writes it to a temporary name that is then renamed: two runs at once
lose nothing of each other, and neither does a crash. Ids that this version does not know are kept.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Optional, Union

from saitama.files import atomic_path, make_folder
from saitama.locking import folder_lock

from .task import CodeTask, Task

FILE = "progress.json"
PATIENCE = 10.0  # seconds that another run may hold the lock
AnyTask = Union[Task, CodeTask]

_LEARNER = re.compile(r'"learner": ("(?:[^"\\\n]|\\.)+")')  # in a damaged file
_DONE = re.compile(r'"(\d\d-[^"\n]+)": "(\d{4}-\d\d-\d\d \d\d:\d\d)"')


class Progress:
    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / FILE
        self.remark = ""  # what was found damaged

    def read(self) -> Dict[str, Any]:
        """{"learner": name, "done": {id: when}, "tries": {id: count}, "hints": {id: count}, "seen": {file: digest}}."""
        empty: Dict[str, Any] = {"format": 1, "learner": "", "done": {}, "tries": {}, "hints": {}, "seen": {}}
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(found, dict) or not all(isinstance(found.get(k, v), type(v)) for k, v in empty.items()):
                raise ValueError("it is not what saitama wrote")
        except FileNotFoundError:
            return empty
        except ValueError as error:
            return {**empty, **self._salvage(str(error))}
        return {**empty, **found}

    def _salvage(self, why: str) -> Dict[str, Any]:
        """Set a damaged file aside; what can still be read of it goes on: the name, and the tasks that were done."""
        kept = self.path.with_name(f"{FILE}.damaged-{int(time.time())}")
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
            self.path.replace(kept)
        except FileNotFoundError:  # another run was first
            return self.read()
        learner, done = _LEARNER.search(text), dict(_DONE.findall(text))
        found: Dict[str, Any] = {"format": 1, "learner": json.loads(learner.group(1)) if learner else "", "done": done}
        found.update(tries={}, hints={}, seen={})
        if learner or done:
            self._write(found)
        self.remark = (
            f"{self.path} could not be read ({why}); it is kept as {kept.name}, and what could be read of it goes on: "
            f"{found['learner'] or 'no name'}, {len(done)} tasks done (a check finds those again that are solved)"
        )
        return found

    def _write(self, data: Dict[str, Any]) -> None:
        with atomic_path(self.path) as temporary:
            temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def change(self, how: Callable[[Dict[str, Any]], None]) -> Dict[str, Any]:
        """Read, change and write it, alone. OSError where that cannot be done."""
        make_folder(self.folder, "--folder")
        end = time.monotonic() + PATIENCE
        while True:
            with folder_lock(self.folder) as mine:
                if mine is not False:  # None: this system has no locks, and renaming has to do
                    data = self.read()
                    how(data)
                    self._write(data)
                    return data
            if time.monotonic() > end:
                raise OSError(f"cannot write {self.path}: another run has locked {self.folder}")
            time.sleep(0.05)


def ids(task: AnyTask) -> Iterable[str]:
    """Its id, and those that it had before."""
    return (task.id, *task.formerly)


def is_done(data: Dict[str, Any], task: AnyTask) -> bool:
    return any(id in data["done"] for id in ids(task))


def count(data: Dict[str, Any], what: str, task: AnyTask) -> int:
    """How many "tries" or "hints" there were."""
    return sum(int(data[what].get(id, 0)) for id in ids(task))


def mark_done(data: Dict[str, Any], task: AnyTask, when: Optional[str] = None) -> None:
    if not is_done(data, task):
        data["done"][task.id] = when or time.strftime("%Y-%m-%d %H:%M")


def one_more(data: Dict[str, Any], what: str, task: AnyTask) -> None:
    data[what][task.id] = data[what].get(task.id, 0) + 1


__all__ = ["Progress", "count", "is_done", "mark_done", "one_more"]
