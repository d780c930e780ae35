# Reductions over any axes: sum, mean, max and min.
#
# Design: a run of neighbouring axes is one axis of a (outer, n, inner) view, so each run takes one pass of fold.pxi,
# the last run first. Where a pass leaves several parts of n, a second one combines them. Integers and bools go another
# way (whole.pxi), on which nothing becomes a float.

cdef Array fold_axis(str op, Array a, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner, reduce_op *tag):
    """(outer, n, inner) -> (outer inner), with n >= 1."""
    cdef Folding f = plan_fold(outer, n, inner)
    cdef Py_ssize_t size = outer * f.parts * inner
    cdef Array out = new_array(op, a.kind, &size, 1)
    f.x, f.out = a.data, out.data
    cdef double ns = a.size * ITEMSIZE[a.kind] / 100.0 + (outer if inner == 1 else 0)  # a row costs 1 ns more
    perform(a.kind, <Task> fold_task[double, reduce_op], <Task> fold_task[float, reduce_op], &f, f.tasks,
            threads_for(ns), ns)
    return out if f.parts == 1 else fold_axis(op, out, outer, f.parts, inner, tag)


cdef Array reduce_axes(str op, Array a, uint64_t marked, bint keepdim, reduce_op *tag):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t n, inner = 1
    cdef int axis = a.ndim, ndim = kept_sizes(a, marked, keepdim, sizes)
    cdef Array now = a, out
    if a.size == 0 or marked == 0:
        out = zero_array(op, a.kind, sizes, ndim)
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
        now = fold_axis(op, now, element_count(a.sizes, 0, axis), n, inner, tag)
    return share_memory(now, sizes, ndim)


def sum(Array a not None, dims, bint keepdim):
    if a.kind > FLOAT32:
        return whole_sum(a, dims, keepdim)
    return reduce_axes("sum", a, read_dims("sum", a, dims), keepdim, <Sum *> NULL)


cdef struct MeanDivision:  # x / by, in place
    void *x
    Py_ssize_t n
    double by


cdef void divide_task(const MeanDivision *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef real *x = <real *> t.x + task * TASK_ELEMENTS
    cdef Py_ssize_t n = at_most(t.n - task * TASK_ELEMENTS, TASK_ELEMENTS), i
    cdef real by = <real> t.by
    if by == t.by:
        for i in range(n):
            x[i] = x[i] / by
    else:  # a count that float32 does not have
        for i in range(n):
            x[i] = <real> (x[i] / t.by)


def mean(Array a not None, dims, bint keepdim):
    if a.kind == INT64:
        return whole_mean(a, dims, keepdim)
    need_float("mean", a)
    cdef uint64_t marked = read_dims("mean", a, dims)
    cdef Array out = reduce_axes("mean", a, marked, keepdim, <Sum *> NULL)
    cdef MeanDivision t
    cdef double ns = out.size * ITEMSIZE[a.kind] / 15.0
    cdef int axis
    t.x, t.n, t.by = out.data, out.size, 1
    for axis in range(a.ndim):
        if marked >> axis & 1:
            t.by *= a.sizes[axis]
    perform(a.kind, <Task> divide_task[double], <Task> divide_task[float], &t, element_tasks(t.n), threads_for(ns), ns)
    return out


def max(Array a not None, dims, bint keepdim):
    cdef uint64_t marked = read_dims("max", a, dims)
    need_elements("max", a, marked, dims)
    if a.kind > FLOAT32:
        return whole_extreme("max", a, dims, keepdim, <Max *> NULL)
    return reduce_axes("max", a, marked, keepdim, <Max *> NULL)


def min(Array a not None, dims, bint keepdim):
    cdef uint64_t marked = read_dims("min", a, dims)
    need_elements("min", a, marked, dims)
    if a.kind > FLOAT32:
        return whole_extreme("min", a, dims, keepdim, <Min *> NULL)
    return reduce_axes("min", a, marked, keepdim, <Min *> NULL)


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
    return share_memory(reduce_axes("sum_to", a, marked, False, <Sum *> NULL), sizes, ndim)
