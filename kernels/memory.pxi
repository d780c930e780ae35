# Memory: blocks of numbers, and a cache of freed ones.
#
# Design: every operation makes a new array, and most are dropped soon after, in the same few sizes over and over. The
# first use of fresh memory costs more than many an operation, so a freed block is kept, sorted by its size class, and
# handed out again. There are four classes in each doubling, so at most a quarter of a block is unused. A block counts
# the arrays that use it, because reshape shares it.
#
# Large blocks of fresh memory come in pages of 2 MB where Linux has them: every page costs a system call and an entry
# among the few addresses that a core keeps at hand. Linux also promises more memory than it has, and ends the process
# that uses it, so we first ask how much is available (without running Python code: see optim.pxi). All of this happens
# with the GIL held. The numbers start on a cache line, and the header has the line before to itself. Under
# AddressSanitizer (scripts/sanitize), what lies behind the numbers or in the cache is out of bounds.

cdef extern from *:
    """
    #if defined(__SANITIZE_ADDRESS__)
    #define SAITAMA_ASAN 1
    #elif defined(__has_feature)
    #if __has_feature(address_sanitizer)
    #define SAITAMA_ASAN 1
    #endif
    #endif
    #if defined(__linux__)
    #include <sys/mman.h>
    #include <unistd.h>
    static void saitama_huge_pages(char *start, size_t nbytes) {
        size_t page = (size_t) sysconf(_SC_PAGESIZE), skip = (page - (size_t) start % page) % page;
        (void) madvise(start + skip, nbytes - skip, MADV_HUGEPAGE); /* advice: an error changes nothing */
    }
    #else
    static void saitama_huge_pages(char *start, size_t nbytes) { (void) start; (void) nbytes; }
    #endif
    #include <stdio.h>
    #include <string.h>
    /* The number behind a name at the start of a line, or else another. Not by sscanf, whose name in new C libraries is
       unknown to old ones. */
    static long long saitama_number(const char *line, const char *name, long long otherwise) {
        long long number = 0;
        if (strncmp(line, name, strlen(name)) != 0) return otherwise;
        line += strlen(name);
        line += strspn(line, " ");
        if (*line < '0' || *line > '9') return otherwise;
        for (; *line >= '0' && *line <= '9' && number < 1LL << 50; line++) number = 10 * number + (*line - '0');
        return number;
    }
    static long long saitama_available(const char *path) { /* bytes, swap included, or -1: the system does not say */
        char line[128];
        long long available = -1, swap = 0; /* kB */
        FILE *file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
            available = saitama_number(line, "MemAvailable:", available);
            swap = saitama_number(line, "SwapFree:", swap);
        }
        if (file != NULL) fclose(file);
        return available < 0 ? -1 : (available + swap) * 1024;
    }
    #ifdef SAITAMA_ASAN
    #include <sanitizer/asan_interface.h>
    #else
    #define ASAN_POISON_MEMORY_REGION(data, nbytes) ((void) (data), (void) (nbytes))
    #define ASAN_UNPOISON_MEMORY_REGION(data, nbytes) ((void) (data), (void) (nbytes))
    #endif
    """
    void saitama_huge_pages(char *start, size_t nbytes) noexcept nogil
    long long saitama_available(const char *path) noexcept nogil
    void ASAN_POISON_MEMORY_REGION(void *data, size_t nbytes) noexcept nogil
    void ASAN_UNPOISON_MEMORY_REGION(void *data, size_t nbytes) noexcept nogil

cdef enum:
    CACHE_LINE = 64  # bytes, also of a block's header
    MEMORY_BINS = 256  # more than there are size classes
    MEMORY_HUGE_BYTES = 1 << 22  # from here on pages of 2 MB are asked for
    MEMORY_LARGE_BYTES = 1 << 30  # from here on the system is asked whether it has that much

_meminfo = b"/proc/meminfo"

cdef struct MemoryBlock:
    MemoryBlock *next  # in its bin, while free
    void *raw  # what malloc gave
    size_t capacity  # bytes for numbers
    size_t nbytes  # of numbers, while in use
    int bin
    int users  # arrays that read these numbers

cdef MemoryBlock *bins[MEMORY_BINS]
cdef size_t cached_bytes = 0
cdef size_t cache_limit = <size_t> 512 << 20
cdef size_t turned_away = 0  # bytes of blocks freed because the cache was full
cdef size_t allocated = 0  # bytes of numbers in use
cdef size_t most_allocated = 0  # and the most there were


cdef inline int size_class(size_t nbytes, size_t *capacity) noexcept:
    """The bin for so many bytes; the capacities are 1, 2, ... 8 lines, then 10, 12, 14, 16, then 20, 24, 28, 32 ..."""
    cdef size_t last = (nbytes - 1) // CACHE_LINE if nbytes > 0 else 0
    cdef int shift = 0
    while (last >> shift) >= 8:
        shift += 1
    capacity[0] = (((last >> shift) + 1) << shift) * CACHE_LINE
    return 4 * shift + <int> (last >> shift)


cdef int need_memory(size_t nbytes) except -1:
    cdef const char *path = <const char *> <bytes> _meminfo
    cdef long long available = saitama_available(path)
    if 0 <= available < <long long> nbytes:
        empty_cache()
        available = saitama_available(path)
        if 0 <= available < <long long> nbytes:
            raise MemoryError(f"out of memory: {nbytes} bytes were asked for, and {available} are available")
    return 0


cdef void *take_block(size_t nbytes) except NULL:
    """Memory for `nbytes` of numbers, with one user; what it holds is undefined."""
    cdef size_t capacity
    cdef int bin = size_class(nbytes, &capacity)
    cdef MemoryBlock *block = bins[bin]
    cdef void *raw
    if block != NULL:
        bins[bin] = block.next
        cached_bytes_add(-<Py_ssize_t> capacity)
    else:
        if nbytes >= MEMORY_LARGE_BYTES:
            need_memory(nbytes)
        raw = malloc(capacity + 2 * CACHE_LINE)
        if raw == NULL:
            empty_cache()
            raw = malloc(capacity + 2 * CACHE_LINE)
            if raw == NULL:
                raise MemoryError(f"out of memory: {nbytes} bytes were asked for")
        if capacity >= MEMORY_HUGE_BYTES:
            saitama_huge_pages(<char *> raw, capacity)
        block = <MemoryBlock *> round_up(<Py_ssize_t> raw, CACHE_LINE)
        block.raw = raw
        block.capacity = capacity
        block.bin = bin
    block.users = 1
    block.nbytes = nbytes
    count_bytes(<Py_ssize_t> nbytes)
    cdef char *data = <char *> block + CACHE_LINE
    cdef size_t used = nbytes if nbytes > 0 else sizeof(double)  # even an empty array has room for one
    ASAN_UNPOISON_MEMORY_REGION(data, used)
    ASAN_POISON_MEMORY_REGION(data + used, capacity - used)
    return data


cdef inline MemoryBlock *block_of(void *data) noexcept:
    return <MemoryBlock *> (<char *> data - CACHE_LINE)


cdef inline void cached_bytes_add(Py_ssize_t change) noexcept:
    global cached_bytes
    cached_bytes += change


cdef inline void count_bytes(Py_ssize_t change) noexcept:
    global allocated, most_allocated
    allocated += change
    most_allocated = allocated if allocated > most_allocated else most_allocated


cdef inline void drop_block(void *data) noexcept:
    """One user less; the last one returns the block to its bin, or to the system when the cache is full."""
    cdef MemoryBlock *block = block_of(data)
    block.users -= 1
    if block.users > 0:
        return
    count_bytes(-<Py_ssize_t> block.nbytes)
    if cached_bytes + block.capacity > cache_limit and not make_room(block.capacity):
        free(block.raw)
        return
    block.next = bins[block.bin]
    bins[block.bin] = block
    cached_bytes_add(block.capacity)
    ASAN_POISON_MEMORY_REGION(data, block.capacity)


cdef bint make_room(size_t capacity) noexcept:
    """Called when the cache is full, perhaps of blocks in sizes that nobody asks for any more: once as many bytes as it
    holds have been turned away, it is emptied."""
    global turned_away
    if capacity > cache_limit:
        return False
    turned_away += capacity
    if turned_away <= cache_limit:
        return False
    turned_away = 0
    empty_cache()
    return True


cdef void empty_cache() noexcept:
    cdef MemoryBlock *block
    cdef int bin
    for bin in range(MEMORY_BINS):
        while bins[bin] != NULL:
            block = bins[bin]
            bins[bin] = block.next
            cached_bytes_add(-<Py_ssize_t> block.capacity)
            free(block.raw)


def memory_allocated():
    """Bytes of numbers that arrays hold now; what the cache of freed blocks keeps does not count."""
    return allocated


def max_memory_allocated():
    """The most bytes that arrays held at one time since the start, or since reset_peak_memory_stats()."""
    return most_allocated


def reset_peak_memory_stats():
    """Let max_memory_allocated() start again from what is held now."""
    global most_allocated
    most_allocated = allocated
