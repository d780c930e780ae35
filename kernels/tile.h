/* The tile: a few rows and columns of a product, held in registers for a whole run along k.

Design: a step along k loads the vectors of a row of b and a single number from each row of a, and multiplies each with
each. So the registers hold rows x vectors sums, the vectors of b and one number of a, and there are several fused
multiply-adds for every load. Each sum is one chain of them in the order of k, so no cut into tiles changes a bit.

Vectors are those of GCC and Clang, and the loops over rows and vectors have constant bounds and are unrolled: then both
compilers give every sum a register of its own. From a plain loop over columns GCC does so too, but Clang makes vectors
of it before it unrolls the rows, and keeps the sums in memory: 17% to 30% of the multiply-adds that a core can do. The
sums stay in registers only if nothing between the first load and the last store depends on a condition. This is C as
Cython has no way to say that a loop shall be unrolled. Other compilers get the plain loop: vectors of one number.

Where there are 16 registers none is to spare, and compilers spend them on numbers that they load early, and keep sums
in memory. So the multiply-add is a line of assembly whose operands are registers, a sum is changed where it is, and
these lines keep their order. tests/kernels/test_tile_machine_code.py reads what compilers make of it.

A core that two programs share runs out of instructions before it runs out of multiply-adds, so a tile should have few
others. Steps go in fours, with one look at how many are left. Every second row of a has a register that says where it
is; the row below lies `row_a` further and, where operands are in order, the numbers of the next steps a constant
further, which an instruction adds by itself. With AVX-512 a multiply-add takes the numbers of every second row from
memory itself, which spares loading them to all lanes of a register; for every row, or in a narrow tile, that would be
more loads than a core can do. Compilers load what is used three times, hence the line of assembly (but not for
AddressSanitizer, which sees C). MATMUL.md says what this is worth. */
#ifndef SAITAMA_TILE_H
#define SAITAMA_TILE_H

#include <Python.h>

#define SAITAMA_STEPS 4 /* along k, from one look at how many are left to the next */

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
#else
#define SAITAMA_UNROLL _Pragma("GCC unroll 16")
#endif
#define SAITAMA_HIDE(n) __asm__("" : "+r"(n)) /* what is known of n */
#define SAITAMA_FETCH(x) __builtin_prefetch(x, 1) /* to be written */
#else
typedef double saitama_doubles;
typedef float saitama_floats;
#define SAITAMA_INLINE static inline
#define SAITAMA_APART static
#define SAITAMA_UNROLL
#define SAITAMA_HIDE(n)
#define SAITAMA_FETCH(x)
#endif

/* ALL: a vector of a number. ADD: sum += x * y for such a vector x, ADD_FROM_MEMORY for a number x where it lies. */
#if defined(__GNUC__) && defined(__AVX__) && (defined(__FMA__) || defined(__AVX512F__))
#include <immintrin.h>
#ifdef __AVX512F__
#define SAITAMA_ALL_DOUBLES _mm512_set1_pd
#define SAITAMA_ALL_FLOATS _mm512_set1_ps
#else
#define SAITAMA_ALL_DOUBLES _mm256_set1_pd
#define SAITAMA_ALL_FLOATS _mm256_set1_ps
#endif
#define SAITAMA_ADD_DOUBLES(x, y, sum) __asm__ volatile("vfmadd231pd %1, %2, %0" : "+v"(sum) : "v"(x), "v"(y))
#define SAITAMA_ADD_FLOATS(x, y, sum) __asm__ volatile("vfmadd231ps %1, %2, %0" : "+v"(sum) : "v"(x), "v"(y))
#elif defined(__GNUC__) && defined(__aarch64__)
#include <arm_neon.h>
#define SAITAMA_ALL_DOUBLES vdupq_n_f64
#define SAITAMA_ALL_FLOATS vdupq_n_f32
#define SAITAMA_ADD_DOUBLES(x, y, sum) (sum) = vfmaq_f64(sum, x, y)
#define SAITAMA_ADD_FLOATS(x, y, sum) (sum) = vfmaq_f32(sum, x, y)
#else
#ifdef __GNUC__
#define SAITAMA_ALL_DOUBLES(x) ((x) - (saitama_doubles){0})
#define SAITAMA_ALL_FLOATS(x) ((x) - (saitama_floats){0})
#else
#define SAITAMA_ALL_DOUBLES(x) (x)
#define SAITAMA_ALL_FLOATS(x) (x)
#endif
#define SAITAMA_ADD_DOUBLES(x, y, sum) (sum) += (x) * (y)
#define SAITAMA_ADD_FLOATS SAITAMA_ADD_DOUBLES
#endif
#if defined(__GNUC__) && defined(__AVX512F__) && !defined(__SANITIZE_ADDRESS__)
#define SAITAMA_FROM_MEMORY 1
#define SAITAMA_ADD_DOUBLES_FROM_MEMORY(x, y, sum)                                                                    \
    __asm__ volatile("vfmadd231pd %1%{1to8%}, %2, %0" : "+v"(sum) : "m"(x), "v"(y))
#define SAITAMA_ADD_FLOATS_FROM_MEMORY(x, y, sum)                                                                     \
    __asm__ volatile("vfmadd231ps %1%{1to16%}, %2, %0" : "+v"(sum) : "m"(x), "v"(y))
#else
#define SAITAMA_FROM_MEMORY 0
#define SAITAMA_ADD_DOUBLES_FROM_MEMORY(x, y, sum)
#define SAITAMA_ADD_FLOATS_FROM_MEMORY(x, y, sum)
#endif

/* out (rows, n) = begin (rows, n) + a (rows, k) @ b (k, n) + bias (n,), for constant rows, at most 8, and n, at most 32
   vectors in all. Rows lie `row_...` apart and the numbers of a row of a `step_a`. `in_order` says that row_b and step_a
   are constants. Where they are not, the compiler must not see one place in another: it would keep many, in memory. */
#define SAITAMA_DEFINE_TILE(name, number, vector, all, add, add_from_memory)                                          \
    /* A step along k; the rows of a in pairs, of which `pairs` says where the first is. */                           \
    SAITAMA_INLINE void name##_step(const char **pairs, Py_ssize_t row_a, Py_ssize_t step_a, const number *b,         \
                                    Py_ssize_t rows, Py_ssize_t width, vector *sums) {                                \
        vector row[32 * SAITAMA_VECTOR / sizeof(vector)], x;                                                          \
        Py_ssize_t i, j;                                                                                              \
        SAITAMA_UNROLL for (j = 0; j < width; j++) row[j] = ((const vector *)b)[j];                                   \
        SAITAMA_UNROLL for (i = 0; i < rows; i++, sums += width)                                                      \
            if (SAITAMA_FROM_MEMORY && i % 2 == 0 && width == 3) {                                                    \
                SAITAMA_UNROLL for (j = 0; j < width; j++)                                                            \
                    add_from_memory(*(const number *)pairs[i / 2], row[j], sums[j]);                                  \
            } else {                                                                                                  \
                x = all(*(const number *)(pairs[i / 2] + i % 2 * row_a));                                             \
                SAITAMA_UNROLL for (j = 0; j < width; j++) add(x, row[j], sums[j]);                                   \
            }                                                                                                         \
        SAITAMA_UNROLL for (i = 0; i < rows; i += 2) pairs[i / 2] += step_a;                                          \
    }                                                                                                                 \
    SAITAMA_INLINE void name(const number *begin, Py_ssize_t row_begin, const number *a, Py_ssize_t row_a,            \
                             Py_ssize_t step_a, const number *b, Py_ssize_t row_b, Py_ssize_t k, const number *bias,  \
                             number *out, Py_ssize_t row_out, Py_ssize_t rows, Py_ssize_t n, int in_order) {          \
        const Py_ssize_t width = n / (Py_ssize_t)(sizeof(vector) / sizeof(number));                                   \
        const char *pairs[4];                                                                                         \
        vector sums[32 * SAITAMA_VECTOR / sizeof(vector)];                                                            \
        Py_ssize_t p, q, i, j;                                                                                        \
        SAITAMA_UNROLL for (i = 0; i < rows; i++, begin += row_begin)                                                 \
            SAITAMA_UNROLL for (j = 0; j < width; j++)                                                                \
                sums[i * width + j] = ((const vector *)begin)[j];                                                     \
        SAITAMA_UNROLL for (i = 0; i < rows; i += 2) pairs[i / 2] = (const char *)(a + i * row_a);                    \
        row_a *= (Py_ssize_t)sizeof(number);                                                                          \
        step_a *= (Py_ssize_t)sizeof(number);                                                                         \
        for (p = k / SAITAMA_STEPS; p > 0; p--)                                                                       \
            SAITAMA_UNROLL for (q = 0; q < SAITAMA_STEPS; q++, b += row_b) {                                          \
                if (q == 0 || !in_order) {                                                                            \
                    SAITAMA_UNROLL for (i = 0; i < rows; i += 2) SAITAMA_HIDE(pairs[i / 2]);                          \
                    SAITAMA_HIDE(b);                                                                                  \
                }                                                                                                     \
                name##_step(pairs, row_a, step_a, b, rows, width, sums);                                              \
            }                                                                                                         \
        for (p = k % SAITAMA_STEPS; p > 0; p--, b += row_b) name##_step(pairs, row_a, step_a, b, rows, width, sums);  \
        SAITAMA_UNROLL for (i = 0; i < rows; i++, out += row_out)                                                     \
            SAITAMA_UNROLL for (j = 0; j < width; j++)                                                                \
                ((vector *)out)[j] = sums[i * width + j] + ((const vector *)bias)[j];                                 \
    }
SAITAMA_DEFINE_TILE(saitama_tile_d, double, saitama_doubles, SAITAMA_ALL_DOUBLES, SAITAMA_ADD_DOUBLES,
                    SAITAMA_ADD_DOUBLES_FROM_MEMORY)
SAITAMA_DEFINE_TILE(saitama_tile_f, float, saitama_floats, SAITAMA_ALL_FLOATS, SAITAMA_ADD_FLOATS,
                    SAITAMA_ADD_FLOATS_FROM_MEMORY)

#endif
