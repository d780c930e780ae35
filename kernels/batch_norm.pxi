# Batch normalisation and its derivative.
#
# Design: a strip of neighbouring columns takes one row after the other, and keeps its sums in double. Threads share
# strips, so the order of a sum depends on the shape alone.

cdef enum:
    COLUMN_STRIP = 64  # columns that go down the rows together


cdef inline void batch_norm_strip(const real *x, const real *w, const real *b, real *y, real *mean, real *var, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t width, double eps) noexcept nogil:  # IN x, w, b OUT y, mean, var
    cdef double[COLUMN_STRIP] mu
    cdef double[COLUMN_STRIP] v
    cdef double[COLUMN_STRIP] scale
    cdef double[COLUMN_STRIP] shift
    cdef double d
    cdef Py_ssize_t i, j
    memset(mu, 0, sizeof(mu))
    memset(v, 0, sizeof(v))
    for i in range(rows):
        for j in range(width):
            mu[j] += x[i * n + j]
    for j in range(width):
        mu[j] /= rows
    for i in range(rows):
        for j in range(width):
            d = x[i * n + j] - mu[j]
            v[j] += d * d
    for j in range(width):
        v[j] /= rows
        mean[j] = <real> mu[j]
        var[j] = <real> v[j]
        v[j] = 1 / c_sqrt(v[j] + eps)
        scale[j] = 1 if w == NULL else w[j]
        shift[j] = 0 if b == NULL else b[j]
    for i in range(rows):
        for j in range(width):
            y[i * n + j] = <real> ((x[i * n + j] - mu[j]) * v[j] * scale[j] + shift[j])


cdef struct BatchNorm:  # x (rows, n)
    const void *x
    const void *w
    const void *b
    const void *dy
    void *out  # y, or dx
    void *mean
    void *var
    void *dw
    void *db
    Py_ssize_t rows, n
    double eps


cdef void batch_norm_task(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:  # IN t
    cdef Py_ssize_t at = task * COLUMN_STRIP
    cdef const real *w = <const real *> t.w
    cdef const real *b = <const real *> t.b
    batch_norm_strip(<const real *> t.x + at, w + at if w != NULL else w, b + at if b != NULL else b, <real *> t.out + at,
                     <real *> t.mean + at, <real *> t.var + at, t.rows, t.n,
                     t.n - at if t.n - at < COLUMN_STRIP else COLUMN_STRIP, t.eps)


cdef void share_strips(Task run, const BatchNorm *t):  # IN t
    cdef double ns = 0.5 * t.rows * t.n
    perform(run, t, (t.n + COLUMN_STRIP - 1) // COLUMN_STRIP, team(ns), ns)


def batch_norm(Array x not None, Array weight, Array bias, double eps):
    need_parameters("batch_norm", x, weight, bias, True)
    cdef Array y = new_like(x, x.kind)
    cdef Array mean = new_array("batch_norm", x.kind, x.sizes + 1, 1)
    cdef Array var = new_like(mean, x.kind)
    cdef BatchNorm t
    t.x, t.w, t.b, t.out = x.data, data_or_null(weight), data_or_null(bias), y.data
    t.mean, t.var, t.rows, t.n, t.eps = mean.data, var.data, x.sizes[0], x.sizes[1], eps
    share_strips(<Task> batch_norm_task[double] if x.kind == FLOAT64 else <Task> batch_norm_task[float], &t)
    return y, mean, var


cdef inline void batch_norm_grad_strip(const real *dy, const real *x, const real *w, const real *mean, const real *var, real *dx, real *dw, real *db, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t width, double eps) noexcept nogil:  # IN dy, x, w, mean, var OUT dx, dw, db
    cdef double[COLUMN_STRIP] sums
    cdef double[COLUMN_STRIP] others
    cdef double[COLUMN_STRIP] r
    cdef double[COLUMN_STRIP] mu
    cdef double[COLUMN_STRIP] scale
    cdef Py_ssize_t i, j
    memset(sums, 0, sizeof(sums))
    memset(others, 0, sizeof(others))
    for j in range(width):
        mu[j] = mean[j]
        r[j] = 1 / c_sqrt(var[j] + eps)
        scale[j] = 1 if w == NULL else w[j]
    for i in range(rows):
        for j in range(width):
            sums[j] += dy[i * n + j]
            others[j] += dy[i * n + j] * ((x[i * n + j] - mu[j]) * r[j])
    for j in range(width):
        db[j] = <real> sums[j]
        dw[j] = <real> others[j]
        sums[j] *= scale[j] / rows
        others[j] *= scale[j] / rows
    for i in range(rows):
        for j in range(width):
            dx[i * n + j] = <real> (r[j] * (scale[j] * dy[i * n + j] - sums[j] - (x[i * n + j] - mu[j]) * r[j] * others[j]))


cdef void batch_norm_grad_task(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:  # IN t
    cdef Py_ssize_t at = task * COLUMN_STRIP
    cdef const real *w = <const real *> t.w
    batch_norm_grad_strip(<const real *> t.dy + at, <const real *> t.x + at, w + at if w != NULL else w,
                          <const real *> t.mean + at, <const real *> t.var + at, <real *> t.out + at,
                          <real *> t.dw + at, <real *> t.db + at, t.rows, t.n,
                          t.n - at if t.n - at < COLUMN_STRIP else COLUMN_STRIP, t.eps)


def batch_norm_grad(Array dy not None, Array x not None, Array weight, Array mean not None, Array var not None, double eps):
    need_parameters("batch_norm_grad", x, weight, None, True)
    need_statistics("batch_norm_grad", x, dy, mean, var, x.shape[1:])
    cdef Array dx = new_like(x, x.kind), dw = new_like(mean, x.kind), db = new_like(mean, x.kind)
    cdef BatchNorm t
    t.dy, t.x, t.w, t.mean, t.var = dy.data, x.data, data_or_null(weight), mean.data, var.data
    t.out, t.dw, t.db, t.rows, t.n, t.eps = dx.data, dw.data, db.data, x.sizes[0], x.sizes[1], eps
    share_strips(<Task> batch_norm_grad_task[double] if x.kind == FLOAT64 else <Task> batch_norm_grad_task[float], &t)
    return dx, dw, db
