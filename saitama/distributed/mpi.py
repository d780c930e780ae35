"""The world over MPI: mpi4py reads and writes the memory of tensors directly, through their buffers."""

from __future__ import annotations

import pickle
import struct
import time
from typing import Any, Callable, Dict, List, Sequence, Tuple

from saitama import __version__
from saitama.tensor.backend import K

from .memory import memory
from .ranks import INSTALL, World

LENGTH, NAME = 64, 16  # bytes of a small message: the name of a step, and up to six numbers
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
    # Each begins with a message of one length that names the step, so that ranks at different steps notice it.
    def _say(self, step: str, content: bytes = b"") -> Tuple[bytes, bytearray, Any]:
        """A message of at most 48 bytes on its way to all: it, where everybody's will stand, and the request."""
        own = step.encode()[:NAME].ljust(NAME, b"\0") + content.ljust(LENGTH - NAME, b"\0")
        together = bytearray(LENGTH * self.size)
        return own, together, self.comm.Iallgather([own, self.mpi.BYTE], [together, self.mpi.BYTE])

    def _meet(self, own: bytes, together: bytearray, request: Any) -> List[bytes]:
        """What each rank has to say at this step. RuntimeError where another rank is at another."""
        self.wait(request)
        given = [bytes(together[LENGTH * rank : LENGTH * (rank + 1)]) for rank in range(self.size)]
        for rank, message in enumerate(given):
            if message[:NAME] != own[:NAME]:
                step, other = (said[:NAME].rstrip(b"\0").decode("utf-8", "replace") for said in (own, message))
                raise RuntimeError(
                    f"rank {self.rank} is at {step!r}, rank {rank} at {other!r}: all ranks must make the same steps"
                )
        return [message[NAME:] for message in given]

    def exchange(self, what: str, *numbers: int) -> List[Tuple[int, ...]]:
        code = f"<{len(numbers)}Q"
        return [struct.unpack_from(code, given) for given in self._meet(*self._say(what, struct.pack(code, *numbers)))]

    def announce(self, what: str) -> Callable[[], object]:
        said = self._say(what)
        return lambda: self._meet(*said)

    def sum(self, numbers: Sequence[float]) -> List[float]:
        code = f"<{len(numbers)}d"
        if len(numbers) <= (LENGTH - NAME) // 8:
            given = [
                struct.unpack_from(code, one) for one in self._meet(*self._say("sum", struct.pack(code, *numbers)))
            ]
            return [sum(column) for column in zip(*given)]  # rank 0's first, on every rank
        self.exchange("long sum", len(numbers))
        total = memoryview(bytearray(struct.pack(code, *numbers)))
        self.wait(self.comm.Iallreduce(self.mpi.IN_PLACE, [total, self.mpi.DOUBLE]))
        return list(struct.unpack(code, total))

    def gather(self, thing: Any) -> List[Any]:
        own = pickle.dumps(thing)
        counts = [count for (count,) in self.exchange("gather", len(own))]
        places = [sum(counts[:rank]) for rank in range(self.size)]
        together = bytearray(sum(counts))
        self.wait(self.comm.Iallgatherv([own, self.mpi.BYTE], [together, counts, places, self.mpi.BYTE]))
        return [pickle.loads(together[start : start + count]) for start, count in zip(places, counts)]

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
