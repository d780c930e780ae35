# Softmax and log-softmax along one axis, and their derivatives.
#
# Design: the array is (outer, n, inner), and a line runs along n in steps of `inner`. The largest number is subtracted
# first, so nothing overflows; a line of only -inf becomes NaN, as the formula says. What is to be summed (the summand)
# is written to the result, folded there as fold.pxi folds everything, and then replaced by the result: plain loops
# over a row, or over strips of SOFTMAX_COLUMNS lines, that all run on vectors in the first or second cache. Short rows
# go through each of these steps in groups of FOLD_ROWS, so that what is done once for a row, its two folds and its
# logarithm, fills vectors too.

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
    SOFTMAX_COLUMNS = 512  # lines of a strip
    SOFTMAX_SHORT_ROW = 256  # rows up to this length go in groups, which the first cache holds


cdef inline void logs_of_totals(real *e, Py_ssize_t rows, Py_ssize_t n, const real *totals,
                                double *logs) noexcept nogil:  # IN/OUT e
    """The logarithms of the totals of at most FOLD_ROWS rows of e, the largest number of each being 1. Where the
    others are small, the total has lost their digits: there it is log(1 + their own sum), for which the 1 becomes 0."""
    cdef real others[FOLD_ROWS]
    cdef Py_ssize_t i, j
    cdef bint small = False
    for i in range(rows):
        logs[i] = log_of(<double> totals[i], False)
    for i in range(rows):
        if totals[i] < 1.5:  # then exactly one is 1
            small = True
            for j in range(i * n, i * n + n):
                e[j] = 0 if e[j] == 1 else e[j]
    if small:
        fold_rows(<const real *> e, <const real *> e, rows, n, others, <Sum *> NULL)
        for i in range(rows):
            logs[i] = log1p_of(<double> others[i]) if totals[i] < 1.5 else logs[i]


cdef inline double log_of_column_total(const real *e, Py_ssize_t n, Py_ssize_t row, real total) noexcept nogil:
    """The same for a column, whose numbers are added one after the other: with what rounding takes from the sum."""
    cdef double others = 0, rest = 0, taken
    cdef Py_ssize_t i
    if not total < 1.5:
        return log_of(<double> total, False)
    for i in range(n):
        if e[i * row] != 1:
            others = two_sum(others, <double> e[i * row], &taken)
            rest += taken
    return log1p_of(others + rest)


cdef inline real softmax_summand(real x, real dy, real largest, softmax_op *op) noexcept nogil:
    """What is added up along a line. For a derivative, x is the output y."""
    if softmax_op is SoftmaxGrad:
        return x * dy
    elif softmax_op is LogSoftmaxGrad:
        return dy
    else:
        return falling_exp(x - largest)


cdef inline real log_softmax_slope(real x, real dy, real total) noexcept nogil:
    """dy - e^x total, for a logarithm x of softmax. Near 0 it is (dy - total) - (e^x - 1) total: of a likelihood, dy is
    the total, and nothing else is left."""
    cdef real n, t, e = falling_exp_parts(x, &n, &t)
    return (dy - total) - t * total if n == 0 else dy - e * total


cdef inline real softmax_result(real x, real dy, real own, real largest, real total, real inverse,
                                softmax_op *op) noexcept nogil:
    """The result, from its own summand and the total (log-softmax: the logarithm of it); inverse is 1 / total."""
    if softmax_op is Softmax:
        return quotient(own, total, inverse)
    elif softmax_op is LogSoftmax:
        return x - largest - total
    elif softmax_op is SoftmaxGrad:
        return x * (dy - total)
    else:
        return log_softmax_slope(x, dy, total)


cdef inline void finish_softmax_row(const real *x, const real *dy, real *out, Py_ssize_t n, real largest, real total,
                                    softmax_op *op) noexcept nogil:  # IN/OUT out
    """VECTOR_NUMBERS at a time: so that no compiler checks, for each row, whether out overlaps with what is read."""
    cdef real[VECTOR_NUMBERS] v
    cdef real one = 1, inverse = one / total if softmax_op is Softmax else 0
    cdef Py_ssize_t i = 0, j
    while i + VECTOR_NUMBERS <= n:
        for j in range(VECTOR_NUMBERS):
            v[j] = softmax_result(x[i + j], dy[i + j], out[i + j], largest, total, inverse, op)
        for j in range(VECTOR_NUMBERS):
            out[i + j] = v[j]
        i += VECTOR_NUMBERS
    for i in range(i, n):
        out[i] = softmax_result(x[i], dy[i], out[i], largest, total, inverse, op)


cdef void softmax_rows(const real *x, const real *dy, real *out, Py_ssize_t rows, Py_ssize_t n,
                       softmax_op *op) noexcept nogil:
    """At most FOLD_ROWS rows of neighbours, side by side as far as they share work."""
    cdef real largest[FOLD_ROWS]
    cdef real total[FOLD_ROWS]
    cdef double logs[FOLD_ROWS]
    cdef Py_ssize_t i, j
    memset(largest, 0, sizeof(largest))
    if softmax_op is Softmax or softmax_op is LogSoftmax:
        fold_rows(x, x, rows, n, largest, <Max *> NULL)
    if softmax_op is SoftmaxGrad:
        fold_rows(x, dy, rows, n, total, <Dot *> NULL)
    elif softmax_op is LogSoftmaxGrad:
        fold_rows(dy, dy, rows, n, total, <Sum *> NULL)
    else:
        for i in range(rows):
            for j in range(i * n, i * n + n):
                out[j] = softmax_summand(x[j], dy[j], largest[i], op)
        fold_rows(<const real *> out, <const real *> out, rows, n, total, <Sum *> NULL)
    if softmax_op is LogSoftmax:
        logs_of_totals(out, rows, n, total, logs)
        for i in range(rows):
            total[i] = <real> logs[i]
    for i in range(rows):
        finish_softmax_row(x + i * n, dy + i * n, out + i * n, n, largest[i], total[i], op)


cdef void softmax_columns(const real *x, const real *dy, real *out, Py_ssize_t n, Py_ssize_t row, Py_ssize_t width,
                          softmax_op *op) noexcept nogil:
    """`width` <= SOFTMAX_COLUMNS lines."""
    cdef real largest[SOFTMAX_COLUMNS]
    cdef real total[SOFTMAX_COLUMNS]
    cdef real inverse[SOFTMAX_COLUMNS]
    cdef real one = 1
    cdef Py_ssize_t i, j
    memset(largest, 0, sizeof(largest))
    if softmax_op is Softmax or softmax_op is LogSoftmax:
        fold_columns(x, n, row, width, largest, <Max *> NULL)
    for i in range(n):
        for j in range(width):
            out[i * row + j] = softmax_summand(x[i * row + j], dy[i * row + j], largest[j], op)
    fold_columns(<const real *> out, n, row, width, total, <Sum *> NULL)
    if softmax_op is LogSoftmax:
        for j in range(width):
            total[j] = <real> log_of_column_total(<const real *> out + j, n, row, total[j])
    for j in range(width):
        inverse[j] = one / total[j] if softmax_op is Softmax else 0
    for i in range(n):
        for j in range(width):
            out[i * row + j] = softmax_result(x[i * row + j], dy[i * row + j], out[i * row + j], largest[j], total[j],
                                              inverse[j], op)


cdef struct SoftmaxLines:  # (outer, n, inner), along whose middle axis it goes
    const void *x
    const void *dy
    void *out
    Py_ssize_t outer
    Py_ssize_t n
    Py_ssize_t inner


cdef void softmax_task(const SoftmaxLines *t, Py_ssize_t task, int worker, real *kind, softmax_op *op) noexcept nogil:
    """Some rows of neighbours, or a strip of columns."""
    cdef const real *x = <const real *> t.x
    cdef const real *dy = <const real *> t.dy
    cdef real *out = <real *> t.out
    cdef Py_ssize_t strips, left, right, at, n = t.n, together = FOLD_ROWS if n <= SOFTMAX_SHORT_ROW else 1
    if t.inner == 1:
        at = task * FOLD_ROWS
        right = at_most(at + FOLD_ROWS, t.outer)
        while at < right:
            softmax_rows(x + at * n, dy + at * n, out + at * n, at_most(right - at, together), n, op)
            at += together
    else:
        strips = parts_of(t.inner, SOFTMAX_COLUMNS)
        left = task % strips * t.inner // strips
        right = (task % strips + 1) * t.inner // strips
        at = task // strips * n * t.inner + left
        softmax_columns(x + at, dy + at, out + at, n, t.inner, right - left, op)


cdef Array softmax_along(str op, Array a, Array dy, object dim, softmax_op *tag):
    need_float(op, a)
    need_same_kind(op, a, dy)
    if not same_sizes(a, dy):
        raise ValueError(f"{op}: shapes {a.shape} and {dy.shape} differ")
    cdef int axis = need_axis(op, a, dim)
    cdef Array out = new_like(a, a.kind)
    if a.size == 0:
        return out
    cdef SoftmaxLines t
    t.x, t.dy, t.out = a.data, dy.data, out.data
    t.n, t.inner = a.sizes[axis], element_count(a.sizes, axis + 1, a.ndim)
    t.outer = a.size // t.n // t.inner
    cdef Py_ssize_t tasks = t.outer * parts_of(t.inner, SOFTMAX_COLUMNS)
    if t.inner == 1:
        tasks = parts_of(t.outer, FOLD_ROWS)
    cdef double ns = a.size * (0.8 if a.kind == FLOAT64 else 0.4)
    perform(a.kind, <Task> softmax_task[double, softmax_op], <Task> softmax_task[float, softmax_op], &t, tasks,
            threads_for(ns), ns)
    return out


def softmax(Array a not None, dim):
    return softmax_along("softmax", a, a, dim, <Softmax *> NULL)


def softmax_grad(Array y not None, Array dy not None, dim):
    return softmax_along("softmax_grad", y, dy, dim, <SoftmaxGrad *> NULL)


def log_softmax(Array a not None, dim):
    return softmax_along("log_softmax", a, a, dim, <LogSoftmax *> NULL)


def log_softmax_grad(Array y not None, Array dy not None, dim):
    return softmax_along("log_softmax_grad", y, dy, dim, <LogSoftmaxGrad *> NULL)
