# The derivative of batch normalisation.
#
# Design: the same parts as in the forward pass. First, in each part, the sums of dy and of dy (x - mean) in every
# column; then, once for a column, the numbers p, s and t; then the derivative, (x - mean) p + (dy - mean of dy) s + t.
# What rounding took from the means is included in t. (dy s, with the mean of dy in t, would leave the rounding errors
# of both where a row is alone and the derivative is 0.)

cdef inline void add_products(const real *dy, const real *x, Py_ssize_t n, Py_ssize_t rows, Py_ssize_t width,
                              const real *mu, real *sums, real *products,
                              real *rest) noexcept nogil:  # IN/OUT sums, products, rest
    """The sums of dy, dy (x - mu) and x - mu."""
    cdef Py_ssize_t j, k
    cdef real d, total, product, other
    for j in range(width):
        total = 0
        product = 0
        other = 0
        for k in range(rows):
            d = x[k * n + j] - mu[j]
            product = fma(dy[k * n + j], d, product)
            total += dy[k * n + j]
            other += d
        sums[j] += total
        products[j] += product
        rest[j] += other


cdef void batch_norm_products(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef real[FOLD_COLUMNS] mu
    cdef real[FOLD_COLUMNS] sums
    cdef real[FOLD_COLUMNS] products
    cdef real[FOLD_COLUMNS] rest
    cdef Py_ssize_t n = t.n, part = task // t.strips, at = task % t.strips * FOLD_COLUMNS, i = 0, j, end
    cdef Py_ssize_t count = batch_norm_part_rows(t, part), width = batch_norm_strip_columns(t, task % t.strips)
    cdef Py_ssize_t rows = count // t.side, row = t.side * n, wide = t.side * width, over = count % t.side * width
    cdef const real *x = <const real *> t.x + part * t.together * n + at
    cdef const real *dy = <const real *> t.dy + part * t.together * n + at
    cdef double *out = t.sums + 3 * part * n + at
    memcpy(mu, <const real *> t.mean + at, width * sizeof(real))
    repeat_columns(mu, width, wide)
    for j in range(width):
        out[j] = 0
        out[n + j] = 0
        out[2 * n + j] = 0
    while i < rows or over > 0:
        end = at_most(i + FOLD_BLOCK_ROWS, rows)
        for j in range(wide):
            sums[j] = 0
            products[j] = 0
            rest[j] = 0
        while i + BATCH_NORM_ROWS <= end:
            add_products(dy + i * row, x + i * row, row, BATCH_NORM_ROWS, wide, mu, sums, products, rest)
            i += BATCH_NORM_ROWS
        while i < end:
            add_products(dy + i * row, x + i * row, row, 1, wide, mu, sums, products, rest)
            i += 1
        if i == rows:
            add_products(dy + i * row, x + i * row, row, 1, over, mu, sums, products, rest)
            over = 0
        for end from 0 <= end < wide by width:
            for j in range(width):
                out[j] += sums[end + j]
                out[n + j] += products[end + j]
                out[2 * n + j] += rest[end + j]


cdef void batch_norm_grad_lines(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """dw and db, and of each column the numbers that `batch_norm_grad_apply` needs of it."""
    cdef Py_ssize_t n = t.n, row = n + FOLD_COLUMNS, part, j
    cdef const real *w = <const real *> t.weight
    cdef const real *mean = <const real *> t.mean
    cdef const real *var = <const real *> t.var
    cdef real *dw = <real *> t.dw
    cdef real *db = <real *> t.db
    cdef real *lines = <real *> t.lines
    cdef double *sums = t.sums
    cdef double r, s, p, rest, product, mean_dy
    for part in range(1, t.parts):
        for j in range(3 * n):
            sums[j] += sums[3 * part * n + j]
    for j in range(n):
        r = 1 / c_sqrt(var[j] + t.eps)
        s = r * (1 if w == NULL else w[j])
        rest = sums[2 * n + j] / t.rows
        product = r * (sums[n + j] - rest * sums[j]) if t.rows > 0 else 0  # no mean without rows
        p = -s * r * product / t.rows
        db[j] = <real> sums[j]
        dw[j] = <real> product
        lines[j] = mean[j]
        mean_dy = sums[j] / t.rows
        lines[row + j] = <real> s
        lines[3 * row + j] = <real> p
        lines[4 * row + j] = <real> mean_dy
        lines[2 * row + j] = <real> (-s * (mean_dy - lines[4 * row + j]) - p * rest)
    for j in range(5):
        repeat_columns(lines + j * row, n, row)


cdef void batch_norm_grad_apply(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t row = t.n + FOLD_COLUMNS, end = t.rows * t.n, i, j
    cdef const real *x
    cdef const real *dy
    cdef const real *mu
    cdef real *dx
    for i from task * TASK_ELEMENTS <= i < at_most((task + 1) * TASK_ELEMENTS, end) by BATCH_NORM_STRETCH:
        x = <const real *> t.x + i
        dy = <const real *> t.dy + i
        dx = <real *> t.out + i
        mu = <const real *> t.lines + i % t.n
        for j in range(at_most(BATCH_NORM_STRETCH, end - i)):
            dx[j] = fma(x[j] - mu[j], mu[3 * row + j], fma(dy[j] - mu[4 * row + j], mu[row + j], mu[2 * row + j]))


cdef void batch_norm_grad_columns_with_care(const BatchNorm *t, Py_ssize_t task, int worker, real *kind,
                                            void *op) noexcept nogil:
    """Do the columns of huge or tiny numbers again, with statistics found anew, as the dtype may not hold them."""
    cdef Py_ssize_t n = t.n, rows = t.rows, i, j
    cdef const real *x = <const real *> t.x
    cdef const real *w = <const real *> t.weight
    cdef const real *var = <const real *> t.var
    cdef real *dw = <real *> t.dw
    cdef real *db = <real *> t.db
    cdef const real *dy = <const real *> t.dy
    cdef real *dx = <real *> t.out
    cdef double total, product, x_hat
    cdef Careful s
    for j in range(n if rows > 0 else 0):
        if is_moderate_column(var[j], t.eps, dw):
            continue
        s = line_statistics(x + j, n, rows, t.eps)
        total = product = 0
        for i in range(rows):
            total += dy[i * n + j]
            product += dy[i * n + j] * ((x[i * n + j] * s.down - s.mean) * s.r)
        db[j] = <real> total
        dw[j] = <real> product
        for i in range(rows):
            x_hat = (x[i * n + j] * s.down - s.mean) * s.r
            dx[i * n + j] = <real> (s.r * s.down * (1 if w == NULL else w[j])
                                    * (dy[i * n + j] - total / rows - x_hat * (product / rows)))


def batch_norm_grad(Array dy not None, Array x not None, Array weight, Array mean not None, Array var not None,
                    double eps):
    need_parameters("batch_norm_grad", x, weight, None, True)
    need_statistics("batch_norm_grad", x, dy, mean, var, x.shape[1:])
    cdef Array dx = new_like(x, x.kind), dw = new_like(mean, x.kind), db = new_like(mean, x.kind)
    cdef BatchNorm t
    cdef Array scratch = plan_batch_norm(&t, x, weight, None, mean, var, dx, eps)
    t.dy, t.dw, t.db = dy.data, dw.data, db.data
    cdef double ns = 0.2 * x.size  # of either half
    cdef int workers = threads_for(2 * ns)
    perform(x.kind, <Task> batch_norm_products[double], <Task> batch_norm_products[float], &t, t.parts * t.strips,
            workers, ns)
    run_once(x.kind, <Task> batch_norm_grad_lines[double], <Task> batch_norm_grad_lines[float], &t)
    perform(x.kind, <Task> batch_norm_grad_apply[double], <Task> batch_norm_grad_apply[float], &t,
            parts_of(x.size, TASK_ELEMENTS), workers, ns)
    run_once(x.kind, <Task> batch_norm_grad_columns_with_care[double],
             <Task> batch_norm_grad_columns_with_care[float], &t)
    return dx, dw, db
