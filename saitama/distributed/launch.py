"""Starting the processes of a job, and passing on what they say: of a failure one message, which names the rank.

mpiexec starts them, MPICH's or Open MPI's, whichever is there. It would report a failure at length and in its own
words; those are read here and told as one line.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .ranks import INSTALL
from .watch import ANNOUNCED

HOSTS = "a line for each machine: its name, or name:processes"
NOISE = re.compile(  # lines of mpiexec about itself
    r"^\[(mpiexec|proxy)[:@]|^Abort\(\d+\) on node|^={20,}|^=   |^YOUR APPLICATION TERMINATED|^This typically refers|"
    r"^Please see the FAQ|^-{20,}|^Ctrl-C caught|^Primary job|^a non-zero exit|^mpirun |^prterun |"
    r"^Process name: |^\s*Exit code:"
)
MPICH_KILLED = re.compile(r"^=   PID (\d+) RUNNING AT (\S+)")
MPICH_CODE = re.compile(r"^=   EXIT CODE: (\d+)")
OPEN_MPI_KILLED = re.compile(r"rank (\d+) with PID (\d+) on node (\S+) exited on signal (\d+)")
OURS = re.compile(r"^saitama: (rank \d+ of \d+|stopped)")


class Starter(NamedTuple):
    """An mpiexec."""

    path: str
    is_open_mpi: bool

    def command(self, ranks: int, hosts: Optional[str], program: Sequence[str]) -> List[str]:
        """What to run."""
        if not self.is_open_mpi:
            return [self.path, "-n", str(ranks), *(["-f", hosts] if hosts else []), *program]
        where = ["--hostfile", hosts] if hosts else []
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        free = ["--oversubscribe", *(["--allow-run-as-root"] if is_root else [])]
        return [self.path, "-n", str(ranks), *where, *free, *program]


def find_starter() -> Starter:
    """The mpiexec that belongs to this Python, else the first on the PATH. FileNotFoundError that says what to
    install."""
    beside = Path(sys.executable).parent / "mpiexec"
    path = str(beside) if beside.exists() else shutil.which("mpiexec")
    if path is None:
        raise FileNotFoundError(f"launch needs mpiexec, which is not there; install MPI with {INSTALL}")
    answer = subprocess.run(
        [path, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30
    )
    return Starter(path, bool(re.search("open.?mpi|openrte|prrte", answer.stdout, re.IGNORECASE)))


def check_mpi4py() -> None:
    """ImportError that says what to install, unless mpi4py is there."""
    from importlib.util import find_spec

    if find_spec("mpi4py") is None:
        raise ImportError(f"launch needs mpi4py, which is not installed; install it with {INSTALL}")


def read_hosts(path: str) -> List[Tuple[str, int]]:
    """(machine, processes) of each line; # begins a comment. Raises OSError, or ValueError for what is no such file."""
    found: List[Tuple[str, int]] = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise OSError(f"cannot read the hosts {path}: {reason}") from error
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        match = re.fullmatch(r"([\w.-]+)(?::(\d+))?", text)
        if text and (match is None or match[2] is not None and int(match[2]) < 1):
            raise ValueError(f"{path}, line {number}: {text!r} is no machine; expected {HOSTS}")
        if match is not None:
            found.append((match[1], int(match[2] or 1)))
    if not found:
        raise ValueError(f"{path} names no machine; expected {HOSTS}")
    return found


def launch(ranks: int, program: Sequence[str], hosts: Optional[str] = None) -> int:
    """Run the program as so many processes and return its exit code, 0 if all went well.

    Args:
        program: what to run after `python`: a script with its arguments, or "-m", a module and its.
        hosts: a file with a line for each machine. They must have the same Python and saitama in the same place, and
            see the same folders.

    Each process gets its share of the cores as threads, unless OMP_NUM_THREADS says otherwise.
    """
    check_mpi4py()
    starter, machines = find_starter(), read_hosts(hosts) if hosts else [("", ranks)]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = max(count for _, count in machines) if hosts else ranks
    environment = {**os.environ, "SAITAMA_LAUNCH": "1", "SAITAMA_RANKS": str(ranks)}
    environment.setdefault("OMP_NUM_THREADS", str(max(1, cores // most)))
    named = None if hosts is None else write_hosts(starter, machines)
    try:
        command = starter.command(ranks, named, [sys.executable, *program])
        return Job(ranks).run(command, environment)
    finally:
        if named is not None:
            os.unlink(named)


def write_hosts(starter: Starter, machines: Sequence[Tuple[str, int]]) -> str:
    """The machines in the starter's own spelling, in a temporary file."""
    from tempfile import NamedTemporaryFile

    line = "{} slots={}\n" if starter.is_open_mpi else "{}:{}\n"
    with NamedTemporaryFile("w", suffix=".hosts", delete=False) as file:
        file.write("".join(line.format(name, count) for name, count in machines))
    return file.name


class Job:
    """The processes while they run."""

    def __init__(self, ranks: int) -> None:
        self.ranks = ranks
        self.processes: Dict[int, Tuple[int, str]] = {}  # process id -> rank, machine
        self.killed: Optional[str] = None
        self.pid: Optional[int] = None
        self.code: Optional[int] = None  # of the first rank that failed; mpiexec may tell that of one it killed for it
        self.told = False  # whether a rank has said why the job ends

    def run(self, command: Sequence[str], environment: Dict[str, str]) -> int:
        # mpiexec, which is in the foreground too, passes Ctrl-C on to the ranks: they end in good order by themselves.
        before = (
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if threading.current_thread() is threading.main_thread()
            else None
        )
        pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if os.name == "posix":
            pipes["preexec_fn"] = _listen_to_interrupts
        child = subprocess.Popen(command, env=environment, **pipes)
        try:
            readers = [
                threading.Thread(target=self._pass_on, args=pair)
                for pair in ((child.stdout, sys.stdout), (child.stderr, sys.stderr))
            ]
            for reader in readers:
                reader.start()
            code = child.wait()
            for reader in readers:
                reader.join()
        finally:
            if child.poll() is None:  # we are asked to end
                child.terminate()
                child.wait()
            if before is not None:
                signal.signal(signal.SIGINT, before)
        if code != 0 and not self.told:
            self._say(self.killed or f"the job ended with exit code {code}")
        if code != 0 and self.code:
            return self.code
        return code if code >= 0 else 128 - code

    def _pass_on(self, source: Any, target: Any) -> None:
        with source:
            for raw in source:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                if not self._hear(line):
                    try:
                        print(line, file=target, flush=True)
                    except (OSError, ValueError):
                        pass  # nobody reads any more; the ranks will be told when they write

    def _hear(self, line: str) -> bool:
        """Whether this line is for us, or nobody."""
        announced = re.match(rf"{ANNOUNCED} (\d+) (\d+) (\S+)$", line)
        if announced:
            self.processes[int(announced[2])] = int(announced[1]), announced[3]
        ended = re.match(rf"{ANNOUNCED} exit (\d+)$", line)
        if ended and self.code is None:
            self.code = int(ended[1])
        if announced or ended:
            return True
        if self.told:
            return bool(NOISE.match(line)) or line.startswith(("saitama: rank", "Traceback", "  "))
        if OURS.match(line):
            self.told = True
            return False
        if MPICH_KILLED.match(line):
            self.pid = int(MPICH_KILLED.match(line)[1])  # type: ignore[index]
        elif MPICH_CODE.match(line):
            self._note(self.pid, MPICH_CODE.match(line)[1])  # type: ignore[index]
        elif OPEN_MPI_KILLED.search(line):
            _, pid, _, number = OPEN_MPI_KILLED.search(line).groups()  # type: ignore[union-attr]
            self._note(int(pid), number)
        return bool(NOISE.match(line)) or bool(OPEN_MPI_KILLED.search(line))

    def _note(self, pid: Optional[int], number: str) -> None:
        if self.killed is None and pid is not None:
            rank, host = self.processes.get(pid, (None, ""))
            who = f"process {pid}" if rank is None else f"rank {rank} of {self.ranks} (process {pid} on {host})"
            self.killed = f"{who} was killed by signal {number}; this ended the job"

    @staticmethod
    def _say(text: str) -> None:
        print(f"saitama: {text}", file=sys.stderr, flush=True)


def _listen_to_interrupts() -> None:
    """For the child, which must not ignore Ctrl-C as its parent does."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
