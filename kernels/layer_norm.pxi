# Layer normalisation and its derivative.
#
# Design: it goes row by row, in the dtype of the array. A row stays in the first cache, so it is read for its mean, again
# for the squares of what deviates from it (a mean of squares less the square of a mean would leave nothing where the
# mean is large), and again for the result. The mean of the deviations, which rounding leaves, is taken off too. Sums run
# in WIDE lanes side by side, and those of blocks of a long row are added in double. The derivatives of weight and bias
# are summed over the rows of a part, and the parts, which depend on the shape alone, by a tree.

cdef enum:
    WIDE = 16  # lanes of a sum
    LEAST_ROWS = 16  # a part has at least so many,
    MOST_ROWS = 64  # and at most so many


cdef Array parameter_or(Array x, Array parameter, double value):
    """Weight or bias, or as many times the number that changes nothing."""
    cdef Py_ssize_t i
    if parameter is not None:
        return parameter
    cdef Array out = new_array("layer_norm", x.kind, x.sizes + x.ndim - 1, 1)
    for i in range(out.size):
        if x.kind == FLOAT64:
            (<double *> out.data)[i] = value
        else:
            (<float *> out.data)[i] = <float> value
    return out


cdef inline real sum_lanes(const real *lanes) noexcept nogil:  # IN lanes
    cdef real half[WIDE]
    cdef Py_ssize_t j
    for j in range(WIDE // 2):
        half[j] = lanes[j] + lanes[j + WIDE // 2]
    return ((half[0] + half[4]) + (half[2] + half[6])) + ((half[1] + half[5]) + (half[3] + half[7]))


cdef inline real sum_some(const real *x, Py_ssize_t n) noexcept nogil:  # IN x
    """Of n <= BLOCK neighbours. What is left over is the end of a vector whose beginning was seen."""
    cdef real lanes[WIDE]
    cdef real total = 0, v
    cdef Py_ssize_t i = 0, j, seen
    if n < WIDE:
        for i in range(n):
            total += x[i]
        return total
    for j in range(WIDE):
        lanes[j] = 0
    while i + WIDE <= n:
        for j in range(WIDE):
            lanes[j] += x[i + j]
        i += WIDE
    if i < n:
        seen = WIDE - (n - i)
        for j in range(WIDE):
            v = x[n - WIDE + j]
            lanes[j] += v if j >= seen else <real> 0
    return sum_lanes(lanes)


cdef inline real squares_of_some(const real *x, real mu, Py_ssize_t n, real *rest) noexcept nogil:  # IN x OUT rest
    """The sum of (x - mu)^2; rest is that of x - mu, which is not quite 0 where mu was rounded."""
    cdef real lanes[WIDE]
    cdef real others[WIDE]
    cdef real total = 0, d
    cdef Py_ssize_t i = 0, j, seen
    rest[0] = 0
    if n < WIDE:
        for i in range(n):
            d = x[i] - mu
            rest[0] += d
            total += d * d
        return total
    for j in range(WIDE):
        lanes[j] = 0
        others[j] = 0
    while i + WIDE <= n:
        for j in range(WIDE):
            d = x[i + j] - mu
            lanes[j] += d * d
            others[j] += d
        i += WIDE
    if i < n:
        seen = WIDE - (n - i)
        for j in range(WIDE):
            d = x[n - WIDE + j] - mu
            d = d if j >= seen else <real> 0
            lanes[j] += d * d
            others[j] += d
    rest[0] = sum_lanes(others)
    return sum_lanes(lanes)


cdef inline void layer_norm_row(const real *x, const real *w, const real *b, real *y, real *mean, real *rstd, Py_ssize_t n, double eps) noexcept nogil:  # IN x, w, b OUT y, mean, rstd
    cdef double total = 0, squares = 0, left = 0, share = 1 / <double> n
    cdef real mu, r, rest, one = 1
    cdef Py_ssize_t i
    for i from 0 <= i < n by BLOCK:
        total += sum_some(x + i, n - i if n - i < BLOCK else BLOCK)
    mu = <real> (total / n)
    for i from 0 <= i < n by BLOCK:
        squares += squares_of_some(x + i, mu, n - i if n - i < BLOCK else BLOCK, &rest)
        left += rest
    left *= share
    rest = <real> left
    r = one / <real> c_sqrt(<double> <real> (squares * share - left * left + eps))
    mean[0] = mu + rest
    rstd[0] = r
    for i in range(n):
        y[i] = (x[i] - mu - rest) * r * w[i] + b[i]


cdef struct LayerNorm:  # x (rows, n)
    const void *x
    const void *w
    const void *b
    const void *dy
    void *out  # y, or dx
    void *mean
    void *rstd
    void *sums  # (parts, 2, padded(n)): of each part the derivatives of weight and bias
    Py_ssize_t rows, n
    double eps


cdef void layer_norm_part(const LayerNorm *t, Py_ssize_t part, int worker, real *kind, void *op) noexcept nogil:  # IN t
    cdef Py_ssize_t n = t.n, together = rows_together(n), i
    for i in range(part * together, t.rows if (part + 1) * together > t.rows else (part + 1) * together):
        layer_norm_row(<const real *> t.x + i * n, <const real *> t.w, <const real *> t.b, <real *> t.out + i * n,
                       <real *> t.mean + i, <real *> t.rstd + i, n, t.eps)


cdef inline Py_ssize_t rows_together(Py_ssize_t n) noexcept nogil:
    """The rows of a part, by their length."""
    return LEAST_ROWS if n > PIECE // LEAST_ROWS else (MOST_ROWS if n <= PIECE // MOST_ROWS else PIECE // n)


def layer_norm(Array x not None, Array weight, Array bias, double eps):
    need_parameters("layer_norm", x, weight, bias, False)
    cdef Array w = parameter_or(x, weight, 1), b = parameter_or(x, bias, 0)
    cdef Array y = new_like(x, x.kind)
    cdef Array mean = new_array("layer_norm", x.kind, x.sizes, x.ndim - 1)
    cdef Array rstd = new_like(mean, x.kind)
    cdef Task run = <Task> layer_norm_part[double] if x.kind == FLOAT64 else <Task> layer_norm_part[float]
    cdef LayerNorm t
    t.x, t.w, t.b, t.out, t.mean, t.rstd = x.data, w.data, b.data, y.data, mean.data, rstd.data
    t.rows, t.n, t.eps = mean.size, x.sizes[x.ndim - 1], eps
    cdef double ns = 0.3 * x.size
    perform(run, &t, (t.rows + rows_together(t.n) - 1) // rows_together(t.n), team(ns), ns)
    return y, mean, rstd


cdef inline real products_of_some(const real *dy, const real *x, const real *w, real mean, Py_ssize_t n, real *sum_g) noexcept nogil:  # IN dy, x, w OUT sum_g
    """The sum of g (x - mean), and that of g = dy w."""
    cdef real lanes[WIDE]
    cdef real others[WIDE]
    cdef real total = 0, g
    cdef Py_ssize_t i = 0, j, seen
    sum_g[0] = 0
    if n < WIDE:
        for i in range(n):
            g = dy[i] * w[i]
            sum_g[0] += g
            total += g * (x[i] - mean)
        return total
    for j in range(WIDE):
        lanes[j] = 0
        others[j] = 0
    while i + WIDE <= n:
        for j in range(WIDE):
            g = dy[i + j] * w[i + j]
            lanes[j] += g * (x[i + j] - mean)
            others[j] += g
        i += WIDE
    if i < n:
        seen = WIDE - (n - i)
        for j in range(WIDE):
            g = dy[n - WIDE + j] * w[n - WIDE + j]
            g = g if j >= seen else <real> 0
            lanes[j] += g * (x[n - WIDE + j] - mean)
            others[j] += g
    sum_g[0] = sum_lanes(others)
    return sum_lanes(lanes)


cdef inline void layer_norm_grad_row(const real *dy, const real *x, const real *w, real *dx, Py_ssize_t n, real mean, real r) noexcept nogil:  # IN dy, x, w OUT dx
    cdef double total = 0, total_g = 0
    cdef real mean_g, slope, rest
    cdef Py_ssize_t i
    for i from 0 <= i < n by BLOCK:
        total += products_of_some(dy + i, x + i, w + i, mean, n - i if n - i < BLOCK else BLOCK, &rest)
        total_g += rest
    mean_g = <real> (total_g / n)
    slope = <real> (total / n * r * r)
    for i in range(n):
        dx[i] = r * (dy[i] * w[i] - mean_g - (x[i] - mean) * slope)


cdef inline void add_row(const real *dy, const real *x, real *dw, real *db, Py_ssize_t n, real mean, real r) noexcept nogil:  # IN dy, x IN/OUT dw, db
    cdef Py_ssize_t i
    for i in range(n):
        db[i] += dy[i]
        dw[i] += dy[i] * ((x[i] - mean) * r)


cdef inline Py_ssize_t padded(Py_ssize_t n) noexcept nogil:
    """Whole vectors: what is added to again and again had better start where a line of the cache does."""
    return (n + WIDE - 1) // WIDE * WIDE


cdef void layer_norm_grad_part(const LayerNorm *t, Py_ssize_t part, int worker, real *kind, void *op) noexcept nogil:  # IN t
    cdef Py_ssize_t n = t.n, together = rows_together(n), row = padded(n), i
    cdef const real *dy = <const real *> t.dy
    cdef const real *x = <const real *> t.x
    cdef const real *mean = <const real *> t.mean
    cdef const real *rstd = <const real *> t.rstd
    cdef real *sums = <real *> t.sums + part * 2 * row
    memset(sums, 0, 2 * row * sizeof(real))
    for i in range(part * together, t.rows if (part + 1) * together > t.rows else (part + 1) * together):
        layer_norm_grad_row(dy + i * n, x + i * n, <const real *> t.w, <real *> t.out + i * n, n, mean[i], rstd[i])
        add_row(dy + i * n, x + i * n, sums, sums + row, n, mean[i], rstd[i])


cdef void add_parts(const real *sums, real *dw, real *db, Py_ssize_t parts, Py_ssize_t n) noexcept nogil:  # IN sums OUT dw, db
    cdef Py_ssize_t at, width
    for at from 0 <= at < n by COLUMNS:
        width = n - at if n - at < COLUMNS else COLUMNS
        fold_columns(sums + at, parts, 2 * padded(n), width, dw + at, <Sum *> NULL)
        fold_columns(sums + padded(n) + at, parts, 2 * padded(n), width, db + at, <Sum *> NULL)


def layer_norm_grad(Array dy not None, Array x not None, Array weight, Array mean not None, Array rstd not None):
    need_parameters("layer_norm_grad", x, weight, None, False)
    need_statistics("layer_norm_grad", x, dy, mean, rstd, x.shape[:x.ndim - 1])
    cdef Array w = parameter_or(x, weight, 1)
    cdef Array dx = new_like(x, x.kind)
    cdef Array dw = new_array("layer_norm_grad", x.kind, x.sizes + x.ndim - 1, 1)
    cdef Array db = new_like(dw, x.kind)
    cdef Py_ssize_t rows = mean.size, n = dw.size
    cdef Py_ssize_t[2] sizes = [(rows + rows_together(n) - 1) // rows_together(n), 2 * padded(n)]
    cdef Array sums = new_array("layer_norm_grad", x.kind, sizes, 2)
    cdef Task run = <Task> layer_norm_grad_part[double] if x.kind == FLOAT64 else <Task> layer_norm_grad_part[float]
    cdef LayerNorm t
    t.dy, t.x, t.w, t.mean, t.rstd, t.out, t.sums = dy.data, x.data, w.data, mean.data, rstd.data, dx.data, sums.data
    t.rows, t.n = rows, n
    cdef double ns = 0.5 * x.size
    perform(run, &t, sizes[0], team(ns), ns)
    if x.kind == FLOAT64:
        add_parts(<const double *> sums.data, <double *> dw.data, <double *> db.data, sizes[0], n)
    else:
        add_parts(<const float *> sums.data, <float *> dw.data, <float *> db.data, sizes[0], n)
    return dx, dw, db
