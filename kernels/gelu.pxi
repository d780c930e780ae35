# GELU, x Phi(x), where Phi(x) is the chance that a standard normal number is below x; its tanh form; their derivatives.
#
# Design: 1 + erf(x / sqrt 2) loses everything for x below -8, where erf is nearly -1. So Phi is made from the tail,
#
#   Phi(-a) = e^(-a^2/2) Q(t) / (a + k),   t = (a - k) / (a + k),   a = |x|
#
# of which the first factor takes all of the decline and the last one the rest of it: Q is between 0.4 and 2, and t maps
# all a >= 0 to [-1, 1), where one polynomial does (Shepherd and Laframboise, "Chebyshev approximation of
# (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", 1981, for the mapping). Degree 25 for k = 3.5 (relative error 2^-60);
# a larger k needs fewer terms, but then rounding near a = 0 costs more. float32: degree 10, k = 3 (2^-30). For x > 0,
# Phi(x) = 1 - Phi(-x) loses nothing, as Phi(-x) < 1/2.
#
# e^(-a^2/2) needs a^2 to twice the precision: an error of one ulp in 700 is one of 700 ulp in e^-700. Likewise the tanh
# form, which is x sigmoid(2u). What rounding takes from the exponent is added to the exponential, as e^(h + l) is
# e^h (1 + l). The derivatives pass through 0, where no relative error is small, so they do without: their errors stay
# below three ulp of the larger of 1/2 and themselves.

cdef extern from *:
    """
    #define SAITAMA_C1 1.5957691216057308 /* 2 sqrt(2 / pi) */
    #define SAITAMA_C1_LO -9.96930880911092e-17
    #define SAITAMA_C3 0.07135481627260025 /* 0.044715 times that */
    #define SAITAMA_C3_LO -6.175149918155315e-19
    #define SAITAMA_DENSITY 0.3989422804014327 /* 1 / sqrt(2 pi) */
    """
    const double C1 "SAITAMA_C1"
    const double C1_LO "SAITAMA_C1_LO"
    const double C3 "SAITAMA_C3"
    const double C3_LO "SAITAMA_C3_LO"
    const double DENSITY "SAITAMA_DENSITY"


cdef inline Pair tail_ratio(double a, real *kind) noexcept nogil:
    """Phi(-a) e^(a^2/2) for a >= 0."""
    cdef double k = 3.5 if real is double else 3, d = a + k, n = a - k, inverse = 1 / d, rest, t, p, q, last
    cdef Pair ratio
    if real is double:
        rest = fused_multiply_add(-d, inverse, 1) - (a - (d - k) if a < k else k - (d - a)) * inverse
        rest = rest * inverse  # what rounding took from 1 / (a + k)
        t = (a - (n + k) if a < k else a - n - k) * inverse  # and from a - k
        t = fused_multiply_add(n, inverse, fused_multiply_add(n, rest, t))
        p = -3.8375976921367517e-10
        p = fused_multiply_add(p, t, -6.836592292303034e-10)
        p = fused_multiply_add(p, t, 2.946686544529406e-09)
        p = fused_multiply_add(p, t, 7.91278751712511e-09)
        p = fused_multiply_add(p, t, -6.184132906052894e-09)
        p = fused_multiply_add(p, t, -4.2125152420740995e-08)
        p = fused_multiply_add(p, t, -2.811180612581041e-08)
        p = fused_multiply_add(p, t, 1.303312090332638e-07)
        p = fused_multiply_add(p, t, 2.934128833321674e-07)
        p = fused_multiply_add(p, t, -1.4772156370282567e-07)
        p = fused_multiply_add(p, t, -1.4789019325919767e-06)
        p = fused_multiply_add(p, t, -1.1629369792580256e-06)
        p = fused_multiply_add(p, t, 5.651892524011345e-06)
        p = fused_multiply_add(p, t, 1.1505992986861396e-05)
        p = fused_multiply_add(p, t, -1.878890566883713e-05)
        p = fused_multiply_add(p, t, -7.558453393268893e-05)
        p = fused_multiply_add(p, t, 6.703323450172256e-05)
        p = fused_multiply_add(p, t, 0.0004766570865925719)
        p = fused_multiply_add(p, t, -0.0004450129503799527)
        p = fused_multiply_add(p, t, -0.003189101047243398)
        p = fused_multiply_add(p, t, 0.006476218919887959)
        p = fused_multiply_add(p, t, 0.01740783260200942)
        p = fused_multiply_add(p, t, -0.1160509287140785)
        p = fused_multiply_add(p, t, 0.31542496988795304)
        last = p
        p = fused_multiply_add(last, t, -0.565561816053779)
        q = fused_multiply_add(p, t, 0.7444160754359381)
        ratio.hi = q * inverse
        last = fused_multiply_add(last, t, -0.565561816053779 - p)  # and from the last two steps of the polynomial
        last = fused_multiply_add(p, t, 0.7444160754359381 - q) + last * t
        ratio.lo = fused_multiply_add(q, inverse, -ratio.hi) + fused_multiply_add(q, rest, last * inverse)
    else:
        t = n * inverse
        p = 5.448939385849159e-05
        p = fused_multiply_add(p, t, 0.00013133012721587743)
        p = fused_multiply_add(p, t, -0.00024473110883906904)
        p = fused_multiply_add(p, t, -0.0010325737505751606)
        p = fused_multiply_add(p, t, 0.0010247548200947234)
        p = fused_multiply_add(p, t, 0.006969311454774623)
        p = fused_multiply_add(p, t, -0.010462513132788077)
        p = fused_multiply_add(p, t, -0.04726268803613675)
        p = fused_multiply_add(p, t, 0.2300176994451515)
        p = fused_multiply_add(p, t, -0.509331991407107)
        p = fused_multiply_add(p, t, 0.7290836903751808)
        ratio.hi = p * inverse
        ratio.lo = 0
    return ratio


cdef inline double gelu_value(double x, real *kind) noexcept nogil:
    cdef double v = limited(x, 40 if real is double else 20), p, rest
    cdef Pair square, ratio
    cdef Exponential e
    if real is double:
        square = two_product(v, v)
        e = exponential(-square.hi / 2, kind)
        e.t_lo = e.t_lo - (1 + e.t) * (square.lo / 2)
    else:
        e = exponential(-v * v / 2, kind)
    ratio = tail_ratio(c_fabs(v), kind)
    rest = fused_multiply_add(ratio.hi, e.t + e.t_lo, ratio.lo)
    p = ratio.hi + rest
    if real is double:
        p = fused_multiply_add(v, p, v * (rest - (p - ratio.hi)))
    else:
        p = v * p
    p = times_power(p, e.power, kind)  # x Phi(-|x|)
    return c_copysign(p - (x - x) if x < 0 else x - p, x)  # x - x: -inf times 0 is NaN


cdef inline double gelu_tanh_value(double x, real *kind) noexcept nogil:
    """0.5 x (1 + tanh u) = x sigmoid(2u), 2u = x (C1 + C3 x^2)."""
    cdef double v = limited(x, 22 if real is double else 12)
    cdef Pair square, inner, u
    cdef Scaled y
    if real is double:
        square = two_product(v, v)
        inner = two_product(C3, square.hi)
        square.lo = inner.lo + (C3 * square.lo + C3_LO * square.hi)
        inner = two_sum(C1, inner.hi)
        inner.lo = inner.lo + (square.lo + C1_LO)
        u = two_product(v, inner.hi)
        u.lo = u.lo + v * inner.lo
    else:
        u.hi = v * (C1 + C3 * v * v)
        u.lo = 0
    y = sigmoid_parts(u.hi, u.lo, kind)
    if x < 0:
        return times_power(v * y.value, y.power, kind) - (x - x)  # as gelu_value
    return x * y.value


cdef inline double gelu_slope(double x, real *kind) noexcept nogil:
    """Phi(x) + x phi(x); as there, infinity times 0 is NaN."""
    cdef double v = limited(x, 40), a = c_fabs(v), e = exp_value(-v * v / 2, kind), tail
    tail = e * tail_ratio(a, kind).hi
    return (tail if v < 0 else 1 - tail) + v * (e * DENSITY) - (x - x)


cdef inline double gelu_tanh_slope(double x, real *kind) noexcept nogil:
    """s + x s (1 - s) (2u)' with s = sigmoid(2u), and s (1 - s) = e / (1 + e)^2 with e = e^-|2u|."""
    cdef double v = limited(x, 40), square = v * v, e, inverse
    e = exp_value(-c_fabs(v * (C1 + C3 * square)), kind)
    inverse = 1 / (1 + e)
    return (e if v < 0 else 1) * inverse + v * (e * inverse * inverse) * (C1 + 3 * C3 * square) - (x - x)
