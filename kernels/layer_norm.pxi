# Layer normalisation.
#
# Design: in the dtype of the array, as many rows together as the first cache holds, at most FOLD_ROWS. They are
# read for their means, again for the squares of the deviations (the mean of the squares less the square of the mean
# would have no digits left where the mean is large), and again for the result. What is done once for a row, to combine
# its lanes and to take the root, fills vectors that way. As the mean was rounded, the deviations' own mean is not quite
# 0: it is subtracted too. Blocks of a long row are added in double.

cdef enum:
    LAYER_NORM_BYTES = 16384  # bytes of rows that go together
    LAYER_NORM_SUMS = 8  # sums that are left of a row, in double, before those of FOLD_ROWS rows are combined
    LAYER_NORM_LEAST_ROWS = 16  # of a task
    LAYER_NORM_MOST_ROWS = 64


cdef Array parameter_or(Array x, Array parameter, double value):
    """Weight or bias; or, if there is none, as many numbers that change nothing (1 or 0)."""
    cdef Py_ssize_t i
    if parameter is not None:
        return parameter
    cdef Array out = new_array("layer_norm", x.kind, x.sizes + x.ndim - 1, 1)
    for i in range(out.size):
        store_number(out, i, value)
    return out


cdef struct LayerNorm:  # x (rows, n)
    const void *x
    const void *w
    const void *b
    const void *dy
    void *out  # y, or dx
    void *mean
    void *rstd
    void *sums  # (tasks, 2, padded_width(n)): of each task the derivatives of weight and bias
    void *dw
    void *db
    Py_ssize_t rows, n
    double eps


cdef inline Py_ssize_t layer_norm_task_rows(Py_ssize_t n) noexcept nogil:
    """Rows of a task, by their length n."""
    return at_least(at_most(TASK_ELEMENTS // at_least(n, 1), LAYER_NORM_MOST_ROWS), LAYER_NORM_LEAST_ROWS)


cdef inline Py_ssize_t layer_norm_rows_together(Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """As many as the first cache holds."""
    return at_least(at_most(LAYER_NORM_BYTES // at_least(n * size, 1), FOLD_ROWS), 1)


cdef inline void combine_row_sums(const double *sums, double *out) noexcept nogil:
    """LAYER_NORM_SUMS sums of each of FOLD_ROWS rows are combined as if they were one long row."""
    cdef double quarters[FOLD_ROWS * 4]
    cdef double halves[FOLD_ROWS * 2]
    join_neighbours(sums, quarters, FOLD_ROWS * 4, <Sum *> NULL)
    join_neighbours(<const double *> quarters, halves, FOLD_ROWS * 2, <Sum *> NULL)
    join_neighbours(<const double *> halves, out, FOLD_ROWS, <Sum *> NULL)


cdef inline void add_deviations(const real *x, const real *out, real mu, Py_ssize_t n, double *sums,
                                double *squares) noexcept nogil:  # IN/OUT sums, squares
    """For n <= FOLD_BLOCK neighbours x, x - mu and its square are added to LAYER_NORM_SUMS sums each."""
    cdef real lanes[FOLD_LANES]
    cdef real others[FOLD_LANES]
    cdef Py_ssize_t i = n % FOLD_LANES, j
    cdef real d, total = 0, square = 0
    if n < FOLD_LANES:
        for i in range(n):
            d = x[i] - mu
            total += d
            square = fma(d, d, square)
        sums[0] += total
        squares[0] += square
        return
    for j in range(FOLD_LANES):
        d = x[j] - mu
        d = d if j < i else 0
        lanes[j] = d
        others[j] = d * d
    while i < n:
        for j in range(<Py_ssize_t> (FOLD_LANES * sizeof(real) // CACHE_LINE)):
            prefetch(out + i + CACHE_LINE * j // sizeof(real))
        for j in range(FOLD_LANES):
            d = x[i + j] - mu
            lanes[j] += d
            others[j] = fma(d, d, others[j])
        i += FOLD_LANES
    for j in range(LAYER_NORM_SUMS):
        sums[j] += (lanes[j] + lanes[8 + j]) + (lanes[16 + j] + lanes[24 + j])
        squares[j] += (others[j] + others[8 + j]) + (others[16 + j] + others[24 + j])


cdef inline void normalise_row(const real *x, const real *w, const real *b, real *y, Py_ssize_t n, real mu, real r,
                               real t) noexcept nogil:
    """y = ((x - mu) r + t) w + b. The last vector begins in the one before, as few rows end with a vector."""
    cdef real[VECTOR_NUMBERS] out
    cdef Py_ssize_t i = 0, j
    if n < VECTOR_NUMBERS:
        for i in range(n):
            y[i] = fma(fma(x[i] - mu, r, t), w[i], b[i])
        return
    while True:
        for j in range(VECTOR_NUMBERS):
            out[j] = fma(fma(x[i + j] - mu, r, t), w[i + j], b[i + j])
        for j in range(VECTOR_NUMBERS):
            y[i + j] = out[j]
        i += VECTOR_NUMBERS
        if i >= n:
            break
        i = i if i + VECTOR_NUMBERS <= n else n - VECTOR_NUMBERS


cdef void normalise_row_with_care(const real *x, const real *w, const real *b, real *y, real *mean, real *rstd,
                                  Py_ssize_t n, double eps) noexcept nogil:
    cdef Careful s = line_statistics(x, 1, n, eps)
    cdef Py_ssize_t i
    mean[0] = <real> (s.mean / s.down)
    rstd[0] = <real> (s.r * s.down)
    for i in range(n):
        y[i] = <real> ((x[i] * s.down - s.mean) * s.r * w[i] + b[i])


cdef void layer_norm_rows(const real *x, const real *w, const real *b, real *y, real *mean, real *rstd, Py_ssize_t rows,
                          Py_ssize_t n, double eps) noexcept nogil:
    """At most FOLD_ROWS rows, side by side in what is done once for a row."""
    cdef double[FOLD_ROWS * LAYER_NORM_SUMS] sums
    cdef double[FOLD_ROWS * LAYER_NORM_SUMS] squares
    cdef double[FOLD_ROWS] rest
    cdef double[FOLD_ROWS] square
    cdef real[FOLD_ROWS] mu
    cdef real[FOLD_ROWS] m
    cdef real[FOLD_ROWS] r
    cdef real[FOLD_ROWS] t
    cdef double first, root
    cdef Py_ssize_t at, i
    memset(mu, 0, sizeof(mu))
    memset(sums, 0, sizeof(sums))
    memset(squares, 0, sizeof(squares))
    if n > 0:
        fold_rows(x, x, rows, n, mu, <Sum *> NULL)
    for i in range(FOLD_ROWS):
        mu[i] = <real> (<double> mu[i] / n)
    for i in range(rows):
        for at from 0 <= at < n by FOLD_BLOCK:
            add_deviations(x + i * n + at, y + i * n + at, mu[i], at_most(n - at, FOLD_BLOCK),
                           sums + i * LAYER_NORM_SUMS, squares + i * LAYER_NORM_SUMS)
    combine_row_sums(<const double *> sums, rest)
    combine_row_sums(<const double *> squares, square)
    for i in range(FOLD_ROWS):
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


cdef void layer_norm_task(const LayerNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t n = t.n, first = task * layer_norm_task_rows(n), i
    cdef Py_ssize_t end = at_most(t.rows, first + layer_norm_task_rows(n))
    cdef Py_ssize_t together = layer_norm_rows_together(n, sizeof(real))
    for i from first <= i < end by together:
        layer_norm_rows(<const real *> t.x + i * n, <const real *> t.w, <const real *> t.b, <real *> t.out + i * n,
                        <real *> t.mean + i, <real *> t.rstd + i, at_most(end - i, together), n, t.eps)


def layer_norm(Array x not None, Array weight, Array bias, double eps):
    need_parameters("layer_norm", x, weight, bias, False)
    cdef Array w = parameter_or(x, weight, 1), b = parameter_or(x, bias, 0)
    cdef Array y = new_like(x, x.kind)
    cdef Array mean = new_array("layer_norm", x.kind, x.sizes, x.ndim - 1)
    cdef Array rstd = new_like(mean, x.kind)
    cdef LayerNorm t
    t.x, t.w, t.b, t.out, t.mean, t.rstd = x.data, w.data, b.data, y.data, mean.data, rstd.data
    t.rows, t.n, t.eps = mean.size, x.sizes[x.ndim - 1], eps
    cdef double ns = 0.3 * x.size
    perform(x.kind, <Task> layer_norm_task[double], <Task> layer_norm_task[float], &t,
            parts_of(t.rows, layer_norm_task_rows(t.n)), threads_for(ns), ns)
    return y, mean, rstd
