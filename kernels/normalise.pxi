# Layer and batch normalisation, and their derivatives.
#
# Design: layer normalisation goes row by row; its sums run in several lanes side by side, which the compiler turns into
# vectors. Batch normalisation, and the derivatives of weight and bias, go down columns: a strip of neighbouring columns
# takes one row after the other, and keeps its sums in double. Threads share rows or strips, so the order of a sum
# depends on the shape alone.

cdef enum:
    WIDE = 8  # lanes of a sum
    COLUMN_STRIP = 64  # columns that go down the rows together


cdef int need_parameter(str op, str name, Array x, Array parameter) except -1:
    if parameter.ndim != 1 or parameter.size != x.sizes[x.ndim - 1]:
        raise ValueError(f"{op}: the {name} has shape {parameter.shape}, expected {x.shape[x.ndim - 1:]} for x {x.shape}")
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


cdef inline void *data_or_null(Array a) noexcept:
    return NULL if a is None else a.data


# --- layer normalisation ----------------------------------------------------------------------------------------------
cdef inline double sum_lanes(const double *lanes) noexcept nogil:  # IN lanes
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]))


cdef inline void layer_norm_row(const real *x, const real *w, const real *b, real *y, real *mean, real *rstd, Py_ssize_t n, double eps) noexcept nogil:  # IN x, w, b OUT y, mean, rstd
    cdef double[WIDE] lanes
    cdef double mu = 0, variance = 0, r, d
    cdef Py_ssize_t i, j, even = n // WIDE * WIDE
    for j in range(WIDE):
        lanes[j] = 0
    for i from 0 <= i < even by WIDE:
        for j in range(WIDE):
            lanes[j] += x[i + j]
    for i in range(even, n):
        mu += x[i]
    mu = (mu + sum_lanes(lanes)) / n
    for j in range(WIDE):
        lanes[j] = 0
    for i from 0 <= i < even by WIDE:
        for j in range(WIDE):
            d = x[i + j] - mu
            lanes[j] += d * d
    for i in range(even, n):
        d = x[i] - mu
        variance += d * d
    variance = (variance + sum_lanes(lanes)) / n
    r = 1 / c_sqrt(variance + eps)
    mean[0] = <real> mu
    rstd[0] = <real> r
    if w == NULL and b == NULL:
        for i in range(n):
            y[i] = <real> ((x[i] - mu) * r)
    elif b == NULL:
        for i in range(n):
            y[i] = <real> ((x[i] - mu) * r * w[i])
    elif w == NULL:
        for i in range(n):
            y[i] = <real> ((x[i] - mu) * r + b[i])
    else:
        for i in range(n):
            y[i] = <real> ((x[i] - mu) * r * w[i] + b[i])


cdef void layer_norm_rows(const real *x, const real *w, const real *b, real *y, real *mean, real *rstd, Py_ssize_t rows, Py_ssize_t n, double eps) noexcept nogil:  # IN x, w, b OUT y, mean, rstd
    cdef Py_ssize_t i
    for i in prange(rows, num_threads=team(4 * rows * n), schedule="static"):
        layer_norm_row(x + i * n, w, b, y + i * n, mean + i, rstd + i, n, eps)


def layer_norm(Array x not None, Array weight, Array bias, double eps):
    need_parameters("layer_norm", x, weight, bias, False)
    cdef Array y = new_like(x, x.kind)
    cdef Array mean = new_array("layer_norm", x.kind, x.sizes, x.ndim - 1)
    cdef Array rstd = new_like(mean, x.kind)
    cdef Py_ssize_t n = x.sizes[x.ndim - 1]
    cdef PyThreadState *state = unlock(4 * x.size)
    if x.kind == FLOAT64:
        layer_norm_rows(<const double *> x.data, <const double *> data_or_null(weight), <const double *> data_or_null(bias),
                        <double *> y.data, <double *> mean.data, <double *> rstd.data, mean.size, n, eps)
    else:
        layer_norm_rows(<const float *> x.data, <const float *> data_or_null(weight), <const float *> data_or_null(bias),
                        <float *> y.data, <float *> mean.data, <float *> rstd.data, mean.size, n, eps)
    relock(state)
    return y, mean, rstd


cdef inline void layer_norm_grad_row(const real *dy, const real *x, const real *w, real *dx, Py_ssize_t n, double mean, double r) noexcept nogil:  # IN dy, x, w OUT dx
    cdef double[WIDE] lanes
    cdef double[WIDE] others
    cdef double mean_g = 0, mean_gx = 0, g
    cdef Py_ssize_t i, j, even = n // WIDE * WIDE
    for j in range(WIDE):
        lanes[j] = 0
        others[j] = 0
    for i from 0 <= i < even by WIDE:
        for j in range(WIDE):
            g = dy[i + j] if w == NULL else <double> dy[i + j] * w[i + j]
            lanes[j] += g
            others[j] += g * ((x[i + j] - mean) * r)
    for i in range(even, n):
        g = dy[i] if w == NULL else <double> dy[i] * w[i]
        mean_g += g
        mean_gx += g * ((x[i] - mean) * r)
    mean_g = (mean_g + sum_lanes(lanes)) / n
    mean_gx = (mean_gx + sum_lanes(others)) / n
    for i in range(n):
        g = dy[i] if w == NULL else <double> dy[i] * w[i]
        dx[i] = <real> (r * (g - mean_g - (x[i] - mean) * r * mean_gx))


cdef void layer_norm_grad_rows(const real *dy, const real *x, const real *w, const real *mean, const real *rstd, real *dx, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:  # IN dy, x, w, mean, rstd OUT dx
    cdef Py_ssize_t i
    for i in prange(rows, num_threads=team(4 * rows * n), schedule="static"):
        layer_norm_grad_row(dy + i * n, x + i * n, w, dx + i * n, n, mean[i], rstd[i])


cdef inline void layer_norm_strip(const real *dy, const real *x, const real *mean, const real *rstd, real *dw, real *db, Py_ssize_t rows, Py_ssize_t n, Py_ssize_t width) noexcept nogil:  # IN dy, x, mean, rstd OUT dw, db
    """The derivatives of weight and bias for `width` columns, n apart from row to row."""
    cdef double[COLUMN_STRIP] sums
    cdef double[COLUMN_STRIP] others
    cdef double mu, r
    cdef Py_ssize_t i, j
    memset(sums, 0, sizeof(sums))
    memset(others, 0, sizeof(others))
    for i in range(rows):
        mu = mean[i]
        r = rstd[i]
        for j in range(width):
            sums[j] += dy[i * n + j]
            others[j] += dy[i * n + j] * ((x[i * n + j] - mu) * r)
    for j in range(width):
        db[j] = <real> sums[j]
        dw[j] = <real> others[j]


cdef void layer_norm_strips(const real *dy, const real *x, const real *mean, const real *rstd, real *dw, real *db, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:  # IN dy, x, mean, rstd OUT dw, db
    cdef Py_ssize_t piece, at
    for piece in prange((n + COLUMN_STRIP - 1) // COLUMN_STRIP, num_threads=team(4 * rows * n), schedule="static"):
        at = piece * COLUMN_STRIP
        layer_norm_strip(dy + at, x + at, mean, rstd, dw + at, db + at, rows, n, n - at if n - at < COLUMN_STRIP else COLUMN_STRIP)


def layer_norm_grad(Array dy not None, Array x not None, Array weight, Array mean not None, Array rstd not None):
    need_parameters("layer_norm_grad", x, weight, None, False)
    need_statistics("layer_norm_grad", x, dy, mean, rstd, x.shape[:x.ndim - 1])
    cdef Array dx = new_like(x, x.kind)
    cdef Array dw = new_array("layer_norm_grad", x.kind, x.sizes + x.ndim - 1, 1)
    cdef Array db = new_like(dw, x.kind)
    cdef Py_ssize_t rows = mean.size, n = dw.size
    cdef PyThreadState *state = unlock(4 * x.size)
    if x.kind == FLOAT64:
        layer_norm_grad_rows(<const double *> dy.data, <const double *> x.data, <const double *> data_or_null(weight),
                             <const double *> mean.data, <const double *> rstd.data, <double *> dx.data, rows, n)
        layer_norm_strips(<const double *> dy.data, <const double *> x.data, <const double *> mean.data,
                          <const double *> rstd.data, <double *> dw.data, <double *> db.data, rows, n)
    else:
        layer_norm_grad_rows(<const float *> dy.data, <const float *> x.data, <const float *> data_or_null(weight),
                             <const float *> mean.data, <const float *> rstd.data, <float *> dx.data, rows, n)
        layer_norm_strips(<const float *> dy.data, <const float *> x.data, <const float *> mean.data,
                          <const float *> rstd.data, <float *> dw.data, <float *> db.data, rows, n)
    relock(state)
    return dx, dw, db


# --- batch normalisation ----------------------------------------------------------------------------------------------
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


cdef void batch_norm_strips(const real *x, const real *w, const real *b, real *y, real *mean, real *var, Py_ssize_t rows, Py_ssize_t n, double eps) noexcept nogil:  # IN x, w, b OUT y, mean, var
    cdef Py_ssize_t piece, at
    for piece in prange((n + COLUMN_STRIP - 1) // COLUMN_STRIP, num_threads=team(4 * rows * n), schedule="static"):
        at = piece * COLUMN_STRIP
        batch_norm_strip(x + at, w + at if w != NULL else w, b + at if b != NULL else b, y + at, mean + at, var + at,
                         rows, n, n - at if n - at < COLUMN_STRIP else COLUMN_STRIP, eps)


def batch_norm(Array x not None, Array weight, Array bias, double eps):
    need_parameters("batch_norm", x, weight, bias, True)
    cdef Array y = new_like(x, x.kind)
    cdef Array mean = new_array("batch_norm", x.kind, x.sizes + 1, 1)
    cdef Array var = new_like(mean, x.kind)
    cdef PyThreadState *state = unlock(4 * x.size)
    if x.kind == FLOAT64:
        batch_norm_strips(<const double *> x.data, <const double *> data_or_null(weight), <const double *> data_or_null(bias),
                          <double *> y.data, <double *> mean.data, <double *> var.data, x.sizes[0], x.sizes[1], eps)
    else:
        batch_norm_strips(<const float *> x.data, <const float *> data_or_null(weight), <const float *> data_or_null(bias),
                          <float *> y.data, <float *> mean.data, <float *> var.data, x.sizes[0], x.sizes[1], eps)
    relock(state)
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


cdef void batch_norm_grad_strips(const real *dy, const real *x, const real *w, const real *mean, const real *var, real *dx, real *dw, real *db, Py_ssize_t rows, Py_ssize_t n, double eps) noexcept nogil:  # IN dy, x, w, mean, var OUT dx, dw, db
    cdef Py_ssize_t piece, at
    for piece in prange((n + COLUMN_STRIP - 1) // COLUMN_STRIP, num_threads=team(4 * rows * n), schedule="static"):
        at = piece * COLUMN_STRIP
        batch_norm_grad_strip(dy + at, x + at, w + at if w != NULL else w, mean + at, var + at, dx + at, dw + at, db + at,
                              rows, n, n - at if n - at < COLUMN_STRIP else COLUMN_STRIP, eps)


def batch_norm_grad(Array dy not None, Array x not None, Array weight, Array mean not None, Array var not None, double eps):
    need_parameters("batch_norm_grad", x, weight, None, True)
    need_statistics("batch_norm_grad", x, dy, mean, var, x.shape[1:])
    cdef Array dx = new_like(x, x.kind), dw = new_like(mean, x.kind), db = new_like(mean, x.kind)
    cdef PyThreadState *state = unlock(4 * x.size)
    if x.kind == FLOAT64:
        batch_norm_grad_strips(<const double *> dy.data, <const double *> x.data, <const double *> data_or_null(weight),
                               <const double *> mean.data, <const double *> var.data, <double *> dx.data,
                               <double *> dw.data, <double *> db.data, x.sizes[0], x.sizes[1], eps)
    else:
        batch_norm_grad_strips(<const float *> dy.data, <const float *> x.data, <const float *> data_or_null(weight),
                               <const float *> mean.data, <const float *> var.data, <float *> dx.data,
                               <float *> dw.data, <float *> db.data, x.sizes[0], x.sizes[1], eps)
    relock(state)
    return dx, dw, db
