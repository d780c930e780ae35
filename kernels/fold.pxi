# Folding along any axis: many numbers become one, by sum, max or min. The loops of reduce.pxi, softmax.pxi and others.
#
# Design: the array is seen as (outer, n, inner), and n is folded away. A sum is a tree, so that its error grows with
# log n, and the tree depends on the shape alone. Where inner is 1, rows of neighbours become numbers, as in
# fold_rows.pxi.
#
# Otherwise whole rows are combined, FOLD_BUNDLE at a time: for each column a tree in registers, so that one number is
# written for each FOLD_BUNDLE read. A strip of FOLD_COLUMNS running sums stays in the first cache while the rows go
# by; it is that wide because memory delivers long runs faster. A few columns would leave most of a vector empty:
# there, several rows count as one, and their parts are combined at the end.
#
# A long n is cut into parts. Threads take parts, strips and outer rows as they become free, because a thread that
# slept may take longer to wake than the work takes. Parts and strips begin where cache lines do.

cdef enum:
    FOLD_BUNDLE = 8  # rows that are added to the running sums at once
    FOLD_BLOCK_ROWS = 32  # rows that are added one bundle after the other
    FOLD_COLUMNS = 1024  # of a strip
    FOLD_NARROW = 32  # fewer columns than this are widened
    FOLD_MOST_PARTS = 16  # tasks that are enough for any number of threads
    FOLD_PART_ELEMENTS = 32768  # elements that are worth being a part


# --- rows -------------------------------------------------------------------------------------------------------------
cdef inline void fold_bundle(const real *x, Py_ssize_t row, Py_ssize_t width, real *out,
                             reduce_op *op) noexcept nogil:  # IN/OUT out
    """FOLD_BUNDLE rows, `row` apart, into out."""
    cdef Py_ssize_t j, i
    cdef int nans = 0
    cdef real best, total
    for j in range(width):
        total = (((x[j] + x[row + j]) + (x[2 * row + j] + x[3 * row + j]))
                 + ((x[4 * row + j] + x[5 * row + j]) + (x[6 * row + j] + x[7 * row + j])))
        if reduce_op is Sum:
            out[j] += total
        else:
            best = out[j]
            for i in range(FOLD_BUNDLE):
                best = better_of(x[i * row + j], best, op)
            out[j] = best
            nans |= total != total
    if reduce_op is Max or reduce_op is Min:
        for i in range(FOLD_BUNDLE if nans else 0):
            for j in range(width):
                out[j] = x[i * row + j] if x[i * row + j] != x[i * row + j] else out[j]


cdef void fold_columns(const real *x, Py_ssize_t n, Py_ssize_t row, Py_ssize_t width, real *out,
                       reduce_op *op) noexcept nogil:
    """n rows of `width` <= FOLD_COLUMNS elements, `row` apart, become one row."""
    cdef real other[FOLD_COLUMNS]
    cdef Py_ssize_t half = FOLD_BLOCK_ROWS, i = 0, j
    if n > FOLD_BLOCK_ROWS:
        while 2 * half < n:
            half *= 2
        fold_columns(x, half, row, width, out, op)
        fold_columns(x + half * row, n - half, row, width, other, op)
        for j in range(width):
            out[j] = combine(out[j], other[j], op)
        return
    for j in range(width):
        out[j] = neutral_element(<real *> NULL, op)
    while i + FOLD_BUNDLE <= n:
        fold_bundle(x + i * row, row, width, out, op)
        i += FOLD_BUNDLE
    while i < n:
        for j in range(width):
            out[j] = combine(out[j], x[i * row + j], op)
        i += 1


cdef void fold_narrow(const real *x, Py_ssize_t n, Py_ssize_t width, real *out,
                      reduce_op *op) noexcept nogil:
    """n rows of less than FOLD_NARROW elements, without gaps: several of them are one wide row."""
    cdef real wide[4 * FOLD_NARROW]
    cdef Py_ssize_t together = 4 * FOLD_NARROW // width, wide_rows = n // together, rest = wide_rows * together, i, j
    if wide_rows < 2:
        fold_columns(x, n, width, width, out, op)
        return
    fold_columns(x, wide_rows, together * width, together * width, wide, op)
    fold_columns(<const real *> wide, together, width, width, out, op)
    for i in range(rest, n):
        for j in range(width):
            out[j] = combine(out[j], x[i * width + j], op)


# --- tasks ------------------------------------------------------------------------------------------------------------
cdef struct Folding:  # (outer, n, inner) -> (outer, parts, inner)
    Py_ssize_t outer
    Py_ssize_t n
    Py_ssize_t inner
    Py_ssize_t strips
    Py_ssize_t width  # of a strip
    Py_ssize_t parts
    Py_ssize_t together  # rows of neighbours in a task
    Py_ssize_t tasks
    const void *x
    void *out


cdef Folding plan_fold(Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner) noexcept:
    cdef Folding f
    f.outer, f.n, f.inner, f.x, f.out = outer, n, inner, NULL, NULL
    f.strips = parts_of(inner, FOLD_COLUMNS)
    f.width = round_up(parts_of(inner, f.strips), CACHE_LINE)
    f.parts = at_most(outer * n * inner // FOLD_PART_ELEMENTS, FOLD_MOST_PARTS)
    f.parts = at_least(at_most(f.parts // (outer * f.strips), n), 1)
    f.together = 1 if inner > 1 or n >= FOLD_PART_ELEMENTS else FOLD_PART_ELEMENTS // n
    f.together = f.together // FOLD_ROWS * FOLD_ROWS if f.together > FOLD_ROWS else f.together
    f.tasks = parts_of(outer * f.parts * f.strips, f.together)
    return f


cdef inline Py_ssize_t part_start(const Folding *f, Py_ssize_t part, Py_ssize_t step) noexcept nogil:
    """Where a part of n begins: at a multiple of `step`."""
    return part * f.n // f.parts // step * step if part < f.parts else f.n


cdef void fold_some_rows(const Folding *f, const real *x, real *out, Py_ssize_t task, reduce_op *op) noexcept nogil:
    """Neighbours: some rows, or a part of one."""
    cdef Py_ssize_t first = task * f.together, part = task % f.parts, left, right
    if f.parts == 1:
        x += first * f.n
        fold_rows(x, x, at_most(f.outer - first, f.together), f.n, out + first, op)
        return
    left, right = part_start(f, part, FOLD_BLOCK), part_start(f, part + 1, FOLD_BLOCK)
    x += task // f.parts * f.n + left
    out[task] = fold_row(x, x, right - left, op)


cdef void fold_some_columns(const Folding *f, const real *x, real *out, Py_ssize_t task, reduce_op *op) noexcept nogil:
    """Some columns of some rows."""
    cdef Py_ssize_t strip = task % f.strips, part = task // f.strips % f.parts, outer = task // f.strips // f.parts
    cdef Py_ssize_t left = strip * f.width, width = at_most(f.inner - left, f.width)
    cdef Py_ssize_t first = part_start(f, part, FOLD_BUNDLE), end = part_start(f, part + 1, FOLD_BUNDLE)
    x += (outer * f.n + first) * f.inner + left
    out += (outer * f.parts + part) * f.inner + left
    if f.inner < FOLD_NARROW:
        fold_narrow(x, end - first, f.inner, out, op)
    else:
        fold_columns(x, end - first, f.inner, width, out, op)


cdef void fold_task(const Folding *f, Py_ssize_t task, int worker, real *kind, reduce_op *op) noexcept nogil:
    if f.inner == 1:
        fold_some_rows(f, <const real *> f.x, <real *> f.out, task, op)
    else:
        fold_some_columns(f, <const real *> f.x, <real *> f.out, task, op)
