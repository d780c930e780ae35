"""Many files marked by several processes. One that takes its process down with it is a row with an error."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from saitama.training.progress import ProgressBar

from .marked import Marked, mark

FORKS = sys.platform.startswith("linux")  # elsewhere there is no fork, or libraries of the system do not survive it


@dataclass(frozen=True)
class Job:
    """A file, the name by which it is shown, and the exercise that it is judged by; or why there is none."""

    path: str
    file: str
    original: str
    key: str
    error: str = ""


def do(job: Job) -> Marked:
    return Marked(job.file, error=job.error) if job.error else mark(job.path, job.original, job.file)


def marked_all(jobs: Sequence[Job], workers: Optional[int], progress: Optional[bool]) -> List[Marked]:
    """In the order of the jobs."""
    count = min(len(jobs), usual_workers() if workers is None else workers)
    with ProgressBar("marking", len(jobs), shown=progress, stays=False) as bar:
        if count <= 1:
            done = []
            for job in jobs:
                done.append(do(job))
                bar.advance()
            return done
        return _by_processes(jobs, count, bar)


def usual_workers() -> int:
    """One a core; one in all where a new process would have to run the program's own script once more."""
    return os.cpu_count() or 1 if FORKS else 1


def _by_processes(jobs: Sequence[Job], count: int, bar: ProgressBar) -> List[Marked]:
    done: Dict[int, Marked] = {}
    with _pool(count) as pool:
        with warnings.catch_warnings():  # of Python 3.12, that a fork and threads may not agree: those of kernels do
            warnings.simplefilter("ignore", DeprecationWarning)
            futures: Dict[Future[Any], int] = {pool.submit(do, job): n for n, job in enumerate(jobs)}
        try:
            for future in as_completed(futures):
                try:
                    done[futures[future]] = future.result()
                    bar.advance()
                except BrokenProcessPool:
                    continue
        except BaseException:  # Ctrl-C: what waits is not begun
            for future in futures:
                future.cancel()
            raise
    for n, job in enumerate(jobs):  # a process died: whose file it was is found out one by one
        if n not in done:
            done[n] = _alone(job)
            bar.advance()
    return [done[n] for n in range(len(jobs))]


def _alone(job: Job) -> Marked:
    with _pool(1) as pool:
        try:
            result: Marked = pool.submit(do, job).result()
            return result
        except BrokenProcessPool:
            return Marked(job.file, error="marking it ended the process that did it: it takes too much memory, perhaps")


def _pool(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("fork" if FORKS else "spawn"))
