/* From three loops to the matmul kernel, a step at a time; kernels/MATMUL.md explains each.

   Every step is out = a @ b for square matrices of n x n doubles, row after row, where n is a multiple of 192, which
   every tile divides. Built on demand by matmul_steps.py, with the instruction set of the machine. */

#include <string.h>

#if defined(__AVX512F__)
#define BYTES 64 /* of a vector register */
#define ROWS 8   /* of a tile: 8 x 3 of the 32 registers hold its sums */
#define WIDE 3   /* vectors across a tile */
#elif defined(__AVX__)
#define BYTES 32
#define ROWS 4 /* 4 x 3 of 16 */
#define WIDE 3
#elif defined(__ARM_NEON)
#define BYTES 16
#define ROWS 6 /* 6 x 4 of 32 */
#define WIDE 4
#else
#define BYTES 16
#define ROWS 4 /* 4 x 3 of 16 */
#define WIDE 3
#endif
#define LANES (BYTES / 8)    /* doubles of a vector */
#define WIDTH (WIDE * LANES) /* columns of a tile */
#define DEPTH 256            /* rows of a packed panel of b: it stays in the first cache, or nearly */

typedef double vector __attribute__((vector_size(BYTES), aligned(8), may_alias));

/* 1. The formula: out[i, j] = sum_k a[i, k] b[k, j]. */
void three_loops(long n, const double *a, const double *b, double *out, int threads) {
    (void)threads;
    for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) {
            double total = 0;
            for (long k = 0; k < n; k++)
                total += a[i * n + k] * b[k * n + j];
            out[i * n + j] = total;
        }
}

/* 2. The loops over j and k exchanged: the inner one runs along rows of b and out, where numbers lie side by side. */
void reordered(long n, const double *a, const double *b, double *restrict out, int threads) {
    (void)threads;
    memset(out, 0, n * n * sizeof(double));
    for (long i = 0; i < n; i++)
        for (long k = 0; k < n; k++)
            for (long j = 0; j < n; j++)
                out[i * n + j] += a[i * n + k] * b[k * n + j];
}

/* A tile of out += ROWS rows of a times WIDTH columns of b, `depth` numbers long. All sums are in registers. */
static inline void tile(long depth, const double *a, long row_a, const double *b, long row_b, double *out,
                        long row_out) {
    vector sums[ROWS][WIDE];
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < WIDE; c++)
            sums[r][c] = *(const vector *)(out + r * row_out + c * LANES);
    for (long k = 0; k < depth; k++)
        for (int r = 0; r < ROWS; r++)
            for (int c = 0; c < WIDE; c++)
                sums[r][c] += a[r * row_a + k] * *(const vector *)(b + k * row_b + c * LANES);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < WIDE; c++)
            *(vector *)(out + r * row_out + c * LANES) = sums[r][c];
}

/* 3. Tile by tile: WIDTH columns of b serve all rows of a, then the next. */
void tiled(long n, const double *a, const double *b, double *out, int threads) {
    (void)threads;
    memset(out, 0, n * n * sizeof(double));
    for (long j = 0; j < n; j += WIDTH)
        for (long i = 0; i < n; i += ROWS)
            tile(n, a + i * n, n, b + j, n, out + i * n + j, n);
}

/* Columns `left` to `right` of out, for 4 and 5. */
static void packed_columns(long n, const double *a, const double *b, double *out, long left, long right) {
    double panel[DEPTH * WIDTH];
    for (long i = 0; i < n; i++)
        memset(out + i * n + left, 0, (right - left) * sizeof(double));
    for (long k = 0; k < n; k += DEPTH) {
        long depth = n - k < DEPTH ? n - k : DEPTH;
        for (long j = left; j < right; j += WIDTH) {
            for (long p = 0; p < depth; p++)
                memcpy(panel + p * WIDTH, b + (k + p) * n + j, WIDTH * sizeof(double));
            for (long i = 0; i < n; i += ROWS)
                tile(depth, a + i * n + k, n, panel, WIDTH, out + i * n + j, n);
        }
    }
}

/* 4. Runs of DEPTH along k, and for each run the columns of b that a tile needs copied side by side. */
void packed(long n, const double *a, const double *b, double *out, int threads) {
    (void)threads;
    packed_columns(n, a, b, out, 0, n);
}

/* 5. Each thread makes some of the columns, and packs for itself. */
void threaded(long n, const double *a, const double *b, double *out, int threads) {
    long tiles = n / WIDTH;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < threads; t++)
        packed_columns(n, a, b, out, tiles * t / threads * WIDTH, tiles * (t + 1) / threads * WIDTH);
}
