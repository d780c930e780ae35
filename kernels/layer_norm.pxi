# Layer normalisation.
#
# Design: in the dtype of the array, so many rows together as the first cache holds, at most TOGETHER. They are read for
# their means, again for the squares of what deviates from them (a mean of squares less the square of a mean would leave
# nothing where the mean is large), and again for the result. What is done once for a row, to join its lanes and to take
# the root, fills vectors then: for rows of 65 it took more than half of the time. The mean of the deviations, which
# rounding leaves, is taken off too. Blocks of a long row are added in double.
#
# Measured on one core with AVX-512, ns a number of float32 and float64: 0.15 and 0.26 from the second cache (768x128),
# 0.26 and 0.44 in rows of 65 (12288x65), 0.16 and 0.29 from the third (1000x1000).

cdef enum:
    CACHED = 16384  # bytes of rows that go together
    LEFT = 8  # sums that are left of a row, in double, before those of TOGETHER rows are joined
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


cdef inline Py_ssize_t part_rows(Py_ssize_t n) noexcept nogil:
    """By their length."""
    return LEAST_ROWS if n > PIECE // LEAST_ROWS else (MOST_ROWS if n <= PIECE // MOST_ROWS else PIECE // n)


cdef inline Py_ssize_t rows_together(Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """As many as the first cache holds."""
    return TOGETHER if n * size * TOGETHER <= CACHED else (1 if n * size >= CACHED else CACHED // (n * size))


cdef inline void join_rows(const double *sums, double *out) noexcept nogil:  # IN sums OUT out
    """LEFT sums of each of TOGETHER rows are joined as if they were one long row."""
    cdef double quarters[TOGETHER * 4]
    cdef double halves[TOGETHER * 2]
    halve(sums, quarters, TOGETHER * 4, <Sum *> NULL)
    halve(<const double *> quarters, halves, TOGETHER * 2, <Sum *> NULL)
    halve(<const double *> halves, out, TOGETHER, <Sum *> NULL)


cdef inline void deviations(const real *x, const real *out, real mu, Py_ssize_t n, double *sums, double *squares) noexcept nogil:  # IN x IN/OUT sums, squares
    """Of n <= BLOCK neighbours x - mu and its square are added to LEFT sums each."""
    cdef real lanes[LANES]
    cdef real others[LANES]
    cdef Py_ssize_t i = n % LANES, j
    cdef real d, total = 0, square = 0
    if n < LANES:
        for i in range(n):
            d = x[i] - mu
            total += d
            square = fma(d, d, square)
        sums[0] += total
        squares[0] += square
        return
    for j in range(LANES):
        d = x[j] - mu
        d = d if j < i else 0
        lanes[j] = d
        others[j] = d * d
    while i < n:
        for j in range(<Py_ssize_t> (LANES * sizeof(real) // LINE)):
            prefetch(out + i + LINE * j // sizeof(real))
        for j in range(LANES):
            d = x[i + j] - mu
            lanes[j] += d
            others[j] = fma(d, d, others[j])
        i += LANES
    for j in range(LEFT):
        sums[j] += (lanes[j] + lanes[j + LEFT]) + (lanes[j + 2 * LEFT] + lanes[j + 3 * LEFT])
        squares[j] += (others[j] + others[j + LEFT]) + (others[j + 2 * LEFT] + others[j + 3 * LEFT])


cdef inline void normalise_row(const real *x, const real *w, const real *b, real *y, Py_ssize_t n, real mu, real r, real t) noexcept nogil:  # IN x, w, b OUT y
    """y = ((x - mu) r + t) w + b. The last vector begins in the one before, as few rows end with a vector."""
    cdef real[WIDE] out
    cdef Py_ssize_t i = 0, j
    if n < WIDE:
        for i in range(n):
            y[i] = fma(fma(x[i] - mu, r, t), w[i], b[i])
        return
    while True:
        for j in range(WIDE):
            out[j] = fma(fma(x[i + j] - mu, r, t), w[i + j], b[i + j])
        for j in range(WIDE):
            y[i + j] = out[j]
        i += WIDE
        if i >= n:
            break
        i = i if i + WIDE <= n else n - WIDE


cdef void normalise_row_with_care(const real *x, const real *w, const real *b, real *y, real *mean, real *rstd, Py_ssize_t n, double eps) noexcept nogil:  # IN x, w, b OUT y, mean, rstd
    cdef Careful s = line_statistics(x, 1, n, eps)
    cdef Py_ssize_t i
    mean[0] = <real> (s.mean / s.down)
    rstd[0] = <real> (s.r * s.down)
    for i in range(n):
        y[i] = <real> ((x[i] * s.down - s.mean) * s.r * w[i] + b[i])


cdef void layer_norm_rows(const real *x, const real *w, const real *b, real *y, real *mean, real *rstd, Py_ssize_t rows, Py_ssize_t n, double eps) noexcept nogil:  # IN x, w, b OUT y, mean, rstd
    """At most TOGETHER rows, side by side in what is done once for a row."""
    cdef double[TOGETHER * LEFT] sums
    cdef double[TOGETHER * LEFT] squares
    cdef double[TOGETHER] rest
    cdef double[TOGETHER] square
    cdef real[TOGETHER] mu
    cdef real[TOGETHER] m
    cdef real[TOGETHER] r
    cdef real[TOGETHER] t
    cdef double first, root
    cdef Py_ssize_t at, i
    memset(mu, 0, sizeof(mu))
    memset(sums, 0, sizeof(sums))
    memset(squares, 0, sizeof(squares))
    if n > 0:
        fold_rows(x, x, rows, n, mu, <Sum *> NULL)
    for i in range(TOGETHER):
        mu[i] = <real> (<double> mu[i] / n)
    for i in range(rows):
        for at from 0 <= at < n by BLOCK:
            deviations(x + i * n + at, y + i * n + at, mu[i], at_most(n - at, BLOCK), sums + i * LEFT, squares + i * LEFT)
    join_rows(<const double *> sums, rest)
    join_rows(<const double *> squares, square)
    for i in range(TOGETHER):
        first = rest[i] / n
        root = 1 / c_sqrt(square[i] / n - first * first + eps)
        m[i] = <real> (mu[i] + first)
        r[i] = <real> root
        t[i] = <real> (-first * root)
    memcpy(mean, m, rows * sizeof(real))
    memcpy(rstd, r, rows * sizeof(real))
    for i in range(rows):
        if is_moderate(r[i], y):
            normalise_row(x + i * n, w, b, y + i * n, n, mu[i], r[i], t[i])
        else:
            normalise_row_with_care(x + i * n, w, b, y + i * n, mean + i, rstd + i, n, eps)


cdef void layer_norm_part(const LayerNorm *t, Py_ssize_t part, int worker, real *kind, void *op) noexcept nogil:  # IN t
    cdef Py_ssize_t n = t.n, first = part * part_rows(n), end = at_most(t.rows, first + part_rows(n)), i
    cdef Py_ssize_t together = rows_together(n, sizeof(real))
    for i from first <= i < end by together:
        layer_norm_rows(<const real *> t.x + i * n, <const real *> t.w, <const real *> t.b, <real *> t.out + i * n,
                        <real *> t.mean + i, <real *> t.rstd + i, at_most(end - i, together), n, t.eps)


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
    perform(run, &t, (t.rows + part_rows(t.n) - 1) // part_rows(t.n), team(ns), ns)
    return y, mean, rstd
