# Batch normalisation.
#
# Design: the array is cut into parts, some rows of some columns, that stay in the second cache. Of a part each column's
# mean is found, and then the squares of what deviates from it; the parts are joined by what statistics calls the sums of
# squares within and between groups. So the array is read once for its moments and once for the result, and a large mean
# costs no digits. Rows are added as they lie, narrow ones side by side as one wide row, ROWS_BLOCK of them in the dtype
# of the array and those in double, as is all that is done once for a column: there, the result becomes (x - mean) s + t.
# What rounding took from the mean is in t. Parts depend on the shape alone.
#
# Measured on one core with AVX-512 of 1000x1000 float32: 200 us, where to sum its columns and to negate it, the least
# that must be read and written, takes 110; from the second cache (768x128) 12 us of 8.

cdef enum:
    ROWS_ADDED = 4  # before a sum is written

cdef struct BatchNorm:  # x (rows, n)
    const void *x
    const void *dy
    const void *mean
    void *out  # y, or dx
    void *lines  # (5, n + COLUMNS): of each column mean, s, t, p (forward: the mean as a double) and the mean of dy, and the
                 # first columns once more
    double *sums  # (parts, 3, n): of each part what is summed
    Py_ssize_t rows, n, parts, strips
    Py_ssize_t together  # rows of a part
    Py_ssize_t side  # rows that lie side by side as one wide row


cdef Array prepare(BatchNorm *t, Array x, Array out):  # OUT t
    """Everything but what is given besides x; the memory for it is returned."""
    t.x, t.out, t.rows, t.n = x.data, out.data, x.sizes[0], x.sizes[1]
    t.strips = (t.n + COLUMNS - 1) // COLUMNS
    t.side = 1 if t.strips != 1 or t.rows * t.n <= COLUMNS else COLUMNS // t.n
    t.together = PART // (COLUMNS if t.strips != 1 else t.side * t.n) * t.side
    t.parts = (t.rows + t.together - 1) // t.together if t.rows > 0 else 1
    cdef Py_ssize_t size = 3 * t.parts * t.n + 5 * (t.n + COLUMNS)
    cdef Array scratch = new_array("batch_norm", FLOAT64, &size, 1)
    t.sums = <double *> scratch.data
    t.lines = t.sums + 3 * t.parts * t.n
    return scratch


cdef inline Py_ssize_t rows_of_part(const BatchNorm *t, Py_ssize_t part) noexcept nogil:  # IN t
    return t.together if part < t.parts - 1 else t.rows - part * t.together


cdef inline Py_ssize_t columns_of_strip(const BatchNorm *t, Py_ssize_t strip) noexcept nogil:  # IN t
    return COLUMNS if strip < t.strips - 1 else t.n - strip * COLUMNS


cdef inline void repeat(real *x, Py_ssize_t n, Py_ssize_t end) noexcept nogil:  # IN/OUT x
    """The first n numbers again and again."""
    cdef Py_ssize_t j
    for j in range(n, end):
        x[j] = x[j - n]


cdef inline void add_squares(const real *x, Py_ssize_t n, Py_ssize_t rows, Py_ssize_t width, const real *mu, real *squares, real *rest) noexcept nogil:  # IN x, mu IN/OUT squares, rest
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


cdef void batch_norm_moments(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:  # IN t
    """Of a part the mean of each column (line 0, and in line 2 what rounding left), and the sum of squares of what deviates
    from it (line 1)."""
    cdef real[COLUMNS] mu
    cdef real[COLUMNS] squares
    cdef real[COLUMNS] rest
    cdef double[COLUMNS] within
    cdef double[COLUMNS] left
    cdef Py_ssize_t n = t.n, part = task // t.strips, at = task % t.strips * COLUMNS, i = 0, j, end
    cdef Py_ssize_t count = rows_of_part(t, part), width = columns_of_strip(t, task % t.strips)
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
    repeat(mu, width, wide)
    for j in range(wide):
        within[j] = 0
        left[j] = 0
    while i < rows or over > 0:
        end = rows if rows - i < ROWS_BLOCK else i + ROWS_BLOCK
        for j in range(wide):
            squares[j] = 0
            rest[j] = 0
        while i + ROWS_ADDED <= end:
            add_squares(x + i * row, row, ROWS_ADDED, wide, mu, squares, rest)
            i += ROWS_ADDED
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


cdef inline double *mean_of_all(const BatchNorm *t) noexcept nogil:  # IN t
    return <double *> t.lines + 3 * (t.n + COLUMNS)


cdef void join_moments(const BatchNorm *t) noexcept nogil:  # IN t OUT t.sums, t.lines
    """Of all rows: var, in line 1 of the sums, from the squares within the parts and between them; and the mean. Both by
    how far the parts' means are from the first one's: a large mean is taken off before anything is rounded."""
    cdef Py_ssize_t n = t.n, part, j
    cdef double *var = t.sums + n
    cdef double *mean = mean_of_all(t)
    cdef const double *others
    cdef double d, rows
    memset(mean, 0, n * sizeof(double))
    for part in range(t.parts):
        others = t.sums + 3 * part * n
        rows = rows_of_part(t, part)
        for j in range(n):
            mean[j] += (others[j] - t.sums[j] + others[2 * n + j]) * rows / t.rows
    for part in range(t.parts):
        others = t.sums + 3 * part * n
        rows = rows_of_part(t, part)
        for j in range(n):
            d = others[j] - t.sums[j] + others[2 * n + j] - mean[j]
            var[j] = (var[j] if part == 0 else var[j] + others[n + j]) + d * d * rows
    for j in range(n):
        var[j] /= t.rows
        mean[j] += t.sums[j]


cdef void batch_norm_lines(const BatchNorm *t, const real *w, const real *b, real *mean, real *var, double eps) noexcept nogil:  # IN t, w, b OUT mean, var, t.lines
    cdef Py_ssize_t n = t.n, row = n + COLUMNS, j
    cdef real *lines = <real *> t.lines
    cdef const double *square = t.sums + n
    cdef const double *mu = mean_of_all(t)
    cdef double s
    join_moments(t)
    for j in range(n):
        mean[j] = <real> mu[j]
        var[j] = <real> square[j]
        s = 1 / c_sqrt(square[j] + eps) * (1 if w == NULL else w[j])
        lines[j] = mean[j]
        lines[row + j] = <real> s
        lines[2 * row + j] = <real> ((0 if b == NULL else b[j]) - (mu[j] - mean[j]) * s)
    for j in range(3):
        repeat(lines + j * row, n, row)


cdef void batch_norm_piece(const BatchNorm *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:  # IN t
    """Some neighbours of the result, whatever their columns, so that what is written begins where a cache line does."""
    cdef Py_ssize_t row = t.n + COLUMNS, end = t.rows * t.n, i, j
    cdef const real *x
    cdef const real *mu
    cdef real *y
    for i from task * PIECE <= i < ((task + 1) * PIECE if (task + 1) * PIECE < end else end) by COLUMNS:
        x = <const real *> t.x + i
        y = <real *> t.out + i
        mu = <const real *> t.lines + i % t.n
        for j in range(COLUMNS if end - i >= COLUMNS else end - i):
            y[j] = fma(x[j] - mu[j], mu[row + j], mu[2 * row + j])


def batch_norm(Array x not None, Array weight, Array bias, double eps):
    need_parameters("batch_norm", x, weight, bias, True)
    cdef Array y = new_like(x, x.kind)
    cdef Array mean = new_array("batch_norm", x.kind, x.sizes + 1, 1)
    cdef Array var = new_like(mean, x.kind)
    cdef BatchNorm t
    cdef Array scratch = prepare(&t, x, y)
    cdef double ns = 0.2 * x.size  # of either half
    cdef int workers = team(2 * ns)
    if x.kind == FLOAT64:
        perform(<Task> batch_norm_moments[double], &t, t.parts * t.strips, workers, ns)
        batch_norm_lines(&t, <const double *> data_or_null(weight), <const double *> data_or_null(bias),
                         <double *> mean.data, <double *> var.data, eps)
        perform(<Task> batch_norm_piece[double], &t, (x.size + PIECE - 1) // PIECE, workers, ns)
    else:
        perform(<Task> batch_norm_moments[float], &t, t.parts * t.strips, workers, ns)
        batch_norm_lines(&t, <const float *> data_or_null(weight), <const float *> data_or_null(bias),
                         <float *> mean.data, <float *> var.data, eps)
        perform(<Task> batch_norm_piece[float], &t, (x.size + PIECE - 1) // PIECE, workers, ns)
    return y, mean, var
