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


cdef inline real tail_ratio(real a, real *lo) noexcept nogil:  # OUT lo
    """Phi(-a) e^(a^2/2) for a >= 0, and what rounding took from it."""
    cdef real one = 1, k = 3.5 if real is double else 3, d, d_lo, inverse, rest, t, p, q, last, c0, c1, p_lo
    d = two_sum(a, k, &d_lo)
    inverse = one / d
    if HAS_FMA:
        rest = fma(-d, inverse, one)
    else:
        p = two_product(d, inverse, &p_lo)
        rest = (one - p) - p_lo
    rest = (rest - d_lo * inverse) * inverse  # what rounding took from 1 / (a + k)
    t = fma(-(k + k), rest, fma(-(k + k), inverse, one))
    if real is double:
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
        c1, c0 = -0.565561816053779, 0.7444160754359381
    else:
        p = 5.448939385849159e-05
        p = fused_multiply_add_f(p, t, <float> 0.00013133012721587743)
        p = fused_multiply_add_f(p, t, <float> -0.00024473110883906904)
        p = fused_multiply_add_f(p, t, <float> -0.0010325737505751606)
        p = fused_multiply_add_f(p, t, <float> 0.0010247548200947234)
        p = fused_multiply_add_f(p, t, <float> 0.006969311454774623)
        p = fused_multiply_add_f(p, t, <float> -0.010462513132788077)
        p = fused_multiply_add_f(p, t, <float> -0.04726268803613675)
        p = fused_multiply_add_f(p, t, <float> 0.2300176994451515)
        c1, c0 = -0.509331991407107, 0.7290836903751808
    last = p
    p = fma(last, t, c1)
    q = fma(p, t, c0)
    last = fma(last, t, c1 - p)  # what it took from the last two steps of the polynomial
    last = fma(p, t, c0 - q) + last * t
    p = two_product(q, inverse, &p_lo)
    lo[0] = p_lo + fma(q, rest, last * inverse)
    return p


cdef inline real gelu_of(real x) noexcept nogil:
    cdef real most = 40 if real is double else 15, one = 1, two = 2
    cdef real square, square_lo, t, t_lo, first, second, ratio, lo, p, rest
    square = two_product(x, x, &square_lo)
    t = exp_parts(-square / two, &t_lo, &first, &second)
    t_lo = t_lo - (one + t) * (square_lo / two)
    ratio = tail_ratio(magnitude(x), &lo)
    rest = fma(ratio, t + t_lo, lo)
    p = ratio + rest
    p = fma(x, p, x * (rest - (p - ratio))) * first * second  # x Phi(-|x|)
    p = 0 if magnitude(x) > most else p
    return with_sign(p - (x - x) if x < 0 else x - p, x)  # x - x: -inf times 0 is NaN


cdef inline real twice_inner(real x, real *lo) noexcept nogil:  # OUT lo
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
    cdef real v = limited(x, 22 if real is double else 12), one = 1, a = magnitude(v), u, u_lo, t, t_lo, first, second, y
    u = twice_inner(a, &u_lo)
    t = exp_parts(-u, &t_lo, &first, &second)
    y = below_half(t, t_lo - (one + t) * u_lo, first * second)  # of sigmoid(-2u)
    return v * y * first * second - (x - x) if x < 0 else x * (one - y * first * second)  # as gelu_of


cdef inline real gelu_slope(real x) noexcept nogil:
    """Phi(x) + x phi(x); as there, infinity times 0 is NaN."""
    cdef real v = limited(x, 40 if real is double else 15), one = 1, two = 2, lo, e = exp_of(-v * v / two), tail
    tail = e * tail_ratio(magnitude(v), &lo)
    return (tail if v < 0 else one - tail) + v * (e * <real> 0.3989422804014327) - (x - x)  # 1 / sqrt(2 pi)


cdef inline real gelu_tanh_slope(real x) noexcept nogil:
    """s + x s (1 - s) (2u)' with s = sigmoid(2u), and s (1 - s) = e / (1 + e)^2 with e = e^-|2u|."""
    cdef real v = limited(x, 40 if real is double else 15), one = 1, three = 3, square = v * v, e, inverse
    cdef real c1 = 1.5957691216057308, c3 = 0.07135481627260025
    e = exp_of(-magnitude(v * (c1 + c3 * square)))
    inverse = one / (one + e)
    return (e if v < 0 else one) * inverse + v * (e * inverse * inverse) * (c1 + three * c3 * square) - (x - x)
