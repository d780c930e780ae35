# Layer normalisation and its derivative.
#
# Design: in the dtype of the array, so many rows together as the first cache holds, at most TOGETHER. They are read for
# their means, again for the squares of what deviates from them (a mean of squares less the square of a mean would leave
# nothing where the mean is large), and again for the result. What is done once for a row, to join its lanes and to take
# the root, fills vectors then: for rows of 65 it took more than half of the time. The mean of the deviations, which
# rounding leaves, is taken off too, in the derivative as well, which is given a rounded mean: that costs it a tenth of
# short rows' time, and makes it 400 times more exact where the mean is 10000 deviations. There, rows go one by one:
# together they were slower in float64. Blocks of a long row are added in double. The derivatives of weight and bias are
# summed over the rows of a part, and the parts, which depend on the shape alone, by a tree.
#
# Measured on one core with AVX-512, ns a number of float32 and float64: 0.15 and 0.26 from the second cache (768x128),
# 0.26 and 0.44 in rows of 65 (12288x65), 0.16 and 0.29 from the third (1000x1000); the derivative 0.26 and 0.41, 0.49
# and 0.77, 0.27 and 0.90.

cdef enum:
    WIDE = 16  # neighbours that become a vector
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
        normalise_row(x + i * n, w, b, y + i * n, n, mu[i], r[i], t[i])


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


# --- its derivative ---------------------------------------------------------------------------------------------------
cdef inline real sum_lanes(const real *lanes) noexcept nogil:  # IN lanes
    cdef real half[WIDE]
    cdef Py_ssize_t j
    for j in range(WIDE // 2):
        half[j] = lanes[j] + lanes[j + WIDE // 2]
    return ((half[0] + half[4]) + (half[2] + half[6])) + ((half[1] + half[5]) + (half[3] + half[7]))


cdef inline real products_of_some(const real *dy, const real *x, const real *w, real mean, Py_ssize_t n, real *sum_g, real *rest) noexcept nogil:  # IN dy, x, w OUT sum_g, rest
    """The sum of g (x - mean), and those of g = dy w and x - mean, which is not quite 0, as mean was rounded."""
    cdef real lanes[WIDE]
    cdef real others[WIDE]
    cdef real left[WIDE]
    cdef real total = 0, g, d
    cdef Py_ssize_t i = 0, j, seen
    sum_g[0] = 0
    rest[0] = 0
    if n < WIDE:
        for i in range(n):
            g = dy[i] * w[i]
            d = x[i] - mean
            sum_g[0] += g
            rest[0] += d
            total += g * d
        return total
    for j in range(WIDE):
        lanes[j] = 0
        others[j] = 0
        left[j] = 0
    while i + WIDE <= n:
        for j in range(WIDE):
            g = dy[i + j] * w[i + j]
            d = x[i + j] - mean
            lanes[j] = fma(g, d, lanes[j])
            others[j] += g
            left[j] += d
        i += WIDE
    if i < n:
        seen = WIDE - (n - i)
        for j in range(WIDE):
            g = dy[n - WIDE + j] * w[n - WIDE + j]
            d = x[n - WIDE + j] - mean
            g = g if j >= seen else <real> 0
            d = d if j >= seen else <real> 0
            lanes[j] = fma(g, d, lanes[j])
            others[j] += g
            left[j] += d
    sum_g[0] = sum_lanes(others)
    rest[0] = sum_lanes(left)
    return sum_lanes(lanes)


cdef inline void layer_norm_grad_row(const real *dy, const real *x, const real *w, real *dx, real *dw, real *db, Py_ssize_t n, real mean, real r) noexcept nogil:  # IN dy, x, w OUT dx IN/OUT dw, db
    cdef double total = 0, mean_g = 0, rest = 0, slope
    cdef real sum_g, left, p, q, t
    cdef Py_ssize_t i
    for i from 0 <= i < n by BLOCK:
        total += products_of_some(dy + i, x + i, w + i, mean, at_most(n - i, BLOCK), &sum_g, &left)
        mean_g += sum_g
        rest += left
    mean_g /= n
    rest /= n
    slope = (total / n - rest * mean_g) * r * r * r
    p = <real> -slope
    q = <real> (rest * slope - mean_g * r)
    t = <real> (-rest * r)
    for i in range(n):
        dx[i] = fma(x[i] - mean, p, fma(dy[i] * w[i], r, q))
    for i in range(n):
        db[i] += dy[i]
        dw[i] = fma(dy[i], fma(x[i] - mean, r, t), dw[i])


cdef inline Py_ssize_t padded(Py_ssize_t n) noexcept nogil:
    """Whole vectors: what is added to again and again had better start where a line of the cache does."""
    return (n + WIDE - 1) // WIDE * WIDE


cdef void layer_norm_grad_part(const LayerNorm *t, Py_ssize_t part, int worker, real *kind, void *op) noexcept nogil:  # IN t
    cdef Py_ssize_t n = t.n, together = part_rows(n), row = padded(n), i
    cdef const real *dy = <const real *> t.dy
    cdef const real *x = <const real *> t.x
    cdef const real *mean = <const real *> t.mean
    cdef const real *rstd = <const real *> t.rstd
    cdef real *sums = <real *> t.sums + part * 2 * row
    memset(sums, 0, 2 * row * sizeof(real))
    for i in range(part * together, t.rows if (part + 1) * together > t.rows else (part + 1) * together):
        layer_norm_grad_row(dy + i * n, x + i * n, <const real *> t.w, <real *> t.out + i * n, sums, sums + row, n,
                            mean[i], rstd[i])


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
    cdef Py_ssize_t[2] sizes = [(rows + part_rows(n) - 1) // part_rows(n), 2 * padded(n)]
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
