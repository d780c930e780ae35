# Matrix multiplication: cut into tiles, blocked for the caches, packed where that pays, shared out to threads.
#
# Design: tile.pxi multiplies a few rows of a by a panel of b, which is as wide as a tile, for a run of DEPTH along k.
# A strip of panels, STRIP_BYTES of them, stays in a second cache of 1 MB or more (in a smaller one's neighbour, the
# third) and serves all rows, block by block: a block's rows come from memory once and meet panel after panel of the
# strip (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, who pack both operands).
# Here
# - a is read where it lies: a tile takes its numbers one by one, in any layout, at no more cost than packed ones, unless
#   it is transposed and each step along k leads far away (FAR): then the block is packed (pack.pxi);
# - b is packed, panel by panel, (DEPTH, width) each, if it serves many rows, is transposed, or has columns missing;
# - rows that do not fill a tile are packed too, padded with zeros, which reach no result.
# With runs of DEPTH a panel is 96 KB, twice the first cache; but a tile reads it in order, 16 bytes a cycle, which the
# second one gives easily, and out is read and written only once a run. k and the columns are cut into equal pieces.
# Where b is read in place and no cache of the core holds it, a run covers SPAN_BYTES of it: a row of b is in a page of
# its own, and a processor that fetches ahead follows some 32 pages. 16 rows times 768 x 1024 take 0.6 of the time so.
#
# Threads take parts of the result (or matrices of a batch), cut across where it is wide and down where it is high or a
# is packed, and pack for themselves what they need: there is nothing to wait for. Each result is one chain of
# multiply-adds in the order of k however it is cut, so threads do not change a bit. Products too thin or too small for
# tiles have loops of their own (thin.pxi).
#
# Measured on one core with AVX-512 (48 KB and 2 MB of caches of its own, a slow third), as shares of the multiply-adds
# that it did in the same rounds, while no neighbour was at work: 95% for 128 x 128, 91% for 256, 87% for 512, 84% to 89%
# for 1024; a GPT's products 85% to 91%, with a transposed 75% to 85%; heads of 64 x 64, which come from the third cache,
# some 60%. With a neighbour that uses the caches it is 60% to 75%, for MKL as well.

cdef enum:
    DEPTH = 512  # steps along k of a run, at most; half as many where b is not packed,
    SPAN_BYTES = 256 << 10  # and if a cache does not hold that b, as many as take this much of it,
    LEAST_STEPS = 32  # but no fewer
    STRIP_BYTES = 768 << 10  # of packed panels; a cache holds two strips
    STRIP_COLUMNS = 1024  # at most
    FEW_ROWS = 192  # that do not repay packing b; half as many if a cache does not hold it
    FAR = 1024  # bytes from step to step of a that is transposed, from which it is packed
    BLOCK_ROWS = 32  # rows of a that meet a panel one after the other,
    LONG = 3072  # bytes of a row of the result, from which only a tile's: the processor follows few rows at a time

cdef struct Product:
    Py_ssize_t m, n, k  # (m, k) @ (k, n)
    Py_ssize_t row_a, step_a  # from row to row and along a row, in elements: transposing exchanges them
    Py_ssize_t row_b, step_b
    Py_ssize_t matrices_a, matrices_b, matrices  # in the batch of a, of b and of the result
    bint column  # whether b is a single column: then a and b change places (thin.pxi)
    Py_ssize_t down, across  # parts of each matrix of the result
    bint pack_a, pack_b  # whether more of them is packed than what does not fill a tile
    Py_ssize_t depth, strip, block  # steps of a run, columns of a strip, rows of a block
    const void *a
    const void *b
    const void *bias
    void *out
    void *scratch  # of every thread
    Walk batch  # which matrix of a and b makes each of the result


cdef inline Py_ssize_t at_most(Py_ssize_t n, Py_ssize_t limit) noexcept nogil:
    return n if n < limit else limit


cdef inline Py_ssize_t at_least(Py_ssize_t n, Py_ssize_t limit) noexcept nogil:
    return n if n > limit else limit


# What a thread has to itself: a tile at an edge, the bias of a strip, its panels, and rows of a.
cdef inline Py_ssize_t panels_size(const Product *t, Py_ssize_t wide) noexcept nogil:  # IN t
    return t.depth * (t.strip if t.pack_b else wide)


cdef inline Py_ssize_t scratch_size(const Product *t, Py_ssize_t wide) noexcept nogil:  # IN t
    """In numbers. Whole cache lines."""
    return round_up(TILE + t.strip + panels_size(t, wide) + t.depth * (t.block if t.pack_a else ROWS), LINE)


cdef struct Panel:
    Py_ssize_t width, exist  # columns, and how many of them b has
    Py_ssize_t at  # where among the packed panels it is, or -1 if it is read where it lies


cdef inline Panel panel_of(const Product *t, Py_ssize_t j, Py_ssize_t n, Py_ssize_t k,
                           real *kind) noexcept nogil:  # IN t
    """The panel that begins at column j of n."""
    cdef Panel p
    p.width = narrow_columns(kind) if is_narrow(n - j, kind) else columns(kind)
    p.exist = at_most(n - j, p.width)
    p.at = j * k if t.pack_b else (0 if p.exist < p.width else -1)
    return p


cdef void pack_strip(const Product *t, const real *b, const real *bias, Py_ssize_t n, Py_ssize_t k, real *added,
                     real *panels) noexcept nogil:  # IN t, b, bias OUT added, panels
    """Panels of b, and the bias. A bias that is NULL is none."""
    cdef Py_ssize_t j = 0, i, wide = columns(added)
    cdef Panel p
    while t.pack_b and n - j >= wide and panel_of(t, j, n, k, added).width == wide:
        j += wide
    pack_groups(b, t.step_b, t.row_b, j, k, panels, wide)
    while j < n:
        p = panel_of(t, j, n, k, added)
        if p.at >= 0:
            pack(b + j * t.step_b, t.step_b, t.row_b, p.exist, k, panels + p.at, p.width)
        j += p.width
    for i in range(j):
        added[i] = bias[i] if bias != NULL and i < n else -0.0  # which changes nothing


cdef void run_block(const Product *t, const real *a, const real *b, const real *panels, const real *added, real *out,
                    Py_ssize_t rows, Py_ssize_t n, Py_ssize_t k, bint first, real *aside,
                    real *packed_a) noexcept nogil:  # IN t, a, b, panels, added OUT out, aside, packed_a
    """out (rows, n) += a (rows, k) @ b (k, n) + bias (n,), for a few tiles of rows."""
    cdef Py_ssize_t j = 0, i
    cdef Py_ssize_t whole = rows // ROWS * ROWS
    cdef Py_ssize_t packed_from = 0 if t.pack_a else (whole if rows - whole > 1 else rows)  # row of a: tiles from there on
    cdef const real *from_a
    cdef const real *panel
    cdef real *to
    cdef bint edge
    cdef Panel p
    cdef Tile s
    s.k, s.first = k, first
    if packed_from < rows:
        pack_groups(a + packed_from * t.row_a, t.row_a, t.step_a, rows - packed_from, k, packed_a, ROWS)
    while j < n:
        p = panel_of(t, j, n, k, out)
        s.narrow = p.width < columns(out)
        panel, s.row_b = b + j * t.step_b, t.row_b
        if p.at >= 0:
            panel, s.row_b = panels + p.at, p.width
        for i from 0 <= i < rows by ROWS:
            s.rows = at_most(rows - i, ROWS)
            from_a, s.row_a, s.step_a = a + i * t.row_a, t.row_a, t.step_a
            if i >= packed_from:
                from_a, s.row_a, s.step_a = packed_a + (i - packed_from) * k, 1, ROWS
            to, s.row_out = out + i * t.n + j, t.n
            edge = 1 < s.rows < ROWS or p.exist < p.width
            if edge:
                to, s.row_out = aside, p.width
                copy_rows(<const real *> out + i * t.n + j, t.n, to, p.width, 0 if first else s.rows, p.exist)
            run_tile(&s, from_a, panel, added + j, to)
            if edge:
                copy_rows(<const real *> to, p.width, out + i * t.n + j, t.n, s.rows, p.exist)
        j += p.width


cdef void run_strip(const Product *t, const real *a, const real *b, const real *bias, real *out, Py_ssize_t rows,
                    Py_ssize_t n, Py_ssize_t k, bint first, real *aside) noexcept nogil:  # IN t, a, b, bias OUT out, aside
    """out (rows, n) += a (rows, k) @ b (k, n) + bias (n,). Behind `aside` there is the other scratch memory."""
    cdef real *added = aside + TILE
    cdef real *panels = added + t.strip
    cdef real *packed_a = panels + panels_size(t, columns(out))
    cdef Py_ssize_t i
    pack_strip(t, b, bias, n, k, added, panels)
    for i from 0 <= i < rows by t.block:
        run_block(t, a + i * t.row_a, b, <const real *> panels, <const real *> added, out + i * t.n,
                  at_most(rows - i, t.block), n, k, first, aside, packed_a)


cdef void part(const Product *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:  # IN t
    """A part of the result, which begins at a whole tile; counted matrix by matrix, row of parts by row of parts."""
    cdef const real *a = <const real *> t.a
    cdef const real *b = <const real *> t.b
    cdef const real *bias = <const real *> t.bias
    cdef real *out = <real *> t.out
    cdef real *own = <real *> t.scratch + worker * scratch_size(t, columns(kind))
    cdef Cursor cursor
    cdef Py_ssize_t matrix = task // (t.down * t.across), row = task // t.across % t.down, column = task % t.across
    cdef Py_ssize_t lanes = VECTOR // sizeof(real), vectors = round_up(t.n, lanes) // lanes
    cdef Py_ssize_t tiles = round_up(t.m, ROWS) // ROWS, k, start
    cdef Py_ssize_t top = tiles * row // t.down * ROWS, bottom = at_most(tiles * (row + 1) // t.down * ROWS, t.m)
    cdef Py_ssize_t left = vectors * column // t.across * lanes
    cdef Py_ssize_t right = at_most(vectors * (column + 1) // t.across * lanes, t.n)
    seek(&t.batch, &cursor, matrix)
    a += cursor.at[0] * t.m * t.k + top * t.row_a
    b += cursor.at[1] * t.n * t.k
    out += (matrix * t.m + top) * t.n
    while left < right:
        for start from 0 <= start < t.k by t.depth:
            k = at_most(t.k - start, t.depth)
            run_strip(t, a + start * t.step_a, b + start * t.row_b + left * t.step_b,
                      bias + left if bias != NULL and start + k == t.k else NULL, out + left, bottom - top,
                      at_most(right - left, t.strip), k, start == 0, own)
        left += t.strip


cdef void cut(Product *t, Py_ssize_t itemsize, int workers) noexcept:  # IN/OUT t
    """Settle parts, runs and strips, and what is packed."""
    cdef Py_ssize_t wide = TILE_VECTORS * VECTOR // itemsize, tiles = round_up(t.m, ROWS) // ROWS, widest, most
    cdef bint held
    t.down = t.across = 1
    t.pack_a = ROWS > 1 and t.row_a == 1 and t.step_a * itemsize >= FAR and t.m >= ROWS
    if t.matrices < 4 * workers and workers > 1:
        if t.n >= t.m and not t.pack_a:
            t.across = at_most((t.n + 2 * wide - 1) // (2 * wide), workers)
        t.down = at_most((workers + t.across - 1) // t.across, tiles)
        t.across = at_most((workers + t.down - 1) // t.down, (t.n + 2 * wide - 1) // (2 * wide))
    t.block = ROWS if t.n * itemsize >= LONG and not t.pack_a else BLOCK_ROWS
    held = t.k * t.row_b * itemsize <= 2 * STRIP_BYTES
    t.pack_b = t.step_b != 1 or t.m > (FEW_ROWS if held else FEW_ROWS // 2) * t.down
    most = DEPTH if t.pack_b else DEPTH // 2
    if not (t.pack_b or held):
        most = at_least(at_most(most, SPAN_BYTES // (t.row_b * itemsize)), LEAST_STEPS)
    t.depth = parted(t.k, most)
    widest = at_most(t.n, t.n // t.across + VECTOR // itemsize)
    most = at_most(STRIP_COLUMNS, STRIP_BYTES // (t.depth * itemsize)) // wide * wide
    t.strip = round_up(parted(widest, most), wide)


cdef inline Py_ssize_t parted(Py_ssize_t n, Py_ssize_t most) noexcept:
    """The size of n's parts when they are as few as can be, and alike."""
    cdef Py_ssize_t parts = (n + most - 1) // most
    return (n + parts - 1) // parts


cdef int tiled_product(Product *t, Array a, Array b, Array bias, Array out) except -1:  # IN t
    cdef Py_ssize_t itemsize = ITEMSIZE[a.kind], tasks
    cdef double ns = <double> t.matrices * t.m * t.n * t.k / (50 if a.kind == FLOAT64 else 100)
    cdef int workers = team(ns)
    cdef Task run = <Task> part[double] if a.kind == FLOAT64 else <Task> part[float]
    cut(t, itemsize, workers)
    tasks = t.matrices * t.down * t.across
    t.a, t.b, t.bias, t.out = a.data, b.data, NULL if bias is None else bias.data, out.data
    t.scratch = take_block(at_most(workers, tasks) * itemsize * scratch_size(t, TILE_VECTORS * VECTOR // itemsize))
    perform(run, t, tasks, workers, ns)
    drop_block(t.scratch)
    return 0


cdef void add_to_rows(const real *bias, Py_ssize_t n, real *out, Py_ssize_t rows) noexcept nogil:  # IN bias IN/OUT out
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(n):
            out[i * n + j] += bias[j]


cdef void add_bias(Array out, Array bias):
    if bias.size == 0:
        return
    if out.kind == FLOAT64:
        add_to_rows(<const double *> bias.data, bias.size, <double *> out.data, out.size // bias.size)
    else:
        add_to_rows(<const float *> bias.data, bias.size, <float *> out.data, out.size // bias.size)


cdef int need_bias(Array a, Array b, Array bias, Py_ssize_t n) except -1:
    need_same_kind("matmul", a, bias)
    if bias.ndim != 1 or bias.size != n:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: bias has shape {bias.shape}; needs ({n},)")
    return 0


def matmul(Array a not None, Array b not None, bint trans_a=False, bint trans_b=False, Array bias=None):
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: needs matrices, at least 2 dimensions each")
    need_same_kind("matmul", a, b)
    need_float("matmul", a)
    cdef Product t
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t k
    t.m, t.k, t.row_a, t.step_a = a.sizes[a.ndim - 2], a.sizes[a.ndim - 1], a.sizes[a.ndim - 1], 1
    k, t.n, t.row_b, t.step_b = b.sizes[b.ndim - 2], b.sizes[b.ndim - 1], b.sizes[b.ndim - 1], 1
    if trans_a:
        t.m, t.k, t.row_a, t.step_a = t.k, t.m, 1, t.row_a
    if trans_b:
        k, t.n, t.row_b, t.step_b = t.n, k, 1, t.row_b
    if t.k != k:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: inner sizes {t.k} and {k} differ")
    if bias is not None:
        need_bias(a, b, bias, t.n)
    cdef int ndim = plan_batches(&t, a, b, sizes)
    sizes[ndim] = t.m
    sizes[ndim + 1] = t.n
    cdef Array out = new_array("matmul", a.kind, sizes, ndim + 2)
    if k == 0:
        memset(out.data, 0, out.size * ITEMSIZE[out.kind])
        if bias is not None:
            add_bias(out, bias)
    elif out.size > 0:
        choose_product(&t, trans_a, a, b, bias, out)
    return out


cdef int choose_product(Product *t, bint trans_a, Array a, Array b, Array bias, Array out) except -1:  # IN t
    cdef int axis
    if t.matrices_b == 1 and not trans_a:  # one b for all: the rows of all matrices of a are those of one
        t.m *= t.matrices
        t.matrices = t.matrices_a = 1
    if t.m >= 4 and t.n > 1 and t.m * t.n * t.k > 1024:
        return tiled_product(t, a, b, bias, out)
    t.column = t.n == 1
    if t.column:  # (b^T a^T)^T, whose single row is read in order
        t.m, t.n, t.matrices_a, t.matrices_b = t.n, t.m, t.matrices_b, t.matrices_a
        t.row_a, t.step_a, t.row_b, t.step_b = t.step_b, t.row_b, t.step_a, t.row_a
        for axis in range(t.batch.ndim):
            t.batch.steps[0][axis], t.batch.steps[1][axis] = t.batch.steps[1][axis], t.batch.steps[0][axis]
        a, b = b, a
    thin_product(t, a, b, out)
    if bias is not None:
        add_bias(out, bias)
    return 0


cdef int plan_batches(Product *t, Array a, Array b, Py_ssize_t *sizes) except -1:  # OUT t, sizes
    """Broadcast the axes before the last two; returns how many the result has."""
    cdef Array of_a, of_b, both
    t.batch.ndim = 0
    t.matrices = t.matrices_a = t.matrices_b = 1
    if a.ndim == 2 and b.ndim == 2:
        return 0
    of_a = new_array("matmul", BOOL, a.sizes, a.ndim - 2)
    of_b = new_array("matmul", BOOL, b.sizes, b.ndim - 2)
    both = plan("matmul", BOOL, &t.batch, of_a, of_b)
    t.matrices, t.matrices_a, t.matrices_b = both.size, of_a.size, of_b.size
    memcpy(sizes, both.sizes, both.ndim * sizeof(Py_ssize_t))
    if both.ndim + 2 > MAX_DIMS:
        raise ValueError(f"matmul: {both.ndim + 2} dimensions; at most {MAX_DIMS} are possible")
    return both.ndim
