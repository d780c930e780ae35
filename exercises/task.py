"""A task is about ten lines: what is given, a function of it, what to fill in.

@page("01-scaling", "Scale a vector", "Every number of a is multiplied by c.")
def scaling(n):
    c, a = n.eighths("c"), n.eighths("a", 3)
    y = c * a
    return Work(locals(), y, slips={"wrong-operation": {"y": c + a}})

The words of the task stand in the level's text under the same id. A slip says what a learner types in place of a
step's numbers, and is there for the guard: the reason that verify gives for them has to be this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Tuple

from .numbers import Numbers


@dataclass(frozen=True)
class Work:
    """What a task asks for."""

    names: Mapping[str, Any]  # locals(): the steps have the names of their variables
    root: Any  # the tensor, or a list of them, that is to be found
    blanks: Any = None  # as worksheet() takes them
    optimizer: Any = None
    slips: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # slug -> {step: the wrong numbers}
    answer: str = ""  # to the page's question, with these numbers; shown with the solution only


@dataclass(frozen=True)
class Task:
    """One page."""

    id: str  # stable: progress is kept by it
    title: str
    make: Callable[[Numbers], Work]
    hints: Tuple[str, ...]
    questions: Tuple[str, ...] = ()
    words: str = ""  # what is asked, where the level's text does not say it
    formerly: Tuple[str, ...] = ()  # ids that it had before

    @property
    def level(self) -> int:
        return int(self.id[:2])

    @property
    def sheet(self) -> str:
        """The title of its sheet."""
        name = self.id[3:][:31]
        return f"a {name}" if name in ("graph", "tasks", "exported") else name  # which have sheets already

    def work(self, seed: int) -> Work:
        return self.make(Numbers(seed, self.id))


@dataclass(frozen=True)
class CodeTask:
    """Something to write, and what tries it."""

    id: str
    title: str
    check: Callable[[Any], None]  # raises Wrong
    hints: Tuple[str, ...]
    formerly: Tuple[str, ...] = ()


PAGES: Dict[str, List[Task]] = {}  # by the module that they stand in
CODE: Dict[str, List[CodeTask]] = {}


def page(
    id: str, title: str, *hints: str, question: str = "", words: str = "", formerly: Tuple[str, ...] = ()
) -> Callable[[Callable[[Numbers], Work]], Task]:
    """Make a task of the function that is decorated."""

    def made(make: Callable[[Numbers], Work]) -> Task:
        task = Task(id, title, make, hints, (question,) if question else (), words, formerly)
        PAGES.setdefault(make.__module__, []).append(task)
        return task

    return made


def code(
    id: str, title: str, *hints: str, formerly: Tuple[str, ...] = ()
) -> Callable[[Callable[[Any], None]], CodeTask]:
    """Make a code task of the function that tries what was written."""

    def made(check: Callable[[Any], None]) -> CodeTask:
        task = CodeTask(id, title, check, hints, formerly)
        CODE.setdefault(check.__module__, []).append(task)
        return task

    return made


__all__ = ["CodeTask", "Task", "Work", "code", "page"]
