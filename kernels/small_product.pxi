# Products of blocks that lie in the first cache, for attention.
#
# Design: both operands are read where they lie. Rows of b have to be whole cache lines, so a transposed b is packed
# (pack.h) as one panel, and rows of another width are copied with zeros behind them. Nothing is packed beyond that: a
# block is used too few times to repay it.

cdef void small_product(const real *a, Py_ssize_t row_a, Py_ssize_t step_a, const real *b, Py_ssize_t row_b, real *out,
                        Py_ssize_t row_out, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k,
                        bint first) noexcept nogil:  # IN/OUT out
    """out (m, n) += a (m, k) @ b (k, n), for n a multiple of a line; out counts as zero the first time."""
    cdef Py_ssize_t j = 0, width
    cdef Tile tile
    tile.k, tile.row_a, tile.step_a, tile.row_b, tile.row_out = k, row_a, step_a, row_b, row_out
    tile.row_begin = 0 if first else row_out
    while j < n:
        tile.vectors = tile_vectors(n - j, out)
        width = tile.vectors * tile_lanes(out)
        multiply_panel(&tile, <const real *> TILE_ZEROS if first else out + j, a, row_a, b + j, no_bias(out), out + j,
                       m, width)
        j += width


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
