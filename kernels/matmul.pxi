# Matrix multiplication: cut into tiles, blocked for the caches, packed where that pays, shared out to threads.
#
# Design: tile.pxi multiplies a few rows of a by a panel of b, which is as wide as a tile, for a run of DEPTH along k. A
# panel serves all tiles of a block of rows from the nearest caches, and the rows' runs serve all panels from the next
# one (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, who pack both operands). Here
# - a is read where it lies: a tile takes its numbers one by one, in any layout, at no more cost than packed ones;
# - a panel of b is packed into (DEPTH, width) if it serves many rows, is transposed, or has columns missing (zeros);
# - rows that do not fill a tile are packed too, padded with zeros, which reach no result.
# A panel is 96 KB then, twice the first cache; but a tile reads it in order, 16 bytes a cycle, which the second one
# gives easily, and long runs and large blocks save more: out is read and written once a run, b packed once a block.
#
# Threads take parts of the result (or matrices of a batch), and pack for themselves what they need: there is nothing to
# wait for. Each result is one chain of multiply-adds in the order of k however it is cut, so threads do not change a
# bit. Products too thin or too small for tiles have loops of their own (thin.pxi).
#
# Measured on one core with AVX-512 (48 KB, 1 MB and 32 MB of caches): 85% to 97% of its multiply-adds from 64 x 64 to
# 1024 x 1024; 76% to 87% for heads of 64 x 64 whose tiles have 32 or 64 steps, 62% to 72% if b is transposed there.

cdef enum:
    DEPTH = 512  # steps along k of a run
    BLOCK_ROWS = 1024  # rows that a packed panel serves, at most
    FEW_ROWS = 192  # that do not repay packing b
    LANES_AT_ONCE = 8  # that are packed side by side
    PART_VECTORS = 6  # vectors across a part of the result, at least

cdef struct Product:
    Py_ssize_t m, n, k  # (m, k) @ (k, n)
    Py_ssize_t row_a, step_a  # from row to row and along a row, in elements: transposing exchanges them
    Py_ssize_t row_b, step_b
    Py_ssize_t matrices_a, matrices_b, matrices  # in the batch of a, of b and of the result
    Py_ssize_t down, across  # parts of each matrix of the result
    const void *a
    const void *b
    const void *bias
    void *out
    void *packed  # scratch of every thread
    Walk batch  # which matrix of a and b makes each of the result


cdef inline Py_ssize_t at_most(Py_ssize_t n, Py_ssize_t limit) noexcept nogil:
    return n if n < limit else limit


cdef void pack(const real *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k, real *out,
               Py_ssize_t width) noexcept nogil:  # IN x OUT out
    """`lanes` rows of a or columns of b, of k numbers each, as (k, width), with zeros in the lanes that are missing."""
    cdef Py_ssize_t p, lane
    if lanes < width:
        memset(out, 0, k * width * sizeof(real))
    if next_lane == 1:
        for p in range(k):
            memcpy(out + p * width, x + p * next_k, lanes * sizeof(real))
        return
    while lanes >= LANES_AT_ONCE:  # few, as lines that lie some power of two apart have the same few places in a cache
        for p in range(k):
            for lane in range(LANES_AT_ONCE):
                out[p * width + lane] = x[p * next_k + lane * next_lane]
        x += LANES_AT_ONCE * next_lane
        out += LANES_AT_ONCE
        lanes -= LANES_AT_ONCE
    for p in range(k):
        for lane in range(lanes):
            out[p * width + lane] = x[p * next_k + lane * next_lane]


cdef inline Py_ssize_t scratch(real *kind) noexcept nogil:
    """Elements that a thread needs: for a panel, for rows that do not fill a tile, and for a tile at an edge."""
    return DEPTH * (columns(kind) + ROWS) + 2 * TILE


cdef void run(const Product *t, const real *a, const real *b, const real *bias, real *out, Py_ssize_t rows,
              Py_ssize_t n, Py_ssize_t k, bint first, real *packed) noexcept nogil:  # IN t, a, b, bias OUT out, packed
    """out (rows, n) += a (rows, k) @ b (k, n) + bias (n,), panel by panel of b. A bias that is NULL is none."""
    cdef Py_ssize_t j = 0, i, whole = rows // ROWS * ROWS, width, exist
    cdef real *low = packed + DEPTH * columns(out)  # the rows that do not fill a tile
    cdef real *aside = low + DEPTH * ROWS  # a tile at an edge
    cdef real *added = aside + TILE  # the bias of a tile
    cdef real *to
    cdef const real *from_a
    cdef const real *panel
    cdef Tile s
    cdef bint low_rows, edge
    s.k, s.first = k, first
    if rows - whole > 1:
        pack(a + whole * t.row_a, t.row_a, t.step_a, rows - whole, k, low, ROWS)
    while j < n:
        s.narrow = is_narrow(n - j, out)
        width = narrow_columns(out) if s.narrow else columns(out)
        exist = at_most(n - j, width)
        panel = b + j * t.step_b
        s.row_b = t.row_b
        if t.step_b != 1 or rows > FEW_ROWS or exist < width:
            pack(panel, t.step_b, t.row_b, exist, k, packed, width)
            panel = packed
            s.row_b = width
        for i in range(width):
            added[i] = bias[j + i] if bias != NULL and i < exist else -0.0  # which changes nothing
        i = 0
        while i < rows:
            s.rows = at_most(rows - i, ROWS)
            low_rows = 1 < s.rows < ROWS
            edge = low_rows or exist < width
            from_a = a + i * t.row_a
            s.row_a, s.step_a = t.row_a, t.step_a
            to = out + i * t.n
            s.row_out = t.n
            if low_rows:
                from_a = low
                s.row_a, s.step_a = 1, ROWS
            if edge:
                to = aside
                s.row_out = width
                copy_rows(<const real *> out + i * t.n, t.n, to, width, 0 if first else s.rows, exist)
            run_any_tile(&s, from_a, panel, added, to)
            if edge:
                copy_rows(<const real *> to, width, out + i * t.n, t.n, s.rows, exist)
            i += ROWS
        j += width
        out += width


cdef void part(const Product *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:  # IN t
    """A part of the result, which begins at a whole tile; counted matrix by matrix, row of parts by row of parts."""
    cdef const real *a = <const real *> t.a
    cdef const real *b = <const real *> t.b
    cdef const real *bias = <const real *> t.bias
    cdef real *out = <real *> t.out
    cdef real *packed = <real *> t.packed + worker * scratch(kind)
    cdef Cursor cursor
    cdef Py_ssize_t matrix = task // (t.down * t.across), row = task // t.across % t.down, column = task % t.across
    cdef const real *added
    cdef Py_ssize_t lanes = VECTOR // sizeof(real), vectors = round_up(t.n, lanes) // lanes
    cdef Py_ssize_t tiles = round_up(t.m, ROWS) // ROWS, start, depth, rows
    cdef Py_ssize_t top = tiles * row // t.down * ROWS, bottom = at_most(tiles * (row + 1) // t.down * ROWS, t.m)
    cdef Py_ssize_t left = vectors * column // t.across * lanes
    cdef Py_ssize_t right = at_most(vectors * (column + 1) // t.across * lanes, t.n)
    seek(&t.batch, &cursor, matrix)
    a += cursor.at[0] * t.m * t.k
    b += cursor.at[1] * t.n * t.k + left * t.step_b
    out += matrix * t.m * t.n + left
    if bias != NULL:
        bias += left
    while top < bottom:
        rows, start = at_most(bottom - top, BLOCK_ROWS), 0
        added = NULL  # until the last run
        while start < t.k:
            depth = at_most(t.k - start, DEPTH)
            if start + depth == t.k:
                added = bias
            run(t, a + top * t.row_a + start * t.step_a, b + start * t.row_b, added, out + top * t.n, rows,
                right - left, depth, start == 0, packed)
            start += DEPTH
        top += BLOCK_ROWS


cdef int tiled_product(Product *t, Array a, Array b, Array bias, Array out) except -1:  # IN t
    cdef Py_ssize_t itemsize = ITEMSIZE[a.kind]
    cdef double ns = <double> t.matrices * t.m * t.n * t.k / (50 if a.kind == FLOAT64 else 100)
    cdef int workers = team(ns)
    cdef Task run = <Task> part[double] if a.kind == FLOAT64 else <Task> part[float]
    t.down = t.across = 1
    if t.matrices < 4 * workers and workers > 1:
        if t.n * itemsize > PART_VECTORS * VECTOR:
            t.across = at_most(t.n * itemsize // (PART_VECTORS * VECTOR), workers)
        t.down = at_most((workers + t.across - 1) // t.across, round_up(t.m, ROWS) // ROWS)
    t.a, t.b, t.bias, t.out = a.data, b.data, NULL if bias is None else bias.data, out.data
    t.packed = take_block(at_most(workers, t.matrices * t.down * t.across) * itemsize * scratch(<float *> NULL))  # a float tile is the largest
    perform(run, t, t.matrices * t.down * t.across, workers, ns)
    drop_block(t.packed)
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
    if t.n == 1:  # (b^T a^T)^T, whose single row is read in order
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
