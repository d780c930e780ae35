# Products too thin or too small for packing: a few rows times a matrix.
#
# Design: rows of b that lie together are added up, scaled, into a strip of the result that stays in the first cache.
# If b is transposed, each result is a dot product of two runs. Threads share strips of columns, or the matrices of a
# batch.

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


cdef void strip(const Product *t, const real *a, const real *b, real *out, Py_ssize_t matrix,
                Py_ssize_t left) noexcept nogil:  # IN t, a, b OUT out
    cdef Py_ssize_t right = left + STRIP if left + STRIP < t.n else t.n, i, j, p
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


cdef void strips(const Product *t, const real *a, const real *b, real *out) noexcept nogil:  # IN t, a, b OUT out
    cdef Py_ssize_t across = (t.n + STRIP - 1) // STRIP, task
    cdef int workers = team(t.matrices * t.m * t.n * t.k // 4)
    if workers == 1:
        for task in range(t.matrices * across):
            strip(t, a, b, out, task // across, task % across * STRIP)
        return
    for task in prange(t.matrices * across, num_threads=workers, schedule="static"):
        strip(t, a, b, out, task // across, task % across * STRIP)


cdef void thin_product(Product *t, Array a, Array b, Array out):  # IN t
    cdef PyThreadState *state = unlock(t.matrices * t.m * t.n * t.k)
    if a.kind == FLOAT64:
        strips(t, <const double *> a.data, <const double *> b.data, <double *> out.data)
    else:
        strips(t, <const float *> a.data, <const float *> b.data, <float *> out.data)
    relock(state)
