"""Many files marked by several processes. One that takes its process down with it is a row with an error."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from saitama.training.progress import ProgressBar

from .class_list import Learner
from .marked import Marked, mark

FORKS = sys.platform.startswith("linux")  # elsewhere there is no fork, or libraries of the system do not survive it
Finished = Callable[["Job", Marked], None]


@dataclass(frozen=True)
class Job:
    """A file, the name by which it is shown, and the exercise that it is judged by; or why there is none."""

    path: str
    file: str
    original: str = ""  # the exercise, where it is a file
    make: Optional[Callable[[str], Any]] = None  # writes the exercise to a path, where it is made anew
    names: Mapping[str, str] = field(default_factory=dict)  # what sheets are called in the marks
    learner: Optional[Learner] = None  # whose it is, by the list of the class
    part: str = ""  # of the work of a class: "level 6"
    key: str = ""  # changes with the file, the exercise and the version; "" for a file that is not to be remembered
    copy: str = ""  # where a marked copy goes
    error: str = ""


def do(job: Job) -> Marked:
    if job.error:
        return Marked(job.file, error=job.error)
    with tempfile.TemporaryDirectory(prefix="saitama-grade-") as folder:
        original = job.original or os.path.join(folder, "exercise.xlsx")
        if job.make is not None:
            job.make(original)
        return mark(job.path, original, job.file, job.names, job.copy)


def marked_all(
    jobs: Sequence[Job], workers: Optional[int], progress: Optional[bool], finished: Optional[Finished] = None
) -> List[Marked]:
    """In the order of the jobs. `finished` is told each as soon as it is done."""
    count = min(len(jobs), usual_workers() if workers is None else workers)
    done: Dict[int, Marked] = {}
    with ProgressBar("marking", len(jobs), shown=progress, stays=False) as bar:

        def is_done(n: int, marked: Marked) -> None:
            done[n] = marked
            if finished is not None:
                finished(jobs[n], marked)
            bar.advance()

        if count <= 1:
            for n, job in enumerate(jobs):
                is_done(n, do(job))
        else:
            _by_processes(jobs, count, is_done)
            for n, job in enumerate(jobs):  # a process died: whose file it was is found out one by one
                if n not in done:
                    is_done(n, _alone(job))
    return [done[n] for n in range(len(jobs))]


def usual_workers() -> int:
    """One a core; one in all where a new process would have to run the program's own script once more."""
    return os.cpu_count() or 1 if FORKS else 1


def _by_processes(jobs: Sequence[Job], count: int, is_done: Callable[[int, Marked], None]) -> None:
    with _pool(count) as pool:
        with warnings.catch_warnings():  # of Python 3.12, that a fork and threads may not agree: those of kernels do
            warnings.simplefilter("ignore", DeprecationWarning)
            futures: Dict[Future[Any], int] = {pool.submit(do, job): n for n, job in enumerate(jobs)}
        try:
            for future in as_completed(futures):
                try:
                    marked = future.result()
                except BrokenProcessPool:
                    continue
                is_done(futures[future], marked)
        except BaseException:  # Ctrl-C: what waits is not begun
            for future in futures:
                future.cancel()
            raise


def _alone(job: Job) -> Marked:
    with _pool(1) as pool:
        try:
            result: Marked = pool.submit(do, job).result()
            return result
        except BrokenProcessPool:
            return Marked(job.file, error="marking it ended the process that did it: it takes too much memory, perhaps")


def _pool(count: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("fork" if FORKS else "spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_not_interrupted)


def _not_interrupted() -> None:
    """Ctrl-C goes to all processes of a terminal; the one that gave out the work ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
