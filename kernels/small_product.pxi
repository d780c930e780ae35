# Products of blocks that lie in the first cache, for attention.
#
# Design: `small_product` keeps SMALL_ROWS rows of results in registers and reads both operands where they lie. It
# needs rows of b that are whole cache lines, so a transposed b is packed (pack.pxi) as one panel, and rows of another
# width are copied with zeros behind them. Nothing is packed beyond that: a block is used too few times to repay it.

cdef extern from *:
    """
    #if defined(__AVX512F__)
    #define SAITAMA_SMALL_ROWS 8 /* 8 x 2 of the 32 vectors hold a tile */
    #define SAITAMA_SMALL_LINES 2
    #elif defined(__AVX__) || defined(__ARM_NEON)
    #define SAITAMA_SMALL_ROWS 4 /* 4 x 2 of 16, 4 x 4 of 32 */
    #define SAITAMA_SMALL_LINES 1
    #else
    #define SAITAMA_SMALL_ROWS 2 /* 2 x 4 of 16 */
    #define SAITAMA_SMALL_LINES 1
    #endif
    """
    enum:
        SMALL_ROWS "SAITAMA_SMALL_ROWS"  # rows of a tile
        SMALL_LINES "SAITAMA_SMALL_LINES"  # cache lines of a tile's row

cdef struct WideTile:
    char _
cdef struct LineTile:
    char _
cdef struct RowTile:
    char _

ctypedef fused tile_kind:
    WideTile  # SMALL_ROWS rows of SMALL_LINES lines
    LineTile  # SMALL_ROWS rows of a line
    RowTile  # a line


cdef void small_tile(const real *a, Py_ssize_t row_a, Py_ssize_t step_a, const real *b, Py_ssize_t row_b,
                     Py_ssize_t k, real *out, Py_ssize_t row_out, bint first,
                     tile_kind *kind) noexcept nogil:  # IN/OUT out
    """out (rows, n) += a (rows, k) @ b (k, n)."""
    cdef Py_ssize_t rows = 1 if tile_kind is RowTile else SMALL_ROWS
    cdef Py_ssize_t n = (SMALL_LINES if tile_kind is WideTile else 1) * (CACHE_LINE // <Py_ssize_t> sizeof(real))
    cdef const real *begin = <const real *> TILE_ZEROS if first else out
    cdef Py_ssize_t row_begin = 0 if first else row_out
    if real is double:
        tile_d(begin, row_begin, a, row_a, step_a, b, row_b, k, NULL, out, row_out, rows, n)
    else:
        tile_f(begin, row_begin, a, row_a, step_a, b, row_b, k, NULL, out, row_out, rows, n)


cdef void small_product(const real *a, Py_ssize_t row_a, Py_ssize_t step_a, const real *b, Py_ssize_t row_b, real *out,
                        Py_ssize_t row_out, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
                        bint first) noexcept nogil:  # IN/OUT out
    """out (m, n) += a (m, k) @ b (k, n), for n a multiple of a line; out counts as zero the first time."""
    cdef Py_ssize_t line = CACHE_LINE // sizeof(real), i = 0, j
    while i + SMALL_ROWS <= m:
        j = 0
        while j + SMALL_LINES * line <= n:
            small_tile(a, row_a, step_a, b + j, row_b, k, out + j, row_out, first, <WideTile *> NULL)
            j += SMALL_LINES * line
        if j < n:
            small_tile(a, row_a, step_a, b + j, row_b, k, out + j, row_out, first, <LineTile *> NULL)
        a += SMALL_ROWS * row_a
        out += SMALL_ROWS * row_out
        i += SMALL_ROWS
    while i < m:
        for j from 0 <= j < n by line:
            small_tile(a, row_a, step_a, b + j, row_b, k, out + j, row_out, first, <RowTile *> NULL)
        a += row_a
        out += row_out
        i += 1


cdef const real *rows_of_whole_lines(const real *x, Py_ssize_t row, Py_ssize_t rows, Py_ssize_t width,
                                     Py_ssize_t padded, real *spare) noexcept nogil:
    """x (rows, width) itself, or a copy in `spare` with rows of whole lines."""
    cdef Py_ssize_t i, j
    if width == padded:
        return x
    for i in range(rows):
        for j in range(width):
            spare[i * padded + j] = x[i * row + j]
        for j in range(width, padded):
            spare[i * padded + j] = 0
    return spare
