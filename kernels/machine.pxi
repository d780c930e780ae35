# The machine: how many threads work, and what the kernels were built with.
#
# Design: a loop says in nanoseconds, as measured on one thread of an AVX-512 core, what its work costs. `team` answers
# how many threads that is worth, and `perform` has its tasks shared out (team.h). Every task writes its own results in
# an order that depends on shapes alone, so the number of threads never changes a bit. A Task is a function of
# - job: a struct with what all tasks read, filled where the arrays were checked,
# - task: its number, and worker: who does it, so that each can have scratch memory of its own,
# - kind and op: null pointers whose types choose dtype and operation.

cdef extern from "team.h" nogil:
    ctypedef void (*Task "saitama_task")(const void *job, Py_ssize_t task, int worker, void *kind, void *op) noexcept
    void share_out "saitama_share"(Task run, const void *job, Py_ssize_t tasks, int workers)
    bint worth_sharing "saitama_worth_sharing"(double ns, int workers)
    const char *SAITAMA_THREADS
    enum:
        MOST_THREADS "SAITAMA_MOST_THREADS"

cdef extern from *:
    """
    #if defined(__AVX512F__)
    #define SAITAMA_SIMD "AVX-512"
    #elif defined(__AVX2__)
    #define SAITAMA_SIMD "AVX2"
    #elif defined(__AVX__)
    #define SAITAMA_SIMD "AVX"
    #elif defined(__ARM_NEON)
    #define SAITAMA_SIMD "NEON"
    #elif defined(__SSE2__) || defined(_M_X64)
    #define SAITAMA_SIMD "SSE2"
    #else
    #define SAITAMA_SIMD "none"
    #endif

    #define SAITAMA_TEXT_(x) #x
    #define SAITAMA_TEXT(x) SAITAMA_TEXT_(x)
    #ifndef SAITAMA_MARCH
    #define SAITAMA_MARCH "unknown"
    #endif
    #if defined(__clang__)
    #define SAITAMA_COMPILER "Clang " __clang_version__
    #elif defined(__GNUC__)
    #define SAITAMA_COMPILER "GCC " __VERSION__
    #elif defined(_MSC_VER)
    #define SAITAMA_COMPILER "MSVC " SAITAMA_TEXT(_MSC_VER)
    #else
    #define SAITAMA_COMPILER "unknown"
    #endif
    """
    const char *SAITAMA_SIMD
    const char *SAITAMA_MARCH
    const char *SAITAMA_COMPILER

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX
    PyThreadState *PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState *state)

cdef enum:
    PIECE = 8192  # elements that a thread takes at a time
    WORTH_UNLOCKING = 20000  # ns of work for which other Python threads can wait

cdef int threads = 1


cdef inline int team(double ns) noexcept nogil:
    """The number of threads for a job that takes one about `ns` nanoseconds."""
    return 1 if threads == 1 or not worth_sharing(ns, threads) else threads


cdef inline PyThreadState *unlock(double ns):
    """Let other Python threads run, if the work is long enough. Then `relock` what this returned."""
    return PyEval_SaveThread() if ns >= WORTH_UNLOCKING else NULL


cdef inline void relock(PyThreadState *state):
    if state != NULL:
        PyEval_RestoreThread(state)


cdef inline void perform(Task run, const void *job, Py_ssize_t tasks, int workers, double ns):
    """Have the tasks done by so many threads, while other Python threads run if the work is long enough."""
    cdef PyThreadState *state = unlock(ns)
    share_out(run, job, tasks, workers)
    relock(state)


def set_num_threads(n):
    """Threads for large operations; results do not depend on it. Without threads it stays at 1."""
    global threads
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"set_num_threads: needs a whole number, not {type(n).__name__}")
    if n < 1 or n > MOST_THREADS:
        raise ValueError(f"set_num_threads: {n} threads: give a number from 1 to {MOST_THREADS}")
    threads = n if SAITAMA_THREADS != b"none" else 1


def get_num_threads():
    return threads


def info():
    """What runs: backend, threads and whose they are, instruction set, compiler, and the bytes in the cache of freed memory."""
    return {
        "backend": "compiled",
        "threads": threads,
        "threading": SAITAMA_THREADS.decode(),
        "simd": SAITAMA_SIMD.decode(),
        "march": SAITAMA_MARCH.decode(),
        "compiler": SAITAMA_COMPILER.decode(),
        "cached_bytes": cached_bytes,
    }


def _default_threads():
    """What OMP_NUM_THREADS says (of a list, the first), else the cores that this process may use, and is granted."""
    asked = _os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if asked.isascii() and asked.isdigit() and asked.strip("0"):
        return at_most(int(asked), MOST_THREADS) if len(asked.lstrip("0")) < 10 else MOST_THREADS
    cores = len(_os.sched_getaffinity(0)) if hasattr(_os, "sched_getaffinity") else _os.cpu_count()
    return at_most(cores or 1, _granted_cores("/sys/fs/cgroup/cpu.max"))


def _granted_cores(path):
    """Linux' limit for a container: time and period in us. More threads than that would only wait for each other."""
    try:
        with open(path) as file:
            time, period = file.read().split()
        cores = MOST_THREADS if time == "max" else -(-int(time) // int(period))
        return cores if cores > 0 else MOST_THREADS
    except (OSError, ValueError, ZeroDivisionError):
        return MOST_THREADS


import os as _os
set_num_threads(_default_threads())
