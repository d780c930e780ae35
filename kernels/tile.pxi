# The tiles of all products: multiply_panel() takes any number of rows through a panel, as wide as a tile.
#
# Design: tile.h multiplies a few rows by a few columns, both constant numbers, and tiles.h has a function for each size
# there is. A condition would cost a tile more than it saves. So a tile that begins at zero loads zeros, and one without
# a bias adds -0.0, which changes no number, not even -0.0.

cdef extern from "tiles.h" nogil:
    """
    /* For a product that begins at nothing, and for one to which no bias is added. */
    static const double saitama_zeros[SAITAMA_TILE] = {0}; /* of either kind of number */
    #define SAITAMA_8(x) x, x, x, x, x, x, x, x
    static const double saitama_nothing_d[24] = {SAITAMA_8(-0.0), SAITAMA_8(-0.0), SAITAMA_8(-0.0)};
    static const float saitama_nothing_f[48] = {SAITAMA_8(-0.0f), SAITAMA_8(-0.0f), SAITAMA_8(-0.0f),
                                                SAITAMA_8(-0.0f), SAITAMA_8(-0.0f), SAITAMA_8(-0.0f)};
    """
    enum:
        TILE_VECTOR_BYTES "SAITAMA_VECTOR"  # bytes
        TILE_ROWS "SAITAMA_ROWS"  # of a tile, at most
        TILE_VECTORS "SAITAMA_WIDE"  # of its rows, at most
        TILE_NUMBERS "SAITAMA_TILE"
    const double *TILE_ZEROS "saitama_zeros"
    const double *TILE_NOTHING_D "saitama_nothing_d"
    const float *TILE_NOTHING_F "saitama_nothing_f"
    ctypedef struct Tile "saitama_tile":
        Py_ssize_t rows, vectors, k, row_begin, row_a, step_a, row_b, row_out
    void fetch_rows "saitama_fetch_rows"(const void *out, Py_ssize_t row_bytes, Py_ssize_t rows, Py_ssize_t nbytes)
    Py_ssize_t vectors_of_tile "saitama_tile_vectors"(Py_ssize_t columns, Py_ssize_t lanes)
    void run_tile_d "saitama_run_tile_d"(const Tile *t, const double *begin, const double *a, const double *b,
                                         const double *bias, double *out)
    void run_tile_f "saitama_run_tile_f"(const Tile *t, const float *begin, const float *a, const float *b,
                                         const float *bias, float *out)

cdef enum:
    TILE_LONG_RUN = 64  # steps along k that take longer than to fetch what the next tile adds to


cdef inline Py_ssize_t tile_lanes(real *kind) noexcept nogil:
    """Numbers of a vector."""
    return TILE_VECTOR_BYTES // sizeof(real)


cdef inline Py_ssize_t tile_vectors(Py_ssize_t columns, real *kind) noexcept nogil:
    """Vectors of the next tile, with so many columns to go."""
    return vectors_of_tile(columns, tile_lanes(kind))


cdef inline const real *no_bias(real *kind) noexcept nogil:
    if real is double:
        return TILE_NOTHING_D
    else:
        return TILE_NOTHING_F


cdef inline void multiply_tile(const Tile *t, const real *begin, const real *a, const real *b, const real *bias,
                               real *out) noexcept nogil:
    """out (rows, n) = begin (rows, n) + a (rows, k) @ b (k, n) + bias (n,); begin may be out."""
    if real is double:
        run_tile_d(t, begin, a, b, bias, out)
    else:
        run_tile_f(t, begin, a, b, bias, out)


cdef inline void copy_rows(const real *x, Py_ssize_t row_x, real *out, Py_ssize_t row_out, Py_ssize_t rows,
                           Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(rows):
        memcpy(out + i * row_out, x + i * row_x, n * sizeof(real))


cdef void multiply_panel(Tile *t, const real *begin, const real *a, Py_ssize_t next_a, const real *b, const real *bias,
                         real *out, Py_ssize_t rows, Py_ssize_t columns) noexcept nogil:
    """out (rows, columns) = begin + a @ b + bias, for a panel b of t.vectors vectors, the last of which may be a part
    of one in begin and out. From a row to the next tile's begins the same as many rows further in begin and out, and
    next_a numbers a row in a, which may be packed in tiles."""
    cdef real[TILE_NUMBERS] aside
    cdef Py_ssize_t width = t.vectors * tile_lanes(out), i, row_begin = t.row_begin, row_out = t.row_out
    for i from 0 <= i < rows by TILE_ROWS:
        t.rows = at_most(rows - i, TILE_ROWS)
        if t.k >= TILE_LONG_RUN:  # the next tile is below, or at the top of the next panel
            fetch_rows(out + (i + TILE_ROWS) * row_out if i + TILE_ROWS < rows else out + columns,
                       row_out * sizeof(real), TILE_ROWS, width * sizeof(real))
        if columns == width:
            multiply_tile(t, begin + i * row_begin, a + i * next_a, b, bias, out + i * row_out)
        else:
            memset(aside, 0, t.rows * width * sizeof(real))
            copy_rows(begin + i * row_begin, row_begin, <real *> aside, width, t.rows, columns)
            t.row_begin = t.row_out = width
            multiply_tile(t, <const real *> aside, a + i * next_a, b, bias, <real *> aside)
            t.row_begin, t.row_out = row_begin, row_out
            copy_rows(<const real *> aside, width, out + i * row_out, row_out, t.rows, columns)
