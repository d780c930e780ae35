/* What one core of this machine can do at most: fused multiply-adds, and bytes read and copied.

   Built on demand by machine.py, with the instruction set of the kernels. A core starts up to two fused multiply-adds
   of a full vector each cycle and takes four or five cycles for one, so twelve chains that do not wait for each other
   keep it busy. They fit in the registers, so nothing else is measured. */

#include <string.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

typedef double double_vector __attribute__((vector_size(BYTES)));
typedef float float_vector __attribute__((vector_size(BYTES)));

#define CHAINS 12

/* `count` rounds of CHAINS multiply-adds of a vector: x = x * a + b, which goes to 2. Returns their FLOP. */
#define MULTIPLY_ADDS(name, vector, number)                                                                           \
    double name(long count, number *result) {                                                                         \
        volatile number half = 0.5; /* or the compiler sees that 2 * a + b is 2, and leaves that chain out */         \
        const vector zero = {0}, a = zero + half, b = zero + (number)1;                                               \
        vector x0 = zero, x1 = zero + 1, x2 = zero + 2, x3 = zero + 3, x4 = zero + 4, x5 = zero + 5;                  \
        vector x6 = zero + 6, x7 = zero + 7, x8 = zero + 8, x9 = zero + 9, x10 = zero + 10, x11 = zero + 11;          \
        for (long i = 0; i < count; i++) {                                                                            \
            x0 = x0 * a + b, x1 = x1 * a + b, x2 = x2 * a + b, x3 = x3 * a + b;                                       \
            x4 = x4 * a + b, x5 = x5 * a + b, x6 = x6 * a + b, x7 = x7 * a + b;                                       \
            x8 = x8 * a + b, x9 = x9 * a + b, x10 = x10 * a + b, x11 = x11 * a + b;                                   \
        }                                                                                                             \
        x0 = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11;                                             \
        *result = x0[0];                                                                                              \
        return 2.0 * CHAINS * (BYTES / sizeof(number)) * count;                                                       \
    }

MULTIPLY_ADDS(multiply_adds_float64, double_vector, double)
MULTIPLY_ADDS(multiply_adds_float32, float_vector, float)

/* Read all of `nbytes` (a multiple of 8 vectors, aligned), `count` times. Returns the bytes read. */
double read_bytes(long count, const char *from, char *to, long nbytes, double *result) {
    const double_vector *x = (const double_vector *)from;
    double_vector s0 = {0}, s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    (void)to;
    for (long i = 0; i < count; i++) {
        for (long j = 0; j < nbytes / BYTES; j += 8) {
            s0 += x[j], s1 += x[j + 1], s2 += x[j + 2], s3 += x[j + 3];
            s4 += x[j + 4], s5 += x[j + 5], s6 += x[j + 6], s7 += x[j + 7];
        }
        __asm__ volatile("" ::: "memory"); /* or one reading would do for all */
    }
    s0 += s1 + s2 + s3 + s4 + s5 + s6 + s7;
    *result = s0[0];
    return (double)nbytes * count;
}

/* Copy `nbytes / 2`, `count` times. Returns the bytes read and written. */
double copy_bytes(long count, const char *from, char *to, long nbytes, double *result) {
    for (long i = 0; i < count; i++) {
        memcpy(to, from, nbytes / 2);
        __asm__ volatile("" ::: "memory");
    }
    *result = to[0];
    return (double)(nbytes / 2) * 2 * count;
}
