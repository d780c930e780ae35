# The tiles of matmul: how large they are, and which there are.
#
# Design: tile.h multiplies a few rows by a few columns, both constant. Their numbers come from how fast a core is: each
# step along k loads TILE_VECTORS vectors of b and ROWS single numbers of a for ROWS x TILE_VECTORS multiply-adds, whose
# sums fill most of the registers. A product's last tiles are narrower or lower.
#
# A condition would cost a tile more than what it saves. So a tile that begins at zero loads zeros, and one without a bias
# adds -0.0, which changes no number, not even -0.0. With its numbers in the first cache a tile of 256 steps takes 97% of
# the multiply-adds that a core can do, one of 32 steps 90%: the rest is loading and storing the sums.

cdef extern from "tile.h" nogil:
    """
    #if defined(__AVX512F__) || defined(__aarch64__)
    #define SAITAMA_ROWS 8 /* 8 x 3 of the 32 registers hold a tile */
    #define SAITAMA_WIDE 3
    #define SAITAMA_NARROW 2
    #elif defined(__AVX__)
    #define SAITAMA_ROWS 4 /* 4 x 3 of 16 */
    #define SAITAMA_WIDE 3
    #define SAITAMA_NARROW 3
    #else
    #define SAITAMA_ROWS 1 /* 1 x 12 of 16 */
    #define SAITAMA_WIDE 12
    #define SAITAMA_NARROW 12
    #endif
    #define SAITAMA_TILE (SAITAMA_ROWS * SAITAMA_WIDE * SAITAMA_VECTOR / 4) /* numbers of a tile, at most */
    """
    enum:
        VECTOR "SAITAMA_VECTOR"  # bytes
        ROWS "SAITAMA_ROWS"
        TILE_VECTORS "SAITAMA_WIDE"  # vectors of a tile
        NARROW_VECTORS "SAITAMA_NARROW"  # of one where a wide one would be mostly empty
        TILE "SAITAMA_TILE"
    double fused_multiply_add "SAITAMA_FMA"(double x, double y, double z)
    float fused_multiply_add_f "SAITAMA_FMAF"(float x, float y, float z)
    void tile_d "saitama_tile_d"(const double *begin, Py_ssize_t row_begin, const double *a, Py_ssize_t row_a,
                                 Py_ssize_t step_a, const double *b, Py_ssize_t row_b, Py_ssize_t k,
                                 const double *bias, double *out, Py_ssize_t row_out, Py_ssize_t rows, Py_ssize_t n)
    void tile_f "saitama_tile_f"(const float *begin, Py_ssize_t row_begin, const float *a, Py_ssize_t row_a,
                                 Py_ssize_t step_a, const float *b, Py_ssize_t row_b, Py_ssize_t k,
                                 const float *bias, float *out, Py_ssize_t row_out, Py_ssize_t rows, Py_ssize_t n)

cdef double ZEROS[TILE]  # for either kind of number

cdef struct WideRows:
    char _
cdef struct NarrowRows:
    char _
cdef struct WideRow:
    char _
cdef struct NarrowRow:
    char _

ctypedef fused tile_shape:
    WideRows  # ROWS rows of TILE_VECTORS vectors
    NarrowRows  # ROWS rows of NARROW_VECTORS
    WideRow  # one row
    NarrowRow

cdef struct Tile:
    Py_ssize_t rows, k  # (rows, k) @ (k, columns)
    Py_ssize_t row_a, step_a  # from row to row and along a row of a, whose numbers are taken one by one
    Py_ssize_t row_b  # the columns of b lie side by side
    Py_ssize_t row_out
    bint narrow  # NARROW_VECTORS wide, not TILE_VECTORS
    bint first  # what is in the result counts as zero


cdef inline Py_ssize_t round_up(Py_ssize_t n, Py_ssize_t width) noexcept nogil:
    return (n + width - 1) // width * width


cdef inline Py_ssize_t columns(real *kind) noexcept nogil:
    return TILE_VECTORS * VECTOR // sizeof(real)


cdef inline Py_ssize_t narrow_columns(real *kind) noexcept nogil:
    return NARROW_VECTORS * VECTOR // sizeof(real)


cdef inline bint is_narrow(Py_ssize_t left, real *kind) noexcept nogil:
    """Whether the tiles for the next of `left` columns are: so that few vectors of a row of tiles are empty."""
    cdef Py_ssize_t vectors = round_up(left * sizeof(real), VECTOR) // VECTOR
    return vectors <= NARROW_VECTORS or vectors == 2 * NARROW_VECTORS


cdef void run_tile(const Tile *t, const real *a, const real *b, const real *bias, real *out,
                   tile_shape *shape) noexcept nogil:  # IN t, a, b, bias IN/OUT out
    """out (rows, n) += a (rows, k) @ b (k, n) + bias (n,)."""
    cdef Py_ssize_t rows = 1 if tile_shape is WideRow or tile_shape is NarrowRow else ROWS
    cdef Py_ssize_t n = columns(out) if tile_shape is WideRows or tile_shape is WideRow else narrow_columns(out)
    cdef const real *begin = <const real *> ZEROS if t.first else out
    cdef Py_ssize_t row_begin = 0 if t.first else t.row_out
    if real is double:
        tile_d(begin, row_begin, a, t.row_a, t.step_a, b, t.row_b, t.k, bias, out, t.row_out, rows, n)
    else:
        tile_f(begin, row_begin, a, t.row_a, t.step_a, b, t.row_b, t.k, bias, out, t.row_out, rows, n)


cdef void run_any_tile(const Tile *t, const real *a, const real *b, const real *bias,
                       real *out) noexcept nogil:  # IN t, a, b, bias IN/OUT out
    """A tile of ROWS rows or of one, wide or narrow."""
    if t.rows == 1 and t.narrow:
        run_tile(t, a, b, bias, out, <NarrowRow *> NULL)
    elif t.rows == 1:
        run_tile(t, a, b, bias, out, <WideRow *> NULL)
    elif t.narrow:
        run_tile(t, a, b, bias, out, <NarrowRows *> NULL)
    else:
        run_tile(t, a, b, bias, out, <WideRows *> NULL)


cdef inline void copy_rows(const real *x, Py_ssize_t row_x, real *out, Py_ssize_t row_out, Py_ssize_t rows,
                           Py_ssize_t n) noexcept nogil:  # IN x OUT out
    cdef Py_ssize_t i
    for i in range(rows):
        memcpy(out + i * row_out, x + i * row_x, n * sizeof(real))
