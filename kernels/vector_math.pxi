# Elementary functions that a compiler can vectorise: exp and log here; sigmoid.pxi and gelu.pxi build on them.
#
# Design: C's exp and log are calls, and a loop with a call works on one number at a time. Here each function is straight
# arithmetic: no table, no branch (a conditional expression becomes a select), no call left after inlining. Then the plain
# loops of elementwise.pxi run on whole vectors, and the odd elements at their end see the same operations, so that a
# number gives the same bits wherever it stands.
#
# Range reduction (Cody and Waite, "Software manual for the elementary functions", 1980; Tang, "Table-driven
# implementation of the exponential function", ACM TOMS 15, 1989, for the analysis of its errors):
#
#   exp: x = n ln 2 + r with |r| <= ln(2) / 2, so e^x = 2^n e^r. ln 2 is split in two so that n LN2_HI is exact.
#   log: x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt 2, log x = k ln 2 + log(1 + f), and with s = f / (2 + f)
#        log(1 + f) = 2 artanh s = f - (f^2/2 - s (f^2/2 + s^2 Q(s^2))): a small correction to f, which is exact.
#
# Polynomials (scripts/minimax.py derives them): e^r = 1 + r + r^2 P(r), where P has degree 10 (relative error 2^-62),
# and Q has degree 6 (2^-57). The leading terms are not part of P and Q, so the rounding of those hardly shows. float32 is
# computed in double, as everywhere, but needs 2^-30 only: degrees 5 and 3, and none of the second words below.
#
# Where results go on into a formula (sigmoid, tanh, GELU), an error of half an ulp at each step would add up to three.
# There, what rounding takes from the larger quantities is kept in a second word (`t_lo`, `Pair`; Dekker, "A
# floating-point technique for extending the available precision", 1971), and added just before the last rounding.
#
# Measured against mpmath on 100000 random points of all sizes (largest error in ulp; float64, float32):
#   exp 0.81 0.51   log 0.76 0.50   tanh 0.76 0.51   sigmoid 0.72 0.51   gelu 1.62 0.52   gelu_tanh 1.46 0.51
# Where the machine has no fused multiply-add, float64 loses more: tanh 1.3, sigmoid 1.1, gelu 3, gelu_tanh 2.1.
# Speed on one core with AVX-512, 4096 numbers in the cache, ns per number (float64, float32):
#   exp 0.71 0.51   log 0.66 0.58   tanh 1.30 0.59   sigmoid 1.49 0.65   gelu 2.88 0.94   gelu_tanh 1.84 0.84
# The best of NumPy (whose loops are assembly) and PyTorch took, beside it:
#   exp 0.61 0.41   log 0.59 0.34   tanh 0.84 0.25   sigmoid 0.75 0.41   gelu 22.0 1.69   gelu_tanh 2.63 1.48
# What is left of float32 lies in computing it in double, eight numbers to a vector instead of sixteen.

cdef extern from *:
    """
    #if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    #define SAITAMA_HAS_FMA 1
    #else
    #define SAITAMA_HAS_FMA 0
    #endif
    #define SAITAMA_ROUND (6755399441055744.0 + 2046) /* 1.5 * 2^52, where doubles are one apart, and 2 * 1023 */
    #define SAITAMA_LN2_HI 0.6931471805598903 /* the first 42 bits of ln 2; times a whole number to 2047 it is exact */
    #define SAITAMA_LN2_LO 5.497923018708371e-14 /* the rest */
    """
    const bint HAS_FMA "SAITAMA_HAS_FMA"
    const double ROUND "SAITAMA_ROUND"
    const double LN2_HI "SAITAMA_LN2_HI"
    const double LN2_LO "SAITAMA_LN2_LO"

cdef struct Pair:  # hi + lo, where lo is what rounding took from hi
    double hi
    double lo

cdef struct Exponential:  # 2^n (1 + t + t_lo)
    uint64_t power  # of which the last 12 bits are n + 2046
    double t
    double t_lo


cdef inline double from_bits(uint64_t bits) noexcept nogil:
    cdef double x
    memcpy(&x, &bits, sizeof(x))
    return x


cdef inline uint64_t to_bits(double x) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, &x, sizeof(bits))
    return bits


cdef inline double limited(double x, double most) noexcept nogil:
    """x, at most so far from 0; NaN stays."""
    x = most if x > most else x
    return -most if x < -most else x


cdef inline double times_power(double x, uint64_t power, real *kind) noexcept nogil:
    """x 2^n: a number moved to the exponent's place is a power of two (0 stands for -1023). float64 multiplies by two
    powers of half the exponent, so that x 2^n may be subnormal, zero or infinite, and is rounded once."""
    cdef uint64_t half = power >> 1
    if real is double:
        return x * from_bits(half << 52) * from_bits((power - half) << 52)
    else:
        return x * from_bits((power - 1023) << 52)


cdef inline Pair two_sum(double x, double y) noexcept nogil:
    """x + y without error (Knuth)."""
    cdef Pair sum
    cdef double part
    sum.hi = x + y
    part = sum.hi - x
    sum.lo = (x - (sum.hi - part)) + (y - part)
    return sum


cdef inline Pair two_product(double x, double y) noexcept nogil:
    """x y without error: by a fused multiply-add, or from halves of 26 bits (Dekker)."""
    cdef Pair product, u, v
    product.hi = x * y
    if HAS_FMA:
        product.lo = fused_multiply_add(x, y, -product.hi)
    else:
        u.hi = from_bits(to_bits(x) & <uint64_t> 0xFFFFFFFFF8000000)
        v.hi = from_bits(to_bits(y) & <uint64_t> 0xFFFFFFFFF8000000)
        u.lo = x - u.hi
        v.lo = y - v.hi
        product.lo = u.lo * v.lo - (((product.hi - u.hi * v.hi) - u.lo * v.hi) - u.hi * v.lo)
    return product


cdef inline double quotient(double x, double x_lo, double y, double y_lo) noexcept nogil:
    """(x + x_lo) / (y + y_lo): the rounded quotient, and what its remainder adds."""
    cdef double inverse = 1 / y, q = x * inverse
    return fused_multiply_add(fused_multiply_add(-q, y, x) + (x_lo - q * y_lo), inverse, q)


cdef inline Exponential exponential(double x, real *kind) noexcept nogil:
    """e^x in parts, for |x| <= 1000 (float32: 200)."""
    cdef Exponential e
    cdef double n, r, r_lo, p
    n = fused_multiply_add(x, 1.4426950408889634, ROUND)
    e.power = to_bits(n)
    n = n - ROUND
    r = fused_multiply_add(-LN2_HI, n, x)  # exact
    if real is double:
        r_lo = r
        r = fused_multiply_add(-LN2_LO, n, r)
        r_lo = fused_multiply_add(-LN2_LO, n, r_lo - r)
        p = 2.0921589370829142e-09
        p = fused_multiply_add(p, r, 2.510521838664829e-08)
        p = fused_multiply_add(p, r, 2.7557252912472866e-07)
        p = fused_multiply_add(p, r, 2.7557255396471e-06)
        p = fused_multiply_add(p, r, 2.480158734733946e-05)
        p = fused_multiply_add(p, r, 0.0001984126987482399)
        p = fused_multiply_add(p, r, 0.0013888888888874398)
        p = fused_multiply_add(p, r, 0.008333333333326134)
        p = fused_multiply_add(p, r, 0.041666666666666685)
        p = fused_multiply_add(p, r, 0.1666666666666667)
        p = fused_multiply_add(p, r, 0.5)
        p = fused_multiply_add(r * r, p, r_lo)
        e.t = r + p
        e.t_lo = p - (e.t - r)
    else:
        r = fused_multiply_add(-LN2_LO, n, r)
        p = 0.0001990758485640314
        p = fused_multiply_add(p, r, 0.00139336549793067)
        p = fused_multiply_add(p, r, 0.008333286007318842)
        p = fused_multiply_add(p, r, 0.04166646486542493)
        p = fused_multiply_add(p, r, 0.16666666756455065)
        p = fused_multiply_add(p, r, 0.5000000013474797)
        e.t = fused_multiply_add(r * r, p, r)
        e.t_lo = 0
    return e


cdef inline double exp_value(double x, real *kind) noexcept nogil:
    cdef Exponential e = exponential(limited(x, 1000 if real is double else 200), kind)
    return times_power(1 + e.t, e.power, kind)


cdef inline double log_value(double x, real *kind) noexcept nogil:
    cdef double v = x, k, f, s, z, p, half
    cdef uint64_t bits
    k = -(4503599627370496.0 + 1023)  # 2^52, and what exponents are stored with
    if real is double:
        v = x * 18014398509481984.0 if x < 2.2250738585072014e-308 else x  # a subnormal number, times 2^54
        k = k - 54 if x < 2.2250738585072014e-308 else k
    bits = to_bits(v) + <uint64_t> 0x00095F619980C433  # carries into the exponent where v's fraction is above sqrt 2
    k = from_bits((bits >> 52) | <uint64_t> 0x4330000000000000) + k  # 2^52 + exponent, as a double
    f = from_bits((bits & <uint64_t> 0x000FFFFFFFFFFFFF) + <uint64_t> 0x3FE6A09E667F3BCD) - 1  # v = 2^k (1 + f)
    s = f / (2 + f)
    z = s * s
    if real is double:
        p = 0.14617872803129472
        p = fused_multiply_add(p, z, 0.1533159698024087)
        p = fused_multiply_add(p, z, 0.18182893216800716)
        p = fused_multiply_add(p, z, 0.22222211072894535)
        p = fused_multiply_add(p, z, 0.28571428626398654)
        p = fused_multiply_add(p, z, 0.39999999999898445)
        p = fused_multiply_add(p, z, 0.666666666666667)
    else:
        p = 0.23332382847386024
        p = fused_multiply_add(p, z, 0.28550737156822587)
        p = fused_multiply_add(p, z, 0.40000122752452993)
        p = fused_multiply_add(p, z, 0.6666666655302484)
    half = f * f / 2
    p = fused_multiply_add(s, fused_multiply_add(z, p, half), LN2_LO * k)
    p = fused_multiply_add(LN2_HI, k, f - (half - p))
    p = p if x > 0 else (-INFINITY if x == 0 else NAN)
    return p if x < INFINITY else x  # infinity and NaN stay
