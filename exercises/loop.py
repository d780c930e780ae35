"""`saitama learn` in a terminal: it watches the level's files, and says after each save what is right and what not."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from saitama.terminal import columns, put, wrapped

from .course import TRIES, Course
from .keys import Press
from .levels import LEVELS, level
from .telling import answers, bar, counted, listed, opening, told

LOOK, SETTLE = 0.3, 0.2  # seconds between two looks; that a file has to stay as it is before it is read
KEYS = "n next  h hint  l list  c check  s solution  x reset  q quit"


class Loop:
    def __init__(self, course: Course, number: int, press: Press) -> None:
        self.course, self.press = course, press
        self.number = number
        self.asked_next = False
        self.actions: Dict[str, Callable[[], None]] = {
            "n": self.next, "h": self.hint, "l": self.list, "c": self.check, "s": self.solution, "x": self.reset,
        }  # fmt: skip

    @property
    def level(self) -> Any:
        return level(self.number)

    def run(self) -> None:
        """Until q, or until nobody can press a key any more."""
        try:
            self._run()
        except KeyboardInterrupt:
            put("")  # what is said of it stands on a line of its own
            raise

    def _run(self) -> None:
        self.open()
        while True:
            key = self.press(LOOK)
            if key in ("q", ""):
                self.say([])
                return
            if key is not None:
                action = self.actions.get(key)
                if action is None:
                    self.say([f"keys: {KEYS}"])
                else:
                    if key != "n":
                        self.asked_next = False
                    self.safely(action)
            self.safely(self.look)

    # --- the keys -----------------------------------------------------------------------------------------------------
    def open(self) -> None:
        made = self.course.make(self.level)
        self.stamps = {path: stamp(path) for path in self.files()}
        self.say([*opening(self.course, self.level), *(f"  made {path}" for path in made)])

    def next(self) -> None:
        if not self.course.is_done(self.number) and not self.asked_next:
            done, tasks = self.course.done(self.level)
            self.asked_next = True
            self.say([f"{tasks - done} tasks of level {self.number} are open; n once more goes on all the same"])
            return
        self.asked_next = False
        if self.number == LEVELS[-1]:
            self.say(["that was the last level"])
            return
        self.number += 1
        self.open()

    def hint(self) -> None:
        task, hint, left = self.course.hint(self.level)
        more = f" (h again: {left} more)" if left else ""
        self.say([f"{task.id}: {hint}{more}"])

    def list(self) -> None:
        self.say(listed(self.course, self.number))

    def check(self) -> None:
        self.judged(pages=True, code=True)

    def solution(self) -> None:
        written = self.course.solution(self.level)
        if not written:
            self.say([f"a solution is shown once a task is solved, or after {TRIES} tries at it (a save is a try)"])
            return
        self.say([*(f"written: {path}" for path in written), *answers(self.course, self.level)])

    def reset(self) -> None:
        self.say([f"start level {self.number} anew? Copies of both files are kept. y or n"])
        key: Optional[str] = None
        while key is None:
            key = self.press(LOOK)
        if key != "y":
            self.say(["nothing was changed"])
            return
        kept = self.course.reset(self.level)
        self.stamps = {path: stamp(path) for path in self.files()}
        self.say([f"level {self.number} is new; kept: {', '.join(str(path) for path in kept) or 'nothing was there'}"])

    # --- watching -----------------------------------------------------------------------------------------------------
    def files(self) -> List[Path]:
        return [self.course.workbook(self.level), self.course.code(self.level)]

    def look(self) -> None:
        """Judge what was saved since the last look."""
        workbook, code = self.files()
        changed = [path for path in (workbook, code) if stamp(path) not in (None, self.stamps.get(path))]
        if not changed:
            return
        while True:  # a program may still be writing
            before = [stamp(path) for path in changed]
            time.sleep(SETTLE)
            if before == [stamp(path) for path in changed]:
                break
        self.stamps.update({path: stamp(path) for path in changed})
        self.judged(pages=workbook in changed, code=code in changed)

    def judged(self, pages: bool, code: bool) -> None:
        before = self.course.done(self.level)[0]
        put("\r\x1b[Kchecking …", end="")
        results = self.course.check(self.level, pages, code)
        done, tasks = self.course.done(self.level)
        lines = [time.strftime("%H:%M:%S  ") + counted(results), *told(results)]
        if done == tasks and before < tasks:
            lines += [f"level {self.number} is done: n goes on, s shows the open questions with a model answer"]
        self.say(lines)

    # --- the screen ---------------------------------------------------------------------------------------------------
    def safely(self, action: Callable[[], None]) -> None:
        """What goes wrong with a file is told, and the loop goes on."""
        try:
            action()
        except (OSError, ValueError) as error:
            self.say([str(error)])

    def say(self, lines: List[str]) -> None:
        """Lines above the bar, and the bar again."""
        width = columns(sys.stdout)
        lines = [*self.course.remarks(), *lines]
        text = "\n".join(wrapped(line, width, "    ") for line in lines)
        put("\r\x1b[K" + text + ("\n" if lines else ""), end="")
        foot = f"{bar(self.course, self.number)} {KEYS}"
        if width and len(foot) >= width:  # of two lines only the last could be wiped away
            foot = f"{bar(self.course, self.number)} {' '.join(self.actions)} q"[: max(1, width - 1)]
        put(foot, end="" if lines else "\n")


def stamp(path: Path) -> Optional[object]:
    """What changes with a save, also with one that renames another file to this name."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


__all__ = ["Loop"]
