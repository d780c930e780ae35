# Reductions of integers and bools, exact whatever their size: a float64 does not have every integer beyond 2^53.
#
# Design: where the reduced axes are not the last ones, a transposed copy makes them so; then every part is a row. A sum
# is kept in two halves, of the upper 32 bits and of the lower ones, neither of which overflows in a row of fewer than
# 2^32 integers. The mean comes from the halves too, as its sum may be more than an int64 can hold.

ctypedef fused whole:
    int64_t
    uint8_t

ctypedef fused extreme_op:
    Max
    Min

cdef struct Halves:  # the sum upper 2^32 + lower, 0 <= lower < 2^32
    int64_t upper
    int64_t lower


cdef inline Halves sum_of_row(const whole *x, Py_ssize_t n) noexcept nogil:
    cdef Halves total
    cdef int64_t upper = 0, v
    cdef uint64_t lower = 0
    cdef Py_ssize_t i
    for i in range(n):
        v = x[i]
        upper += v >> 32
        lower += <uint32_t> v
    total.upper = upper + <int64_t> (lower >> 32)
    total.lower = <uint32_t> lower
    return total


cdef Py_ssize_t sum_rows(const whole *x, Py_ssize_t rows, Py_ssize_t n, int64_t *out) noexcept nogil:
    """The sums; returns the first row whose sum no int64 can hold, or -1."""
    cdef Halves total
    cdef Py_ssize_t i
    for i in range(rows):
        total = sum_of_row(x + i * n, n)
        if total.upper != <int32_t> total.upper:
            return i
        out[i] = <int64_t> (<uint64_t> total.upper << 32 | <uint64_t> total.lower)
    return -1


cdef void average_rows(const int64_t *x, Py_ssize_t rows, Py_ssize_t n, double *out) noexcept nogil:
    cdef Halves total
    cdef Py_ssize_t i
    for i in range(rows):
        total = sum_of_row(x + i * n, n)
        out[i] = (total.upper * 4294967296.0 + total.lower) / n


cdef inline bint beats(whole x, whole best, extreme_op *op) noexcept nogil:
    return x > best if extreme_op is Max else x < best


cdef void extremes_of_rows(const whole *x, Py_ssize_t rows, Py_ssize_t n, whole *out,
                           extreme_op *op) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef whole best
    for i in range(rows):
        best = x[0]
        for j in range(1, n):
            best = x[j] if beats(x[j], best, op) else best
        out[i] = best
        x += n


cdef void positions_in_rows(const whole *x, Py_ssize_t rows, Py_ssize_t n, int64_t *out,
                            extreme_op *op) noexcept nogil:
    """Where each row has its extreme first."""
    cdef Py_ssize_t i, j, at
    for i in range(rows):
        at = 0
        for j in range(1, n):
            at = j if beats(x[j], x[at], op) else at
        out[i] = at
        x += n


cdef Array reduced_like(str op, Array a, uint64_t marked, bint keepdim, int kind):
    cdef Py_ssize_t sizes[MAX_DIMS]
    return new_array(op, kind, sizes, kept_sizes(a, marked, keepdim, sizes))


cdef Py_ssize_t length_of_rows(Array a, uint64_t marked):
    cdef Py_ssize_t n = 1
    cdef int axis
    for axis in range(a.ndim):
        if marked >> axis & 1:
            n *= a.sizes[axis]
    return n


cdef Array whole_sum(Array a, object dims, bint keepdim):
    """int64; OverflowError for a sum that it cannot hold."""
    cdef uint64_t marked = read_dims("sum", a, dims)
    cdef Py_ssize_t n = length_of_rows(a, marked), wrong
    cdef Array rows = as_rows(a, marked, dims), out = reduced_like("sum", a, marked, keepdim, INT64)
    cdef PyThreadState *state = release_gil(a.size)
    if a.kind == INT64:
        wrong = sum_rows(<const int64_t *> rows.data, out.size, n, <int64_t *> out.data)
    else:
        wrong = sum_rows(<const uint8_t *> rows.data, out.size, n, <int64_t *> out.data)
    retake_gil(state)
    if wrong >= 0:
        raise OverflowError(f"sum: result {wrong} is outside the range of int64; convert to float64 with .to(dtype) "
                            "before")
    return out


cdef Array whole_mean(Array a, object dims, bint keepdim):
    """float64."""
    cdef uint64_t marked = read_dims("mean", a, dims)
    cdef Py_ssize_t n = length_of_rows(a, marked)
    cdef Array rows = as_rows(a, marked, dims), out = reduced_like("mean", a, marked, keepdim, FLOAT64)
    cdef PyThreadState *state = release_gil(a.size)
    average_rows(<const int64_t *> rows.data, out.size, n, <double *> out.data)
    retake_gil(state)
    return out


cdef Array whole_extreme(str op, Array a, object dims, bint keepdim, extreme_op *tag):
    cdef uint64_t marked = read_dims(op, a, dims)
    cdef Py_ssize_t n = length_of_rows(a, marked)
    cdef Array rows = as_rows(a, marked, dims), out = reduced_like(op, a, marked, keepdim, a.kind)
    cdef PyThreadState *state = release_gil(a.size)
    if a.kind == INT64:
        extremes_of_rows(<const int64_t *> rows.data, out.size, n, <int64_t *> out.data, tag)
    else:
        extremes_of_rows(<const uint8_t *> rows.data, out.size, n, <uint8_t *> out.data, tag)
    retake_gil(state)
    return out


cdef Array whole_position(str op, Array a, object dims, bint keepdim, extreme_op *tag):
    cdef uint64_t marked = read_dims(op, a, dims)
    cdef Py_ssize_t n = length_of_rows(a, marked)
    cdef Array rows = as_rows(a, marked, dims), out = reduced_like(op, a, marked, keepdim, INT64)
    cdef PyThreadState *state = release_gil(a.size)
    if a.kind == INT64:
        positions_in_rows(<const int64_t *> rows.data, out.size, n, <int64_t *> out.data, tag)
    else:
        positions_in_rows(<const uint8_t *> rows.data, out.size, n, <int64_t *> out.data, tag)
    retake_gil(state)
    return out
