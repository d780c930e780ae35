# Picking numbers by position: take, gather, flat_index, nonzero, and adding back what was picked.
#
# Design: positions are checked and made non-negative once, into a plain array; the loops rely on that. Additions run
# in the order of the index, on one thread, so what was taken twice always sums up in the same order.


cdef Array read_index(str op, Array index, Py_ssize_t axis, Py_ssize_t n):
    """The positions with negatives counted from the end; an IndexError for any outside n."""
    need_kind(op, "the index", index, INT64)
    cdef Array out = new_like(index, INT64)
    cdef const int64_t *x = <const int64_t *> index.data
    cdef int64_t *y = <int64_t *> out.data
    cdef Py_ssize_t i
    for i in range(index.size):
        y[i] = x[i] + n if x[i] < 0 else x[i]
        if y[i] < 0 or y[i] >= n:
            raise IndexError(f"{op}: index {x[i]} is out of range for axis {axis} with {n} rows")
    return out


cdef void take_rows(const char *x, const int64_t *index, char *out, Py_ssize_t outer, Py_ssize_t n, Py_ssize_t picks,
                    Py_ssize_t row) noexcept nogil:
    """(outer, n) rows -> (outer, picks) rows of so many bytes."""
    cdef Py_ssize_t i, j
    for i in range(outer):
        for j in range(picks):
            if row == 8:  # single numbers: no call
                (<uint64_t *> out)[0] = (<const uint64_t *> (x + index[j] * 8))[0]
            else:
                memcpy(out, x + index[j] * row, row)
            out += row
        x += n * row


cdef Array new_taken(str op, Array a, Array index, int axis):
    """A new array of a's shape, with the index's shape in place of one axis."""
    cdef Py_ssize_t sizes[2 * MAX_DIMS]
    cdef int ndim = a.ndim - 1 + index.ndim
    if ndim > MAX_DIMS:
        raise ValueError(f"{op}: {ndim} dimensions; at most {MAX_DIMS} are possible")
    memcpy(sizes, a.sizes, axis * sizeof(Py_ssize_t))
    memcpy(sizes + axis, index.sizes, index.ndim * sizeof(Py_ssize_t))
    memcpy(sizes + axis + index.ndim, a.sizes + axis + 1, (a.ndim - axis - 1) * sizeof(Py_ssize_t))
    return new_array(op, a.kind, sizes, ndim)


def take(Array a not None, Array index not None, dim):
    cdef int axis = need_axis("take", a, dim)
    cdef Py_ssize_t n = a.sizes[axis], inner = element_count(a.sizes, axis + 1, a.ndim)
    cdef Array rows = read_index("take", index, axis, n)
    cdef Array out = new_taken("take", a, index, axis)
    cdef PyThreadState *state = release_gil(out.size)
    if out.size > 0:
        take_rows(<const char *> a.data, <const int64_t *> rows.data, <char *> out.data,
                  element_count(a.sizes, 0, axis), n, index.size, inner * ITEMSIZE[a.kind])
    retake_gil(state)
    return out


cdef struct Additions:  # dy (outer, picks, inner), out (outer, n, inner)
    const void *dy
    const int64_t *index
    void *out
    Py_ssize_t outer, n, picks, inner


cdef void add_rows(const Additions *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """out[i, index[j], k] += dy[i, j, k]; all of it, as rows that are picked twice may not be shared out."""
    cdef Py_ssize_t i, j, k
    cdef const real *dy = <const real *> t.dy
    cdef real *out = <real *> t.out
    cdef real *row
    for i in range(t.outer):
        for j in range(t.picks):
            row = out + t.index[j] * t.inner
            for k in range(t.inner):
                row[k] += dy[k]
            dy += t.inner
        out += t.n * t.inner


def take_grad(Array dy not None, Array index not None, dim, size):
    need_float("take_grad", dy)
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t axis = dim, n = size
    cdef int ndim = dy.ndim - index.ndim + 1, d
    if axis < 0 or axis >= ndim or n < 0 or memcmp(dy.sizes + axis, index.sizes, index.ndim * sizeof(Py_ssize_t)) != 0:
        raise ValueError(f"take_grad: a gradient of shape {dy.shape} does not come from taking {index.shape} "
                         f"along axis {dim}")
    memcpy(sizes, dy.sizes, axis * sizeof(Py_ssize_t))
    sizes[axis] = n
    for d in range(<int> axis + 1, ndim):
        sizes[d] = dy.sizes[d + index.ndim - 1]
    cdef Array rows = read_index("take_grad", index, axis, n)
    cdef Array out = zero_array("take_grad", dy.kind, sizes, ndim)
    if dy.size == 0:
        return out
    cdef Additions t
    t.dy, t.index, t.out = dy.data, <const int64_t *> rows.data, out.data
    t.outer, t.n, t.picks = element_count(sizes, 0, <int> axis), n, index.size
    t.inner = element_count(sizes, <int> axis + 1, ndim)
    perform(dy.kind, <Task> add_rows[double], <Task> add_rows[float], &t, 1, 1, dy.size)
    return out


cdef Array gather_offsets(str op, Array a, int axis, Array index):
    """For each element of the index, the element of `a` that it means: its own place, but index[...] along the axis."""
    cdef int d, k
    for d in range(a.ndim):
        if index.ndim != a.ndim or (d != axis and index.sizes[d] > a.sizes[d]):
            raise ValueError(f"{op}: an index of shape {index.shape} does not fit into {a.shape}: it needs as many "
                             f"axes, none longer except axis {axis}")
    cdef Array out = read_index(op, index, axis, a.sizes[axis])
    cdef int64_t *at = <int64_t *> out.data
    cdef Py_ssize_t steps[MAX_DIMS]
    cdef Py_ssize_t place[MAX_DIMS]
    cdef Py_ssize_t i, base = 0
    dense_steps(a, steps)
    memset(place, 0, sizeof(place))
    for i in range(out.size):
        at[i] = base + at[i] * steps[axis]
        k = out.ndim - 1
        while k >= 0:  # on to the next place; base leaves the axis out
            place[k] += 1
            base += steps[k] if k != axis else 0
            if place[k] < out.sizes[k]:
                break
            base -= place[k] * steps[k] if k != axis else 0
            place[k] = 0
            k -= 1
    return out


def gather(Array a not None, dim, Array index not None):
    cdef Array at = gather_offsets("gather", a, need_axis("gather", a, dim), index)
    cdef Array out = new_like(index, a.kind)
    cdef const int64_t *i = <const int64_t *> at.data
    if ITEMSIZE[a.kind] == 8:
        pick_at(<const uint64_t *> a.data, i, <uint64_t *> out.data, out.size)
    elif ITEMSIZE[a.kind] == 4:
        pick_at(<const uint32_t *> a.data, i, <uint32_t *> out.data, out.size)
    else:
        pick_at(<const uint8_t *> a.data, i, <uint8_t *> out.data, out.size)
    return out


cdef void pick_at(const cell *x, const int64_t *at, cell *out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[at[i]]


cdef void add_at(const Additions *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """The same of single numbers: out[index[j]] += dy[j]."""
    cdef Py_ssize_t j
    cdef const real *dy = <const real *> t.dy
    cdef real *out = <real *> t.out
    for j in range(t.picks):
        out[t.index[j]] += dy[j]


def gather_grad(Array dy not None, dim, Array index not None, shape):
    need_float("gather_grad", dy)
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = read_shape("gather_grad", shape, sizes)
    cdef Array out = zero_array("gather_grad", dy.kind, sizes, ndim)
    if not same_sizes(dy, index):
        raise ValueError(f"gather_grad: {index.shape} and {dy.shape}: a gradient has the shape of its index")
    cdef Array at = gather_offsets("gather_grad", out, need_axis("gather_grad", out, dim), index)
    cdef Additions t
    t.dy, t.index, t.out, t.picks = dy.data, <const int64_t *> at.data, out.data, dy.size
    perform(dy.kind, <Task> add_at[double], <Task> add_at[float], &t, 1, 1, dy.size)
    return out


def flat_index(indices, shape):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = read_shape("flat_index", shape, sizes), axis
    cdef list parts = list(indices)
    cdef Array first, part, out
    cdef Py_ssize_t i
    if len(parts) != ndim or ndim == 0:
        raise ValueError(f"flat_index: {len(parts)} indices for shape {tuple(shape)}; give one per axis")
    for item in parts:
        if not isinstance(item, Array):
            raise TypeError(f"flat_index: needs arrays, not {type(item).__name__}")
    first = parts[0]
    out = read_index("flat_index", first, 0, sizes[0])
    for axis in range(1, ndim):
        part = parts[axis]
        if not same_sizes(first, part):
            raise ValueError(f"flat_index: {first.shape} and {part.shape}: the indices need one shape")
        part = read_index("flat_index", part, axis, sizes[axis])
        for i in range(out.size):
            (<int64_t *> out.data)[i] = (<int64_t *> out.data)[i] * sizes[axis] + (<int64_t *> part.data)[i]
    return out


def nonzero(Array mask not None):
    need_kind("nonzero", "the mask", mask, BOOL)
    cdef const uint8_t *x = <const uint8_t *> mask.data
    cdef Py_ssize_t count[1]
    cdef Py_ssize_t i, k = 0
    count[0] = 0
    for i in range(mask.size):
        count[0] += x[i] != 0
    cdef Array out = new_array("nonzero", INT64, count, 1)
    for i in range(mask.size):
        if x[i]:
            (<int64_t *> out.data)[k] = i
            k += 1
    return out
