# The machine: how many threads work, and what the kernels were built with.
#
# Design: a loop estimates, in nanoseconds, what its work costs one thread of an AVX-512 core. `threads_for` says how
# many threads that is worth, and `perform` has the tasks done by so many (team.h). Every task writes results of its own
# in an order that depends on shapes alone, so the number of threads never changes a bit. A Task is a function of
# - job: a struct with what all tasks read, filled where the arrays were checked,
# - task: its number, and worker: who does it, so that each thread can have scratch memory of its own,
# - kind and op: null pointers whose types choose dtype and operation.
# A loop is compiled for float64 and for float32, and `perform` is the one place that chooses between the two. (Only an
# optimiser's step chooses for each of its parameters.)
# `run_once` does the same for a loop that is not worth sharing.

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
    PyThreadState *PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState *state)

cdef enum:
    TASK_ELEMENTS = 8192  # elements that a thread takes at a time
    UNLOCK_NS = 20000  # ns of work from which other Python threads are let run meanwhile

cdef int threads = 1


cdef inline int threads_for(double ns) noexcept nogil:
    """The number of threads for a job that takes one thread about `ns` nanoseconds."""
    return 1 if threads == 1 or not worth_sharing(ns, threads) else threads


cdef inline PyThreadState *release_gil(double ns):
    """Let other Python threads run, if the work is long enough. Give `retake_gil` what this returns."""
    return PyEval_SaveThread() if ns >= UNLOCK_NS else NULL


cdef inline void retake_gil(PyThreadState *state):
    if state != NULL:
        PyEval_RestoreThread(state)


cdef inline void perform(int kind, Task of_doubles, Task of_floats, const void *job, Py_ssize_t tasks, int workers,
                         double ns):
    """Have the tasks of a job on arrays of this kind done by so many threads."""
    cdef PyThreadState *state = release_gil(ns)
    share_out(of_doubles if kind == FLOAT64 else of_floats, job, tasks, workers)
    retake_gil(state)


cdef inline void run_once(int kind, Task of_doubles, Task of_floats, const void *job) noexcept:
    """A job of one task, by this thread."""
    perform(kind, of_doubles, of_floats, job, 1, 1, 0)


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
    """Backend, threads and who provides them, instruction set, compiler, and bytes in the cache of freed memory."""
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
    """The first number of OMP_NUM_THREADS, or else the cores that this process may use and is granted."""
    asked = _os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if asked.isascii() and asked.isdigit() and asked.strip("0"):
        return at_most(int(asked), MOST_THREADS) if len(asked.lstrip("0")) < 10 else MOST_THREADS
    cores = len(_os.sched_getaffinity(0)) if hasattr(_os, "sched_getaffinity") else _os.cpu_count()
    return at_most(cores or 1, _granted_cores("/sys/fs/cgroup/cpu.max"))


def _granted_cores(path):
    """Linux' limit for a container: time and period in us. More threads would only wait for each other."""
    try:
        with open(path) as file:
            time, period = file.read().split()
        cores = MOST_THREADS if time == "max" else -(-int(time) // int(period))
        return cores if cores > 0 else MOST_THREADS
    except (OSError, ValueError, ZeroDivisionError):
        return MOST_THREADS


import os as _os
set_num_threads(_default_threads())
