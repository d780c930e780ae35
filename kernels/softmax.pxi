# Softmax and log-softmax along one axis, and their derivatives.
#
# Design: the array is (outer, n, inner), and a line runs along n in steps of `inner`. The largest number is taken off
# first, so nothing overflows; a line of only -inf becomes NaN, as the formula says. Sums run in double, in order.

cdef struct Softmax:
    char _
cdef struct SoftmaxGrad:
    char _
cdef struct LogSoftmax:
    char _
cdef struct LogSoftmaxGrad:
    char _

ctypedef fused softmax_op:
    Softmax
    SoftmaxGrad
    LogSoftmax
    LogSoftmaxGrad


cdef enum:
    STRETCH = 256  # exponentials computed as vectors before they are added one by one


cdef inline double sum_of_exps(const real *x, real *out, Py_ssize_t n, Py_ssize_t step,
                               double largest) noexcept nogil:  # IN x OUT out
    """The sum of e^(x - largest) along a line, in order. The terms go to `out`, unless it is NULL."""
    cdef double e[STRETCH]
    cdef double total = 0
    cdef Py_ssize_t i, m
    while n > 0:
        m = n if n < STRETCH else STRETCH
        for i in range(m):
            e[i] = exp_value(x[i * step] - largest, <real *> NULL)
        for i in range(m):
            total += e[i]
        if out != NULL:
            for i in range(m):
                out[i * step] = <real> e[i]
            out += m * step
        x += m * step
        n -= m
    return total


cdef inline void softmax_line(const real *x, const real *dy, real *out, Py_ssize_t n, Py_ssize_t step,
                              softmax_op *op) noexcept nogil:  # IN x, dy OUT out
    """For a derivative, x is the output y."""
    cdef Py_ssize_t i
    cdef double total = 0, largest
    if softmax_op is SoftmaxGrad:
        for i in range(n):
            total += <double> dy[i * step] * x[i * step]
        for i in range(n):
            out[i * step] = <real> (x[i * step] * (dy[i * step] - total))
    elif softmax_op is LogSoftmaxGrad:
        for i in range(n):
            total += dy[i * step]
        for i in range(n):
            out[i * step] = <real> (dy[i * step] - exp_value(x[i * step], <real *> NULL) * total)
    else:
        largest = x[0]
        for i in range(1, n):
            if x[i * step] > largest:
                largest = x[i * step]
        total = sum_of_exps(x, out if softmax_op is Softmax else NULL, n, step, largest)
        if softmax_op is Softmax:
            for i in range(n):
                out[i * step] = <real> (out[i * step] / total)
        else:
            total = log_value(total, <double *> NULL)
            for i in range(n):
                out[i * step] = <real> (x[i * step] - largest - total)


cdef void softmax_lines(const real *x, const real *dy, real *out, Py_ssize_t lines, Py_ssize_t n, Py_ssize_t inner,
                        softmax_op *op) noexcept nogil:  # IN x, dy OUT out
    cdef int workers = team(8 * lines * n)
    cdef Py_ssize_t line, at
    if workers == 1:
        for line in range(lines):
            at = line // inner * n * inner + line % inner
            softmax_line(x + at, dy + at, out + at, n, inner, op)
        return
    for line in prange(lines, num_threads=workers, schedule="static"):
        at = line // inner * n * inner + line % inner
        softmax_line(x + at, dy + at, out + at, n, inner, op)


cdef Array along_axis(str op, Array a, Array dy, object dim, softmax_op *tag):
    need_float(op, a)
    need_same_kind(op, a, dy)
    if not same_sizes(a, dy):
        raise ValueError(f"{op}: shapes {a.shape} and {dy.shape} differ")
    cdef int axis = need_axis(op, a, dim)
    cdef Array out = new_like(a, a.kind)
    if a.size == 0:
        return out
    cdef Py_ssize_t n = a.sizes[axis], inner = product(a.sizes, axis + 1, a.ndim), lines = a.size // n
    cdef PyThreadState *state = unlock(a.size)
    if a.kind == FLOAT64:
        softmax_lines(<const double *> a.data, <const double *> dy.data, <double *> out.data, lines, n, inner, tag)
    else:
        softmax_lines(<const float *> a.data, <const float *> dy.data, <float *> out.data, lines, n, inner, tag)
    relock(state)
    return out


def softmax(Array a not None, dim):
    return along_axis("softmax", a, a, dim, <Softmax *> NULL)


def softmax_grad(Array y not None, Array dy not None, dim):
    return along_axis("softmax_grad", y, dy, dim, <SoftmaxGrad *> NULL)


def log_softmax(Array a not None, dim):
    return along_axis("log_softmax", a, a, dim, <LogSoftmax *> NULL)


def log_softmax_grad(Array y not None, Array dy not None, dim):
    return along_axis("log_softmax_grad", y, dy, dim, <LogSoftmaxGrad *> NULL)
