/* The tile: a few rows and columns of a product, held in registers for a whole run along k.

Design: a step along k loads the vectors of a row of b and a single number from each row of a, and multiplies each with
each. So the registers hold rows x vectors sums, the vectors of b and one number of a, and there are several fused
multiply-adds for every load. Each sum is one chain of them in the order of k, so no cut into tiles changes a bit.

Vectors are those of GCC and Clang, and the loops over rows and vectors have constant bounds and are unrolled: then both
compilers give every sum a register of its own. From a plain loop over columns GCC does so too, but Clang makes vectors
of it before it unrolls the rows, and keeps the sums in memory: 17% to 30% of the multiply-adds that a core can do. The
sums stay in registers only if nothing between the first load and the last store depends on a condition. This is C as
Cython has no way to say that a loop shall be unrolled. Other compilers get the plain loop: vectors of one number.

Where there are 16 registers none is to spare, and GCC spends them on numbers of a that it loads early, and keeps sums
in memory. So the multiply-add is a line of assembly whose operands are registers, and a sum is changed where it is.
tests/kernels/test_tile_machine_code.py reads what compilers make of it.

A core that two programs share runs out of instructions before it runs out of multiply-adds. So steps go in pairs, and
with AVX-512 a multiply-add takes the numbers of every second row from memory itself, which spares loading them to all
lanes of a register; for every row, or in a narrow tile, that would be more loads than a core can do. Neither alone
gains anything, both 3% to 6%. Compilers load what is used three times, hence the line of assembly (but not for
AddressSanitizer, which sees C). */
#ifndef SAITAMA_TILE_H
#define SAITAMA_TILE_H

#include <Python.h>

#if defined(__AVX512F__)
#define SAITAMA_VECTOR 64 /* bytes */
#elif defined(__AVX__)
#define SAITAMA_VECTOR 32
#else
#define SAITAMA_VECTOR 16
#endif

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#include <math.h>
#define SAITAMA_FMA fma
#define SAITAMA_FMAF fmaf
#else
#define SAITAMA_FMA(x, y, z) ((x) * (y) + (z))
#define SAITAMA_FMAF SAITAMA_FMA
#endif

#ifdef __GNUC__
typedef double saitama_doubles __attribute__((vector_size(SAITAMA_VECTOR), aligned(8), may_alias));
typedef float saitama_floats __attribute__((vector_size(SAITAMA_VECTOR), aligned(4), may_alias));
#define SAITAMA_INLINE static inline __attribute__((always_inline))
#define SAITAMA_APART static __attribute__((noinline, nonnull))
#ifdef __clang__
#define SAITAMA_UNROLL _Pragma("clang loop unroll(full)")
#define SAITAMA_IN_PAIRS _Pragma("clang loop unroll_count(2)")
#else
#define SAITAMA_UNROLL _Pragma("GCC unroll 16")
#define SAITAMA_IN_PAIRS _Pragma("GCC unroll 2")
#endif
#define SAITAMA_HIDE(n) __asm__("" : "+r"(n)) /* what is known of n */
#define SAITAMA_FETCH(x) __builtin_prefetch(x, 1) /* to be written */
#else
typedef double saitama_doubles;
typedef float saitama_floats;
#define SAITAMA_INLINE static inline
#define SAITAMA_APART static
#define SAITAMA_UNROLL
#define SAITAMA_IN_PAIRS
#define SAITAMA_HIDE(n)
#define SAITAMA_FETCH(x)
#endif

/* sum += x * y for a number x, which ADD takes to a register and ADD_FROM_MEMORY leaves where it lies. */
#if defined(__GNUC__) && defined(__AVX__) && (defined(__FMA__) || defined(__AVX512F__))
#include <immintrin.h>
#ifdef __AVX512F__
#define SAITAMA_ALL_DOUBLES _mm512_set1_pd
#define SAITAMA_ALL_FLOATS _mm512_set1_ps
#else
#define SAITAMA_ALL_DOUBLES _mm256_set1_pd
#define SAITAMA_ALL_FLOATS _mm256_set1_ps
#endif
#define SAITAMA_ADD_DOUBLES(x, y, sum) \
    __asm__("vfmadd231pd %1, %2, %0" : "+v"(sum) : "v"(SAITAMA_ALL_DOUBLES(x)), "v"(y))
#define SAITAMA_ADD_FLOATS(x, y, sum) \
    __asm__("vfmadd231ps %1, %2, %0" : "+v"(sum) : "v"(SAITAMA_ALL_FLOATS(x)), "v"(y))
#elif defined(__GNUC__) && defined(__aarch64__)
#include <arm_neon.h>
#define SAITAMA_ADD_DOUBLES(x, y, sum) (sum) = vfmaq_f64(sum, vdupq_n_f64(x), y)
#define SAITAMA_ADD_FLOATS(x, y, sum) (sum) = vfmaq_f32(sum, vdupq_n_f32(x), y)
#else
#define SAITAMA_ADD_DOUBLES(x, y, sum) (sum) += (x) * (y)
#define SAITAMA_ADD_FLOATS SAITAMA_ADD_DOUBLES
#endif
#if defined(__GNUC__) && defined(__AVX512F__) && !defined(__SANITIZE_ADDRESS__)
#define SAITAMA_ADD_DOUBLES_FROM_MEMORY(x, y, sum) \
    __asm__("vfmadd231pd %1%{1to8%}, %2, %0" : "+v"(sum) : "m"(x), "v"(y))
#define SAITAMA_ADD_FLOATS_FROM_MEMORY(x, y, sum) \
    __asm__("vfmadd231ps %1%{1to16%}, %2, %0" : "+v"(sum) : "m"(x), "v"(y))
#else
#define SAITAMA_ADD_DOUBLES_FROM_MEMORY SAITAMA_ADD_DOUBLES
#define SAITAMA_ADD_FLOATS_FROM_MEMORY SAITAMA_ADD_FLOATS
#endif

/* out (rows, n) = begin (rows, n) + a (rows, k) @ b (k, n) + bias (n,), for constant rows and n, at most 32 vectors.
   Rows lie `row_...` apart and the numbers of a row of a `step_a`. */
#define SAITAMA_DEFINE_TILE(name, number, vector, add, add_from_memory)                                               \
    SAITAMA_INLINE void name(const number *begin, Py_ssize_t row_begin, const number *a, Py_ssize_t row_a,            \
                             Py_ssize_t step_a, const number *b, Py_ssize_t row_b, Py_ssize_t k, const number *bias,  \
                             number *out, Py_ssize_t row_out, Py_ssize_t rows, Py_ssize_t n) {                        \
        enum { LANES = sizeof(vector) / sizeof(number), MOST = 32 * SAITAMA_VECTOR / sizeof(vector) };                \
        const Py_ssize_t width = n / LANES;                                                                           \
        vector sums[MOST], row[MOST];                                                                                 \
        Py_ssize_t step = step_a * (Py_ssize_t)sizeof(number), p, i, j;                                               \
        SAITAMA_HIDE(step); /* or GCC makes another loop for a step of 1, and both want the same registers */         \
        SAITAMA_UNROLL for (i = 0; i < rows; i++, begin += row_begin)                                                 \
            SAITAMA_UNROLL for (j = 0; j < width; j++)                                                                \
                sums[i * width + j] = ((const vector *)begin)[j];                                                     \
        SAITAMA_IN_PAIRS for (p = 0; p < k; p++, a = (const number *)((const char *)a + step), b += row_b) {          \
            SAITAMA_UNROLL for (j = 0; j < width; j++) row[j] = ((const vector *)b)[j];                               \
            SAITAMA_UNROLL for (i = 0; i < rows; i++)                                                                 \
                SAITAMA_UNROLL for (j = 0; j < width; j++)                                                            \
                    if (i % 2 == 0 || width < 3)                                                                      \
                        add(a[i * row_a], row[j], sums[i * width + j]);                                               \
                    else                                                                                              \
                        add_from_memory(a[i * row_a], row[j], sums[i * width + j]);                                   \
        }                                                                                                             \
        SAITAMA_UNROLL for (i = 0; i < rows; i++, out += row_out)                                                     \
            SAITAMA_UNROLL for (j = 0; j < width; j++)                                                                \
                ((vector *)out)[j] = sums[i * width + j] + ((const vector *)bias)[j];                                 \
    }
SAITAMA_DEFINE_TILE(saitama_tile_d, double, saitama_doubles, SAITAMA_ADD_DOUBLES, SAITAMA_ADD_DOUBLES_FROM_MEMORY)
SAITAMA_DEFINE_TILE(saitama_tile_f, float, saitama_floats, SAITAMA_ADD_FLOATS, SAITAMA_ADD_FLOATS_FROM_MEMORY)

#endif
