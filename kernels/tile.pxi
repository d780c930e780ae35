# The tiles of matmul: how large they are, and which there are.
#
# Design: tile.h multiplies a few rows by a few columns, both constant numbers. They follow from what a core can do:
# each step along k loads TILE_VECTORS vectors of b and TILE_ROWS single numbers of a for TILE_ROWS x TILE_VECTORS
# multiply-adds, whose sums fill most of the registers. The last tiles of a product are narrower or lower.
#
# A condition would cost a tile more than it saves. So a tile that begins at zero loads zeros, and one without a bias
# adds -0.0, which changes no number, not even -0.0.

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
    static const double saitama_zeros[SAITAMA_TILE] = {0}; /* of either kind of number */

    typedef struct {
        Py_ssize_t rows, k; /* (rows, k) @ (k, columns) */
        Py_ssize_t row_a, step_a; /* from row to row and along a row of a, whose numbers are taken one by one */
        Py_ssize_t row_b; /* the columns of b lie side by side */
        Py_ssize_t row_out;
        int narrow; /* SAITAMA_NARROW wide, not SAITAMA_WIDE */
        int first; /* what is in the result counts as zero */
    } saitama_tile;

    /* A tile of one size, apart from all else: among other code it does not get all the registers. */
    #define SAITAMA_TILE_APART(name, tile, number, rows, vectors)                                                     \
        SAITAMA_APART void name(const saitama_tile *t, const number *a, const number *b, const number *bias,          \
                                number *out) {                                                                        \
            tile(t->first ? (const number *)saitama_zeros : out, t->first ? 0 : t->row_out, a, t->row_a, t->step_a,   \
                 b, t->row_b, t->k, bias, out, t->row_out, rows, (vectors) * SAITAMA_VECTOR / sizeof(number));        \
        }
    #define SAITAMA_TILES(name, tile, number)                                                                         \
        SAITAMA_TILE_APART(name##_wide_rows, tile, number, SAITAMA_ROWS, SAITAMA_WIDE)                                \
        SAITAMA_TILE_APART(name##_narrow_rows, tile, number, SAITAMA_ROWS, SAITAMA_NARROW)                            \
        SAITAMA_TILE_APART(name##_wide_row, tile, number, 1, SAITAMA_WIDE)                                            \
        SAITAMA_TILE_APART(name##_narrow_row, tile, number, 1, SAITAMA_NARROW)                                        \
        static void name(const saitama_tile *t, const number *a, const number *b, const number *bias, number *out) {  \
            if (t->rows == 1)                                                                                         \
                (t->narrow ? name##_narrow_row : name##_wide_row)(t, a, b, bias, out);                                \
            else                                                                                                      \
                (t->narrow ? name##_narrow_rows : name##_wide_rows)(t, a, b, bias, out);                              \
        }
    SAITAMA_TILES(saitama_run_tile_d, saitama_tile_d, double)
    SAITAMA_TILES(saitama_run_tile_f, saitama_tile_f, float)
    """
    enum:
        TILE_VECTOR_BYTES "SAITAMA_VECTOR"  # bytes
        TILE_ROWS "SAITAMA_ROWS"
        TILE_VECTORS "SAITAMA_WIDE"  # vectors of a tile
        TILE_NARROW_VECTORS "SAITAMA_NARROW"  # of one where a wide one would be mostly empty
        TILE_NUMBERS "SAITAMA_TILE"
    const double *TILE_ZEROS "saitama_zeros"
    void tile_d "saitama_tile_d"(const double *begin, Py_ssize_t row_begin, const double *a, Py_ssize_t row_a,
                                 Py_ssize_t step_a, const double *b, Py_ssize_t row_b, Py_ssize_t k,
                                 const double *bias, double *out, Py_ssize_t row_out, Py_ssize_t rows, Py_ssize_t n)
    void tile_f "saitama_tile_f"(const float *begin, Py_ssize_t row_begin, const float *a, Py_ssize_t row_a,
                                 Py_ssize_t step_a, const float *b, Py_ssize_t row_b, Py_ssize_t k,
                                 const float *bias, float *out, Py_ssize_t row_out, Py_ssize_t rows, Py_ssize_t n)
    ctypedef struct Tile "saitama_tile":
        Py_ssize_t rows, k, row_a, step_a, row_b, row_out
        bint narrow, first
    void run_tile_d "saitama_run_tile_d"(const Tile *t, const double *a, const double *b, const double *bias,
                                         double *out)
    void run_tile_f "saitama_run_tile_f"(const Tile *t, const float *a, const float *b, const float *bias,
                                         float *out)


cdef inline Py_ssize_t tile_columns(real *kind) noexcept nogil:
    return TILE_VECTORS * TILE_VECTOR_BYTES // sizeof(real)


cdef inline Py_ssize_t narrow_tile_columns(real *kind) noexcept nogil:
    return TILE_NARROW_VECTORS * TILE_VECTOR_BYTES // sizeof(real)


cdef inline bint is_narrow_tile(Py_ssize_t left, real *kind) noexcept nogil:
    """Whether the next tiles are narrow, with `left` columns to go: so that few vectors of a row of tiles are empty."""
    cdef Py_ssize_t vectors = round_up(left * sizeof(real), TILE_VECTOR_BYTES) // TILE_VECTOR_BYTES
    return vectors <= TILE_NARROW_VECTORS or vectors == 2 * TILE_NARROW_VECTORS


cdef inline void multiply_tile(const Tile *t, const real *a, const real *b, const real *bias,
                               real *out) noexcept nogil:  # IN/OUT out
    """out (rows, n) += a (rows, k) @ b (k, n) + bias (n,), for TILE_ROWS rows or one, wide or narrow."""
    if real is double:
        run_tile_d(t, a, b, bias, out)
    else:
        run_tile_f(t, a, b, bias, out)


cdef inline void copy_rows(const real *x, Py_ssize_t row_x, real *out, Py_ssize_t row_out, Py_ssize_t rows,
                           Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(rows):
        memcpy(out + i * row_out, x + i * row_x, n * sizeof(real))
