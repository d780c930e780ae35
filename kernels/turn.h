/* Rows become columns: a few rows of numbers are transposed on their way from memory to vectors. */
#ifndef SAITAMA_TURN_H
#define SAITAMA_TURN_H

#include "tile.h"

#if defined(__GNUC__) && defined(__AVX__)
#include <immintrin.h>

/* Halves of vectors exchange their numbers as if they were integers: a core does two of these at a time, where it does
   one of those for floats. */
#define SAITAMA_LOAD_HALVES(x, y) /* two numbers of 8 bytes, or four of 4, from x and as many from y */               \
    _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(x))),                            \
                            _mm_loadu_si128((const __m128i *)(y)), 1)

/* 4 rows, `row` apart, of 2 numbers: 2 vectors of 4, one for each step along the rows. */
SAITAMA_INLINE void saitama_transpose_d(const double *x, Py_ssize_t row, __m256d *out) {
    __m256i even = SAITAMA_LOAD_HALVES(x, x + 2 * row), odd = SAITAMA_LOAD_HALVES(x + row, x + 3 * row);
    out[0] = _mm256_castsi256_pd(_mm256_unpacklo_epi64(even, odd));
    out[1] = _mm256_castsi256_pd(_mm256_unpackhi_epi64(even, odd));
}

/* 8 rows of 4 numbers: 4 vectors of 8. */
SAITAMA_INLINE void saitama_transpose_f(const float *x, Py_ssize_t row, __m256 *out) {
    const float *y = x + 4 * row;
    __m256i a = SAITAMA_LOAD_HALVES(x, y), b = SAITAMA_LOAD_HALVES(x + row, y + row);
    __m256i c = SAITAMA_LOAD_HALVES(x + 2 * row, y + 2 * row), d = SAITAMA_LOAD_HALVES(x + 3 * row, y + 3 * row);
    __m256i ab = _mm256_unpacklo_epi32(a, b), cd = _mm256_unpacklo_epi32(c, d);
    out[0] = _mm256_castsi256_ps(_mm256_unpacklo_epi64(ab, cd));
    out[1] = _mm256_castsi256_ps(_mm256_unpackhi_epi64(ab, cd));
    ab = _mm256_unpackhi_epi32(a, b);
    cd = _mm256_unpackhi_epi32(c, d);
    out[2] = _mm256_castsi256_ps(_mm256_unpacklo_epi64(ab, cd));
    out[3] = _mm256_castsi256_ps(_mm256_unpackhi_epi64(ab, cd));
}

/* SAITAMA_TURN_D or _F rows of k numbers as (k, SAITAMA_TURN_...), whose rows lie `width` apart. */
enum { SAITAMA_TURN_D = 4, SAITAMA_TURN_F = 8 };
SAITAMA_INLINE void saitama_turn_d(const double *x, Py_ssize_t row, Py_ssize_t k, double *out, Py_ssize_t width) {
    __m256d column[2];
    Py_ssize_t p = 0, i;
    for (; p + 2 <= k; p += 2) {
        saitama_transpose_d(x + p, row, column);
        _mm256_storeu_pd(out + p * width, column[0]);
        _mm256_storeu_pd(out + (p + 1) * width, column[1]);
    }
    for (; p < k; p++)
        for (i = 0; i < SAITAMA_TURN_D; i++) out[p * width + i] = x[i * row + p];
}

SAITAMA_INLINE void saitama_turn_f(const float *x, Py_ssize_t row, Py_ssize_t k, float *out, Py_ssize_t width) {
    __m256 column[4];
    Py_ssize_t p = 0, i;
    for (; p + 4 <= k; p += 4) {
        saitama_transpose_f(x + p, row, column);
        SAITAMA_UNROLL for (i = 0; i < 4; i++) _mm256_storeu_ps(out + (p + i) * width, column[i]);
    }
    for (; p < k; p++)
        for (i = 0; i < SAITAMA_TURN_F; i++) out[p * width + i] = x[i * row + p];
}
#else
enum { SAITAMA_TURN_D = 8, SAITAMA_TURN_F = 8 };
#define SAITAMA_DEFINE_TURN(name, number)                                                                             \
    SAITAMA_INLINE void name(const number *x, Py_ssize_t row, Py_ssize_t k, number *out, Py_ssize_t width) {          \
        Py_ssize_t p, i;                                                                                              \
        for (p = 0; p < k; p++)                                                                                       \
            for (i = 0; i < 8; i++) out[p * width + i] = x[i * row + p];                                              \
    }
SAITAMA_DEFINE_TURN(saitama_turn_d, double)
SAITAMA_DEFINE_TURN(saitama_turn_f, float)
#endif
#endif
