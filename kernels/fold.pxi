# Folding: many numbers become one, by sum, max or min. The loops of reduce.pxi, which softmax.pxi uses too.
#
# Design: the array is (outer, n, inner), and n goes. A sum is a tree, so that its error grows with log n, and the tree
# depends on the shape alone.
#
# Where inner is 1, a row of neighbours is added up in LANES running sums side by side: four vectors of doubles or two of
# floats with AVX-512, as three more additions can start while one is under way. What LANES do not divide comes first, as
# a vector of which only the beginning counts. Blocks are joined in pairs, lane by lane, and the lanes of a row at the
# very end, neighbour with neighbour. To join the lanes of one row is a chain of five steps on ever emptier vectors: 10
# ns, as long as it takes to add 160 floats. So that is done for TOGETHER rows at once, as if they were one long row.
#
# Otherwise whole rows are joined, BUNDLE at a time: for each column a tree in registers, so that one number is written
# for BUNDLE read. A strip of COLUMNS running sums stays in the first cache while the rows go by. A few columns would
# leave most of a vector empty: there, several rows count as one, and their parts are joined at the end.
#
# A long n is cut into parts. Threads take parts, strips and outer rows as they are free, since one that slept may take
# longer to wake than the work takes. Max and min compare each number with the best only, which a NaN does not pass, and
# keep NaNs beside it: both are one instruction of a vector unit.
#
# Measured on one core with AVX-512, GB/s of float64: 768x128 from the second cache, all 160, columns 115, rows 70; of
# 1000x1000 from the third 80 to 98, where a plain loop over one row gets 110; of 1e7 from memory 35, as anything else.

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define SAITAMA_PREFETCH(address) __builtin_prefetch(address)
    #else
    #define SAITAMA_PREFETCH(address) ((void) (address))
    #endif
    """
    void prefetch "SAITAMA_PREFETCH"(const void *address) nogil

cdef enum:
    AHEAD = 4096  # bytes between what is added and what is asked of the memory
    LANES = 32
    KEPT = LANES // 2
    TOGETHER = 16  # rows whose ends are joined together
    BLOCK = 1024  # elements of a row, of which every lane joins 32
    BUNDLE = 8
    ROWS_BLOCK = 32  # rows joined one group after the other
    COLUMNS = 512
    NARROW = 32  # fewer columns than this are widened
    PARTS = 16  # tasks that are enough for any number of threads
    PART = 32768  # elements that are worth being a part

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


cdef inline real neutral(real *kind, reduce_op *op) noexcept nogil:
    """What joins without a trace."""
    if reduce_op is Sum:
        return -0.0
    elif reduce_op is Max:
        return <real> -INFINITY
    else:
        return <real> INFINITY


cdef inline real join(real x, real y, reduce_op *op) noexcept nogil:
    """NaN wins."""
    cdef real best
    if reduce_op is Sum:
        return x + y
    else:
        best = better(x, y, op)  # y, where one of them is NaN
        return x if x != x else best


cdef inline real better(real x, real best, reduce_op *op) noexcept nogil:
    """Of max or min, where x is no NaN. A best NaN stays."""
    if reduce_op is Max:
        return x if x > best else best
    else:
        return x if x < best else best


# --- neighbours -------------------------------------------------------------------------------------------------------
cdef inline void fold_block(const real *x, Py_ssize_t n, real *out, reduce_op *op) noexcept nogil:  # IN x OUT out
    """LANES <= n <= BLOCK neighbours become KEPT numbers. What LANES do not divide is seen first."""
    cdef real lanes[LANES]
    cdef real nans[LANES]
    cdef Py_ssize_t i = n % LANES, j
    cdef real v, nan
    for j in range(LANES):
        lanes[j] = x[j] if j < i else neutral(<real *> NULL, op)
        if reduce_op is not Sum:
            nans[j] = lanes[j] if lanes[j] != lanes[j] else 0
    while True:
        prefetch(x + i + AHEAD // sizeof(real))
        prefetch(x + i + (AHEAD + 64) // sizeof(real))
        for j in range(LANES):
            v = x[i + j]
            if reduce_op is Sum:
                lanes[j] += v
            else:
                lanes[j] = better(v, lanes[j], op)
                nans[j] = v if v != v else nans[j]
        i += LANES
        if i == n:
            break
    for j in range(KEPT):
        if reduce_op is Sum:
            out[j] = lanes[j] + lanes[j + KEPT]
        else:
            nan = nans[j] + nans[j + KEPT]
            out[j] = nan if nan != nan else better(lanes[j], lanes[j + KEPT], op)


cdef void fold_blocks(const real *x, Py_ssize_t n, real *out, reduce_op *op) noexcept nogil:  # IN x OUT out
    """The same for any n >= LANES: a tree of blocks, of which all but the last are full."""
    cdef real other[KEPT]
    cdef Py_ssize_t half = BLOCK, j
    if n == BLOCK:
        fold_block(x, BLOCK, out, op)  # what is constant needs no look at the beginning
        return
    if n < BLOCK:
        fold_block(x, n, out, op)
        return
    while 2 * half < n:
        half *= 2
    half = half if n - half >= LANES else half // 2
    fold_blocks(x, half, out, op)
    fold_blocks(x + half, n - half, other, op)
    for j in range(KEPT):
        out[j] = join(out[j], other[j], op)


cdef inline void halve(const real *x, real *out, Py_ssize_t n, reduce_op *op) noexcept nogil:  # IN x OUT out
    """2 n numbers become n, each of two neighbours."""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = join(x[2 * i], x[2 * i + 1], op)


cdef inline void fold_together(const real *x, Py_ssize_t n, real *out, reduce_op *op) noexcept nogil:  # IN x OUT out
    """TOGETHER rows of LANES <= n <= BLOCK neighbours: what is left of them is joined as if it were one long row."""
    cdef real kept[TOGETHER * KEPT]
    cdef real eighths[TOGETHER * 8]
    cdef real quarters[TOGETHER * 4]
    cdef real halves[TOGETHER * 2]
    cdef Py_ssize_t i
    for i in range(TOGETHER):
        fold_block(x + i * n, n, kept + i * KEPT, op)
    halve(<const real *> kept, eighths, TOGETHER * 8, op)
    halve(<const real *> eighths, quarters, TOGETHER * 4, op)
    halve(<const real *> quarters, halves, TOGETHER * 2, op)
    halve(<const real *> halves, out, TOGETHER, op)


cdef inline real fold_row(const real *x, Py_ssize_t n, reduce_op *op) noexcept nogil:  # IN x
    """n >= 1 neighbours."""
    cdef real kept[KEPT]
    cdef real eight[8]
    cdef Py_ssize_t j
    cdef real total = x[0]
    if n < LANES:
        for j in range(1, n):
            total = join(total, x[j], op)
        return total
    fold_blocks(x, n, kept, op)
    halve(<const real *> kept, eight, 8, op)
    return join(join(join(eight[0], eight[1], op), join(eight[2], eight[3], op), op),
                join(join(eight[4], eight[5], op), join(eight[6], eight[7], op), op), op)


cdef void fold_rows(const real *x, Py_ssize_t rows, Py_ssize_t n, real *out, reduce_op *op) noexcept nogil:  # IN x OUT out
    """Rows of n >= 1 neighbours, one after the other. A row's bits do not depend on where it stands."""
    cdef Py_ssize_t i = 0
    if LANES <= n <= BLOCK:
        while i + TOGETHER <= rows:
            fold_together(x + i * n, n, out + i, op)
            i += TOGETHER
    while i < rows:
        out[i] = fold_row(x + i * n, n, op)
        i += 1


# --- rows -------------------------------------------------------------------------------------------------------------
cdef inline void fold_group(const real *x, Py_ssize_t row, Py_ssize_t width, real *out, reduce_op *op) noexcept nogil:  # IN x IN/OUT out
    """BUNDLE rows, `row` apart, into out."""
    cdef Py_ssize_t j, i
    cdef real best, nan, v
    for j in range(width):
        if reduce_op is Sum:
            out[j] += (((x[j] + x[row + j]) + (x[2 * row + j] + x[3 * row + j]))
                       + ((x[4 * row + j] + x[5 * row + j]) + (x[6 * row + j] + x[7 * row + j])))
        else:
            best = out[j]
            nan = 0
            for i in range(BUNDLE):
                v = x[i * row + j]
                best = better(v, best, op)
                nan = v if v != v else nan
            out[j] = nan if nan != nan else best


cdef void fold_columns(const real *x, Py_ssize_t n, Py_ssize_t row, Py_ssize_t width, real *out,
                       reduce_op *op) noexcept nogil:  # IN x OUT out
    """n rows of `width` <= COLUMNS elements, `row` apart, joined to one row."""
    cdef real other[COLUMNS]
    cdef Py_ssize_t half = ROWS_BLOCK, i = 0, j
    if n > ROWS_BLOCK:
        while 2 * half < n:
            half *= 2
        fold_columns(x, half, row, width, out, op)
        fold_columns(x + half * row, n - half, row, width, other, op)
        for j in range(width):
            out[j] = join(out[j], other[j], op)
        return
    for j in range(width):
        out[j] = neutral(<real *> NULL, op)
    while i + BUNDLE <= n:
        fold_group(x + i * row, row, width, out, op)
        i += BUNDLE
    while i < n:
        for j in range(width):
            out[j] = join(out[j], x[i * row + j], op)
        i += 1


cdef void fold_narrow(const real *x, Py_ssize_t n, Py_ssize_t width, real *out,
                      reduce_op *op) noexcept nogil:  # IN x OUT out
    """n rows of less than NARROW elements, without gaps: several of them are one wide row."""
    cdef real wide[4 * NARROW]
    cdef Py_ssize_t together = 4 * NARROW // width, wide_rows = n // together, rest = wide_rows * together, i, j
    if wide_rows < 2:
        fold_columns(x, n, width, width, out, op)
        return
    fold_columns(x, wide_rows, together * width, together * width, wide, op)
    fold_columns(<const real *> wide, together, width, width, out, op)
    for i in range(rest, n):
        for j in range(width):
            out[j] = join(out[j], x[i * width + j], op)


# --- tasks ------------------------------------------------------------------------------------------------------------
cdef struct Folding:  # (outer, n, inner) -> (outer, parts, inner)
    Py_ssize_t outer
    Py_ssize_t n
    Py_ssize_t inner
    Py_ssize_t strips
    Py_ssize_t parts
    Py_ssize_t together  # rows of neighbours in a task
    Py_ssize_t tasks
    const void *x
    void *out


cdef Folding folding(Py_ssize_t outer, Py_ssize_t n, Py_ssize_t inner) noexcept:
    cdef Folding f
    f.outer, f.n, f.inner, f.x, f.out = outer, n, inner, NULL, NULL
    f.strips = (inner + COLUMNS - 1) // COLUMNS
    f.parts = outer * n * inner // PART
    f.parts = PARTS if f.parts > PARTS else f.parts
    f.parts = f.parts // (outer * f.strips)
    f.parts = n if f.parts > n else (1 if f.parts < 1 else f.parts)
    f.together = 1 if inner > 1 or n >= PART else PART // n
    f.together = f.together // TOGETHER * TOGETHER if f.together > TOGETHER else f.together
    f.tasks = (outer * f.parts * f.strips + f.together - 1) // f.together
    return f


cdef void fold_lines(const Folding *f, const real *x, real *out, Py_ssize_t task, reduce_op *op) noexcept nogil:  # IN f, x OUT out
    """Neighbours: some rows, or a part of one."""
    cdef Py_ssize_t first = task * f.together, part = task % f.parts, left, right
    if f.parts == 1:
        fold_rows(x + first * f.n, f.outer - first if f.outer - first < f.together else f.together, f.n, out + first, op)
        return
    left = part * f.n // f.parts // BLOCK * BLOCK
    right = (part + 1) * f.n // f.parts // BLOCK * BLOCK if part + 1 < f.parts else f.n
    out[task] = fold_row(x + task // f.parts * f.n + left, right - left, op)


cdef void fold_strip(const Folding *f, const real *x, real *out, Py_ssize_t task, reduce_op *op) noexcept nogil:  # IN f, x OUT out
    """Some columns of some rows."""
    cdef Py_ssize_t strip = task % f.strips, part = task // f.strips % f.parts, outer = task // f.strips // f.parts
    cdef Py_ssize_t left = strip * f.inner // f.strips, right = (strip + 1) * f.inner // f.strips
    cdef Py_ssize_t first = part * f.n // f.parts, end = (part + 1) * f.n // f.parts
    x += (outer * f.n + first) * f.inner + left
    out += (outer * f.parts + part) * f.inner + left
    if f.inner < NARROW:
        fold_narrow(x, end - first, f.inner, out, op)
    else:
        fold_columns(x, end - first, f.inner, right - left, out, op)


cdef void fold_task(const Folding *f, Py_ssize_t task, int worker, real *kind, reduce_op *op) noexcept nogil:  # IN f
    if f.inner == 1:
        fold_lines(f, <const real *> f.x, <real *> f.out, task, op)
    else:
        fold_strip(f, <const real *> f.x, <real *> f.out, task, op)
