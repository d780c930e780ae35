/* A few rows times rows: out (m, n) = a (m, k) @ b (n, k)^T, where both are read as they lie.

Design: each result is one chain of multiply-adds in the order of k, as in a tile (tile.h): so a row has the same bits
whether it stands alone or among many. But what a vector of results needs at a step along k, a number of each row of b,
lies a row apart. So blocks of b are transposed on their way: halves of vectors are loaded from rows of b and exchange
their numbers within the halves, which a core does as fast as it loads. SAITAMA_GROUPS such groups of rows go side by
side, as a chain waits for each of its additions, and k goes on by lines of the cache, of which nothing is loaded twice.
Where rows are missing in the last group, it takes some of the one before once more.

The plain loops below are for fewer rows of b than a vector has numbers, and for machines without these instructions:
eight chains of single numbers, as many as two additions at a time keep busy. */
#ifndef SAITAMA_ROWS_H
#define SAITAMA_ROWS_H

#include "turn.h"

/* sums[j] += a[0] b[0, j] + a[1] b[1, j] + ..., for eight rows of b or fewer, the last of which stands for the rest. */
#define SAITAMA_DEFINE_CHAINS(name, number, fused_multiply_add)                                                       \
    SAITAMA_INLINE void name(const number *a, Py_ssize_t step_a, const number *b, Py_ssize_t row_b, Py_ssize_t k,     \
                             number *out, Py_ssize_t n) {                                                             \
        const number *rows[8];                                                                                        \
        number sums[8] = {0};                                                                                         \
        Py_ssize_t p, j;                                                                                              \
        SAITAMA_UNROLL for (j = 0; j < 8; j++) rows[j] = b + (j < n ? j : n - 1) * row_b;                             \
        for (p = 0; p < k; p++)                                                                                       \
            SAITAMA_UNROLL for (j = 0; j < 8; j++)                                                                    \
                sums[j] = fused_multiply_add(a[p * step_a], rows[j][p], sums[j]);                                     \
        for (j = 0; j < n; j++) out[j] = sums[j];                                                                     \
    }
SAITAMA_DEFINE_CHAINS(saitama_chains_d, double, SAITAMA_FMA)
SAITAMA_DEFINE_CHAINS(saitama_chains_f, float, SAITAMA_FMAF)

#if defined(__GNUC__) && defined(__AVX__)
#include <immintrin.h>

#ifdef __FMA__
#define SAITAMA_FMA_4 _mm256_fmadd_pd
#define SAITAMA_FMA_8 _mm256_fmadd_ps
#else
#define SAITAMA_FMA_4(x, y, z) ((x) * (y) + (z))
#define SAITAMA_FMA_8 SAITAMA_FMA_4
#endif

enum { SAITAMA_GROUPS = 4, SAITAMA_FEW = 3 /* rows of a that go together */ };

/* A sweep: n columns of m rows of the result, for a constant m and a constant number of groups, which just hold n. What
   is known of the place of each row is hidden: compilers would keep it in memory, all rows of it. */
#define SAITAMA_DEFINE_SWEEP(name, number, vector, transpose, load_to_all, multiply_add, store, multiply_add_numbers)  \
    SAITAMA_INLINE void name##_steps(const number *a, Py_ssize_t row_a, Py_ssize_t step_a, const number *b,            \
                                     Py_ssize_t row_b, vector *sums, int m, int groups) {                              \
        enum { STEPS = sizeof(vector) / sizeof(number) / 2 };                                                          \
        vector column[STEPS];                                                                                          \
        int s, i;                                                                                                      \
        transpose(b, row_b, column);                                                                                   \
        SAITAMA_UNROLL for (s = 0; s < STEPS; s++)                                                                     \
            SAITAMA_UNROLL for (i = 0; i < m; i++)                                                                     \
                sums[i * groups] = multiply_add(load_to_all(a + i * row_a + s * step_a), column[s], sums[i * groups]); \
    }                                                                                                                  \
    SAITAMA_INLINE void name(const number *a, Py_ssize_t row_a, Py_ssize_t step_a, const number *b, Py_ssize_t row_b,  \
                             Py_ssize_t k, number *out, Py_ssize_t row_out, Py_ssize_t n, int m, int groups) {         \
        enum { WIDTH = sizeof(vector) / sizeof(number), STEPS = WIDTH / 2, LINE = 64 / sizeof(number) };               \
        vector sums[SAITAMA_FEW * SAITAMA_GROUPS];                                                                     \
        const number *at;                                                                                              \
        Py_ssize_t p = 0, q, j;                                                                                        \
        int i, g;                                                                                                      \
        SAITAMA_UNROLL for (i = 0; i < m * groups; i++) sums[i] = (vector){0};                                         \
        for (; p + LINE <= k; p += LINE)                                                                               \
            SAITAMA_UNROLL for (g = 0; g < groups; g++) {                                                              \
                at = b + SAITAMA_FIRST(g) * row_b + p;                                                                 \
                SAITAMA_HIDE(at);                                                                                      \
                SAITAMA_UNROLL for (q = 0; q < LINE; q += STEPS)                                                       \
                    name##_steps(a + (p + q) * step_a, row_a, step_a, at + q, row_b, sums + g, m, groups);             \
            }                                                                                                          \
        for (; p + STEPS <= k; p += STEPS)                                                                             \
            SAITAMA_UNROLL for (g = 0; g < groups; g++)                                                                \
                name##_steps(a + p * step_a, row_a, step_a, b + SAITAMA_FIRST(g) * row_b + p, row_b, sums + g, m,      \
                             groups);                                                                                  \
        SAITAMA_UNROLL for (i = 0; i < m; i++)                                                                         \
            SAITAMA_UNROLL for (g = 0; g < groups; g++)                                                                \
                store(out + i * row_out + SAITAMA_FIRST(g), sums[i * groups + g]);                                     \
        for (; p < k; p++)                                                                                             \
            for (i = 0; i < m; i++)                                                                                    \
                for (j = n < WIDTH ? n - WIDTH : 0; j < n; j++)                                                        \
                    out[i * row_out + j] = multiply_add_numbers(a[i * row_a + p * step_a], b[j * row_b + p],           \
                                                                out[i * row_out + j]);                                 \
    }
#define SAITAMA_FIRST(g) ((g) < groups - 1 ? (g) * WIDTH : n - WIDTH) /* row of b of a group */
SAITAMA_DEFINE_SWEEP(saitama_sweep_d, double, __m256d, saitama_transpose_d, _mm256_broadcast_sd, SAITAMA_FMA_4,
                     _mm256_storeu_pd, SAITAMA_FMA)
SAITAMA_DEFINE_SWEEP(saitama_sweep_f, float, __m256, saitama_transpose_f, _mm256_broadcast_ss, SAITAMA_FMA_8,
                     _mm256_storeu_ps, SAITAMA_FMAF)

/* All columns of m rows, for a constant m; at least as many as a vector has numbers. */
#define SAITAMA_DEFINE_SWEEPS(name, number, sweep, width, m)                                                           \
    SAITAMA_APART void name(const number *a, Py_ssize_t row_a, Py_ssize_t step_a, const number *b, Py_ssize_t row_b,   \
                            Py_ssize_t k, number *out, Py_ssize_t row_out, Py_ssize_t n) {                             \
        Py_ssize_t now;                                                                                                \
        for (; n > 0; n -= now, b += now * row_b, out += now) {                                                        \
            now = n < SAITAMA_GROUPS * width ? n : SAITAMA_GROUPS * width;                                             \
            switch ((now + width - 1) / width) {                                                                       \
            case 1: sweep(a, row_a, step_a, b, row_b, k, out, row_out, now, m, 1); break;                              \
            case 2: sweep(a, row_a, step_a, b, row_b, k, out, row_out, now, m, 2); break;                              \
            case 3: sweep(a, row_a, step_a, b, row_b, k, out, row_out, now, m, 3); break;                              \
            case 4: sweep(a, row_a, step_a, b, row_b, k, out, row_out, now, m, 4); break;                              \
            }                                                                                                          \
        }                                                                                                              \
    }
SAITAMA_DEFINE_SWEEPS(saitama_sweeps_1d, double, saitama_sweep_d, 4, 1)
SAITAMA_DEFINE_SWEEPS(saitama_sweeps_2d, double, saitama_sweep_d, 4, 2)
SAITAMA_DEFINE_SWEEPS(saitama_sweeps_3d, double, saitama_sweep_d, 4, 3)
SAITAMA_DEFINE_SWEEPS(saitama_sweeps_1f, float, saitama_sweep_f, 8, 1)
SAITAMA_DEFINE_SWEEPS(saitama_sweeps_2f, float, saitama_sweep_f, 8, 2)
SAITAMA_DEFINE_SWEEPS(saitama_sweeps_3f, float, saitama_sweep_f, 8, 3)
#define SAITAMA_SWEEP_OR_CHAINS(number, one, two, three, width)                                                        \
    for (; n >= width && m > 0; m -= m > 3 ? 3 : m) {                                                                  \
        (m == 1 ? one : m == 2 ? two : three)(a, row_a, step_a, b, row_b, k, out, row_out, n);                         \
        a += 3 * row_a;                                                                                                \
        out += 3 * row_out;                                                                                            \
    }
#else
#define SAITAMA_SWEEP_OR_CHAINS(number, one, two, three, width)
#endif

#define SAITAMA_DEFINE_ROWS_BY_ROWS(name, number, chains, one, two, three, width)                                      \
    static void name(const number *a, Py_ssize_t row_a, Py_ssize_t step_a, Py_ssize_t m, const number *b,              \
                     Py_ssize_t row_b, Py_ssize_t n, Py_ssize_t k, number *out, Py_ssize_t row_out) {                  \
        Py_ssize_t i, j;                                                                                               \
        SAITAMA_SWEEP_OR_CHAINS(number, one, two, three, width)                                                        \
        for (i = 0; i < m; i++)                                                                                        \
            for (j = 0; j < n; j += 8)                                                                                 \
                chains(a + i * row_a, step_a, b + j * row_b, row_b, k, out + i * row_out + j, n - j < 8 ? n - j : 8);  \
    }
SAITAMA_DEFINE_ROWS_BY_ROWS(saitama_rows_by_rows_d, double, saitama_chains_d, saitama_sweeps_1d, saitama_sweeps_2d,
                            saitama_sweeps_3d, 4)
SAITAMA_DEFINE_ROWS_BY_ROWS(saitama_rows_by_rows_f, float, saitama_chains_f, saitama_sweeps_1f, saitama_sweeps_2f,
                            saitama_sweeps_3f, 8)

#endif
