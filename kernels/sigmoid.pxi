# sigmoid and tanh, each with one division.
#
# Design: both are made for |x|. For sigmoid that is the smaller half: with e^a = 2^n (1 + t) and p = 2^-n,
#
#   sigmoid(-a) = 1 / (1 + e^a) = p / (1 + p + t)
#
# which rounds only the sum and the quotient, and is accurate relative to its size down to the smallest number, as half
# of the power of two is multiplied in last. Then sigmoid(a) = 1 - sigmoid(-a) loses nothing.
#
# tanh is odd. With w = n ln(2) / 2 and a = w + v, tanh w = (s - 1) / (s + 1) where s = 2^n, and the addition theorem
# gives
#
#   tanh a = m / (m + 2 - 2u),   m = (s - 1) + (s + 1) u,   u = tanh v = v + v^3 P(v^2)
#
# whose polynomial needs half the terms of an exponential's: degree 7 (relative error 2^-60; float32: 3, 2^-33). As m
# is in the denominator too, its rounding hardly matters where tanh is near 1. n is rounded up from 7/8 only, so v is
# between -0.04 and 0.30: where n = 0 the result is u itself, and where n = 1 the error of u counts for little.


cdef inline real sigmoid_of(real x, bint easy) noexcept nogil:
    """easy: |x| <= 708 (float32: 87), where p is a normal number."""
    cdef real most = 745.2 if real is double else 104, zero = 0, one = 1, a = magnitude(x)
    cdef real n, t, first, second = 1, power, sum, y
    if easy:
        n = nearest_power(-a, 1.4426950408889634, 0, &first)
        power = first
    else:
        n = nearest(-a, 1.4426950408889634, &first, &second)
        power = first * second
    t = exp_less_one(-beyond_powers(-a, zero, n))  # e^a = (1 + t) / power
    sum = one + power
    y = first / (sum + (t + (power - (sum - one))))
    if not easy:
        y = 0 if a > most else y * second
    return one - y if x > 0 else y


cdef inline real tanh_of(real x) noexcept nogil:
    cdef real most = 20 if real is double else 10, one = 1, two = 2, a = magnitude(x), n, s, v, z, p, u, m, y
    n = nearest_power(a - <real> 0.12996509635498788, 2.8853900817779268, 0, &s)  # 3/16 ln 2; 2 / ln 2
    if real is double:
        v = fused_multiply_add(-2.7489615093541855e-14, n, fused_multiply_add(-0.34657359027994515, n, a))
        z = v * v
        p = 0.0005094166785943563
        p = fused_multiply_add(p, z, -0.0014441457532453036)
        p = fused_multiply_add(p, z, 0.0035912324315982487)
        p = fused_multiply_add(p, z, -0.008863197292478092)
        p = fused_multiply_add(p, z, 0.021869487647161588)
        p = fused_multiply_add(p, z, -0.053968253958089525)
        p = fused_multiply_add(p, z, 0.13333333333328903)
        p = fused_multiply_add(p, z, -0.3333333333333333)
    else:
        v = fused_multiply_add_f(<float> -7.143033826650935e-07, n,
                                 fused_multiply_add_f(<float> -0.3465728759765625, n, a))
        z = v * v
        p = fused_multiply_add_f(<float> 0.02032244502932434, z, <float> -0.053880986879545734)
        p = fused_multiply_add_f(p, z, <float> 0.13333174566706169)
        p = fused_multiply_add_f(p, z, <float> -0.3333333288119174)
    u = fma(v * z, p, v)
    m = fma(s + one, u, s - one)
    y = m / (m + fma(-two, u, two))
    y = 1 if a > most else y  # rounded
    return with_sign(y, x)
