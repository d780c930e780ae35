# The tile: a few rows and columns of a product, held in registers for a whole run along k.
#
# Design: a tile is plain loops with constant bounds, which the compiler turns into one fused multiply-add per vector,
# with every sum in a register. Its numbers come from how fast a core is: each step along k loads VECTORS vectors of b
# and ROWS single numbers of a, and multiplies each with each. So the registers hold ROWS x VECTORS sums, the vectors of
# b and one number of a, and there are several multiply-adds for every load. A product's last tiles are narrower or
# lower. As each sum is one chain of multiply-adds in the order of k, no cut into tiles changes a bit.
#
# The sums stay in registers from the first load to the last store only if nothing between depends on a condition. So a
# tile that begins at zero loads zeros, and one without a bias adds -0.0, which changes no number, not even -0.0. With
# its numbers in the first cache a tile of 256 steps takes 97% of the multiply-adds that a core can do, one of 32 steps
# 90%: the rest is loading and storing the sums.

cdef extern from *:
    """
    #if defined(__AVX512F__)
    #define SAITAMA_VECTOR 64 /* bytes */
    #define SAITAMA_ROWS 8 /* 8 x 3 of the 32 registers hold a tile */
    #define SAITAMA_WIDE 3
    #define SAITAMA_NARROW 2
    #elif defined(__AVX__)
    #define SAITAMA_VECTOR 32
    #define SAITAMA_ROWS 4 /* 4 x 3 of 16 */
    #define SAITAMA_WIDE 3
    #define SAITAMA_NARROW 3
    #elif defined(__ARM_NEON)
    #define SAITAMA_VECTOR 16
    #define SAITAMA_ROWS 2 /* 2 x 12 of 32 */
    #define SAITAMA_WIDE 12
    #define SAITAMA_NARROW 12
    #else
    #define SAITAMA_VECTOR 16
    #define SAITAMA_ROWS 1 /* 1 x 12 of 16 */
    #define SAITAMA_WIDE 12
    #define SAITAMA_NARROW 12
    #endif
    #define SAITAMA_TILE (SAITAMA_ROWS * SAITAMA_WIDE * SAITAMA_VECTOR / 4) /* numbers of a tile, at most */

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
        VECTOR "SAITAMA_VECTOR"
        ROWS "SAITAMA_ROWS"
        TILE_VECTORS "SAITAMA_WIDE"  # vectors of a tile
        NARROW_VECTORS "SAITAMA_NARROW"  # of one where a wide one would be mostly empty
        TILE "SAITAMA_TILE"
    double fused_multiply_add "SAITAMA_FMA"(double x, double y, double z) nogil
    float fused_multiply_add_f "SAITAMA_FMAF"(float x, float y, float z) nogil

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
    """out (rows, n) += a (rows, k) @ b (k, n) + bias (n,), for constant rows and n, and k > 0."""
    cdef real sums[TILE]
    cdef Py_ssize_t rows = 1 if tile_shape is WideRow or tile_shape is NarrowRow else ROWS
    cdef Py_ssize_t n = columns(out) if tile_shape is WideRows or tile_shape is WideRow else narrow_columns(out)
    cdef Py_ssize_t row_a = t.row_a, step_a = t.step_a, row_b = t.row_b, row_out = t.row_out, i, j, p
    cdef const real *begin = <const real *> ZEROS if t.first else out
    cdef Py_ssize_t row_begin = 0 if t.first else row_out
    if t.k < 1:
        return
    for i in range(rows):
        for j in range(n):
            sums[i * n + j] = begin[i * row_begin + j]
    for p in range(t.k):
        for i in range(rows):
            for j in range(n):
                if real is double:
                    sums[i * n + j] = fused_multiply_add(a[i * row_a], b[j], sums[i * n + j])
                else:
                    sums[i * n + j] = fused_multiply_add_f(a[i * row_a], b[j], sums[i * n + j])
        a += step_a
        b += row_b
    for i in range(rows):
        for j in range(n):
            sums[i * n + j] += bias[j]
    for i in range(rows):
        for j in range(n):
            out[i * row_out + j] = sums[i * n + j]


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
