# Matrix multiplication: checks, and the choice between tiles and the loops for thin products.

cdef struct BiasRows:
    const void *bias
    void *out
    Py_ssize_t rows, n


cdef void add_bias_task(const BiasRows *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef const real *bias = <const real *> t.bias
    cdef real *out = <real *> t.out
    cdef Py_ssize_t i, j
    for i in range(t.rows):
        for j in range(t.n):
            out[i * t.n + j] += bias[j]


cdef void add_bias(Array out, Array bias):
    cdef BiasRows t
    if bias is not None and bias.size > 0:
        t.bias, t.out, t.rows, t.n = bias.data, out.data, out.size // bias.size, bias.size
        run_once(out.kind, <Task> add_bias_task[double], <Task> add_bias_task[float], &t)


cdef int need_bias(Array a, Array b, Array bias, Py_ssize_t n) except -1:
    need_same_kind("matmul", a, bias)
    if bias.ndim != 1 or bias.size != n:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: bias has shape {bias.shape}; needs ({n},)")
    return 0


cdef int choose_product(Product *t, bint trans_a, Array bias, Array out) except -1:
    if t.matrices_b == 1 and not trans_a:  # one b for all: the rows of all matrices of a are those of one
        t.m *= t.matrices
        t.matrices = t.matrices_a = 1
    if t.m >= 4 and t.n > 1 and t.m * t.n * t.k > 1024:
        t.bias = data_or_null(bias)
        return tiled_product(t, out.kind)
    t.column = t.n == 1
    if t.column:
        exchange_operands(t)
    thin_product(t, out.kind)
    add_bias(out, bias)
    return 0


def matmul(Array a not None, Array b not None, bint trans_a=False, bint trans_b=False, Array bias=None):
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: needs matrices, at least 2 dimensions each")
    need_same_kind("matmul", a, b)
    need_float("matmul", a)
    cdef Product t
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t k
    t.m, t.k, t.row_a, t.step_a = a.sizes[a.ndim - 2], a.sizes[a.ndim - 1], a.sizes[a.ndim - 1], 1
    k, t.n, t.row_b, t.step_b = b.sizes[b.ndim - 2], b.sizes[b.ndim - 1], b.sizes[b.ndim - 1], 1
    if trans_a:
        t.m, t.k, t.row_a, t.step_a = t.k, t.m, 1, t.row_a
    if trans_b:
        k, t.n, t.row_b, t.step_b = t.n, k, 1, t.row_b
    if t.k != k:
        raise ValueError(f"matmul: {a.shape} @ {b.shape}: inner sizes {t.k} and {k} differ")
    if bias is not None:
        need_bias(a, b, bias, t.n)
    cdef int ndim = plan_batches(&t, a, b, sizes)
    sizes[ndim] = t.m
    sizes[ndim + 1] = t.n
    cdef Array out = new_array("matmul", a.kind, sizes, ndim + 2)
    t.a, t.b, t.out = a.data, b.data, out.data
    if k == 0:
        memset(out.data, 0, out.size * ITEMSIZE[out.kind])
        add_bias(out, bias)
    elif out.size > 0:
        choose_product(&t, trans_a, bias, out)
    return out
