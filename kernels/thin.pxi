# Products too thin or too small for tiles: a few rows times a matrix, or a matrix times a column.
#
# Design: each result is one chain of fused multiply-adds in the order of k, as in the tiles (tiled.pxi), so that a row
# has the same bits whatever stands beside it: a token that is generated alone gets what it gets among many. Where the
# columns of b lie side by side, rows of b are scaled and added to a strip of the result, which stays in the first
# cache. A transposed b is transposed back as it is read (rows.h). Only a matrix times a single long column is folded in
# lanes (fold_rows.pxi): there, a chain would have nothing to do while it waits for each addition. Threads share strips
# of columns, or the matrices of a batch.

cdef extern from "rows.h" nogil:
    void rows_by_rows_d "saitama_rows_by_rows_d"(const double *a, Py_ssize_t row_a, Py_ssize_t step_a, Py_ssize_t m,
                                                 const double *b, Py_ssize_t row_b, Py_ssize_t n, Py_ssize_t k,
                                                 double *out, Py_ssize_t row_out)
    void rows_by_rows_f "saitama_rows_by_rows_f"(const float *a, Py_ssize_t row_a, Py_ssize_t step_a, Py_ssize_t m,
                                                 const float *b, Py_ssize_t row_b, Py_ssize_t n, Py_ssize_t k,
                                                 float *out, Py_ssize_t row_out)

cdef enum:
    THIN_COLUMNS = 512  # of a strip of the result
    THIN_LONG_COLUMN = 64  # numbers of a single column, beyond which it is folded in lanes


cdef inline void rows_by_rows(const real *a, Py_ssize_t row_a, Py_ssize_t step_a, Py_ssize_t m, const real *b,
                              Py_ssize_t row_b, Py_ssize_t n, Py_ssize_t k, real *out,
                              Py_ssize_t row_out) noexcept nogil:
    """out (m, n) = a (m, k) @ b (n, k)^T, for few rows of a."""
    if real is double:
        rows_by_rows_d(a, row_a, step_a, m, b, row_b, n, k, out, row_out)
    else:
        rows_by_rows_f(a, row_a, step_a, m, b, row_b, n, k, out, row_out)


cdef inline void add_scaled_rows(const real *a, Py_ssize_t step_a, const real *b, Py_ssize_t row_b, Py_ssize_t n,
                                 Py_ssize_t k, real *out) noexcept nogil:
    """out (n,) = a (k,) @ b (k, n). Four rows of b at a time, for which out is read and written once."""
    cdef Py_ssize_t p = 0, j
    cdef real x0, x1, x2, x3
    cdef const real *b1
    cdef const real *b2
    cdef const real *b3
    memset(out, 0, n * sizeof(real))
    while p + 4 <= k:
        x0, x1, x2, x3 = a[p * step_a], a[(p + 1) * step_a], a[(p + 2) * step_a], a[(p + 3) * step_a]
        b1, b2, b3 = b + row_b, b + 2 * row_b, b + 3 * row_b
        for j in range(n):
            out[j] = fma(x3, b3[j], fma(x2, b2[j], fma(x1, b1[j], fma(x0, b[j], out[j]))))
        b += 4 * row_b
        p += 4
    while p < k:
        x0 = a[p * step_a]
        for j in range(n):
            out[j] = fma(x0, b[j], out[j])
        b += row_b
        p += 1


cdef void thin_task(const Product *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """Some columns of a matrix of the result."""
    cdef Py_ssize_t across = parts_of(t.n, THIN_COLUMNS), matrix = task // across
    cdef Py_ssize_t left = task % across * THIN_COLUMNS, n = at_most(t.n - left, THIN_COLUMNS), i
    cdef const real *a = <const real *> t.a
    cdef const real *b = <const real *> t.b
    cdef real *out = <real *> t.out
    cdef Cursor cursor
    seek(&t.batch, &cursor, matrix)
    a += cursor.at[0] * t.m * t.k
    b += cursor.at[1] * t.k * t.n + left * t.step_b
    out += matrix * t.m * t.n + left
    if t.step_b == 1:
        for i in range(t.m):
            add_scaled_rows(a + i * t.row_a, t.step_a, b, t.row_b, n, t.k, out + i * t.n)
    elif t.column and t.k > THIN_LONG_COLUMN:
        for i in range(n):
            out[i] = fold_row(a, b + i * t.step_b, t.k, <Dot *> NULL)
    else:
        rows_by_rows(a, t.row_a, t.step_a, t.m, b, t.step_b, n, t.k, out, t.n)


cdef void thin_product(Product *t, int kind):
    cdef double ns = 0.1 * t.matrices * t.m * t.n * t.k
    perform(kind, <Task> thin_task[double], <Task> thin_task[float], t, t.matrices * parts_of(t.n, THIN_COLUMNS),
            threads_for(ns), ns)
