# Products too thin or too small for packing: a few rows times a matrix.
#
# Design: rows of b that lie together are added up, scaled, into a strip of the result that stays in the first cache.
# If b is transposed, each result is a dot product of two runs. Threads share strips of columns, or the matrices of a
# batch.
#
# Measured on one core with AVX-512 (python -m benchmarks shares), one row times 128 x 512: a quarter of the multiply-
# adds, as every number of b is loaded for one of them.

cdef enum:
    STRIP = 512  # columns of a strip


cdef inline real dot(const real *x, Py_ssize_t step_x, const real *y, Py_ssize_t n) noexcept nogil:  # IN x, y
    """In order if it is short, else in lanes side by side."""
    cdef real lanes[LANES]
    cdef Py_ssize_t i = 0, j
    cdef real total = 0
    if step_x == 1 and n >= LANES:
        for j in range(LANES):
            lanes[j] = 0
        while i + LANES <= n:
            for j in range(LANES):
                lanes[j] += x[i + j] * y[i + j]
            i += LANES
        for j in range(LANES // 2):
            lanes[j] += lanes[j + LANES // 2]
        for j in range(LANES // 4):
            lanes[j] += lanes[j + LANES // 4]
        for j in range(LANES // 8):
            lanes[j] += lanes[j + LANES // 8]
        for j in range(LANES // 8):
            total += lanes[j]
    while i < n:
        total += x[i * step_x] * y[i]
        i += 1
    return total


cdef void strip(const Product *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:  # IN t
    cdef Py_ssize_t across = (t.n + STRIP - 1) // STRIP, matrix = task // across, left = task % across * STRIP
    cdef Py_ssize_t right = left + STRIP if left + STRIP < t.n else t.n, i, j, p
    cdef const real *a = <const real *> t.a
    cdef const real *b = <const real *> t.b
    cdef real *out = <real *> t.out
    cdef Cursor cursor
    cdef real x
    seek(&t.batch, &cursor, matrix)
    a += cursor.at[0] * t.m * t.k
    b += cursor.at[1] * t.k * t.n
    out += matrix * t.m * t.n
    for i in range(t.m):
        if t.step_b != 1:
            for j in range(left, right):
                out[j] = dot(a, t.step_a, b + j * t.step_b, t.k)
        else:
            memset(out + left, 0, (right - left) * sizeof(real))
            for p in range(t.k):
                x = a[p * t.step_a]
                for j in range(left, right):
                    out[j] += x * b[p * t.row_b + j]
        a += t.row_a
        out += t.n


cdef void thin_product(Product *t, Array a, Array b, Array out):  # IN t
    cdef Py_ssize_t across = (t.n + STRIP - 1) // STRIP
    cdef double ns = 0.1 * t.matrices * t.m * t.n * t.k
    cdef Task run = <Task> strip[double] if a.kind == FLOAT64 else <Task> strip[float]
    t.a, t.b, t.out = a.data, b.data, out.data
    perform(run, t, t.matrices * across, team(ns), ns)
