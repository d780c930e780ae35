# Moving numbers: transpose, slice, concat and expand.
#
# Design: one loop serves them all: it reads with one set of steps along the axes and writes with another. Transposing
# jumps on one of the two sides, whichever order is taken, so the two innermost axes go in square tiles, which stay in
# the cache; where columns of dense rows become rows, as vectors (turn.h). Threads share the first axis that is long
# enough.

cdef enum:
    MOVE_TILE = 16  # rows and columns of a tile


cdef inline void copy_row(const cell *x, Py_ssize_t step_x, cell *out, Py_ssize_t step_out,
                          Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if step_out == 1 and step_x == 1:
        memcpy(out, x, n * sizeof(cell))
    elif step_out == 1:
        for i in range(n):
            out[i] = x[i * step_x]
    else:
        for i in range(n):
            out[i * step_out] = x[i * step_x]


cdef inline void turn(const cell *x, Py_ssize_t row, Py_ssize_t rows, Py_ssize_t n, cell *out) noexcept nogil:
    """Rows of n numbers, `row` apart, become columns: (n, rows)."""
    if cell is uint64_t:
        pack(<const double *> x, row, 1, rows, n, <double *> out, rows)
    elif cell is uint32_t:
        pack(<const float *> x, row, 1, rows, n, <float *> out, rows)


cdef void copy_plane(const cell *x, Py_ssize_t row_x, Py_ssize_t step_x, cell *out, Py_ssize_t row_out,
                     Py_ssize_t step_out, Py_ssize_t rows, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, j, top, left, bottom, right
    if row_x == 1 and step_out == 1 and row_out == n and cell is not uint8_t:
        for top from 0 <= top < rows by MOVE_TILE:
            turn(x + top, step_x, n, at_most(rows - top, MOVE_TILE), out + top * n)
        return
    if step_x == step_out or rows < MOVE_TILE or n < MOVE_TILE:
        for i in range(rows):
            copy_row(x + i * row_x, step_x, out + i * row_out, step_out, n)
        return
    for top from 0 <= top < rows by MOVE_TILE:
        bottom = at_most(top + MOVE_TILE, rows)
        for left from 0 <= left < n by MOVE_TILE:
            right = at_most(left + MOVE_TILE, n)
            for i in range(top, bottom):
                for j in range(left, right):
                    out[i * row_out + j * step_out] = x[i * row_x + j * step_x]


cdef void copy_cells(const cell *x, const Py_ssize_t *steps_x, cell *out, const Py_ssize_t *steps_out,
                     const Py_ssize_t *sizes, int ndim) noexcept nogil:
    """Copy a box of elements, of at least one axis, none of whose sizes is 0. Steps are in elements, and may be
    negative or 0."""
    cdef Py_ssize_t index[MAX_DIMS]
    cdef int axis
    if ndim == 1:
        copy_row(x, steps_x[0], out, steps_out[0], sizes[0])
        return
    memset(index, 0, sizeof(index))
    while True:
        copy_plane(x, steps_x[ndim - 2], steps_x[ndim - 1], out, steps_out[ndim - 2], steps_out[ndim - 1],
                   sizes[ndim - 2], sizes[ndim - 1])
        axis = ndim - 3
        while axis >= 0:
            index[axis] += 1
            x += steps_x[axis]
            out += steps_out[axis]
            if index[axis] < sizes[axis]:
                break
            x -= sizes[axis] * steps_x[axis]
            out -= sizes[axis] * steps_out[axis]
            index[axis] = 0
            axis -= 1
        if axis < 0:
            return


cdef struct Box:
    const char *x
    char *out
    const Py_ssize_t *steps_x
    const Py_ssize_t *steps_out
    const Py_ssize_t *sizes
    int ndim
    int axis  # along which it is cut
    Py_ssize_t parts


cdef void copy_part(const Box *box, Py_ssize_t part, int worker, cell *kind, void *op) noexcept nogil:
    cdef Py_ssize_t[MAX_DIMS] sizes
    cdef Py_ssize_t size = box.sizes[box.axis], start = size * part // box.parts
    memcpy(sizes, box.sizes, box.ndim * sizeof(Py_ssize_t))
    sizes[box.axis] = size * (part + 1) // box.parts - start
    copy_cells(<const cell *> box.x + start * box.steps_x[box.axis], box.steps_x,
               <cell *> box.out + start * box.steps_out[box.axis], box.steps_out, sizes, box.ndim)


cdef void copy_box(Array a, Py_ssize_t start_x, const Py_ssize_t *steps_x, Array out, Py_ssize_t start_out,
                   const Py_ssize_t *steps_out, const Py_ssize_t *sizes, int ndim):
    """Copy a box of a into a box of `out`, which is a new array of the same dtype."""
    cdef Py_ssize_t itemsize = ITEMSIZE[a.kind], count = element_count(sizes, 0, ndim)
    cdef double ns = 0.04 * count * itemsize
    cdef int workers = threads_for(ns)
    cdef Box box
    cdef Task task
    if count == 0:
        return
    box.x, box.out = <const char *> a.data + start_x * itemsize, <char *> out.data + start_out * itemsize
    if ndim == 0:
        memcpy(box.out, box.x, itemsize)
        return
    box.steps_x, box.steps_out, box.sizes, box.ndim, box.axis, box.parts = steps_x, steps_out, sizes, ndim, 0, 1
    while box.axis < ndim - 1 and sizes[box.axis] < 4 * workers:
        box.axis += 1
    if workers > 1:
        box.parts = at_most(sizes[box.axis], 4 * workers)
    if itemsize == 8:
        task = <Task> copy_part[uint64_t]
    elif itemsize == 4:
        task = <Task> copy_part[uint32_t]
    else:
        task = <Task> copy_part[uint8_t]
    perform(a.kind, task, task, &box, box.parts, workers, ns)


cdef void dense_steps(Array a, Py_ssize_t *steps):
    cdef Py_ssize_t step = 1
    cdef int axis
    for axis in range(a.ndim - 1, -1, -1):
        steps[axis] = step
        step *= a.sizes[axis]


cdef Array zero_array(str op, int kind, const Py_ssize_t *sizes, int ndim):
    cdef Array out = new_array(op, kind, sizes, ndim)
    memset(out.data, 0, out.size * ITEMSIZE[kind])
    return out


def transpose(Array a not None, dims):
    cdef Py_ssize_t order[MAX_DIMS]
    cdef Py_ssize_t own_steps[MAX_DIMS]
    cdef Py_ssize_t steps_x[MAX_DIMS]
    cdef Py_ssize_t steps_out[MAX_DIMS]
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int axis
    cdef uint64_t seen = 0
    if read_shape("transpose", dims, order) != a.ndim:
        raise ValueError(f"transpose: dims {tuple(dims)} do not name each of the {a.ndim} axes of shape {a.shape} once")
    dense_steps(a, own_steps)
    for axis in range(a.ndim):
        if order[axis] >= a.ndim or seen >> order[axis] & 1:
            raise ValueError(f"transpose: dims {tuple(dims)} do not name each of the {a.ndim} axes of shape {a.shape} "
                             "once")
        seen |= <uint64_t> 1 << order[axis]
        sizes[axis] = a.sizes[order[axis]]
        steps_x[axis] = own_steps[order[axis]]
    cdef Array out = new_array("transpose", a.kind, sizes, a.ndim)
    dense_steps(out, steps_out)
    copy_box(a, 0, steps_x, out, 0, steps_out, sizes, a.ndim)
    return out


cdef Py_ssize_t read_slice(str op, Array whole, tuple starts, tuple steps, const Py_ssize_t *sizes, int ndim,
                           Py_ssize_t *moves) except -1:
    """Check that a slice stays inside `whole`. Writes the step of each axis in elements; returns the first element."""
    cdef Py_ssize_t start, step, first = 0, most
    cdef int axis
    if len(starts) != whole.ndim or len(steps) != whole.ndim or ndim != whole.ndim:
        raise ValueError(f"{op}: starts {starts} and steps {steps}: give one start, step and size per axis of shape "
                         f"{whole.shape}")
    dense_steps(whole, moves)
    for axis in range(ndim):
        start = starts[axis]
        step = steps[axis]
        if step == 0:
            raise ValueError(f"{op}: the step along axis {axis} is 0; it is at least 1 or at most -1")
        if sizes[axis] > 0:
            most = whole.sizes[axis]
            if start < 0 or start >= most or (sizes[axis] > 1 and (
                    step > most or -step > most or not 0 <= start + (sizes[axis] - 1) * step < most)):
                raise IndexError(f"{op}: start {start}, step {step} and size {sizes[axis]} leave axis {axis} of shape "
                                 f"{whole.shape}")
            first += start * moves[axis]
        moves[axis] *= step
    return first


def slice(Array a not None, tuple starts not None, tuple steps not None, tuple sizes not None):
    cdef Py_ssize_t out_sizes[MAX_DIMS]
    cdef Py_ssize_t moves[MAX_DIMS]
    cdef Py_ssize_t steps_out[MAX_DIMS]
    cdef int ndim = read_shape("slice", sizes, out_sizes)
    cdef Py_ssize_t first = read_slice("slice", a, starts, steps, out_sizes, ndim, moves)
    cdef Array out = new_array("slice", a.kind, out_sizes, ndim)
    dense_steps(out, steps_out)
    copy_box(a, first, moves, out, 0, steps_out, out_sizes, ndim)
    return out


def slice_grad(Array dy not None, shape, tuple starts not None, tuple steps not None):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t moves[MAX_DIMS]
    cdef Py_ssize_t steps_dy[MAX_DIMS]
    cdef int ndim = read_shape("slice_grad", shape, sizes)
    cdef Array out = zero_array("slice_grad", dy.kind, sizes, ndim)
    cdef Py_ssize_t first = read_slice("slice_grad", out, starts, steps, dy.sizes, dy.ndim, moves)
    dense_steps(dy, steps_dy)
    copy_box(dy, 0, steps_dy, out, first, moves, dy.sizes, dy.ndim)
    return out


def expand(Array a not None, shape):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t own_steps[MAX_DIMS]
    cdef Py_ssize_t steps_x[MAX_DIMS]
    cdef Py_ssize_t steps_out[MAX_DIMS]
    cdef int ndim = read_shape("expand", shape, sizes), lead = ndim - a.ndim, axis
    dense_steps(a, own_steps)
    for axis in range(ndim):
        steps_x[axis] = 0 if axis < lead or a.sizes[axis - lead] == 1 else own_steps[axis - lead]
        if lead >= 0 and axis >= lead and a.sizes[axis - lead] not in (1, sizes[axis]):
            lead = -1
    if lead < 0:
        raise ValueError(f"expand: {a.shape} does not broadcast to {tuple(shape)}")
    cdef Array out = new_array("expand", a.kind, sizes, ndim)
    dense_steps(out, steps_out)
    copy_box(a, 0, steps_x, out, 0, steps_out, sizes, ndim)
    return out


def concat(arrays, dim):
    cdef list parts = list(arrays)
    cdef Array first, part, out
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t steps_x[MAX_DIMS]
    cdef Py_ssize_t steps_out[MAX_DIMS]
    cdef Py_ssize_t at = 0
    cdef int axis, d
    if not parts:
        raise ValueError("cat: needs at least one array")
    for item in parts:
        if not isinstance(item, Array):
            raise TypeError(f"cat: needs arrays, not {type(item).__name__}")
    first = parts[0]
    axis = need_axis("cat", first, dim)
    memcpy(sizes, first.sizes, first.ndim * sizeof(Py_ssize_t))
    for part in parts[1:]:
        need_same_kind("cat", first, part)
        for d in range(first.ndim):
            if part.ndim != first.ndim or (d != axis and part.sizes[d] != first.sizes[d]):
                raise ValueError(f"cat: {first.shape} and {part.shape} differ outside axis {axis}")
        if part.sizes[axis] > PY_SSIZE_T_MAX - sizes[axis]:
            raise ValueError("cat: more elements than memory can address")
        sizes[axis] += part.sizes[axis]
    out = new_array("cat", first.kind, sizes, first.ndim)
    dense_steps(out, steps_out)
    for part in parts:
        dense_steps(part, steps_x)
        copy_box(part, 0, steps_x, out, at, steps_out, part.sizes, part.ndim)
        at += part.sizes[axis] * steps_out[axis]
    return out
