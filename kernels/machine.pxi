# The machine: how many threads work, and what the kernels were built with.
#
# Design: a loop asks `team(work)` how many threads its work is worth. Every loop that is shared out writes each result
# from one place in an order that depends on shapes alone, so the number of threads never changes a bit. OpenMP is
# optional: without it prange is a plain loop. GNU OpenMP's threads do not survive a fork, and a child that calls them
# waits for ever; so a child of a process that has used threads stays with one.

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #define SAITAMA_OPENMP 1
    #else
    #define SAITAMA_OPENMP 0
    static int omp_get_max_threads(void) { return 1; }
    #endif

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
    int omp_get_max_threads() nogil
    const bint SAITAMA_OPENMP
    const char *SAITAMA_SIMD
    const char *SAITAMA_MARCH
    const char *SAITAMA_COMPILER

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX
    PyThreadState *PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState *state)

cdef enum:
    PIECE = 8192  # elements that a thread takes at a time
    WORTH_SHARING = 65536  # simple operations below which a second thread costs more than it brings
    WORTH_UNLOCKING = 32768  # simple operations below which other Python threads can wait

cdef int threads = omp_get_max_threads()  # honours OMP_NUM_THREADS
cdef bint threads_used = False
cdef bint forked = False


cdef inline int team(Py_ssize_t work) noexcept nogil:
    """The number of threads for so many simple operations."""
    global threads_used
    if threads == 1 or work < WORTH_SHARING:
        return 1
    threads_used = True
    return threads


cdef inline PyThreadState *unlock(Py_ssize_t work):
    """Let other Python threads run, if the work is long enough. Then `relock` what this returned."""
    return PyEval_SaveThread() if work >= WORTH_UNLOCKING else NULL


cdef inline void relock(PyThreadState *state):
    if state != NULL:
        PyEval_RestoreThread(state)


def set_num_threads(n):
    """Threads for large operations; results do not depend on it. Without OpenMP it stays at 1."""
    global threads
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"set_num_threads: needs a whole number, not {type(n).__name__}")
    if n < 1 or n > 1024:
        raise ValueError(f"set_num_threads: {n} threads: give a number from 1 to 1024")
    if n > 1 and forked:
        raise RuntimeError("set_num_threads: this process was forked after its parent had used threads, which do not "
                           "survive that; start processes with multiprocessing's 'spawn' method")
    threads = n if SAITAMA_OPENMP else 1


def get_num_threads():
    return threads


def info():
    """What runs: backend, threads, OpenMP, instruction set, compiler, and the bytes in the cache of freed memory."""
    return {
        "backend": "compiled",
        "threads": threads,
        "openmp": SAITAMA_OPENMP != 0,
        "simd": SAITAMA_SIMD.decode(),
        "march": SAITAMA_MARCH.decode(),
        "compiler": SAITAMA_COMPILER.decode(),
        "cached_bytes": cached_bytes,
    }


def _after_fork():
    global threads, forked
    if threads_used:
        threads = 1
        forked = True


import os as _os
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_after_fork)
