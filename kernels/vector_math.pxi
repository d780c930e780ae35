# Elementary functions that a compiler can vectorise: exp and log here; sigmoid.pxi and gelu.pxi build on them.
#
# Design: C's exp and log are calls, and a loop with a call works on one number at a time. Here each function is
# straight arithmetic in the array's own dtype (so are its constants, as Cython writes a literal 1 as a double): no
# table, no branch (a conditional expression becomes a select), no call left after inlining. Then the plain loops of
# elementwise.pxi run on whole vectors, eight doubles or sixteen floats at a time with AVX-512. The odd elements at the
# end of a loop see the same operations, so a number gives the same bits wherever it stands. Only the polynomials
# differ between the dtypes. They are summed in pairs of terms, which do not wait for each other.
#
# Numbers to which a formula does not apply (infinities, too large ones) go through it as well, and a select replaces
# the result. That, and powers of two which are no normal numbers, is a third of the work, and hardly ever needed. So
# exp, log, sigmoid and GELU take a constant `easy`, which leaves all that out and changes no bit of the numbers
# between some bounds. A loop tries a block of numbers as easy ones, and computes it again where one was not
# (elementwise.pxi).
#
# Range reduction (Cody and Waite, "Software manual for the elementary functions", 1980; Tang, "Table-driven
# implementation of the exponential function", ACM TOMS 15, 1989, for the analysis of its errors):
#
#   exp: x = n ln 2 + r with |r| <= ln(2) / 2, so e^x = 2^n e^r. ln 2 is split in two so that n LN2_HI is exact.
#   log: x = 2^k (1 + f) with 1 + f from sqrt(1/2) to sqrt 2, log x = k ln 2 + log(1 + f), and with s = f / (2 + f)
#        log(1 + f) = 2 artanh s = f - s (f - s^2 Q(s^2)): a small correction to f, which is exact.
#
# Polynomials (scripts/minimax.py derives them): e^r = 1 + r + r^2 P(r), where P has degree 10 (relative error 2^-62;
# float32: 5, 2^-32), and Q has degree 6 (2^-57; float32: 3, 2^-31). The leading terms are not part of P and Q, so the
# rounding of P and Q hardly matters.
#
# Where a result goes on into another formula (GELU), an error of half an ulp at each step would add up to three.
# There, what rounding takes from the larger quantities is kept in a second number (named `_lo`; Dekker, "A
# floating-point technique for extending the available precision", 1971), and added just before the last rounding.
#
# Errors are below 1 ulp for exp and log and below 2 for the others; tests/kernels/test_accuracy.py compares with
# mpmath. Without fused multiply-adds they are up to 1.7 times as large.

cdef extern from *:
    """
    #if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    #define SAITAMA_HAS_FMA 1
    #else
    #define SAITAMA_HAS_FMA 0
    #endif
    """
    const bint HAS_FMA "SAITAMA_HAS_FMA"


cdef inline real magnitude(real x) noexcept nogil:
    if real is double:
        return c_fabs(x)
    else:
        return c_fabsf(x)


cdef inline real with_sign(real x, real sign) noexcept nogil:
    if real is double:
        return c_copysign(x, sign)
    else:
        return c_copysignf(x, sign)


cdef inline double from_bits(uint64_t bits) noexcept nogil:
    cdef double x
    memcpy(&x, &bits, sizeof(x))
    return x


cdef inline uint64_t to_bits(double x) noexcept nogil:
    cdef uint64_t bits
    memcpy(&bits, &x, sizeof(bits))
    return bits


cdef inline float from_bits_f(uint32_t bits) noexcept nogil:
    cdef float x
    memcpy(&x, &bits, sizeof(x))
    return x


cdef inline uint32_t to_bits_f(float x) noexcept nogil:
    cdef uint32_t bits
    memcpy(&bits, &x, sizeof(bits))
    return bits


cdef inline double power_of_two(int exponent) noexcept nogil:
    """For -1022 <= exponent <= 1023."""
    return from_bits(<uint64_t> (exponent + 1023) << 52)


cdef inline int exponent_of(double x) noexcept nogil:
    """The whole part of log2 x, for a normal x > 0; -1023 for a smaller one."""
    return <int> (to_bits(x) >> 52) - 1023


cdef inline real clamped(real x, real most) noexcept nogil:
    """x, at most so far from 0; NaN stays."""
    x = most if x > most else x
    return -most if x < -most else x


cdef inline real two_sum(real x, real y, real *lo) noexcept nogil:
    """x + y, and what rounding took from it (Knuth)."""
    cdef real sum = x + y, part = sum - x
    lo[0] = (x - (sum - part)) + (y - part)
    return sum


cdef inline real upper_half(real x) noexcept nogil:
    """The upper bits of x, so few that the product of two such numbers is exact."""
    if real is double:
        return from_bits(to_bits(x) & <uint64_t> 0xFFFFFFFFF8000000)
    else:
        return from_bits_f(to_bits_f(x) & <uint32_t> 0xFFFFF000)


cdef inline real two_product(real x, real y, real *lo) noexcept nogil:
    """x y, and what rounding took from it: by a fused multiply-add, or from halves (Dekker)."""
    cdef real product = x * y, u, v
    if HAS_FMA:
        lo[0] = fma(x, y, -product)
    else:
        u = upper_half(x)
        v = upper_half(y)
        lo[0] = (x - u) * (y - v) - (((product - u * v) - (x - u) * v) - u * (y - v))
    return product


cdef inline real quotient(real x, real y, real inverse) noexcept nogil:
    """x / y where inverse = 1 / y, correctly rounded but for rare cases (a subnormal result may be one unit off): three
    operations, of which a vector unit does several in the time of a division (Markstein, "Computation of elementary
    functions on the IBM RISC System/6000 processor", 1990)."""
    cdef real q = x * inverse
    return fma(fma(-q, y, x), inverse, q) if HAS_FMA else x / y


# --- e^x --------------------------------------------------------------------------------------------------------------
cdef inline real nearest(real x, real scale, real *first, real *second) noexcept nogil:
    """n, the whole number nearest to x scale, and 2^n as a product of two powers of half the exponent, so that what it
    multiplies may become subnormal, zero or infinite, and is rounded once. |n| is at most 2046 (float32: 254)."""
    cdef uint64_t bits, half
    cdef uint32_t bits_f, half_f
    cdef real n, shift
    if real is double:
        shift = 6755399441055744.0 + 2046  # 1.5 * 2^52, where doubles are one apart, and twice what exponents are
        n = fma(x, scale, shift)           # stored with: the last bits are n + 2046
        bits = to_bits(n)
        half = bits >> 1
        first[0] = from_bits(half << 52)
        second[0] = from_bits((bits - half) << 52)
    else:
        shift = 12582912.0 + 254
        n = fma(x, scale, shift)
        bits_f = to_bits_f(n)
        half_f = bits_f >> 1
        first[0] = from_bits_f(half_f << 23)
        second[0] = from_bits_f((bits_f - half_f) << 23)
    return n - shift


cdef inline real nearest_power(real x, real scale, int more, real *power) noexcept nogil:
    """n, the whole number nearest to x scale, and 2^(n + more), for |n + more| <= 1022 (float32: 126) and an even
    `more`. Without fused multiply-adds x scale may lie halfway between two, and is rounded to an even sum: as in
    `nearest`."""
    cdef int odd = 0 if HAS_FMA else 1
    cdef real n, shift = 6755399441055744.0 + 1023 - odd if real is double else 12582912.0 + 127 - odd
    shift = shift + more
    n = fma(x, scale, shift)
    if real is double:
        power[0] = from_bits((to_bits(n) + odd) << 52)
    else:
        power[0] = from_bits_f((to_bits_f(n) + odd) << 23)
    return n - shift


cdef inline real exp_tail(real r) noexcept nogil:
    """P(r), with e^r = 1 + r + r^2 P(r), for |r| <= ln(2) / 2."""
    cdef real p, z = r * r
    if real is double:
        p = 2.0921589370829142e-09
        p = fma(p, z, fused_multiply_add(2.510521838664829e-08, r, 2.7557252912472866e-07))
        p = fma(p, z, fused_multiply_add(2.7557255396471e-06, r, 2.480158734733946e-05))
        p = fma(p, z, fused_multiply_add(0.0001984126987482399, r, 0.0013888888888874398))
        p = fma(p, z, fused_multiply_add(0.008333333333326134, r, 0.041666666666666685))
        p = fma(p, z, fused_multiply_add(0.1666666666666667, r, 0.5))
    else:
        p = fused_multiply_add_f(<float> 0.0001990758485640314, r, <float> 0.00139336549793067)
        p = fma(p, z, fused_multiply_add_f(<float> 0.008333286007318842, r, <float> 0.04166646486542493))
        p = fma(p, z, fused_multiply_add_f(<float> 0.16666666756455065, r, <float> 0.5000000013474797))
    return p


cdef inline real beyond_powers(real x, real x_lo, real n) noexcept nogil:
    """r = x + x_lo - n ln 2, for a whole number n near x / ln 2: then e^(x + x_lo) = 2^n e^r."""
    cdef real ln2_hi = 0.6931471805598903 if real is double else 0.693145751953125  # as in exp_parts
    cdef real ln2_lo = 5.497923018708371e-14 if real is double else 1.428606765330187e-06
    return fma(-ln2_hi, n, x) + fma(-ln2_lo, n, x_lo)


cdef inline real exp_less_one(real r) noexcept nogil:
    """e^r - 1, for |r| <= ln(2) / 2: where 1 is added, its error is a fraction of an ulp."""
    return fma(r * r, exp_tail(r), r)


cdef inline real exp_parts(real x, real *t_lo, real *first, real *second) noexcept nogil:
    """t, with e^x = (1 + t + t_lo) first second, for |x| <= 1000 (float32: 150)."""
    cdef real n, h, r, p, ln2_hi, ln2_lo
    if real is double:
        ln2_hi = 0.6931471805598903  # the first 42 bits of ln 2; times a whole number to 2047 it is exact
        ln2_lo = 5.497923018708371e-14  # the rest
    else:
        ln2_hi = 0.693145751953125  # the first 15 bits
        ln2_lo = 1.428606765330187e-06
    n = nearest(x, 1.4426950408889634, first, second)
    h = fma(-ln2_hi, n, x)  # exact
    r = fma(-ln2_lo, n, h)
    p = fma(r * r, exp_tail(r), fma(-ln2_lo, n, h - r))
    h = r + p
    t_lo[0] = p - (h - r)
    return h


cdef inline real exp_of(real x, bint easy) noexcept nogil:
    """easy: |x| <= 708 (float32: 87), where 2^n is a normal number."""
    cdef real most = 709.79 if real is double else 88.73, least = -745.2 if real is double else -104
    cdef real zero = 0, one = 1, n, t, first, second, y
    cdef bint gone, infinite
    if easy:
        n = nearest_power(x, 1.4426950408889634, 0, &first)
        t = exp_less_one(beyond_powers(x, zero, n))
        return fma(t, first, first) if HAS_FMA else (one + t) * first
    gone, infinite = x < least, x > most
    x = zero if gone else x  # a product below all numbers takes a core a hundred times as long
    n = nearest(x, 1.4426950408889634, &first, &second)
    y = (one + exp_less_one(beyond_powers(x, zero, n))) * first * second
    y = <real> INFINITY if infinite else y
    return 0 if gone else y


cdef inline real falling_exp_parts(real x, real *n, real *t) noexcept nogil:
    """e^x = 2^n (1 + t), as exp_of(x) to the last bit, for x up to 600 (float32: 40): there 2^(n + 64) is a normal
    number wherever e^x is not 0."""
    cdef real least = -746 if real is double else -105, zero = 0, one = 1, power
    cdef real back = 5.421010862427522e-20  # 2^-64
    cdef bint gone = x < least
    x = zero if gone else x  # as in exp_of: of -inf, which stands for what is masked, there may be many
    n[0] = nearest_power(x, 1.4426950408889634, 64, &power)
    t[0] = exp_less_one(beyond_powers(x, zero, n[0]))
    power = (fma(t[0], power, power) if HAS_FMA else (one + t[0]) * power) * back
    n[0] = least if gone else n[0]
    return zero if gone else power


cdef inline real falling_exp(real x) noexcept nogil:
    cdef real n, t
    return falling_exp_parts(x, &n, &t)


# --- log x ------------------------------------------------------------------------------------------------------------
cdef inline real fraction_and_exponent(real x, real *k) noexcept nogil:
    """f, with x = 2^k (1 + f), for a normal x > 0."""
    cdef uint64_t bits
    cdef uint32_t bits_f
    cdef real one = 1
    cdef real bias = 4503599627370496.0 + 1023 if real is double else 8388608.0 + 127  # 2^52 (2^23), and the exponent's
    if real is double:
        bits = to_bits(x) + <uint64_t> 0x00095F619980C433  # above sqrt 2 it carries into the exponent
        k[0] = from_bits((bits >> 52) | <uint64_t> 0x4330000000000000) - bias  # 2^52 + exponent
        return from_bits((bits & <uint64_t> 0x000FFFFFFFFFFFFF) + <uint64_t> 0x3FE6A09E667F3BCD) - one
    else:
        bits_f = to_bits_f(x) + <uint32_t> 0x004AFB0D
        k[0] = from_bits_f((bits_f >> 23) | <uint32_t> 0x4B000000) - bias
        return from_bits_f((bits_f & <uint32_t> 0x007FFFFF) + <uint32_t> 0x3F3504F3) - one


cdef inline real log_of(real x, bint easy) noexcept nogil:
    """easy: x is a normal number > 0."""
    cdef real two = 2, k, f, s, z, w, p, ln2_hi, ln2_lo, shift, scale
    cdef real normal = 2.2250738585072014e-308 if real is double else 1.1754943508222875e-38  # the smallest
    cdef bint subnormal = x < normal and not easy
    if real is double:
        ln2_hi, ln2_lo = 0.6931471805598903, 5.497923018708371e-14  # as in exp_parts
        scale, shift = 18014398509481984.0, -54  # 2^54
    else:
        ln2_hi, ln2_lo = 0.693145751953125, 1.428606765330187e-06
        scale, shift = 16777216.0, -24  # 2^24
    f = fraction_and_exponent(x * scale if subnormal else x, &k)
    if not easy:
        shift = shift if subnormal else 0
        shift = shift if x < <real> INFINITY else x  # what k becomes, the result becomes
        shift = shift if x > 0 else <real> NAN
        shift = -<real> INFINITY if x == 0 else shift
        k = k + shift
    s = f / (two + f)
    z = s * s
    w = z * z
    if real is double:
        p = 0.14617872803129472
        p = fma(p, w, fused_multiply_add(0.1533159698024087, z, 0.18182893216800716))
        p = fma(p, w, fused_multiply_add(0.22222211072894535, z, 0.28571428626398654))
        p = fma(p, w, fused_multiply_add(0.39999999999898445, z, 0.666666666666667))
    else:
        p = fused_multiply_add_f(<float> 0.23332382847386024, z, <float> 0.28550737156822587)
        p = fma(p, w, fused_multiply_add_f(<float> 0.40000122752452993, z, <float> 0.6666666655302484))
    return fma(ln2_hi, k, f - fma(s, fma(-z, p, f), -ln2_lo * k))


cdef inline real log1p_of(real x) noexcept nogil:
    """log(1 + x) for -1/2 <= x <= 1: of the rounded sum, and what the rest of it adds."""
    cdef real one = 1, sum = one + x
    return log_of(sum, False) + (x - (sum - one)) / sum
