"""Who takes part: the processes of a job, called ranks and counted from 0.

A program that `saitama launch` or mpiexec started several times over learns here which of them it is. Started as usual
it is a world of one, for which nothing has to be installed.
"""

from __future__ import annotations

import os
from typing import Any, Callable, List, Optional, Sequence, Tuple

from saitama.tensor.backend import K

INSTALL = "pip install 'saitama-dl[mpi]'"
# How many processes were started, as the starters of MPI programs say it: MPICH, Open MPI, ours.
SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SAITAMA_RANKS")


class World:
    """A world of one. Of several, MPIWorld does the same over MPI, and every rank must call the same at the same place.

    Attributes: rank: this process, size: how many there are.
    """

    rank, size = 0, 1

    @property
    def first(self) -> bool:
        """Whether this is rank 0, the one that writes files and prints."""
        return self.rank == 0

    def sum(self, numbers: Sequence[float]) -> List[float]:
        """Each number added up over the ranks; the same bits on all."""
        return [float(number) for number in numbers]

    def gather(self, thing: Any) -> List[Any]:
        """What each rank gave, in order, on every rank."""
        return [thing]

    def broadcast(self, thing: Any) -> Any:
        """What rank 0 gave, on every rank."""
        return thing

    def exchange(self, what: str, *numbers: int) -> List[Tuple[int, ...]]:
        """Whole numbers from each rank, at a step that all must be at. RuntimeError where one is at another."""
        return [numbers]

    def announce(self, what: str) -> Callable[[], object]:
        """As exchange(), but this rank goes on while the others arrive: what it returns waits for them, and raises."""
        return lambda: None

    def sum_array(self, array: K.Array) -> K.Array:
        """The sum of the arrays of all ranks, as a new array; the same bits on all."""
        return array

    def broadcast_array(self, array: K.Array, root: int = 0) -> K.Array:
        """The array of `root`, on every rank; shape and dtype must be the same."""
        return array

    def any(self, flag: bool) -> bool:
        """Whether one rank at least says so."""
        return self.sum([float(flag)])[0] > 0

    def check_same(self, what: str, value: Any, shown: Any = None) -> None:
        """Raise ValueError, on every rank, unless `value` is the same on all. shown: what the message says instead."""
        given = self.gather((value, value if shown is None else shown))
        for rank, (other, text) in enumerate(given):
            if other != given[0][0]:
                raise ValueError(f"the ranks disagree on {what}: rank 0 has {given[0][1]}, rank {rank} has {text}")


ALONE = World()
_world: Optional[World] = None


def started() -> int:
    """How many processes were started together, as far as the environment says."""
    for name in SIZES:
        if os.environ.get(name, "").isdecimal():
            return int(os.environ[name])
    return 1


def world() -> World:
    """The world of this process: connected to the others at the first call, if there are any.

    Raises ImportError, which says what to install, where mpi4py or MPI is missing; RuntimeError where mpiexec and
    mpi4py belong to different MPIs, so that the processes would not find each other.
    """
    global _world
    if _world is None:
        if started() == 1:
            return ALONE  # and may be asked again, should a program set the environment first
        from .mpi import connect

        _world = connect(started())
    return _world


def connected() -> Any:
    """The MPIWorld this process has joined; None before, and for a world of one."""
    return _world
