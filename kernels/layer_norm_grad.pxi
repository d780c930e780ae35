# The derivative of layer normalisation.
#
# Design: rows go one by one. The derivatives of weight and bias are summed over the rows of a task, and a tree adds up
# the tasks' sums, whose number depends on the shape alone. The given mean was rounded: the mean of the deviations from
# it is subtracted, which keeps the derivative exact where the mean is much larger than the deviation. From g = dy w its
# first number is subtracted, which changes nothing but the rounding: where g is the same everywhere, in a row of one
# number say, the derivative is 0, and not what rounding leaves of two large numbers.

cdef inline real sum_lanes(const real *lanes) noexcept nogil:
    cdef real half[VECTOR_NUMBERS]
    cdef real quarter[VECTOR_NUMBERS]
    cdef Py_ssize_t j
    for j in range(VECTOR_NUMBERS // 2):
        half[j] = lanes[j] + lanes[j + VECTOR_NUMBERS // 2]
    for j in range(VECTOR_NUMBERS // 4):
        quarter[j] = half[j] + half[j + VECTOR_NUMBERS // 4]
    return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3])


cdef inline real products_of_some(const real *dy, const real *x, const real *w, real first, real mean, Py_ssize_t n,
                                  real *sum_g, real *rest) noexcept nogil:
    """The sum of g (x - mean), and those of g = dy w - first and of x - mean, not quite 0, as mean was rounded."""
    cdef real lanes[VECTOR_NUMBERS]
    cdef real others[VECTOR_NUMBERS]
    cdef real left[VECTOR_NUMBERS]
    cdef real total = 0, g, d
    cdef Py_ssize_t i = 0, j, seen
    sum_g[0] = 0
    rest[0] = 0
    if n < VECTOR_NUMBERS:
        for i in range(n):
            g = fma(dy[i], w[i], -first)
            d = x[i] - mean
            sum_g[0] += g
            rest[0] += d
            total += g * d
        return total
    for j in range(VECTOR_NUMBERS):
        lanes[j] = 0
        others[j] = 0
        left[j] = 0
    while i + VECTOR_NUMBERS <= n:
        for j in range(VECTOR_NUMBERS):
            g = fma(dy[i + j], w[i + j], -first)
            d = x[i + j] - mean
            lanes[j] = fma(g, d, lanes[j])
            others[j] += g
            left[j] += d
        i += VECTOR_NUMBERS
    if i < n:
        seen = VECTOR_NUMBERS - (n - i)
        for j in range(VECTOR_NUMBERS):
            g = fma(dy[n - VECTOR_NUMBERS + j], w[n - VECTOR_NUMBERS + j], -first)
            d = x[n - VECTOR_NUMBERS + j] - mean
            g = g if j >= seen else <real> 0
            d = d if j >= seen else <real> 0
            lanes[j] = fma(g, d, lanes[j])
            others[j] += g
            left[j] += d
    sum_g[0] = sum_lanes(others)
    rest[0] = sum_lanes(left)
    return sum_lanes(lanes)


cdef inline void layer_norm_grad_row(const real *dy, const real *x, const real *w, real *dx, real *dw, real *db,
                                     Py_ssize_t n, real mean, real r) noexcept nogil:  # IN/OUT dw, db
    cdef double total = 0, mean_g = 0, rest = 0, slope, share = 1 / <double> n
    cdef real sum_g, left, p, q, t, first = dy[0] * w[0] if n > 0 else 0
    cdef Py_ssize_t i
    for i from 0 <= i < n by FOLD_BLOCK:
        total += products_of_some(dy + i, x + i, w + i, first, mean, at_most(n - i, FOLD_BLOCK), &sum_g, &left)
        mean_g += sum_g
        rest += left
    mean_g *= share
    rest *= share
    slope = (total * share - rest * mean_g) * r * r * r
    p = <real> -slope
    q = <real> (rest * slope - mean_g * r)
    t = <real> (-rest * r)
    for i in range(n):
        dx[i] = fma(x[i] - mean, p, fma(fma(dy[i], w[i], -first), r, q))
    if n == 1:
        dx[0] *= 0  # else what rounding the product left; NaN stays NaN
    for i in range(n):
        db[i] += dy[i]
        dw[i] = fma(dy[i], fma(x[i] - mean, r, t), dw[i])


cdef void layer_norm_grad_row_with_care(const real *dy, const real *x, const real *w, real *dx, real *dw, real *db,
                                        Py_ssize_t n, double mean, double r) noexcept nogil:  # IN/OUT dw, db
    """In double, and with a quarter of x and mean, whose difference may be what no double can hold."""
    cdef double rest = 0, total = 0, product = 0, x_hat
    cdef Py_ssize_t i
    for i in range(n):
        rest += x[i] * 0.25 - mean * 0.25
    rest /= n
    for i in range(n):
        x_hat = (x[i] * 0.25 - mean * 0.25 - rest) * (r * 4)
        total += <double> dy[i] * w[i]
        product += <double> dy[i] * w[i] * x_hat
    for i in range(n):
        x_hat = (x[i] * 0.25 - mean * 0.25 - rest) * (r * 4)
        dx[i] = <real> (r * (<double> dy[i] * w[i] - total / n - x_hat * (product / n)))
        db[i] += dy[i]
        dw[i] += <real> (dy[i] * x_hat)


cdef inline Py_ssize_t padded_width(Py_ssize_t n) noexcept nogil:
    """Whole vectors, so that the sums, which are read and written for every row, begin where a cache line does."""
    return round_up(n, VECTOR_NUMBERS)


cdef void layer_norm_grad_task(const LayerNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t n = t.n, together = layer_norm_task_rows(n), row = padded_width(n), i
    cdef const real *dy = <const real *> t.dy
    cdef const real *x = <const real *> t.x
    cdef const real *mean = <const real *> t.mean
    cdef const real *rstd = <const real *> t.rstd
    cdef real *sums = <real *> t.sums + task * 2 * row
    memset(sums, 0, 2 * row * sizeof(real))
    for i in range(task * together, at_most((task + 1) * together, t.rows)):
        if is_moderate(rstd[i], kind):
            layer_norm_grad_row(dy + i * n, x + i * n, <const real *> t.w, <real *> t.out + i * n, sums, sums + row, n,
                                mean[i], rstd[i])
        else:
            layer_norm_grad_row_with_care(dy + i * n, x + i * n, <const real *> t.w, <real *> t.out + i * n, sums,
                                          sums + row, n, mean[i], rstd[i])


cdef void add_task_sums(const LayerNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """dw and db, from the sums of all tasks."""
    cdef Py_ssize_t row = padded_width(t.n), tasks = parts_of(t.rows, layer_norm_task_rows(t.n)), at, width
    cdef const real *sums = <const real *> t.sums
    for at from 0 <= at < t.n by FOLD_COLUMNS:
        width = at_most(t.n - at, FOLD_COLUMNS)
        fold_columns(sums + at, tasks, 2 * row, width, <real *> t.dw + at, <Sum *> NULL)
        fold_columns(sums + row + at, tasks, 2 * row, width, <real *> t.db + at, <Sum *> NULL)


def layer_norm_grad(Array dy not None, Array x not None, Array weight, Array mean not None, Array rstd not None):
    need_parameters("layer_norm_grad", x, weight, None, False)
    need_statistics("layer_norm_grad", x, dy, mean, rstd, x.shape[:x.ndim - 1])
    cdef Array w = parameter_or(x, weight, 1)
    cdef Array dx = new_like(x, x.kind)
    cdef Array dw = new_array("layer_norm_grad", x.kind, x.sizes + x.ndim - 1, 1)
    cdef Array db = new_like(dw, x.kind)
    cdef Py_ssize_t rows = mean.size, n = dw.size
    cdef Py_ssize_t[2] sizes = [parts_of(rows, layer_norm_task_rows(n)), 2 * padded_width(n)]
    cdef Array sums = new_array("layer_norm_grad", x.kind, sizes, 2)
    cdef LayerNorm t
    t.dy, t.x, t.w, t.mean, t.rstd, t.out, t.sums = dy.data, x.data, w.data, mean.data, rstd.data, dx.data, sums.data
    t.dw, t.db, t.rows, t.n = dw.data, db.data, rows, n
    cdef double ns = 0.5 * x.size
    perform(x.kind, <Task> layer_norm_grad_task[double], <Task> layer_norm_grad_task[float], &t, sizes[0],
            threads_for(ns), ns)
    run_once(x.kind, <Task> add_task_sums[double], <Task> add_task_sums[float], &t)
    return dx, dw, db
