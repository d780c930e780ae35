# GELU, x Phi(x), where Phi(x) is the chance that a standard normal number is below x; its tanh form; their
# derivatives.
#
# Design: 1 + erf(x / sqrt 2) loses everything for x below -8, where erf is nearly -1. So Phi is made from the tail,
#
#   Phi(-a) = e^(-a^2/2) N / D,   N = 1/2 + q,   D = 1 + a (c q + m),   q = a p(a),   a = |x|
#
# of which the first factor takes all of the decline. For large a the tail is e^(-a^2/2) / (sqrt(2 pi) a), so with c
# near sqrt(2 pi), N / D falls as it must, m is small beside c q, and errors of p and m cancel. All coefficients are
# positive. p and m are polynomials of degree 9 and 8 (relative error 2^-57; float32: 3 and 2, 2^-25), for all a that
# do not underflow. For x > 0, Phi(x) = 1 - Phi(-x) loses nothing, as Phi(-x) < 1/2.
#
# x N / D is rounded, and one step of Newton's method recovers what the rounding took: the residual x N - w D is
# written so that what is large in it cancels exactly. e^(-a^2/2) needs a^2 to twice the precision: an error of one ulp
# in 700 is one of 700 ulp in e^-700. The last power of two goes into the last addition. The tanh form is x
# sigmoid(2u); there, what rounding takes from 2u is added to the exponential, as e^(h + l) is e^h (1 + l). The
# derivatives pass through 0, where no relative error can be small, so they do without such corrections: their errors
# stay below three ulp of the larger of 1/2 and the derivative itself.


cdef inline real mills_parts(real a, real *c, real *m) noexcept nogil:
    """q, c and m, with Phi(-a) e^(a^2/2) = (1/2 + q) / (1 + a (c q + m)), for a >= 0."""
    cdef real p, b = a * a
    c[0] = 2.5066282746310007 if real is double else 2.506633758544922
    if real is double:
        p = fused_multiply_add(2.886998482696869e-07, a, 8.653005854691091e-06)
        p = fused_multiply_add(p, b, fused_multiply_add(0.0001280711850040331, a, 0.0012150130351242516))
        p = fused_multiply_add(p, b, fused_multiply_add(0.00811589026152613, a, 0.039703253421476896))
        p = fused_multiply_add(p, b, fused_multiply_add(0.14380517765403672, a, 0.3811203203235985))
        p = fused_multiply_add(p, b, fused_multiply_add(0.7101536508880528, a, 0.8473086062037377))
        m[0] = 7.236632024991915e-07
        m[0] = fused_multiply_add(m[0], b, fused_multiply_add(2.168986914643257e-05, a, 0.000319579526184258))
        m[0] = fused_multiply_add(m[0], b, fused_multiply_add(0.0030022063368577885, a, 0.019708701253974743))
        m[0] = fused_multiply_add(m[0], b, fused_multiply_add(0.09364706748465239, a, 0.3229349524298459))
        m[0] = fused_multiply_add(m[0], b, fused_multiply_add(0.7851482747459032, a, 2.4925017732103414))
    else:
        p = fused_multiply_add_f(<float> 0.004885896330053695, a, <float> 0.04577186930262254)
        p = fused_multiply_add_f(p, a, <float> 0.19838991914618678)
        p = fused_multiply_add_f(p, a, <float> 0.45859515710457455)
        m[0] = fused_multiply_add_f(<float> 0.012205336412157281, a, <float> 0.11567242192267205)
        m[0] = fused_multiply_add_f(m[0], a, <float> 1.7150756313548594)
    return p * a


cdef inline real gelu_of(real x, bint easy) noexcept nogil:
    """easy: |x| <= 37 (float32: 13), where e^(-x^2/2) is a normal number."""
    cdef real a = magnitude(x), most = 40 if real is double else 15, one = 1, half = 0.5
    cdef real s, s_lo, n, first, second, t, q, c, m, inverse, w, w_lo, y, whole
    s = two_product(-half * x, x, &s_lo)
    if easy:
        n = nearest_power(s, 1.4426950408889634, 0, &first)
    else:
        n = nearest(s, 1.4426950408889634, &first, &second)
    t = exp_less_one(beyond_powers(s, s_lo, n))  # e^(-a^2/2) = (1 + t) first second
    q = mills_parts(a, &c, &m)
    inverse = one / fma(fma(c, q, m), a, one)
    w = a * inverse * (q + half)
    w_lo = inverse * fma(a, fma(-w, m, q * fma(-c, w, one)), fma(half, a, -w))  # (a N - w D) / D
    y = w + fma(w, t, fma(w_lo, t, w_lo))
    whole = x if x >= 0 else -(x - x)  # -0, but NaN for -inf, which is multiplied by 0
    if easy:
        return fma(-first, y, whole)
    return whole if a > most else fma(-second, y * first, whole)


cdef inline real below_half(real t, real t_lo, real power) noexcept nogil:
    """(1 + t + t_lo) / (1 + e) with e = power (1 + t + t_lo)."""
    cdef real one = 1, c = one + t, c_lo = (t - (c - one)) + t_lo
    cdef real d = fma(c, power, one), d_lo = fma(c_lo, power, fma(c, power, one - d))
    cdef real inverse = one / d, q = c * inverse
    return fma(fma(-q, d, c) + fma(-q, d_lo, c_lo), inverse, q)


cdef inline real twice_inner(real x, real *lo) noexcept nogil:
    """2u = x (c1 + c3 x^2), and what rounding took from it: c1 = 2 sqrt(2 / pi), c3 = 0.044715 c1."""
    cdef real c1, c1_lo, c3, c3_lo, square, square_lo, inner, inner_lo, part_lo
    if real is double:
        c1, c1_lo = 1.5957691216057308, -9.96930880911092e-17
        c3, c3_lo = 0.07135481627260025, -6.175149918155315e-19
    else:
        c1, c1_lo = 1.5957691669464111, -4.534068042105272e-08
        c3, c3_lo = 0.07135481387376785, 2.3988323959931355e-09
    square = two_product(x, x, &square_lo)
    inner = two_product(c3, square, &inner_lo)
    inner_lo = inner_lo + (c3 * square_lo + c3_lo * square)
    inner = two_sum(c1, inner, &part_lo)
    inner_lo = part_lo + (inner_lo + c1_lo)
    square = two_product(x, inner, &square_lo)
    lo[0] = square_lo + x * inner_lo
    return square


cdef inline real gelu_tanh_of(real x) noexcept nogil:
    """0.5 x (1 + tanh u) = x sigmoid(2u)."""
    cdef real v = clamped(x, 22 if real is double else 12), one = 1, a = magnitude(v)
    cdef real u, u_lo, t, t_lo, first, second, y
    u = twice_inner(a, &u_lo)
    t = exp_parts(-u, &t_lo, &first, &second)
    y = below_half(t, t_lo - (one + t) * u_lo, first * second)  # of sigmoid(-2u)
    return v * y * first * second - (x - x) if x < 0 else x * (one - y * first * second)  # as gelu_of


cdef inline real gelu_slope(real x) noexcept nogil:
    """Phi(x) + x phi(x); as there, infinity times 0 is NaN."""
    cdef real v = clamped(x, 40 if real is double else 15), one = 1, half = 0.5, a = magnitude(v), q, c, m, e, tail
    e = falling_exp(-half * v * v)
    q = mills_parts(a, &c, &m)
    tail = e * (half + q) / fma(fma(c, q, m), a, one)
    return (tail if v < 0 else one - tail) + v * (e * <real> 0.3989422804014327) - (x - x)  # 1 / sqrt(2 pi)


cdef inline real gelu_tanh_slope(real x) noexcept nogil:
    """s + x s (1 - s) (2u)' with s = sigmoid(2u), and s (1 - s) = e / (1 + e)^2 with e = e^-|2u|."""
    cdef real v = clamped(x, 40 if real is double else 15), one = 1, three = 3, square = v * v, e, inverse
    cdef real c1 = 1.5957691216057308, c3 = 0.07135481627260025
    e = falling_exp(-magnitude(v * (c1 + c3 * square)))
    inverse = one / (one + e)
    return (e if v < 0 else one) * inverse + v * (e * inverse * inverse) * (c1 + three * c3 * square) - (x - x)
