"""What a learner is told of a level: a line for each task, and of what is not right the first slip and its reason."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple, Union

from .course import Course, Result
from .levels import LEVELS, Level, title_of
from .numbers import seed_of
from .progress import is_done
from .workbook import PageResult

SOLVED, WRONG, OPEN = "✓", "✗", "·"


def told(results: Sequence[Result]) -> List[str]:
    """Each task in a line or a few."""
    return [line for result in results for line in (page(result) if isinstance(result, PageResult) else code(result))]


def page(result: PageResult) -> List[str]:
    name = f"{result.task.id}"
    if result.problem:
        return [f"{WRONG} {name}: {result.problem}"]
    found: Any = result.found
    story = found.story
    if result.solved:
        return [f"{SOLVED} {name}: {story.head()}"]
    if not result.begun:
        return [f"{OPEN} {name}: {result.task.title}"]
    mark = WRONG if story.slips else OPEN
    lines = [f"{mark} {name}: {story.head()}"]
    if story.slips:
        lines += [f"    {line}" for line in story.slips[0].tell(answers=False)]
        if len(story.slips) > 1:
            others = ", ".join(dict.fromkeys(slip.name for slip in story.slips[1:6]))
            lines.append(f"    then look at {others}")
    return lines


def code(result: Any) -> List[str]:
    name = result.task.id
    if result.solved:
        return [f"{SOLVED} {name}: {result.task.title}"]
    if not result.begun:
        return [f"{OPEN} {name}: {result.task.title}"]
    return [f"{WRONG} {name}: {result.message}"]


def counted(results: Sequence[Result]) -> str:
    """`6 of 12 tasks solved`, or of which kind these are."""
    solved = sum(result.solved for result in results)
    kinds = {isinstance(result, PageResult) for result in results}
    what = "tasks" if len(kinds) != 1 else "pages" if kinds == {True} else "code tasks"
    return f"{solved} of {len(results)} {what} solved"


def bar(course: Course, now: int, data: Union[None, Dict[str, Any]] = None) -> str:
    """The 14 levels in as many characters."""
    data = data or course.progress.read()
    return "".join(SOLVED if course.is_done(n, data) else "●" if n == now else OPEN for n in LEVELS)


def listed(course: Course, now: int) -> List[str]:
    """All levels, and what is done of each."""
    from .levels import level

    data = course.progress.read()
    lines = []
    for n in LEVELS:
        done, tasks = course.done(level(n), data)
        mark = SOLVED if done == tasks else "●" if n == now else OPEN
        lines.append(f"{mark} {n:2}  {title_of(n)}: {done} of {tasks} tasks")
    return lines


def opening(course: Course, of: Level) -> List[str]:
    """What there is to do in a level, and where."""
    data = course.progress.read()
    learner = course.learner
    lines = [
        f"Level {of.number}: {of.title}",
        f"  {of.text.goal}",
        f"  read   {of.text.path}",
        f"  pages  {course.workbook(of)} (numbers {seed_of(learner, of.number)}, for {learner})",
    ]
    if of.code:
        lines.append(f"  code   {course.code(of)}")
    open_tasks = [task.id for task in of.tasks if not is_done(data, task)]
    done = len(of.tasks) - len(open_tasks)
    lines.append(f"  {done} of {len(of.tasks)} tasks done" + (f"; next: {open_tasks[0]}" if open_tasks else ""))
    return lines


def answers(course: Course, of: Level) -> List[str]:
    """The questions of the pages whose solution may be seen, and once all is done those of the level, each with a model
    answer."""
    seed = seed_of(course.begin(), of.number)
    unlocked = [task for task in of.pages if task in course.unlocked(of)]
    pages = [(f"{task.id}: {question}", task.work(seed).answer) for task in unlocked for question in task.questions]
    level = list(of.text.questions) if course.is_done(of.number) else []
    return [
        *answered("the questions of the pages, with a model answer:", pages),
        *answered("the open questions, with a model answer:", level),
    ]


def answered(heading: str, found: Sequence[Tuple[str, str]]) -> List[str]:
    lines = [line for question, answer in found for line in (question, *[f"  {p}" for p in answer.split("\n")])]
    return [heading, *lines] if lines else []


__all__ = ["answers", "bar", "counted", "listed", "opening", "told"]
