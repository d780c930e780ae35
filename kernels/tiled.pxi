# Large products: cut into tiles, blocked for the caches, packed where that pays, shared out to threads.
#
# Design: tile.pxi multiplies a few rows of a by a panel of b, which is as wide as a tile, for a run of `depth` steps
# along k. A strip of panels, MATMUL_STRIP_BYTES of them, stays in the second cache (or, where that is smaller than
# 1 MB, in the third) and serves all rows, block by block: a block's rows come from memory once and meet panel after
# panel of the strip (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, who pack both
# operands). Here
# - a is read where it lies: a tile takes its numbers one by one, in any layout, which costs no more than packed ones.
#   Only if it is transposed and each step along k leads far away, the block is packed (pack.h);
# - b is packed, panel by panel, (depth, width) each, if it serves many rows, is transposed, or has columns missing.
# A panel of the full depth may be larger than the first cache; but a tile reads it in order, 16 bytes a cycle, which
# the second cache delivers, and out is read and written only once in a run. k and the columns are cut into equal
# pieces. Where b is read in place and no cache of the core holds it, a run covers only MATMUL_SPAN_BYTES of it: a row
# of b is in a page of its own, and a processor that fetches ahead follows some 32 pages.
#
# Threads take parts of the result (or matrices of a batch), cut across where it is wide and down where it is high, and
# pack for themselves what they need: there is nothing to wait for. Where a thread's columns are one strip and one run,
# it finds them packed for its next part too; then there are more parts than threads, so that one whose core is slow, or
# is shared with another program, leaves some to the others. Each result is one chain of multiply-adds in the order of k
# however it is cut, so threads do not change a bit. MATMUL.md says what this is worth.

cdef enum:
    MATMUL_DEPTH = 512  # steps along k of a run, at most; half as many where b is not packed
    MATMUL_SPAN_BYTES = 256 << 10  # of b that a run covers where b is not packed and no cache holds it
    MATMUL_LEAST_DEPTH = 32  # steps of a run all the same
    MATMUL_STRIP_BYTES = 768 << 10  # of packed panels; a cache holds two strips
    MATMUL_STRIP_COLUMNS = 1024  # of a strip, at most
    MATMUL_FEW_ROWS = 128  # that do not repay packing b; half as many if b is larger than a strip
    MATMUL_FAR_BYTES = 512  # between the steps of a transposed a, from which on it is packed
    MATMUL_FAR_WORK = 128 << 10  # such bytes times columns of b, from which on it is packed too
    MATMUL_BLOCK_ROWS = 4 * TILE_ROWS  # rows of a that meet a panel one after the other; packed ones twice as many
    MATMUL_PARTS = 4  # of a thread, where it packs once for all of them
    MATMUL_LONG_ROW_BYTES = 3072  # of the result, from which on it is a tile's rows: a processor follows few long rows


cdef inline Py_ssize_t even_size(Py_ssize_t n, Py_ssize_t most) noexcept:
    """The size of n's parts when they are as few as can be, and alike."""
    return parts_of(n, parts_of(n, most))


cdef void plan_parts(Product *t, Py_ssize_t itemsize, int workers) noexcept:
    """Settle parts, runs and strips, and what is packed."""
    cdef Py_ssize_t wide = TILE_VECTORS * TILE_VECTOR_BYTES // itemsize, tiles = parts_of(t.m, TILE_ROWS), widest, most
    cdef Py_ssize_t step = t.step_a * itemsize, few
    cdef Py_ssize_t bytes_of_b = t.k * t.row_b * itemsize
    cdef bint held = bytes_of_b <= 2 * MATMUL_STRIP_BYTES
    t.down = t.across = 1
    t.pack_a = t.row_a == 1 and t.m >= TILE_ROWS and (step >= MATMUL_FAR_BYTES or step * t.n >= MATMUL_FAR_WORK)
    if t.matrices < 4 * workers and workers > 1:
        if t.n >= t.m:
            t.across = at_most(parts_of(t.n, 2 * wide), workers)
        t.down = at_most(parts_of(workers, t.across), tiles)
        t.across = at_most(parts_of(workers, t.down), parts_of(t.n, 2 * wide))
    t.block = TILE_ROWS if t.n * itemsize >= MATMUL_LONG_ROW_BYTES else MATMUL_BLOCK_ROWS
    t.block = 2 * MATMUL_BLOCK_ROWS if t.pack_a else t.block
    few = MATMUL_FEW_ROWS if bytes_of_b <= MATMUL_STRIP_BYTES else MATMUL_FEW_ROWS // 2
    t.pack_b = t.step_b != 1 or t.m > few * t.down
    most = MATMUL_DEPTH if t.pack_b else MATMUL_DEPTH // 2
    if not (t.pack_b or held):
        most = at_least(at_most(most, MATMUL_SPAN_BYTES // (t.row_b * itemsize)), MATMUL_LEAST_DEPTH)
    t.depth = even_size(t.k, most)
    widest = at_most(t.n, t.n // t.across + TILE_VECTOR_BYTES // itemsize)
    most = at_most(MATMUL_STRIP_COLUMNS, MATMUL_STRIP_BYTES // (t.depth * itemsize)) // wide * wide
    t.strip = round_up(even_size(widest, most), wide)
    if t.down * t.across > 1 and t.depth == t.k and t.strip >= widest:
        t.down = at_most(MATMUL_PARTS * t.down, at_least(t.m // t.block, t.down))


# --- what a thread has to itself --------------------------------------------------------------------------------------
cdef inline Py_ssize_t panels_size(const Product *t, Py_ssize_t wide) noexcept nogil:
    return t.depth * (t.strip if t.pack_b else wide)


cdef inline Py_ssize_t scratch_size(const Product *t, Py_ssize_t wide) noexcept nogil:
    """In numbers, as whole cache lines: a line that says which strip is packed, its bias, its panels, and rows of a."""
    return round_up(CACHE_LINE + t.strip + panels_size(t, wide) + (t.depth * t.block if t.pack_a else 0), CACHE_LINE)


cdef struct MatmulStrip:  # out (rows, n) += a (rows, k) @ b (k, n) + bias: some columns, and a run along k
    const void *a
    const void *b
    void *out
    Py_ssize_t rows, n, k
    bint first  # what is in the result counts as zero
    void *added  # the bias, or -0.0, which changes nothing
    void *panels
    void *packed_a


cdef void pack_strip(const Product *t, const MatmulStrip *s, const real *bias) noexcept nogil:
    """Panels of b, and the bias. A bias that is NULL is none."""
    cdef const real *b = <const real *> s.b
    cdef real *added = <real *> s.added
    cdef Py_ssize_t whole = s.n // tile_lanes(added) * tile_lanes(added), j = 0, i
    if t.pack_b:
        pack_panels(b, t.step_b, t.row_b, s.n, s.k, <real *> s.panels)
    elif whole < s.n:  # b is read where it lies, but for the panel where columns are missing
        while j + tile_vectors(s.n - j, added) * tile_lanes(added) <= s.n:
            j += tile_vectors(s.n - j, added) * tile_lanes(added)
        pack_panels(b + j * t.step_b, t.step_b, t.row_b, s.n - j, s.k, <real *> s.panels)
    for i in range(round_up(s.n, tile_lanes(added))):
        added[i] = bias[i] if bias != NULL and i < s.n else -0.0


cdef void multiply_block(const Product *t, const MatmulStrip *s, Py_ssize_t top, real *kind) noexcept nogil:
    """The rows of the strip from `top` on, a few tiles of them."""
    cdef const real *a = <const real *> s.a + top * t.row_a
    cdef const real *b = <const real *> s.b
    cdef const real *added = <const real *> s.added
    cdef const real *panels = <const real *> s.panels
    cdef real *out = <real *> s.out + top * t.n
    cdef const real *begin = <const real *> TILE_ZEROS if s.first else out
    cdef const real *panel
    cdef Py_ssize_t rows = at_most(s.rows - top, t.block), next_a = t.row_a, j = 0, width, exist
    cdef Tile tile
    tile.k, tile.row_a, tile.step_a = s.k, t.row_a, t.step_a
    tile.row_begin, tile.row_out = 0 if s.first else t.n, t.n
    if t.pack_a:
        pack_groups(a, t.row_a, t.step_a, rows, s.k, <real *> s.packed_a, TILE_ROWS)
        a, next_a, tile.row_a, tile.step_a = <const real *> s.packed_a, s.k, 1, TILE_ROWS
    while j < s.n:
        tile.vectors = tile_vectors(s.n - j, out)
        width = tile.vectors * tile_lanes(out)
        exist = at_most(s.n - j, width)
        panel, tile.row_b = panels + (j * s.k if t.pack_b else 0), width
        if not t.pack_b and exist == width:
            panel, tile.row_b = b + j, t.row_b
        multiply_panel(&tile, begin if s.first else begin + j, a, next_a, panel, added + j, out + j, rows, exist)
        j += width


cdef void tiled_task(const Product *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """A part of the result, which begins at a whole tile; counted matrix by matrix, column of parts by column of parts.
    """
    cdef const real *bias = <const real *> t.bias
    cdef Py_ssize_t matrix = task // (t.down * t.across), column = task // t.down % t.across, row = task % t.down
    cdef Py_ssize_t lanes = tile_lanes(kind), vectors = parts_of(t.n, lanes)
    cdef Py_ssize_t tiles = parts_of(t.m, TILE_ROWS)
    cdef Py_ssize_t top = tiles * row // t.down * TILE_ROWS
    cdef Py_ssize_t bottom = at_most(tiles * (row + 1) // t.down * TILE_ROWS, t.m)
    cdef Py_ssize_t left = vectors * column // t.across * lanes, start, i
    cdef Py_ssize_t right = at_most(vectors * (column + 1) // t.across * lanes, t.n)
    cdef Cursor at
    cdef MatmulStrip s
    seek(&t.batch, &at, matrix)
    cdef const real *a = <const real *> t.a + at.at[0] * t.m * t.k + top * t.row_a
    cdef const real *b = <const real *> t.b + at.at[1] * t.n * t.k
    cdef real *out = <real *> t.out + (matrix * t.m + top) * t.n
    cdef Py_ssize_t wide = TILE_VECTORS * lanes
    cdef real *own = <real *> t.scratch + worker * scratch_size(t, wide)
    cdef const void **packed = <const void **> own
    s.rows, s.added = bottom - top, own + CACHE_LINE
    s.panels = own + CACHE_LINE + t.strip
    s.packed_a = own + CACHE_LINE + t.strip + panels_size(t, wide)
    while left < right:
        s.n, s.out = at_most(right - left, t.strip), out + left
        for start from 0 <= start < t.k by t.depth:
            s.k, s.first = at_most(t.k - start, t.depth), start == 0
            s.a, s.b = a + start * t.step_a, b + start * t.row_b + left * t.step_b
            if packed[0] != s.b:
                pack_strip(t, &s, bias + left if bias != NULL and start + s.k == t.k else NULL)
                packed[0] = s.b
            for i from 0 <= i < s.rows by t.block:
                multiply_block(t, &s, i, kind)
        left += t.strip


cdef int tiled_product(Product *t, int kind) except -1:
    cdef Py_ssize_t itemsize = ITEMSIZE[kind], tasks, size, i
    cdef double ns = <double> t.matrices * t.m * t.n * t.k / (50 if kind == FLOAT64 else 100)
    cdef int workers = threads_for(ns)
    plan_parts(t, itemsize, workers)
    tasks = t.matrices * t.down * t.across
    size = scratch_size(t, TILE_VECTORS * TILE_VECTOR_BYTES // itemsize)
    t.scratch = take_block(at_most(workers, tasks) * size * itemsize)
    for i in range(at_most(workers, tasks)):
        (<const void **> (<char *> t.scratch + i * size * itemsize))[0] = NULL
    perform(kind, <Task> tiled_task[double], <Task> tiled_task[float], t, tasks, workers, ns)
    drop_block(t.scratch)
    return 0
