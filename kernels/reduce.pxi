# Reductions over any axes: sum, mean, max and min.
#
# Design: a run of neighbouring axes is one axis of a (outer, n, inner) view, so each run takes one pass, the last run
# first. Sums are pairwise: halves are added down to short blocks, so the error grows with log n and the order depends
# on the shape alone. Within a block several lanes run side by side, which the compiler turns into vectors.

cdef enum:
    LANES = 16
    BLOCK = 256  # elements of a row summed without halving
    ROWS_BLOCK = 16  # the same for whole rows
    COLUMNS = 256  # columns that go down the rows together
    MANY = 1 << 17  # a single row of so many is shared out
    PARTS = 64  # into so many parts

cdef struct Sum:
    char _
cdef struct Max:
    char _
cdef struct Min:
    char _

ctypedef fused reduce_op:
    Sum
    Max
    Min


cdef inline real join(real x, real y, reduce_op *op) noexcept nogil:
    if reduce_op is Sum:
        return x + y
    elif reduce_op is Max:
        return x if x >= y or x != x else y
    else:
        return x if x <= y or x != x else y


cdef real fold_row(const real *x, Py_ssize_t n, reduce_op *op) noexcept nogil:  # IN x
    """n >= 1 neighbours."""
    cdef real lanes[LANES]
    cdef Py_ssize_t i, j, half
    cdef real total
    if n < LANES:
        total = x[0]
        for i in range(1, n):
            total = join(total, x[i], op)
        return total
    if n > BLOCK:
        half = n // 2 // LANES * LANES
        return join(fold_row(x, half, op), fold_row(x + half, n - half, op), op)
    for j in range(LANES):
        lanes[j] = x[j]
    i = LANES
    while i + LANES <= n:
        for j in range(LANES):
            lanes[j] = join(lanes[j], x[i + j], op)
        i += LANES
    for j in range(n - i):
        lanes[j] = join(lanes[j], x[i + j], op)
    half = LANES // 2
    while half > 0:
        for j in range(half):
            lanes[j] = join(lanes[j], lanes[j + half], op)
        half //= 2
    return lanes[0]


cdef void fold_columns(const real *x, Py_ssize_t n, Py_ssize_t row, Py_ssize_t width, real *out,
                       reduce_op *op) noexcept nogil:  # IN x OUT out
    """n >= 1 rows of `width` <= COLUMNS elements, `row` apart, joined to one row."""
    cdef real other[COLUMNS]
    cdef Py_ssize_t i, j
    if n > ROWS_BLOCK:
        fold_columns(x, n // 2, row, width, out, op)
        fold_columns(x + n // 2 * row, n - n // 2, row, width, other, op)
        for j in range(width):
            out[j] = join(out[j], other[j], op)
        return
    memcpy(out, x, width * sizeof(real))
    for i in range(1, n):
        for j in range(width):
            out[j] = join(out[j], x[i * row + j], op)


cdef real fold_long_row(const real *x, Py_ssize_t n, reduce_op *op) noexcept nogil:  # IN x
    """One row in a fixed number of parts, which threads share."""
    cdef real parts[PARTS]
    cdef Py_ssize_t part, length = n // PARTS
    for part in prange(PARTS, num_threads=team(n), schedule="static"):
        parts[part] = fold_row(x + part * length, n - part * length if part == PARTS - 1 else length, op)
    return fold_row(<const real *> parts, PARTS, op)


cdef void fold(const real *x, real *out, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner,
               reduce_op *op) noexcept nogil:  # IN x OUT out
    """(outer, n, inner) -> (outer, inner), with n >= 1."""
    cdef int workers = team(outer * n * inner)
    cdef Py_ssize_t task, strips
    if inner == 1:
        if outer == 1 and n >= MANY:
            out[0] = fold_long_row(x, n, op)
        elif workers == 1 or outer == 1:
            for task in range(outer):
                out[task] = fold_row(x + task * n, n, op)
        else:
            for task in prange(outer, num_threads=workers, schedule="static"):
                out[task] = fold_row(x + task * n, n, op)
        return
    strips = (inner + COLUMNS - 1) // COLUMNS
    if workers == 1:
        for task in range(outer * strips):
            fold_strip(x, out, task // strips, task % strips * COLUMNS, n, inner, op)
        return
    for task in prange(outer * strips, num_threads=workers, schedule="static"):
        fold_strip(x, out, task // strips, task % strips * COLUMNS, n, inner, op)


cdef void fold_strip(const real *x, real *out, Py_ssize_t row, Py_ssize_t column, Py_ssize_t n, Py_ssize_t inner,
                     reduce_op *op) noexcept nogil:  # IN x OUT out
    fold_columns(x + row * n * inner + column, n, inner, inner - column if inner - column < COLUMNS else COLUMNS,
                 out + row * inner + column, op)


cdef uint64_t read_dims(str op, Array a, object dims) except? 0xFFFFFFFFFFFFFFFF:
    """The axes to reduce as bits."""
    cdef uint64_t marked = 0
    cdef int axis
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"{op}: dims is a tuple of axes, not {type(dims).__name__}")
    for dim in dims:
        axis = need_axis(op, a, dim)
        if marked >> axis & 1:
            raise ValueError(f"{op}: dims {tuple(dims)} name an axis twice")
        marked |= <uint64_t> 1 << axis
    return marked


cdef int kept_sizes(Array a, uint64_t marked, bint keepdim, Py_ssize_t *sizes):  # OUT sizes
    """The result's sizes; returns its number of dimensions."""
    cdef int axis, ndim = 0
    for axis in range(a.ndim):
        if not marked >> axis & 1:
            sizes[ndim] = a.sizes[axis]
            ndim += 1
        elif keepdim:
            sizes[ndim] = 1
            ndim += 1
    return ndim


cdef int need_elements(str op, Array a, uint64_t marked, object dims) except -1:
    cdef int axis
    for axis in range(a.ndim):
        if marked >> axis & 1 and a.sizes[axis] == 0:
            raise ValueError(f"{op}: cannot reduce zero elements over dims {tuple(dims)} of shape {a.shape}")
    return 0


cdef Array reduce(str op, Array a, uint64_t marked, bint keepdim, reduce_op *tag):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t flat[1]
    cdef Py_ssize_t n, inner = 1, outer
    cdef int axis = a.ndim, ndim = kept_sizes(a, marked, keepdim, sizes)
    cdef Array now = a, out
    cdef PyThreadState *state
    if a.size == 0 or marked == 0:
        out = zeros(op, a.kind, sizes, ndim)
        if a.size > 0:
            memcpy(out.data, a.data, a.size * ITEMSIZE[a.kind])
        return out
    while axis > 0:
        axis -= 1
        if not marked >> axis & 1:
            inner *= a.sizes[axis]
            continue
        n = a.sizes[axis]
        while axis > 0 and marked >> (axis - 1) & 1:
            axis -= 1
            n *= a.sizes[axis]
        outer = product(a.sizes, 0, axis)
        flat[0] = outer * inner
        out = new_array(op, a.kind, flat, 1)
        state = unlock(now.size)
        if a.kind == FLOAT64:
            fold(<const double *> now.data, <double *> out.data, outer, n, inner, tag)
        else:
            fold(<const float *> now.data, <float *> out.data, outer, n, inner, tag)
        relock(state)
        now = out
    return share(now, sizes, ndim)


def sum(Array a not None, dims, bint keepdim):
    need_float("sum", a)
    return reduce("sum", a, read_dims("sum", a, dims), keepdim, <Sum *> NULL)


cdef void divide(real *x, Py_ssize_t n, double by) noexcept nogil:  # IN/OUT x
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = <real> (x[i] / by)


def mean(Array a not None, dims, bint keepdim):
    need_float("mean", a)
    cdef uint64_t marked = read_dims("mean", a, dims)
    cdef Array out = reduce("mean", a, marked, keepdim, <Sum *> NULL)
    cdef double count = 1
    cdef int axis
    for axis in range(a.ndim):
        if marked >> axis & 1:
            count *= a.sizes[axis]
    if a.kind == FLOAT64:
        divide(<double *> out.data, out.size, count)
    else:
        divide(<float *> out.data, out.size, count)
    return out


def max(Array a not None, dims, bint keepdim):
    need_float("max", a)
    cdef uint64_t marked = read_dims("max", a, dims)
    need_elements("max", a, marked, dims)
    return reduce("max", a, marked, keepdim, <Max *> NULL)


def min(Array a not None, dims, bint keepdim):
    need_float("min", a)
    cdef uint64_t marked = read_dims("min", a, dims)
    need_elements("min", a, marked, dims)
    return reduce("min", a, marked, keepdim, <Min *> NULL)


def sum_to(Array a not None, shape):
    """Sum the axes along which `shape` was repeated to give a's shape."""
    need_float("sum_to", a)
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = read_shape("sum_to", shape, sizes), lead = a.ndim - ndim, axis
    cdef uint64_t marked = 0
    for axis in range(a.ndim):
        if axis < lead or (sizes[axis - lead] == 1 and a.sizes[axis] != 1):
            marked |= <uint64_t> 1 << axis
        elif lead < 0 or sizes[axis - lead] != a.sizes[axis]:
            lead = -1
            break
    if lead < 0:
        raise ValueError(f"sum_to: {tuple(shape)} does not broadcast to {a.shape}")
    if marked == 0:
        return a
    return share(reduce("sum_to", a, marked, False, <Sum *> NULL), sizes, ndim)
