# sigmoid and tanh, from e^-|x| and e^2|x| in parts.
#
# Design: sigmoid(x) = 1 / (1 + e) for x >= 0 and e / (1 + e) below, with e = e^-|x|, which cannot overflow. The power of
# two in the numerator is multiplied in last, so that results as small as e^-745 are right. tanh(x) is odd, and
# (E - 1) / (E + 1) for E = e^2|x|, where E - 1 is never formed by subtracting 1 from E: near 0 nothing would be left.
# float64 divides numbers of two words (vector_math.pxi), so that only the last rounding counts: below 0.8 ulp.

cdef struct Scaled:  # value 2^n
    double value
    uint64_t power


cdef inline Scaled sigmoid_parts(double x, double x_lo, real *kind) noexcept nogil:
    """1 / (1 + e^-(x + x_lo)), as a factor and a power of two, for |x| <= 1000 (float32: 200)."""
    cdef Exponential e
    cdef Scaled y
    cdef double c, c_lo, d, d_lo, power
    cdef bint positive = x >= 0
    e = exponential(-c_fabs(x), kind)  # cannot overflow
    c = 1 + e.t
    power = times_power(1, e.power, kind)
    d = fused_multiply_add(c, power, 1)
    y.power = 2046 if positive else e.power
    if real is double:
        c_lo = (e.t - (c - 1)) + (e.t_lo + c * (-x_lo if positive else x_lo))
        d_lo = fused_multiply_add(c, power, 1 - d) + c_lo * power
        y.value = quotient(1 if positive else c, 0 if positive else c_lo, d, d_lo)
    else:
        y.value = (1 if positive else c) / d
    return y


cdef inline double sigmoid_value(double x, real *kind) noexcept nogil:
    cdef Scaled y = sigmoid_parts(limited(x, 1000 if real is double else 200), 0, kind)
    return times_power(y.value, y.power, kind)


cdef inline double tanh_value(double x, real *kind) noexcept nogil:
    """(E - 1) / (E + 1) with E = e^2|x|, from E - 1 = 2^n (t + t_lo) + (2^n - 1), which is accurate near 0."""
    cdef double a = c_fabs(x), power, below, m, m_lo, d, d_lo
    cdef Exponential e
    a = 22 if a > 22 else a  # tanh 22 rounds to 1
    e = exponential(2 * a, kind)
    power = times_power(1, e.power, <float *> NULL)
    below = power - 1
    m = fused_multiply_add(power, e.t, below)
    d = m + 2
    if real is double:
        m_lo = (power * e.t - (m - below)) + power * e.t_lo
        d_lo = (2 - (d - m) if m > 2 else m - (d - 2)) + m_lo
        return c_copysign(quotient(m, m_lo, d, d_lo), x)
    else:
        return c_copysign(m / d, x)
