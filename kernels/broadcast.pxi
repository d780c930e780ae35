# Broadcasting: up to three arrays, read as if each were repeated to one common shape.
#
# Design: a Walk describes once, for a whole call, how each operand is read. Neighbouring axes are merged where every
# operand has an even step across them, innermost first, so arrays of one shape become one long row. As arrays are
# dense, each operand either advances by one along a row or stands still: a loop needs only those cases, and the
# compiler makes vectors of them. A Cursor stands at one element of the walk. It can start anywhere, so threads can take
# parts of the result.

cdef struct Walk:
    int ndim  # merged axes, axis 0 the innermost; none when there are no elements
    Py_ssize_t sizes[MAX_DIMS]
    Py_ssize_t steps[3][MAX_DIMS]  # per operand and axis, in elements; 0 where it is repeated

cdef struct Cursor:
    Py_ssize_t at[3]  # per operand, the element it stands at
    Py_ssize_t index[MAX_DIMS]


cdef Array plan_walk(str op, int kind, Walk *walk, Array a, Array b, Array c=None):
    """Check that the shapes broadcast, write the walk, and return a new array for the result."""
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim, k
    if same_sizes(a, b) and (c is None or same_sizes(a, c)):
        walk.ndim = 1 if a.size > 0 else 0
        walk.sizes[0] = a.size
        for k in range(3):
            walk.steps[k][0] = 1
        return new_like(a, kind)
    ndim = broadcast_shape(op, a.sizes, a.ndim, b.sizes, b.ndim, sizes)
    if c is not None:
        ndim = broadcast_shape(op, sizes, ndim, c.sizes, c.ndim, sizes)
    walk.ndim = 0
    cdef Array out = new_array(op, kind, sizes, ndim)
    if out.size > 0:
        merge_axes(walk, sizes, ndim, a, b, b if c is None else c)
    return out


cdef int broadcast_shape(str op, const Py_ssize_t *a, int ndim_a, const Py_ssize_t *b, int ndim_b,
                         Py_ssize_t *joint) except -1:
    """The shape to which both broadcast: aligned at the last axis, a size of 1 repeats. Returns its dimensions."""
    cdef int ndim = ndim_a if ndim_a > ndim_b else ndim_b, axis, from_end
    cdef Py_ssize_t sizes[MAX_DIMS]  # as joint may be a or b
    cdef Py_ssize_t m, n
    for axis in range(ndim):
        from_end = ndim - axis
        m = a[ndim_a - from_end] if from_end <= ndim_a else 1
        n = b[ndim_b - from_end] if from_end <= ndim_b else 1
        if m != n and m != 1 and n != 1:
            raise ValueError(f"{op}: {shape_tuple(a, ndim_a)} and {shape_tuple(b, ndim_b)} do not broadcast: "
                             f"sizes {m} and {n} differ")
        sizes[axis] = n if m == 1 else m
    memcpy(joint, sizes, ndim * sizeof(Py_ssize_t))
    return ndim


cdef void merge_axes(Walk *walk, const Py_ssize_t *sizes, int ndim, Array a, Array b, Array c):
    cdef Py_ssize_t[3] dense = [1, 1, 1]  # the step of the next axis of each operand
    cdef Py_ssize_t[3] step
    cdef Py_ssize_t[3] own
    cdef int axis, k, last
    cdef bint even
    for axis in range(ndim - 1, -1, -1):
        own[0] = own_size(a, axis, ndim)
        own[1] = own_size(b, axis, ndim)
        own[2] = own_size(c, axis, ndim)
        if sizes[axis] == 1:
            continue
        last = walk.ndim - 1
        even = last >= 0
        for k in range(3):
            step[k] = 0 if own[k] == 1 else dense[k]
            dense[k] *= own[k]
            even = even and walk.steps[k][last] * walk.sizes[last] == step[k]
        if even:
            walk.sizes[last] *= sizes[axis]
            continue
        walk.sizes[walk.ndim] = sizes[axis]
        for k in range(3):
            walk.steps[k][walk.ndim] = step[k]
        walk.ndim += 1
    if walk.ndim == 0:  # single elements
        walk.ndim = 1
        walk.sizes[0] = 1
        for k in range(3):
            walk.steps[k][0] = 1


cdef inline Py_ssize_t own_size(Array a, int axis, int ndim):
    """The size that a itself has along an axis of the common shape."""
    return a.sizes[axis - (ndim - a.ndim)] if axis >= ndim - a.ndim else 1


cdef inline void seek(const Walk *walk, Cursor *cursor, Py_ssize_t position) noexcept nogil:
    """Stand at the output element `position`, in row-major order."""
    cdef int axis, k
    for k in range(3):
        cursor.at[k] = 0
    for axis in range(walk.ndim):
        cursor.index[axis] = position % walk.sizes[axis]
        position //= walk.sizes[axis]
        for k in range(3):
            cursor.at[k] += cursor.index[axis] * walk.steps[k][axis]


cdef inline Py_ssize_t row_left(const Walk *walk, const Cursor *cursor,
                                Py_ssize_t most) noexcept nogil:
    """Elements from here to the end of the row, but at most so many."""
    return at_most(walk.sizes[0] - cursor.index[0], most)


cdef inline void advance(const Walk *walk, Cursor *cursor, Py_ssize_t n) noexcept nogil:  # IN/OUT cursor
    """Go on by n elements, at most to the end of the row, from which the next row starts."""
    cdef int axis = 0, k
    cursor.index[0] += n
    for k in range(3):
        cursor.at[k] += n * walk.steps[k][0]
    while cursor.index[axis] == walk.sizes[axis]:
        cursor.index[axis] = 0
        for k in range(3):
            cursor.at[k] -= walk.sizes[axis] * walk.steps[k][axis]
        axis += 1
        if axis == walk.ndim:
            return
        cursor.index[axis] += 1
        for k in range(3):
            cursor.at[k] += walk.steps[k][axis]
