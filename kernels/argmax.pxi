# Where the largest and the smallest numbers are, and the way back from there.
#
# Design: positions count within the reduced part, row by row. If the reduced axes are not the last ones, a transposed
# copy makes them so, which keeps their order; then every part is a row. A row is folded to its extreme
# (fold_rows.pxi), and then searched for it, ARGMAX_BLOCK numbers at a time: both run on vectors. Integers and bools:
# whole.pxi.

cdef enum:
    ARGMAX_BLOCK = 64  # numbers that are searched at once


cdef inline Py_ssize_t first_position(const real *x, Py_ssize_t n, real value) noexcept nogil:
    """Where the value, or a NaN if it is one, is first; it is there."""
    cdef Py_ssize_t at = 0, j
    cdef int found = 0
    if value != value:
        while x[at] == x[at]:
            at += 1
        return at
    while at + ARGMAX_BLOCK <= n:
        for j in range(ARGMAX_BLOCK):
            found |= x[at + j] == value
        if found:
            break
        at += ARGMAX_BLOCK
    while x[at] != value:
        at += 1
    return at


cdef struct Finding:
    const void *x
    int64_t *out
    Py_ssize_t rows, n


cdef void find_extremes(const Finding *t, Py_ssize_t task, int worker, real *kind, extreme_op *op) noexcept nogil:
    """The first position of the extreme, or of the first NaN, in each of some rows."""
    cdef Py_ssize_t top = task * FOLD_ROWS, rows = at_most(t.rows - top, FOLD_ROWS), i
    cdef const real *x = <const real *> t.x + top * t.n
    cdef real extremes[FOLD_ROWS]
    fold_rows(x, x, rows, t.n, extremes, op)
    for i in range(rows):
        t.out[top + i] = first_position(x + i * t.n, t.n, extremes[i])


cdef Array position_of_extreme(str op, Array a, object dims, bint keepdim, extreme_op *tag):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef uint64_t marked = read_dims(op, a, dims)
    need_elements(op, a, marked, dims)
    if a.kind > FLOAT32:
        return whole_position(op, a, dims, keepdim, tag)
    cdef Array rows = as_rows(a, marked, dims)  # (kept, reduced)
    cdef Array out = new_array(op, INT64, sizes, kept_sizes(a, marked, keepdim, sizes))
    if out.size == 0:
        return out
    cdef Finding t
    t.x, t.out, t.rows, t.n = rows.data, <int64_t *> out.data, out.size, a.size // out.size
    cdef double ns = a.size * ITEMSIZE[a.kind] / 50.0 + 10.0 * t.rows
    perform(a.kind, <Task> find_extremes[double, extreme_op], <Task> find_extremes[float, extreme_op], &t,
            parts_of(t.rows, FOLD_ROWS), threads_for(ns), ns)
    return out


def argmax(Array a not None, dims, bint keepdim): return position_of_extreme("argmax", a, dims, keepdim, <Max *> NULL)
def argmin(Array a not None, dims, bint keepdim): return position_of_extreme("argmin", a, dims, keepdim, <Min *> NULL)


cdef void scatter(const int64_t *position, const cell *dy, cell *out, const Walk *kept, const Walk *reduced,
                  Py_ssize_t n) noexcept nogil:
    """Put dy[i] at the position[i]-th element of part i. Each walk's only operand gives offsets in `out`."""
    cdef Cursor part, inside
    cdef Py_ssize_t i
    for i in range(n):
        seek(kept, &part, i)
        seek(reduced, &inside, position[i])
        out[part.at[0] + inside.at[0]] = dy[i]


cdef void walk_of(Walk *walk, const Py_ssize_t *sizes, const Py_ssize_t *steps, int ndim,
                  uint64_t chosen):
    """The axes whose bits are set, innermost first."""
    cdef int axis
    memset(walk, 0, sizeof(Walk))
    for axis in range(ndim - 1, -1, -1):
        if chosen >> axis & 1:
            walk.sizes[walk.ndim] = sizes[axis]
            walk.steps[0][walk.ndim] = steps[axis]
            walk.ndim += 1


def scatter_first(Array position not None, Array dy not None, shape, dims):
    """Zeros of `shape`, with dy where argmax or argmin over dims found `position`."""
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t steps[MAX_DIMS]
    cdef Py_ssize_t part = 1, i
    cdef Walk kept, reduced
    cdef int ndim = read_shape("scatter_first", shape, sizes), axis
    cdef Array out = zero_array("scatter_first", dy.kind, sizes, ndim)
    cdef uint64_t marked = read_dims("scatter_first", out, dims)
    need_kind("scatter_first", "the position", position, INT64)
    for axis in range(ndim):
        if marked >> axis & 1:
            part *= sizes[axis]
    if position.size != dy.size or position.size * part != out.size:
        raise ValueError(f"scatter_first: {position.shape} positions and {dy.shape} gradients do not belong to shape "
                         f"{out.shape} reduced over dims {tuple(dims)}")
    for i in range(position.size):
        if not 0 <= (<int64_t *> position.data)[i] < part:
            raise IndexError(f"scatter_first: position {element(position, i)} is out of range for {part} elements")
    dense_steps(out, steps)
    walk_of(&kept, sizes, steps, ndim, ~marked)
    walk_of(&reduced, sizes, steps, ndim, marked)
    cdef const int64_t *at = <const int64_t *> position.data
    if ITEMSIZE[dy.kind] == 8:
        scatter(at, <const uint64_t *> dy.data, <uint64_t *> out.data, &kept, &reduced, dy.size)
    elif ITEMSIZE[dy.kind] == 4:
        scatter(at, <const uint32_t *> dy.data, <uint32_t *> out.data, &kept, &reduced, dy.size)
    else:
        scatter(at, <const uint8_t *> dy.data, <uint8_t *> out.data, &kept, &reduced, dy.size)
    return out
