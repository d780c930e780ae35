# The rules of the optimisers, each for neighbouring numbers of one parameter; and the scaling and squares of
# gradients.
#
# Design: a rule is a plain loop in the dtype of the arrays, and changes the numbers in place; optim.pxi runs it. Only
# RMSprop computes in double: it subtracts the square of a mean from a mean of squares, which in float may be below
# zero. Sums of squares are in double too.

cdef enum:
    NORM_LANES = 32  # sums side by side

cdef struct OptimSettings:
    double lr
    double momentum
    double dampening
    double weight_decay
    double beta1
    double beta2
    double eps
    double size  # Adam: lr and the second moment's root, corrected for their start at zero
    double root
    bint nesterov
    bint decoupled
    bint old_moments


cdef inline real decayed(real g, real weight_decay, real p) noexcept nogil:
    """g + weight_decay p; just g without decay, as 0 times an infinite p would be NaN."""
    return g if weight_decay == 0 else g + weight_decay * p


cdef inline void sgd_plain(real *p, const real *g, Py_ssize_t n, const OptimSettings *s) noexcept nogil:  # IN/OUT p
    cdef real lr = <real> s.lr, weight_decay = <real> s.weight_decay
    cdef Py_ssize_t i
    for i in range(n):
        p[i] = p[i] - lr * decayed(g[i], weight_decay, p[i])


cdef inline void sgd_momentum(real *p, const real *g, real *v, Py_ssize_t n,
                              const OptimSettings *s) noexcept nogil:  # IN/OUT p, v
    cdef real lr = <real> s.lr, momentum = <real> s.momentum, weight_decay = <real> s.weight_decay
    cdef real fresh = <real> (1 - s.dampening), slope, speed
    cdef bint nesterov = s.nesterov
    cdef Py_ssize_t i
    for i in range(n):
        slope = decayed(g[i], weight_decay, p[i])
        speed = momentum * v[i] + fresh * slope
        v[i] = speed
        p[i] = p[i] - lr * (slope + momentum * speed if nesterov else speed)


cdef inline void adam(real *p, const real *g, real *m, real *v, Py_ssize_t n,
                      const OptimSettings *s) noexcept nogil:  # IN/OUT p, m, v
    cdef real shrink = <real> (-s.lr * s.weight_decay if s.decoupled else 0)
    cdef real penalty = <real> (0 if s.decoupled else s.weight_decay)
    cdef real beta1 = <real> s.beta1, fresh1 = <real> (1 - s.beta1)
    cdef real beta2 = <real> s.beta2, fresh2 = <real> (1 - s.beta2)
    cdef real size = <real> s.size, root = <real> s.root, eps = <real> s.eps, start, slope, first, second, m_old, v_old
    cdef bint old_moments = s.old_moments
    cdef Py_ssize_t i
    for i in range(n):
        start = decayed(p[i], shrink, p[i])
        slope = decayed(g[i], penalty, start)
        m_old = m[i]
        v_old = v[i]
        first = beta1 * m_old + fresh1 * slope
        second = beta2 * v_old + fresh2 * (slope * slope)
        m[i] = first
        v[i] = second
        if old_moments:
            first = m_old
            second = v_old
        p[i] = start - size * first / (<real> c_sqrt(<double> second) / root + eps)


cdef inline void rmsprop(real *p, const real *g, real *square, real *v, real *mean, Py_ssize_t n,
                         const OptimSettings *s) noexcept nogil:  # IN/OUT p, square, v, mean
    """In double. v is NULL without momentum, mean if it is not centred; s.beta1 is alpha."""
    cdef double lr = s.lr, weight_decay = s.weight_decay, alpha = s.beta1, eps = s.eps, momentum = s.momentum
    cdef double slope, q, a = 0, u, q_new, a_new = 0
    cdef bint old_moments = s.old_moments
    cdef Py_ssize_t i
    for i in range(n):
        slope = decayed(<double> g[i], weight_decay, <double> p[i])
        q = square[i]
        q_new = alpha * q + (1 - alpha) * (slope * slope)
        square[i] = <real> q_new
        if mean != NULL:
            a = mean[i]
            a_new = alpha * a + (1 - alpha) * slope
            mean[i] = <real> a_new
        if not old_moments:
            q = q_new
            a = a_new
        u = slope / (c_sqrt(q - a * a) + eps)
        if v != NULL:
            u = momentum * v[i] + u
            v[i] = <real> u
        p[i] = <real> (p[i] - lr * u)


cdef inline void scale_row(real *x, Py_ssize_t n, double factor) noexcept nogil:  # IN/OUT x
    """In the dtype of x if that can hold the factor: a float has no digits left for 1e-42."""
    cdef real narrow = <real> factor
    cdef Py_ssize_t i
    if c_fabs(narrow - factor) <= 1e-7 * c_fabs(factor):
        for i in range(n):
            x[i] = narrow * x[i]
    else:
        for i in range(n):
            x[i] = <real> (factor * x[i])


cdef double sum_of_squares(const real *x, Py_ssize_t n, double factor) noexcept nogil:
    """The squares of factor x."""
    cdef double[NORM_LANES] sums
    cdef double total = 0, v
    cdef Py_ssize_t i, j, even = n // NORM_LANES * NORM_LANES
    for j in range(NORM_LANES):
        sums[j] = 0
    for i from 0 <= i < even by NORM_LANES:
        for j in range(NORM_LANES):
            v = factor * x[i + j]
            sums[j] = fused_multiply_add(v, v, sums[j])
    for i in range(even, n):
        v = factor * x[i]
        total += v * v
    for j in range(NORM_LANES):
        total += sums[j]
    return total
