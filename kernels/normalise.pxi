# What layer and batch normalisation share: their checks, and the care for lines of huge or tiny numbers.
#
# Design: the square of a deviation beyond 1e19 is too large for a float, and beyond 1e154 for a double, though the
# normalised numbers are as near 1 as ever. Where the deviation of a row or column (a line) is far from 1, the line is
# done again with care: in double, with the numbers brought near 1 by a power of two, which changes no digit. All other
# lines pay for it with one comparison.

cdef int need_parameter(str op, str name, Array x, Array parameter) except -1:
    if parameter.ndim != 1 or parameter.size != x.sizes[x.ndim - 1]:
        raise ValueError(f"{op}: the {name} has shape {parameter.shape}, expected {x.shape[x.ndim - 1:]} for x "
                         f"{x.shape}")
    need_same_kind(op, x, parameter)
    return 0


cdef int need_parameters(str op, Array x, Array weight, Array bias, bint matrix) except -1:
    need_float(op, x)
    if x.ndim == 0 or (matrix and x.ndim != 2):
        raise ValueError(f"{op}: expected x of shape {'(N, C)' if matrix else '(..., C)'}, got {x.shape}")
    if weight is not None:
        need_parameter(op, "weight", x, weight)
    if bias is not None:
        need_parameter(op, "bias", x, bias)
    return 0


cdef int need_statistics(str op, Array x, Array dy, Array first, Array second, tuple shape) except -1:
    """What a derivative is given besides x and weight."""
    if not same_sizes(x, dy):
        raise ValueError(f"{op}: shapes {x.shape} and {dy.shape} differ")
    need_same_kind(op, x, dy)
    need_same_kind(op, x, first)
    need_same_kind(op, x, second)
    if first.shape != shape or second.shape != shape:
        raise ValueError(f"{op}: the statistics have shapes {first.shape} and {second.shape}, expected {shape}")
    return 0


# --- with care --------------------------------------------------------------------------------------------------------
cdef inline bint is_moderate(double r, real *kind) noexcept nogil:
    """Whether r = 1 / deviation, and r^3 times a gradient, are far from the ends of the dtype. NaN is not."""
    cdef double most = 2.0370359763344861e90 if real is double else 16777216  # 2^300, 2^24
    return 1 / most < r < most


cdef struct Careful:  # of a line: x^ = (x down - mean) r; all in double
    double down  # a power of two
    double mean
    double r
    double var  # of x itself; infinite where no double holds it


cdef Careful line_statistics(const real *x, Py_ssize_t step, Py_ssize_t n, double eps) noexcept nogil:
    """Of n numbers that lie `step` apart. NaN where one of them is infinite or NaN."""
    cdef Careful s
    cdef double largest = 0, total = 0, rest = 0, square = 0, spread = 0, scale, d
    cdef Py_ssize_t i
    for i in range(n):
        d = x[i * step]
        total += d
        rest += d * 0  # NaN where d is no finite number
        largest = c_fabs(d) if c_fabs(d) > largest else largest
    s.down = power_of_two(-100) if largest > 1e250 else 1  # so that no sum and no difference overflows
    s.mean, s.var, s.r = total / n, NAN, NAN
    if rest != 0:
        return s
    total = 0
    for i in range(n):
        total += x[i * step] * s.down
    for i in range(n):
        rest += x[i * step] * s.down - total / n
    s.mean = total / n + rest / n
    for i in range(n):
        d = c_fabs(x[i * step] * s.down - s.mean)
        spread = d if d > spread else spread
    d = c_sqrt(eps) * s.down
    scale = power_of_two(<int> at_most(600, -exponent_of(spread if spread > d else d)))
    for i in range(n):
        d = (x[i * step] * s.down - s.mean) * scale
        square += d * d
    d = c_sqrt(eps) * s.down * scale
    s.r = scale / c_sqrt(square / n + d * d)
    d = c_sqrt(square / n) / s.down / scale
    s.var = d * d
    return s
