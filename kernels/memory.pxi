# Memory: blocks of numbers, and a cache of freed ones.
#
# Design: an eager framework makes and drops an array per operation, mostly of the same few sizes, and the first touch
# of fresh pages costs more than many operations. So a freed block is kept, by size class, and handed out again. There
# are four classes per doubling (at most a quarter of a block is unused). A block counts its arrays, as reshape shares
# it. Fresh memory of large blocks comes in pages of 2 MB where Linux has them, as every page costs a trip to the system
# and a place among the few addresses a core remembers. Linux also promises more memory than there is, and ends the
# process that takes it at its word: what it can keep is asked before (no Python runs for that: see optim.pxi). All of
# this runs with the GIL held. The numbers start on a cache line; the header has the line before to itself. Under
# AddressSanitizer (scripts/sanitize) what lies behind the numbers and what is in the cache is out of bounds.

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
    static long long saitama_available(const char *path) { /* bytes, swap included, or -1: the system does not say */
        char line[128];
        long long kilobytes, available = -1, swap = 0;
        FILE *file = fopen(path, "r");
        while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
            if (sscanf(line, "MemAvailable: %lld", &kilobytes) == 1) available = kilobytes;
            if (sscanf(line, "SwapFree: %lld", &kilobytes) == 1) swap = kilobytes;
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
    LINE = 64  # bytes of a cache line, and of the header
    BINS = 256  # more size classes than an address can reach
    HUGE = 1 << 22  # bytes from which pages of 2 MB are asked for
    LARGE = 1 << 30  # bytes from which the system is asked whether it has them

_meminfo = b"/proc/meminfo"

cdef struct Block:
    Block *next  # in its bin, while free
    void *raw  # what malloc gave
    size_t capacity  # bytes for numbers
    size_t nbytes  # of numbers, while in use
    int bin
    int users  # arrays that read these numbers

cdef Block *bins[BINS]
cdef size_t cached_bytes = 0
cdef size_t cache_limit = <size_t> 512 << 20
cdef size_t turned_away = 0  # bytes of blocks freed because the cache was full
cdef size_t allocated = 0  # bytes of numbers in use
cdef size_t most_allocated = 0  # and the most there were


cdef inline int size_class(size_t nbytes, size_t *capacity) noexcept:  # OUT capacity
    """The bin for this many bytes: 1, 2, ... 8 lines, then 10, 12, 14, 16, then 20, 24, 28, 32, and so on."""
    cdef size_t last = (nbytes - 1) // LINE if nbytes > 0 else 0
    cdef int shift = 0
    while (last >> shift) >= 8:
        shift += 1
    capacity[0] = (((last >> shift) + 1) << shift) * LINE
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
    cdef Block *block = bins[bin]
    cdef void *raw
    if block != NULL:
        bins[bin] = block.next
        cached_bytes_add(-<Py_ssize_t> capacity)
    else:
        if nbytes >= LARGE:
            need_memory(nbytes)
        raw = malloc(capacity + 2 * LINE)
        if raw == NULL:
            empty_cache()
            raw = malloc(capacity + 2 * LINE)
            if raw == NULL:
                raise MemoryError(f"out of memory: {nbytes} bytes were asked for")
        if capacity >= HUGE:
            saitama_huge_pages(<char *> raw, capacity)
        block = <Block *> ((<size_t> raw + LINE - 1) // LINE * LINE)
        block.raw = raw
        block.capacity = capacity
        block.bin = bin
    block.users = 1
    block.nbytes = nbytes
    count_bytes(<Py_ssize_t> nbytes)
    cdef char *data = <char *> block + LINE
    cdef size_t used = nbytes if nbytes > 0 else sizeof(double)  # even an empty array has room for one
    ASAN_UNPOISON_MEMORY_REGION(data, used)
    ASAN_POISON_MEMORY_REGION(data + used, capacity - used)
    return data


cdef inline Block *block_of(void *data) noexcept:
    return <Block *> (<char *> data - LINE)


cdef inline void cached_bytes_add(Py_ssize_t change) noexcept:
    global cached_bytes
    cached_bytes += change


cdef inline void count_bytes(Py_ssize_t change) noexcept:
    global allocated, most_allocated
    allocated += change
    most_allocated = allocated if allocated > most_allocated else most_allocated


cdef inline void drop_block(void *data) noexcept:
    """One user less; the last one returns the block to its bin, or to the system when the cache is full."""
    cdef Block *block = block_of(data)
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
    """The cache is full. What is in it may be of no use any more: when as much as it holds has found no room, it is
    emptied."""
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
    cdef Block *block
    cdef int bin
    for bin in range(BINS):
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
