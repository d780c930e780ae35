/* A team of threads that shares the tasks of one loop.

Design: each worker has a share of the tasks, side by side, as what it wrote last lies in its core's cache. The caller
opens the door, wakes who sleeps and goes to work itself. Everybody inside does the tasks of their own share, then what
is left of the others'. Then the caller closes the door, and waits for those who are inside and for nobody else. So a
thread that comes late costs nothing: it finds the door closed. That is the difference to OpenMP's loops, which end when
every thread has come by: where another library's thread spins on a core, ours wakes up milliseconds late there.

A thread without work looks out for some for SPIN_NS, then sleeps. While it is awake, a few microseconds of work are
worth sharing with it. To wake it takes the caller 9 of them: jobs done without it add up first, so that a single small
one costs nothing and many in a row get help. Of two calls at once (from two threads of Python) the second finds the
team busy and works alone, so there are never more threads at work than were asked for. Threads that are asked for no
more end, as they would compete for the cores. After a fork the child has none of its parent's threads, and starts its
own. Windows has no POSIX threads: there OpenMP shares the loop. Without either it is a plain loop. */
#ifndef SAITAMA_TEAM_H
#define SAITAMA_TEAM_H

#include <Python.h>

/* job: what the tasks have in common. worker: 0 (the caller) to workers - 1, for scratch memory. kind and op are NULL:
   their types choose among the specialised versions of a function. */
typedef void (*saitama_task)(const void *job, Py_ssize_t task, int worker, void *kind, void *op);

enum { SAITAMA_MOST_THREADS = 1024 };

#ifdef SAITAMA_PTHREADS
#define SAITAMA_THREADS "pthreads"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#if defined(SAITAMA_PORTABLE) && defined(__GLIBC__) && defined(__x86_64__)
/* By the versions that they had before glibc 2.34, so that a wheel made on a newer system runs on an older one. */
#define SAITAMA_OLD(name, ...)                                                                                        \
    (__extension__({ __asm__ volatile(".symver " #name "," #name "@GLIBC_2.2.5"); name(__VA_ARGS__); }))
#define pthread_create(...) SAITAMA_OLD(pthread_create, __VA_ARGS__)
#define pthread_join(...) SAITAMA_OLD(pthread_join, __VA_ARGS__)
#define pthread_sigmask(...) SAITAMA_OLD(pthread_sigmask, __VA_ARGS__)
#define pthread_attr_setstacksize(...) SAITAMA_OLD(pthread_attr_setstacksize, __VA_ARGS__)
#endif

#if defined(__x86_64__) || defined(__i386__)
#define SAITAMA_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define SAITAMA_PAUSE() __asm__ volatile("yield")
#else
#define SAITAMA_PAUSE() ((void)0)
#endif
#define SAITAMA_LINE __attribute__((aligned(64))) /* what one thread writes and others read has its own cache line */

enum {
    SPIN_NS = 200000,   /* the pauses between the kernels of a training step are shorter */
    WORTH_SHARING_NS = 4000,
    WORTH_WAKING_NS = 60000,
    YIELD_NS = 20000,   /* the caller lets others use its core when those inside take longer than this */
    CLOSED = 1 << 30,   /* the door; the rest of `inside` counts */
    STACK_BYTES = 1 << 22,
};

static struct {
    SAITAMA_LINE Py_ssize_t next; /* the first task of this share that nobody has taken */
} saitama_shares[SAITAMA_MOST_THREADS];

static struct {
    pthread_mutex_t mutex; /* for going to sleep and waking */
    pthread_cond_t work;
    pthread_t threads[SAITAMA_MOST_THREADS];
    int started; /* so many of them, the workers from 1 on; beside the others there is the caller */
    int wanted;
    saitama_task run; /* the job, which changes only while nobody is inside */
    const void *what;
    Py_ssize_t tasks;
    int workers;
    SAITAMA_LINE int inside; /* threads that may be at work, and CLOSED */
    SAITAMA_LINE unsigned long calls;
    SAITAMA_LINE int sleeping;
    int busy;
    int alone; /* ns of work done without those who slept */
} saitama_team = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .inside = CLOSED};

static long long saitama_now(void) { /* ns */
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static Py_ssize_t saitama_first(int share) { return saitama_team.tasks * share / saitama_team.workers; }

static void saitama_work(int worker) {
    for (int i = 0; i < saitama_team.workers; i++) {
        int share = (worker + i) % saitama_team.workers;
        Py_ssize_t end = saitama_first(share + 1), task;
        while ((task = __atomic_fetch_add(&saitama_shares[share].next, 1, __ATOMIC_RELAXED)) < end)
            saitama_team.run(saitama_team.what, task, worker, NULL, NULL);
    }
}

static int saitama_enter(void) {
    int inside = __atomic_load_n(&saitama_team.inside, __ATOMIC_RELAXED);
    while (!(inside & CLOSED))
        if (__atomic_compare_exchange_n(&saitama_team.inside, &inside, inside + 1, 1, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return 1;
    return 0;
}

/* Wait until somebody calls, spinning first. Either the caller sees that we sleep, or we see that it has called. */
static void saitama_wait(unsigned long seen) {
    long long end = saitama_now() + SPIN_NS;
    do
        for (int i = 0; i < 32; i++) {
            if (__atomic_load_n(&saitama_team.calls, __ATOMIC_ACQUIRE) != seen) return;
            SAITAMA_PAUSE();
        }
    while (saitama_now() < end);
    pthread_mutex_lock(&saitama_team.mutex);
    __atomic_fetch_add(&saitama_team.sleeping, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&saitama_team.calls, __ATOMIC_SEQ_CST) == seen)
        pthread_cond_wait(&saitama_team.work, &saitama_team.mutex);
    __atomic_fetch_sub(&saitama_team.sleeping, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&saitama_team.mutex);
}

static void *saitama_worker(void *number) {
    int worker = (int)(Py_ssize_t)number;
    for (;;) {
        unsigned long seen = __atomic_load_n(&saitama_team.calls, __ATOMIC_ACQUIRE);
        if (worker > __atomic_load_n(&saitama_team.wanted, __ATOMIC_RELAXED)) return NULL;
        if (saitama_enter()) {
            if (worker < saitama_team.workers) saitama_work(worker);
            __atomic_fetch_sub(&saitama_team.inside, 1, __ATOMIC_RELEASE);
        }
        saitama_wait(seen);
    }
}

static void saitama_forget(void) { /* in the child of a fork */
    pthread_mutex_init(&saitama_team.mutex, NULL);
    pthread_cond_init(&saitama_team.work, NULL);
    saitama_team.started = saitama_team.sleeping = saitama_team.busy = 0;
    saitama_team.inside = CLOSED;
}

/* Let everybody look up, whether they spin or sleep. */
static void saitama_call(void) {
    __atomic_fetch_add(&saitama_team.calls, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&saitama_team.sleeping, __ATOMIC_SEQ_CST) == 0) return;
    pthread_mutex_lock(&saitama_team.mutex);
    pthread_cond_broadcast(&saitama_team.work);
    pthread_mutex_unlock(&saitama_team.mutex);
}

/* Have so many threads beside the caller, or as many as the system grants. Signals are left to Python's own threads. */
static void saitama_start(int count) {
    static int registered = 0;
    int started = saitama_team.started;
    sigset_t all, before;
    pthread_attr_t stack;
    __atomic_store_n(&saitama_team.wanted, count, __ATOMIC_RELAXED);
    if (!registered) registered = pthread_atfork(NULL, NULL, saitama_forget) == 0;
    if (!registered || pthread_attr_init(&stack) != 0) return;
    pthread_attr_setstacksize(&stack, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; started < count; started++) {
        void *number = (void *)(Py_ssize_t)(started + 1);
        if (pthread_create(saitama_team.threads + started, &stack, saitama_worker, number) != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&stack);
    __atomic_store_n(&saitama_team.started, started, __ATOMIC_RELAXED);
}

/* Have no more than so many threads beside the caller; nobody is inside. */
static void saitama_dismiss(int count) {
    int started = saitama_team.started;
    __atomic_store_n(&saitama_team.wanted, count, __ATOMIC_RELAXED);
    saitama_call();
    while (started > count) pthread_join(saitama_team.threads[--started], NULL);
    __atomic_store_n(&saitama_team.started, started, __ATOMIC_RELAXED);
}

static void saitama_close(void) {
    long long end = 0;
    int inside = __atomic_or_fetch(&saitama_team.inside, CLOSED, __ATOMIC_ACQUIRE);
    while (inside != CLOSED) {
        if (end == 0)
            end = saitama_now() + YIELD_NS;
        else if (saitama_now() > end)
            sched_yield();
        for (int i = 0; i < 32 && inside != CLOSED; i++) {
            SAITAMA_PAUSE();
            inside = __atomic_load_n(&saitama_team.inside, __ATOMIC_ACQUIRE);
        }
    }
}

static int saitama_worth_sharing(double ns, int workers) {
    int alone;
    if (ns < WORTH_SHARING_NS) return 0;
    if (ns >= WORTH_WAKING_NS) return 1;
    if (__atomic_load_n(&saitama_team.started, __ATOMIC_RELAXED) >= workers - 1 &&
        __atomic_load_n(&saitama_team.sleeping, __ATOMIC_RELAXED) == 0)
        return 1;
    alone = __atomic_add_fetch(&saitama_team.alone, (int)ns, __ATOMIC_RELAXED);
    if (alone < WORTH_WAKING_NS) return 0;
    __atomic_store_n(&saitama_team.alone, 0, __ATOMIC_RELAXED);
    return 1;
}

/* workers: how many threads there shall be; a job of fewer tasks needs fewer of them. */
static void saitama_share(saitama_task run, const void *what, Py_ssize_t tasks, int workers) {
    if (workers < 2 || tasks < 2 || __atomic_exchange_n(&saitama_team.busy, 1, __ATOMIC_ACQUIRE)) {
        for (Py_ssize_t task = 0; task < tasks; task++) run(what, task, 0, NULL, NULL);
        return;
    }
    if (saitama_team.started > workers - 1) saitama_dismiss(workers - 1);
    if (workers > tasks) workers = (int)tasks;
    if (saitama_team.started < workers - 1) saitama_start(workers - 1);
    saitama_team.run = run;
    saitama_team.what = what;
    saitama_team.tasks = tasks;
    saitama_team.workers = workers;
    for (int i = 0; i < workers; i++) __atomic_store_n(&saitama_shares[i].next, saitama_first(i), __ATOMIC_RELAXED);
    __atomic_store_n(&saitama_team.inside, 0, __ATOMIC_RELEASE);
    saitama_call();
    saitama_work(0);
    saitama_close();
    __atomic_store_n(&saitama_team.busy, 0, __ATOMIC_RELEASE);
}

#else

#ifdef _OPENMP
#define SAITAMA_THREADS "OpenMP"
#include <omp.h>
#else
#define SAITAMA_THREADS "none"
#endif

static int saitama_worth_sharing(double ns, int workers) { return workers > 1 && ns > 60000; }

static void saitama_share(saitama_task run, const void *what, Py_ssize_t tasks, int workers) {
    Py_ssize_t task;
    if (workers > tasks) workers = tasks > 0 ? (int)tasks : 1; /* scratch memory is for no more */
#ifdef _OPENMP
    #pragma omp parallel for num_threads(workers) schedule(dynamic) if (workers > 1 && tasks > 1)
    for (task = 0; task < tasks; task++) run(what, task, omp_get_thread_num(), NULL, NULL);
#else
    for (task = 0; task < tasks; task++) run(what, task, 0, NULL, NULL);
#endif
}
#endif
#endif
