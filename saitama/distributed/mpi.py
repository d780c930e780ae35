"""The world over MPI: mpi4py reads and writes the memory of tensors directly, through their buffers."""

from __future__ import annotations

import os
import pickle
import struct
import time
from typing import Any, Dict, List, Sequence, Tuple

from saitama import __version__
from saitama.tensor.backend import K

from .memory import memory
from .ranks import INSTALL, World

LENGTH = 64  # bytes of a message of exchange(): a word of 16, and up to six numbers
PATIENCE = 2.0  # seconds in which what a rank sent before it left still arrives
SPIN = 200  # looks at a request before other processes get a turn on this core
TYPES: Dict[str, str] = {"float64": "DOUBLE", "float32": "FLOAT", "int64": "INT64_T", "bool": "C_BOOL"}


def connect(expected: int) -> MPIWorld:
    """Join the others. Errors as for world()."""
    try:
        from mpi4py import MPI
    except ImportError as error:  # no mpi4py
        raise ImportError(f"training on {expected} processes needs MPI; install it with {INSTALL} ({error})") from None
    except RuntimeError as error:  # mpi4py, but no library of MPI
        raise ImportError(f"mpi4py found no MPI; install one with {INSTALL} ({error})") from None
    comm = MPI.COMM_WORLD
    if comm.size != expected:
        library = MPI.Get_library_version().split("\n")[0].strip("\0 ")
        raise RuntimeError(
            f"{expected} processes were started, but MPI connects {comm.size}: mpiexec belongs to another MPI than the "
            f"one that mpi4py uses ({library}); start with `saitama launch`, or with the mpiexec of that MPI"
        )
    joined = MPIWorld(MPI, comm)
    from .watch import guard

    guard(joined)
    joined.check_same("the version of saitama", __version__)
    return joined


class MPIWorld(World):
    """Several ranks. All waiting goes through `wait`, which lets others have the core and notices who has left."""

    def __init__(self, mpi: Any, comm: Any) -> None:
        self.mpi, self.comm = mpi, comm
        self.arrays = comm.Dup()  # for gradients, which are on their way while other things are said
        self.rank, self.size = comm.rank, comm.size
        self.waited = 0.0  # seconds in wait()
        self.sent = 0  # bytes of arrays given to MPI
        self.line: Any = None  # to the others: watch.py
        self.left: Dict[int, str] = {}  # ranks that have ended their program, and how

    # --- numbers and small things -------------------------------------------------------------------------------------
    def sum(self, numbers: Sequence[float]) -> List[float]:
        total = memoryview(bytearray(8 * len(numbers))).cast("d")
        for place, number in enumerate(numbers):
            total[place] = number
        self.wait(self.comm.Iallreduce(self.mpi.IN_PLACE, [total, self.mpi.DOUBLE]))
        return total.tolist()

    def gather(self, thing: Any) -> List[Any]:
        own = pickle.dumps(thing)
        sizes = memoryview(bytearray(8 * self.size)).cast("q")
        mine = memoryview(bytearray(len(own).to_bytes(8, "little"))).cast("q")
        self.wait(self.comm.Iallgather([mine, self.mpi.INT64_T], [sizes, self.mpi.INT64_T]))
        counts = sizes.tolist()
        places = [sum(counts[:rank]) for rank in range(self.size)]
        together = bytearray(sum(counts))
        self.wait(self.comm.Iallgatherv([own, self.mpi.BYTE], [together, counts, places, self.mpi.BYTE]))
        return [pickle.loads(together[start : start + count]) for start, count in zip(places, counts)]

    def exchange(self, what: str, *numbers: int) -> List[Tuple[int, ...]]:
        """Whole numbers from 0 to 2^64 - 1 from each rank, at a step that all must be at: `what`, in a word.

        Raises RuntimeError where another rank is at another step.
        """
        own = struct.pack(f"<16s{len(numbers)}Q", what.encode(), *numbers).ljust(LENGTH, b"\0")
        together = bytearray(LENGTH * self.size)
        self.wait(self.comm.Iallgather([own, self.mpi.BYTE], [together, self.mpi.BYTE]))
        given = [bytes(together[LENGTH * rank : LENGTH * (rank + 1)]) for rank in range(self.size)]
        for rank, message in enumerate(given):
            step = message[:16].rstrip(b"\0").decode()
            if step != what:
                raise RuntimeError(
                    f"rank {self.rank} is at {what!r}, rank {rank} at {step!r}: all ranks must make the same steps"
                )
        return [struct.unpack_from(f"<{len(numbers)}Q", message, 16) for message in given]

    def broadcast(self, thing: Any) -> Any:
        return self.gather(thing if self.first else None)[0]

    # --- arrays -------------------------------------------------------------------------------------------------------
    def buffer(self, array: K.Array) -> List[Any]:
        """The memory of an array as MPI takes it. Only of an array that nobody else holds may it be written to."""
        self.sent += array.size * (8 if array.dtype in ("float64", "int64") else 4 if array.dtype == "float32" else 1)
        return [memory(array), getattr(self.mpi, TYPES[array.dtype])]

    def start_sum(self, array: K.Array, total: K.Array) -> Any:
        """A request: when it is done, `total`, a new array of the same size, holds the sum over the ranks."""
        return self.arrays.Iallreduce(self.buffer(array), [memory(total), getattr(self.mpi, TYPES[total.dtype])])

    def sum_array(self, array: K.Array) -> K.Array:
        """The sum of the arrays of all ranks, the same bits on all."""
        total = K.full(array.shape, 0, array.dtype)
        self.wait(self.start_sum(array, total))
        return total

    def broadcast_array(self, array: K.Array, root: int = 0) -> K.Array:
        """The array of `root`, on every rank; shape and dtype must be the same."""
        if self.rank == root:
            self.wait(self.arrays.Ibcast(self.buffer(array), root))
            return array
        received = K.full(array.shape, 0, array.dtype)
        self.wait(self.arrays.Ibcast(self.buffer(received), root))
        return received

    # --- waiting ------------------------------------------------------------------------------------------------------
    def wait(self, request: Any) -> None:
        """Until the request is done. Raises ConnectionError where a rank that is needed has ended its program."""
        begin, looks = time.perf_counter(), 0
        while not request.Test():
            looks += 1
            if looks > SPIN:
                time.sleep(0 if looks < 10 * SPIN else 1e-4)
                if self.left:
                    self._check_left(request)
        self.waited += time.perf_counter() - begin

    def _check_left(self, request: Any) -> None:
        end = time.perf_counter() + PATIENCE
        while not request.Test():
            time.sleep(1e-3)
            if time.perf_counter() < end:
                continue
            rank, how = min(self.left.items())
            raise ConnectionError(
                f"rank {rank} has {how}, but rank {self.rank} still waits for it: all ranks must make the same steps"
            )


def thread_share(size_on_host: int) -> int:
    """How many threads each of so many processes on one machine should have: together as many as there are cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // size_on_host)
