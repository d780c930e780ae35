# A product of matrices as all its ways see it: sizes, steps, and the batch.

cdef struct Product:
    Py_ssize_t m, n, k  # (m, k) @ (k, n)
    Py_ssize_t row_a, step_a  # from row to row and along a row, in elements: transposing exchanges them
    Py_ssize_t row_b, step_b
    Py_ssize_t matrices_a, matrices_b, matrices  # in the batch of a, of b and of the result
    const void *a
    const void *b
    const void *bias
    void *out
    Walk batch  # which matrix of a and b makes each of the result
    bint column  # whether b was a single column: then a and b have changed places (thin.pxi)
    Py_ssize_t down, across  # parts of each matrix of the result, and the rest of what tiled.pxi plans
    bint pack_a, pack_b  # whether more of them is packed than what does not fill a tile
    Py_ssize_t depth, strip, block  # steps of a run, columns of a strip, rows of a block
    void *scratch  # of every thread


cdef int plan_batches(Product *t, Array a, Array b, Py_ssize_t *sizes) except -1:
    """Broadcast the axes before the last two; returns how many the result has, and writes their sizes."""
    cdef Array of_a, of_b, both
    t.batch.ndim = 0
    t.matrices = t.matrices_a = t.matrices_b = 1
    if a.ndim == 2 and b.ndim == 2:
        return 0
    of_a = new_array("matmul", BOOL, a.sizes, a.ndim - 2)
    of_b = new_array("matmul", BOOL, b.sizes, b.ndim - 2)
    both = plan_walk("matmul", BOOL, &t.batch, of_a, of_b)
    t.matrices, t.matrices_a, t.matrices_b = both.size, of_a.size, of_b.size
    memcpy(sizes, both.sizes, both.ndim * sizeof(Py_ssize_t))
    if both.ndim + 2 > MAX_DIMS:
        raise ValueError(f"matmul: {both.ndim + 2} dimensions; at most {MAX_DIMS} are possible")
    return both.ndim


cdef void exchange_operands(Product *t) noexcept:
    """b^T a^T, whose transpose is a b."""
    cdef int axis
    t.m, t.n, t.matrices_a, t.matrices_b = t.n, t.m, t.matrices_b, t.matrices_a
    t.row_a, t.step_a, t.row_b, t.step_b = t.step_b, t.row_b, t.step_a, t.row_a
    t.a, t.b = t.b, t.a
    for axis in range(t.batch.ndim):
        t.batch.steps[0][axis], t.batch.steps[1][axis] = t.batch.steps[1][axis], t.batch.steps[0][axis]
