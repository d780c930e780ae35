# Batch normalisation.
#
# Design: the array is cut into parts, some rows of some columns, that stay in the second cache. In each part, the mean
# of every column is found, and then the sum of the squared deviations from it; the parts are combined by what
# statistics calls the sums of squares within and between groups. So the array is read once for its moments and once
# for the result, and a large mean costs no digits. Rows are added as they lie, narrow ones side by side as one wide
# row: FOLD_BLOCK_ROWS of them in the dtype of the array, and those sums in double. What is done once for a column is in
# double too; it gives the result as (x - mean) s + t, where t includes what rounding took from the mean. Parts depend
# on the shape alone.

cdef enum:
    BATCH_NORM_ROWS = 4  # rows that are added before a sum is written
    BATCH_NORM_STRETCH = 512  # numbers at a time, so that the first cache holds the lines of their columns

cdef struct BatchNorm:  # x (rows, n), the others (n,)
    const void *x
    const void *weight  # or NULL
    const void *bias  # or NULL
    const void *dy  # backward
    void *out  # y, or dx
    void *mean  # written forward, read backward
    void *var
    void *dw
    void *db
    double eps
    # (5, n + FOLD_COLUMNS): mean, s, t, p (forward: the mean as a double) and the mean of dy; the first columns twice
    void *lines
    double *sums  # (parts, 3, n): the sums of each part
    Py_ssize_t rows, n, parts, strips
    Py_ssize_t together  # rows of a part
    Py_ssize_t side  # rows that lie side by side as one wide row


cdef Array plan_batch_norm(BatchNorm *t, Array x, Array weight, Array bias, Array mean, Array var, Array out,
                           double eps):
    """Fill what both directions need. Returns the memory of `lines` and `sums`, to be held while they are used."""
    t.x, t.out, t.rows, t.n, t.eps = x.data, out.data, x.sizes[0], x.sizes[1], eps
    t.weight, t.bias, t.mean, t.var = data_or_null(weight), data_or_null(bias), mean.data, var.data
    t.strips = parts_of(t.n, FOLD_COLUMNS)
    t.side = 1 if t.strips != 1 or t.rows * t.n <= FOLD_COLUMNS else FOLD_COLUMNS // t.n
    t.together = FOLD_PART_ELEMENTS // (FOLD_COLUMNS if t.strips != 1 else t.side * t.n) * t.side
    t.parts = at_least(parts_of(t.rows, t.together), 1)
    cdef Py_ssize_t size = 3 * t.parts * t.n + 5 * (t.n + FOLD_COLUMNS)
    cdef Array scratch = new_array("batch_norm", FLOAT64, &size, 1)
    t.sums = <double *> scratch.data
    t.lines = t.sums + 3 * t.parts * t.n
    return scratch


cdef inline Py_ssize_t batch_norm_part_rows(const BatchNorm *t, Py_ssize_t part) noexcept nogil:
    return at_most(t.rows - part * t.together, t.together)


cdef inline Py_ssize_t batch_norm_strip_columns(const BatchNorm *t, Py_ssize_t strip) noexcept nogil:
    return at_most(t.n - strip * FOLD_COLUMNS, FOLD_COLUMNS)


cdef inline void repeat_columns(real *x, Py_ssize_t n, Py_ssize_t end) noexcept nogil:  # IN/OUT x
    """Fill x up to `end` with its first n numbers, again and again."""
    cdef Py_ssize_t j
    for j in range(n, end):
        x[j] = x[j - n]


cdef inline void add_squares(const real *x, Py_ssize_t n, Py_ssize_t rows, Py_ssize_t width, const real *mu,
                             real *squares, real *rest) noexcept nogil:  # IN/OUT squares, rest
    """The sums of (x - mu)^2 and, as mu is rounded, of x - mu."""
    cdef Py_ssize_t j, k
    cdef real d, square, other
    for j in range(width):
        square = 0
        other = 0
        for k in range(rows):
            d = x[k * n + j] - mu[j]
            square = fma(d, d, square)
            other += d
        squares[j] += square
        rest[j] += other


cdef void batch_norm_moments(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """For each column of a part its mean (line 0, and in line 2 what rounding took from it), and the sum of the squared
    deviations from it (line 1)."""
    cdef real[FOLD_COLUMNS] mu
    cdef real[FOLD_COLUMNS] squares
    cdef real[FOLD_COLUMNS] rest
    cdef double[FOLD_COLUMNS] within
    cdef double[FOLD_COLUMNS] left
    cdef Py_ssize_t n = t.n, part = task // t.strips, at = task % t.strips * FOLD_COLUMNS, i = 0, j, end
    cdef Py_ssize_t count = batch_norm_part_rows(t, part), width = batch_norm_strip_columns(t, task % t.strips)
    cdef Py_ssize_t rows = count // t.side, row = t.side * n, wide = t.side * width, over = count % t.side * width
    cdef const real *x = <const real *> t.x + part * t.together * n + at
    cdef double *out = t.sums + 3 * part * n + at
    fold_columns(x, rows, row, wide, mu, <Sum *> NULL)
    for j in range(over):
        mu[j] += x[rows * row + j]
    for i from width <= i < wide by width:
        for j in range(width):
            mu[j] += mu[i + j]
    i = 0
    for j in range(width):
        mu[j] /= count
    repeat_columns(mu, width, wide)
    for j in range(wide):
        within[j] = 0
        left[j] = 0
    while i < rows or over > 0:
        end = at_most(i + FOLD_BLOCK_ROWS, rows)
        for j in range(wide):
            squares[j] = 0
            rest[j] = 0
        while i + BATCH_NORM_ROWS <= end:
            add_squares(x + i * row, row, BATCH_NORM_ROWS, wide, mu, squares, rest)
            i += BATCH_NORM_ROWS
        while i < end:
            add_squares(x + i * row, row, 1, wide, mu, squares, rest)
            i += 1
        if i == rows:
            add_squares(x + i * row, row, 1, over, mu, squares, rest)
            over = 0
        for j in range(wide):
            within[j] += squares[j]
            left[j] += rest[j]
    for i from width <= i < wide by width:
        for j in range(width):
            within[j] += within[i + j]
            left[j] += left[i + j]
    for j in range(width):
        out[j] = mu[j]
        out[2 * n + j] = left[j] / count
        out[n + j] = within[j] - left[j] / count * left[j]


cdef inline double *mean_of_all(const BatchNorm *t) noexcept nogil:
    return <double *> t.lines + 3 * (t.n + FOLD_COLUMNS)


cdef void combine_moments(const BatchNorm *t) noexcept nogil:  # IN/OUT t.sums
    """For all rows: var, in line 1 of the sums, from the squares within the parts and between them; and the mean. Both
    from the distances of the parts' means to the first one, so that a large mean is subtracted before any rounding."""
    cdef Py_ssize_t n = t.n, part, j
    cdef double *var = t.sums + n
    cdef double *mean = mean_of_all(t)
    cdef const double *others
    cdef double d, rows
    memset(mean, 0, n * sizeof(double))
    for part in range(t.parts):
        others = t.sums + 3 * part * n
        rows = batch_norm_part_rows(t, part)
        for j in range(n):
            mean[j] += (others[j] - t.sums[j] + others[2 * n + j]) * rows / t.rows
    for part in range(t.parts):
        others = t.sums + 3 * part * n
        rows = batch_norm_part_rows(t, part)
        for j in range(n):
            d = others[j] - t.sums[j] + others[2 * n + j] - mean[j]
            var[j] = (var[j] if part == 0 else var[j] + others[n + j]) + d * d * rows
    for j in range(n):
        var[j] /= t.rows
        mean[j] += t.sums[j]


cdef void batch_norm_lines(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """The statistics of each column, and from them the numbers that `batch_norm_apply` needs of it."""
    cdef Py_ssize_t n = t.n, row = n + FOLD_COLUMNS, j
    cdef const real *w = <const real *> t.weight
    cdef const real *b = <const real *> t.bias
    cdef real *mean = <real *> t.mean
    cdef real *var = <real *> t.var
    cdef real *lines = <real *> t.lines
    cdef const double *square = t.sums + n
    cdef const double *mu = mean_of_all(t)
    cdef double s
    combine_moments(t)
    for j in range(n):
        mean[j] = <real> mu[j]
        var[j] = <real> square[j]
        s = 1 / c_sqrt(square[j] + t.eps) * (1 if w == NULL else w[j])
        lines[j] = mean[j]
        lines[row + j] = <real> s
        lines[2 * row + j] = <real> ((0 if b == NULL else b[j]) - (mu[j] - mean[j]) * s)
    for j in range(3):
        repeat_columns(lines + j * row, n, row)


cdef void batch_norm_apply(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """Some neighbours of the result, whatever their columns: so that each task begins where a cache line does."""
    cdef Py_ssize_t row = t.n + FOLD_COLUMNS, end = t.rows * t.n, i, j
    cdef const real *x
    cdef const real *mu
    cdef real *y
    for i from task * TASK_ELEMENTS <= i < at_most((task + 1) * TASK_ELEMENTS, end) by FOLD_COLUMNS:
        x = <const real *> t.x + i
        y = <real *> t.out + i
        mu = <const real *> t.lines + i % t.n
        for j in range(at_most(FOLD_COLUMNS, end - i)):
            y[j] = fma(x[j] - mu[j], mu[row + j], mu[2 * row + j])


cdef inline bint is_moderate_column(double var, double eps, real *kind) noexcept nogil:
    return is_moderate(1 / c_sqrt(var + eps), kind)


cdef void normalise_columns_with_care(const BatchNorm *t, Py_ssize_t task, int worker, real *kind,
                                      void *op) noexcept nogil:
    """Do the columns of huge or tiny numbers again, in a way that neither overflows nor loses them."""
    cdef Py_ssize_t n = t.n, i, j
    cdef const real *x = <const real *> t.x
    cdef const real *w = <const real *> t.weight
    cdef const real *b = <const real *> t.bias
    cdef real *mean = <real *> t.mean
    cdef real *var = <real *> t.var
    cdef real *y = <real *> t.out
    cdef Careful s
    for j in range(n):
        if is_moderate_column(var[j], t.eps, var):
            continue
        s = line_statistics(x + j, n, t.rows, t.eps)
        mean[j] = <real> (s.mean / s.down)
        var[j] = <real> s.var
        for i in range(t.rows):
            y[i * n + j] = <real> ((x[i * n + j] * s.down - s.mean) * s.r * (1 if w == NULL else w[j])
                                   + (0 if b == NULL else b[j]))


def batch_norm(Array x not None, Array weight, Array bias, double eps):
    need_parameters("batch_norm", x, weight, bias, True)
    cdef Array y = new_like(x, x.kind)
    cdef Array mean = new_array("batch_norm", x.kind, x.sizes + 1, 1)
    cdef Array var = new_like(mean, x.kind)
    cdef BatchNorm t
    cdef Array scratch = plan_batch_norm(&t, x, weight, bias, mean, var, y, eps)
    cdef double ns = 0.2 * x.size  # of either half
    cdef int workers = threads_for(2 * ns)
    perform(x.kind, <Task> batch_norm_moments[double], <Task> batch_norm_moments[float], &t, t.parts * t.strips,
            workers, ns)
    run_once(x.kind, <Task> batch_norm_lines[double], <Task> batch_norm_lines[float], &t)
    perform(x.kind, <Task> batch_norm_apply[double], <Task> batch_norm_apply[float], &t,
            parts_of(x.size, TASK_ELEMENTS), workers, ns)
    run_once(x.kind, <Task> normalise_columns_with_care[double], <Task> normalise_columns_with_care[float], &t)
    return y, mean, var
