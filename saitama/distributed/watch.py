"""A job of several ranks ends as one: whoever fails says why and takes the others along; whoever is gone is missed.

By itself a rank that raises an error would wait for the others at its end, and they for it. So an error ends the whole
job (`fail`). And each rank keeps a line to rank 0 that nothing is said on: if the process at the other end is killed,
the system closes it; if the machine is lost, the system notices within four seconds. That ends the job, too. A rank
that ends its program properly takes its leave first.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
import time
import traceback
from secrets import token_bytes
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Any, Dict, NoReturn, Optional

if TYPE_CHECKING:
    from .mpi import MPIWorld

LEAVES, FAILED = b"L", b"F"  # the first byte of a message; two bytes for the rank that it is about follow
TOKEN = 16  # bytes that a caller must know, so that strangers are hung up on
ANNOUNCED = "\x1esaitama"  # begins a line that `saitama launch` reads, and nobody else sees
GONE = "it was killed, or its machine is lost"
SAY = 0.1  # seconds in which what was printed gets through, before the job ends


def guard(world: MPIWorld) -> None:
    """Watch over the job from now on."""
    announce(f"{world.rank} {os.getpid()} {socket.gethostname()}")

    def hook(kind: Any, error: BaseException, trace: Any) -> None:
        if issubclass(kind, KeyboardInterrupt):
            fail(world, str(error) or "stopped", 130)
        text = "".join(traceback.format_exception(kind, error, trace))
        fail(world, f"{kind.__name__}: {error}", before=text)

    sys.excepthook = hook
    world.line = Line(world)
    atexit.register(world.line.leave)  # before MPI's own end, which waits for all
    world.line.start()


def fail(world: MPIWorld, text: str, code: int = 1, before: str = "") -> NoReturn:
    """Say what happened, in one line, and end the job with this exit code.

    Where all ranks meet the same error, rank 0 speaks for all: the others give it the time to.
    """
    time.sleep(min(0.4 * world.rank, 2.0))
    end(world, f"{before}saitama: rank {world.rank} of {world.size}: {text}; this ends the job", code)


def end(world: MPIWorld, text: str, code: int = 1) -> NoReturn:
    """The end of this process, and so of all: the starter sees the exit code, and the lines tell the others."""
    say(text)
    announce(f"exit {code}")
    time.sleep(SAY)
    if world.line is not None:
        world.line.tell(FAILED + world.rank.to_bytes(2, "little"))
    os._exit(code)


def announce(text: str) -> None:
    """To `saitama launch` alone."""
    if "SAITAMA_LAUNCH" in os.environ:
        say(f"{ANNOUNCED} {text}")


def say(text: str) -> None:
    """To stderr at once, so that lines of several ranks do not run into each other."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    try:
        os.write(2, f"{text}\n".encode("utf-8", "replace"))
    except OSError:
        pass  # nobody listens


class Line(threading.Thread):
    """The line between this rank and rank 0; at rank 0 those to all others."""

    def __init__(self, world: MPIWorld) -> None:
        super().__init__(name="saitama-watch", daemon=True)
        self.world, self.leaving = world, False
        self.lines: Dict[int, socket.socket] = {}  # by the rank at the other end
        hosts = world.gather(socket.gethostname())
        server: Optional[socket.socket] = None
        address: Any = None
        if world.first:
            alone = len(set(hosts)) == 1
            server = socket.create_server(("127.0.0.1" if alone else "", 0), backlog=world.size)
            address = ("127.0.0.1" if alone else hosts[0], server.getsockname()[1], token_bytes(TOKEN))
        host, port, token = world.broadcast(address)
        try:
            if server is None:
                line = socket.create_connection((host, port), timeout=4)
                line.sendall(token + world.rank.to_bytes(2, "little"))
                self._keep(0, line)
            else:
                self._answer(server, token)
        except OSError as error:
            raise ConnectionError(f"rank {world.rank} cannot reach rank 0 at {host}, port {port}: {error}") from error

    def _answer(self, server: socket.socket, token: bytes) -> None:
        server.settimeout(4)
        while len(self.lines) < self.world.size - 1:
            line, _ = server.accept()
            line.settimeout(4)
            said = receive(line, TOKEN + 2)
            if said[:TOKEN] == token:
                self._keep(int.from_bytes(said[TOKEN:], "little"), line)
            else:
                line.close()
        server.close()

    def _keep(self, rank: int, line: socket.socket) -> None:
        line.settimeout(None)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 1), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, name):  # seconds of silence before the first question, between two, and how many
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self.lines[rank] = line

    def run(self) -> None:
        with DefaultSelector() as selector:
            for rank, line in self.lines.items():
                selector.register(line, EVENT_READ, rank)
            while self.lines:
                for key, _ in selector.select():
                    if not self._hear(key.data):
                        selector.unregister(key.fileobj)
                        self.lines.pop(key.data)

    def _hear(self, rank: int) -> bool:
        """Read a message, and say whether there may be more. What was not expected ends this process."""
        said = receive(self.lines[rank], 3)
        if said[:1] == LEAVES:
            about = int.from_bytes(said[1:], "little")
            self.world.left[about] = "ended its program"
            if self.world.first:
                self.tell(said)
            return about != rank
        if self.leaving or rank in self.world.left:
            return False
        if said[:1] == FAILED:  # and has said why
            self.tell(said)
            os._exit(1)
        end(self.world, f"saitama: rank {rank} of {self.world.size} is gone: {GONE}; this ends the job")

    def tell(self, message: bytes) -> None:
        for line in list(self.lines.values()):
            try:
                line.sendall(message)
            except OSError:
                pass  # gone as well

    def leave(self) -> None:
        """At the end of the program: nobody need miss this rank."""
        self.leaving = True
        self.tell(LEAVES + self.world.rank.to_bytes(2, "little"))


def receive(line: socket.socket, count: int) -> bytes:
    """So many bytes, or fewer if the line ends before."""
    said = b""
    while len(said) < count:
        try:
            more = line.recv(count - len(said))
        except OSError:
            break
        if not more:
            break
        said += more
    return said
