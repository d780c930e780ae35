"""Threads: how many there are, that results do not depend on them, and that a forked child is not stuck."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Dict, List

import pytest

# Each is large enough to be shared out.
WORK: Dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda K, x: K.add(x, x),
    "broadcast": lambda K, x: K.mul(x, K.slice(x, (0, 0), (1, 1), (1, 1400))),
    "exp": lambda K, x: K.exp(x),
    "sum rows": lambda K, x: K.sum(x, (1,), False),
    "sum columns": lambda K, x: K.sum(x, (0,), False),
    "sum all": lambda K, x: K.sum(x, (0, 1), False),
    "max": lambda K, x: K.max(x, (0,), False),
    "transpose": lambda K, x: K.transpose(x, (1, 0)),
    "slice": lambda K, x: K.slice(x, (400, 5), (-1, 3), (401, 460)),
    "slice_grad": lambda K, x: K.slice_grad(x, (403, 2800), (2, 2799), (1, -2)),
    "concat": lambda K, x: K.concat([x, x], 1),
    "expand": lambda K, x: K.expand(K.slice(x, (0, 0), (1, 1), (401, 1)), (401, 1400)),
    "softmax": lambda K, x: K.softmax(x, 1),
    "log_softmax across": lambda K, x: K.log_softmax(x, 0),
    "normal": lambda K, x: K.normal(x.shape, x.dtype, 9, 4),
    "integers": lambda K, x: K.integers(x.shape, -5, 9, 9, 4),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", WORK)
def test_threads_do_not_change_a_bit(compiled: ModuleType, name: str, dtype: str) -> None:
    x = compiled.normal((401, 1400), dtype, 1, 0)
    results = []
    for threads in (1, 2, 3, 16):
        compiled.set_num_threads(threads)
        results.append(bytes(memoryview(WORK[name](compiled, x))))
    assert results == [results[0]] * 4


def test_number_of_threads(compiled: ModuleType) -> None:
    compiled.set_num_threads(3)
    expected = 3 if compiled.info()["threading"] != "none" else 1
    assert compiled.get_num_threads() == compiled.info()["threads"] == expected
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="set_num_threads"):
            compiled.set_num_threads(wrong)
    assert compiled.get_num_threads() == expected


def test_python_threads_compute_side_by_side(compiled: ModuleType) -> None:
    x = compiled.normal((200, 200), "float64", 1, 0)
    expected = bytes(memoryview(compiled.matmul(compiled.exp(x), x)))
    results: List[bytes] = []

    def compute() -> None:
        for _ in range(10):
            results.append(bytes(memoryview(compiled.matmul(compiled.exp(x), x))))

    workers = [threading.Thread(target=compute) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert results == [expected] * 40


def run(code: str, **environment: str) -> str:
    """What a fresh interpreter prints; a hang or a crash fails."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],  # Python 3.12 warns of a fork while other threads run
        env={**os.environ, "SAITAMA_KERNELS": "compiled", **environment},
        cwd=tempfile.gettempdir(),  # away from the checkout, which may hold no compiled kernels
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stdout
    return answer.stdout.strip()


FORK = """
import os
import saitama.kernels as K
K.set_num_threads(2)
x = K.normal((400, 400), "float64", 1, 0)
operations = [lambda: K.matmul(x, x), lambda: K.exp(x), lambda: K.sum(x, (0,), False), lambda: K.softmax(x, 1)]
work = lambda: [bytes(operation()) for operation in operations]
before = work()
pid = os.fork()
if pid == 0:
    same = work() == before
    os._exit(K.get_num_threads() if same else 0)
print(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
assert work() == before
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_parent_and_child_of_a_fork_both_go_on_computing(compiled: ModuleType) -> None:
    assert run(FORK) == ("2" if compiled.info()["threading"] != "none" else "1")


FORK_IN_THE_MIDDLE = """
import os, threading
import saitama.kernels as K
K.set_num_threads(2)
x = K.normal((300, 300), "float64", 1, 0)
expected = bytes(K.matmul(x, x))
stop = False
def compute():
    while not stop:
        K.matmul(x, x)
busy = threading.Thread(target=compute)
busy.start()
codes = []
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if bytes(K.matmul(x, x)) == expected else 1)
    codes.append(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
stop = True
busy.join()
print(sum(codes))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_while_another_thread_computes_leaves_the_child_free_to_compute(compiled: ModuleType) -> None:
    assert run(FORK_IN_THE_MIDDLE) == "0"


def test_small_work_starts_no_thread(compiled: ModuleType) -> None:
    code = """
        import os
        import saitama.kernels as K
        K.set_num_threads(2)
        before = len(os.listdir("/proc/self/task"))
        x = K.normal(({side}, {side}), "float64", 1, 0)
        [K.matmul(x, x), K.exp(x), K.sum(x, (0,), False), K.add(x, x), K.softmax(x, 1)]
        print(len(os.listdir("/proc/self/task")) - before)
    """
    if not os.path.isdir("/proc/self/task") or compiled.info()["threading"] != "pthreads":
        pytest.skip("needs /proc and threads of our own")
    code = textwrap.dedent(code)
    assert run(code.format(side=16)) == "0"
    assert run(code.format(side=400)) == "1"


def test_threads_that_are_asked_for_no_more_end(compiled: ModuleType) -> None:
    if not os.path.isdir("/proc/self/task") or compiled.info()["threading"] != "pthreads":
        pytest.skip("needs /proc and threads of our own")
    code = """
        import os, time
        import saitama.kernels as K
        others = lambda: len(os.listdir("/proc/self/task")) - before
        before = len(os.listdir("/proc/self/task"))
        x = K.normal((400, 400), "float64", 1, 0)
        results = set()
        for threads, expected in ((5, 4), (2, 1), (3, 2), (1, 2)):  # one thread computes while the others sleep
            K.set_num_threads(threads)
            results.add(bytes(K.exp(x)))
            end = time.monotonic() + 20  # the system lists a thread that has ended a moment longer
            while others() != expected and time.monotonic() < end:
                time.sleep(0.001)
            print(others(), end=" ")
        print(len(results))
    """
    assert run(textwrap.dedent(code)) == "4 1 2 2 1"


def test_control_c_stops_a_computation_between_two_operations(kernels: ModuleType) -> None:
    x = kernels.full((30, 30), 0.5, "float64")
    with pytest.raises(KeyboardInterrupt):
        threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
        for _ in range(10**6):  # far longer than the timer
            kernels.matmul(x, x)


@pytest.mark.parametrize(
    "text, cores", [("150000 100000", 2), ("max 100000", 1024), ("100000 0", 1024), ("0 1", 1024), ("", 1024)]
)
def test_a_container_grants_so_many_cores(compiled: ModuleType, tmp_path: Path, text: str, cores: int) -> None:
    limit = tmp_path / "cpu.max"
    limit.write_text(text)
    assert compiled._granted_cores(str(limit)) == cores
    assert compiled._granted_cores(str(tmp_path / "none")) == 1024


@pytest.mark.parametrize("asked, threads", [("3", 3), (" 2,4", 2), ("007", 7), ("9" * 5000, 1024)])
def test_omp_num_threads_is_the_default(
    compiled: ModuleType, monkeypatch: pytest.MonkeyPatch, asked: str, threads: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert compiled._default_threads() == threads
    if asked == "3":
        expected = "3" if compiled.info()["threading"] != "none" else "1"
        assert run("import saitama.kernels as K; print(K.get_num_threads())", OMP_NUM_THREADS=asked) == expected


@pytest.mark.parametrize("asked", ["", "0", "000", "-1", "two", "\u00b2", "\u0663", "1.5"])
def test_what_is_no_number_of_threads_is_not_heard(
    compiled: ModuleType, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    without = compiled._default_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert compiled._default_threads() == without
