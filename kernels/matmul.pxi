# Matrix multiplication: packed, blocked for the caches, threaded.
#
# Design (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008): both operands are first
# copied into panels: ROWS rows of a, or one WIDTH of columns of b, side by side for each step along k. Packing reads
# any strides, so a transposed operand costs nothing more, and pads the last panel with zeros, which reach no result.
# A tile of ROWS x WIDTH results then stays in registers for a whole run along k: `tile` is plain loops with constant
# bounds, which the compiler turns into one fused multiply-add per vector. Blocks of tiles are what threads share.
# Each result is one chain of multiply-adds in the order of k, however the blocks are cut, so threads do not change a
# bit. Products too small or too thin to repay packing go without (thin.pxi).

cdef extern from *:
    """
    #define SAITAMA_WIDTH 192 /* bytes; more columns than compilers unroll before they vectorise */
    #if defined(__AVX512F__)
    #define SAITAMA_ROWS 8 /* 8 x 3 of the 32 vectors hold a tile */
    #elif defined(__AVX__) || defined(__ARM_NEON)
    #define SAITAMA_ROWS 2 /* 2 x 6 of 16, 2 x 12 of 32 */
    #else
    #define SAITAMA_ROWS 1 /* 1 x 12 of 16 */
    #endif
    #define SAITAMA_TILE (SAITAMA_ROWS * SAITAMA_WIDTH / 4) /* numbers of a tile, at most */

    #if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    #include <math.h>
    #define SAITAMA_FMA fma
    #define SAITAMA_FMAF fmaf
    #else
    #define SAITAMA_FMA(x, y, z) ((x) * (y) + (z))
    #define SAITAMA_FMAF SAITAMA_FMA
    #endif
    """
    enum:
        ROWS "SAITAMA_ROWS"
        WIDTH "SAITAMA_WIDTH"
        TILE "SAITAMA_TILE"
    double fused_multiply_add "SAITAMA_FMA"(double x, double y, double z) nogil
    float fused_multiply_add_f "SAITAMA_FMAF"(float x, float y, float z) nogil

cdef enum:
    DEPTH = 256  # steps along k that a pass takes: a panel of b fits the first cache
    BLOCK_ROWS = 96  # rows of a block: with DEPTH, its part of a fits the second cache
    BLOCK_COLUMNS = 384

cdef struct Product:
    Py_ssize_t m, n, k  # (m, k) @ (k, n)
    Py_ssize_t row_a, step_a  # from row to row and along a row, in elements: transposing exchanges them
    Py_ssize_t row_b, step_b
    Py_ssize_t matrices_a, matrices_b, matrices  # in the batch of a, of b and of the result
    Py_ssize_t padded_m, padded_n  # rounded up to whole panels
    Walk batch  # which matrix of a and b makes each of the result


cdef inline Py_ssize_t columns(real *kind) noexcept nogil:
    return WIDTH // sizeof(real)


cdef inline void pack_panel(const real *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k,
                            real *out, Py_ssize_t width) noexcept nogil:  # IN x OUT out
    """`lanes` rows of a or columns of b, of k numbers each, as (k, width), with zeros in the lanes that are missing."""
    cdef Py_ssize_t p, lane
    if lanes < width:
        memset(out, 0, k * width * sizeof(real))
        for p in range(k):
            for lane in range(lanes):
                out[p * width + lane] = x[p * next_k + lane * next_lane]
    elif next_lane == 1:
        for p in range(k):
            for lane in range(width):
                out[p * width + lane] = x[p * next_k + lane]
    else:
        for p in range(k):
            for lane in range(width):
                out[p * width + lane] = x[p * next_k + lane * next_lane]


cdef void pack(const real *x, real *out, Py_ssize_t matrices, Py_ssize_t lanes, Py_ssize_t padded, Py_ssize_t k,
               Py_ssize_t next_lane, Py_ssize_t next_k, bint is_a) noexcept nogil:  # IN x OUT out
    """All matrices of an operand, as (matrix, run of DEPTH along k, panel, k, lane)."""
    cdef Py_ssize_t width = ROWS if is_a else columns(out)
    cdef Py_ssize_t panels = padded // width, task
    cdef int workers = team(matrices * lanes * k // 4)
    if workers == 1:
        for task in range(matrices * panels):
            pack_lanes(x, out, task // panels, task % panels * width, width, lanes, padded, k, next_lane, next_k, is_a)
        return
    for task in prange(matrices * panels, num_threads=workers, schedule="static"):
        pack_lanes(x, out, task // panels, task % panels * width, width, lanes, padded, k, next_lane, next_k, is_a)


cdef void pack_lanes(const real *x, real *out, Py_ssize_t matrix, Py_ssize_t lane, Py_ssize_t width, Py_ssize_t lanes,
                     Py_ssize_t padded, Py_ssize_t k, Py_ssize_t next_lane, Py_ssize_t next_k,
                     bint is_a) noexcept nogil:  # IN x OUT out
    """One panel of a matrix: its part of every run."""
    cdef Py_ssize_t start = 0, depth, left = lanes - lane if lanes - lane < width else width
    cdef real *panel
    x += matrix * lanes * k + lane * next_lane
    out += matrix * padded * k
    while start < k:
        depth = k - start if k - start < DEPTH else DEPTH
        panel = out + start * padded + lane * depth
        if is_a:  # apart, so that each width is a constant
            pack_panel(x + start * next_k, next_lane, next_k, left, depth, panel, ROWS)
        else:
            pack_panel(x + start * next_k, next_lane, next_k, left, depth, panel, columns(out))
        start += DEPTH


cdef inline void tile(const real *a, const real *b, Py_ssize_t k, real *out, Py_ssize_t row,
                      bint first) noexcept nogil:  # IN a, b IN/OUT out
    """out (ROWS, columns) += a panel (k, ROWS) transposed @ b panel (k, columns); out counts as zero the first time."""
    cdef real sums[TILE]
    cdef Py_ssize_t n = columns(out), i, j, p
    for i in range(ROWS):
        for j in range(n):
            sums[i * n + j] = 0 if first else out[i * row + j]
    for p in range(k):
        for i in range(ROWS):
            for j in range(n):
                if real is double:
                    sums[i * n + j] = fused_multiply_add(a[i], b[j], sums[i * n + j])
                else:
                    sums[i * n + j] = fused_multiply_add_f(a[i], b[j], sums[i * n + j])
        a += ROWS
        b += n
    for i in range(ROWS):
        for j in range(n):
            out[i * row + j] = sums[i * n + j]


cdef void edge_tile(const real *a, const real *b, Py_ssize_t k, real *out, Py_ssize_t row, bint first,
                    Py_ssize_t rows, Py_ssize_t left) noexcept nogil:  # IN a, b IN/OUT out
    """A tile of which only so many rows and columns exist."""
    cdef real whole[TILE]
    cdef Py_ssize_t n = columns(out), i
    memset(whole, 0, sizeof(whole))
    for i in range(rows if not first else 0):
        memcpy(whole + i * n, out + i * row, left * sizeof(real))
    tile(a, b, k, <real *> whole, n, first)
    for i in range(rows):
        memcpy(out + i * row, whole + i * n, left * sizeof(real))


cdef void block(const Product *t, const real *a, const real *b, real *out, Py_ssize_t top,
                Py_ssize_t left) noexcept nogil:  # IN t, a, b OUT out
    """The block of one result matrix from (top, left) on; a and b are packed."""
    cdef Py_ssize_t n = columns(out)
    cdef Py_ssize_t bottom = top + BLOCK_ROWS if top + BLOCK_ROWS < t.m else t.m
    cdef Py_ssize_t right = left + BLOCK_COLUMNS if left + BLOCK_COLUMNS < t.n else t.n
    cdef Py_ssize_t start = 0, depth, i, j
    cdef const real *panel_a
    cdef const real *panel_b
    while start < t.k:
        depth = t.k - start if t.k - start < DEPTH else DEPTH
        j = left
        while j < right:
            panel_b = b + start * t.padded_n + j * depth
            i = top
            while i < bottom:
                panel_a = a + start * t.padded_m + i * depth
                if bottom - i >= ROWS and right - j >= n:
                    tile(panel_a, panel_b, depth, out + i * t.n + j, t.n, start == 0)
                else:
                    edge_tile(panel_a, panel_b, depth, out + i * t.n + j, t.n, start == 0,
                              bottom - i if bottom - i < ROWS else ROWS, right - j if right - j < n else n)
                i += ROWS
            j += n
        start += DEPTH


cdef void one_block(const Product *t, const real *a, const real *b, real *out,
                    Py_ssize_t task) noexcept nogil:  # IN t, a, b OUT out
    """Blocks are counted matrix by matrix, row of blocks by row of blocks."""
    cdef Cursor cursor
    cdef Py_ssize_t across = (t.n + BLOCK_COLUMNS - 1) // BLOCK_COLUMNS
    cdef Py_ssize_t down = (t.m + BLOCK_ROWS - 1) // BLOCK_ROWS, matrix = task // (down * across)
    seek(&t.batch, &cursor, matrix)
    block(t, a + cursor.at[0] * t.padded_m * t.k, b + cursor.at[1] * t.padded_n * t.k, out + matrix * t.m * t.n,
          task // across % down * BLOCK_ROWS, task % across * BLOCK_COLUMNS)


cdef void multiply(const Product *t, const real *a, const real *b, real *out,
                   real *packed) noexcept nogil:  # IN t, a, b OUT out, packed
    cdef real *packed_b = packed + t.matrices_a * t.padded_m * t.k
    cdef Py_ssize_t tasks = t.matrices * ((t.m + BLOCK_ROWS - 1) // BLOCK_ROWS), task
    cdef int workers = team(t.matrices * t.m * t.n * t.k // 16)
    tasks *= (t.n + BLOCK_COLUMNS - 1) // BLOCK_COLUMNS
    pack(a, packed, t.matrices_a, t.m, t.padded_m, t.k, t.row_a, t.step_a, True)
    pack(b, packed_b, t.matrices_b, t.n, t.padded_n, t.k, t.step_b, t.row_b, False)
    if workers == 1:
        for task in range(tasks):
            one_block(t, packed, packed_b, out, task)
        return
    for task in prange(tasks, num_threads=workers, schedule="dynamic"):
        one_block(t, packed, packed_b, out, task)


cdef Py_ssize_t round_up(Py_ssize_t n, Py_ssize_t width) noexcept:
    return (n + width - 1) // width * width


cdef int packed_product(Product *t, Array a, Array b, Array out) except -1:  # IN t
    cdef Py_ssize_t itemsize = ITEMSIZE[a.kind]
    t.padded_m = round_up(t.m, ROWS)
    t.padded_n = round_up(t.n, WIDTH // itemsize)
    cdef void *packed = take_block((t.matrices_a * t.padded_m + t.matrices_b * t.padded_n) * t.k * itemsize)
    cdef PyThreadState *state = unlock(t.matrices * t.m * t.n * t.k // 8)
    if a.kind == FLOAT64:
        multiply(t, <const double *> a.data, <const double *> b.data, <double *> out.data, <double *> packed)
    else:
        multiply(t, <const float *> a.data, <const float *> b.data, <float *> out.data, <float *> packed)
    relock(state)
    drop_block(packed)
    return 0


def matmul(Array a not None, Array b not None, bint trans_a=False, bint trans_b=False):
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: needs matrices, at least 2 dimensions each")
    need_same_kind("matmul", a, b)
    need_float("matmul", a)
    cdef Product t
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t k
    cdef int axis
    t.m, t.k, t.row_a, t.step_a = a.sizes[a.ndim - 2], a.sizes[a.ndim - 1], a.sizes[a.ndim - 1], 1
    k, t.n, t.row_b, t.step_b = b.sizes[b.ndim - 2], b.sizes[b.ndim - 1], b.sizes[b.ndim - 1], 1
    if trans_a:
        t.m, t.k, t.row_a, t.step_a = t.k, t.m, 1, t.row_a
    if trans_b:
        k, t.n, t.row_b, t.step_b = t.n, k, 1, t.row_b
    if t.k != k:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: inner sizes {t.k} and {k} differ")
    cdef int ndim = plan_batches(&t, a, b, sizes)
    sizes[ndim] = t.m
    sizes[ndim + 1] = t.n
    cdef Array out = new_array("matmul", a.kind, sizes, ndim + 2)
    if out.size == 0 or k == 0:
        memset(out.data, 0, out.size * ITEMSIZE[out.kind])
        return out
    if t.matrices_b == 1 and not trans_a:  # one b for all: the rows of all matrices of a are those of one
        t.m *= t.matrices
        t.matrices = t.matrices_a = 1
    if t.n == 1:  # (b^T a^T)^T, whose single row is read in order
        t.m, t.n, t.matrices_a, t.matrices_b = t.n, t.m, t.matrices_b, t.matrices_a
        t.row_a, t.step_a, t.row_b, t.step_b = t.step_b, t.row_b, t.step_a, t.row_a
        for axis in range(t.batch.ndim):
            t.batch.steps[0][axis], t.batch.steps[1][axis] = t.batch.steps[1][axis], t.batch.steps[0][axis]
        a, b = b, a
    if t.m < 4 or t.m * t.n * t.k <= 1024:
        thin_product(&t, a, b, out)
    else:
        packed_product(&t, a, b, out)
    return out


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
