# Folding rows of neighbours: many numbers become one, by sum, max or min, or by the sum of products with a second row.
#
# Design: a row is added up in FOLD_LANES running sums side by side, the lanes: four vectors of doubles or two of floats
# with AVX-512, because three more additions can start while one is under way. Where FOLD_LANES does not divide n, the
# remainder comes first, as a vector of which only the beginning counts; max and min take all of it, as what is compared
# twice changes nothing. Blocks are combined in pairs, lane by lane, so that a sum is a tree whose error grows with
# log n. The lanes of a row are combined last, neighbour with neighbour. For
# one row that is a chain of five steps on ever emptier vectors, so it is done for FOLD_ROWS rows at once, as if
# they were one long row. The tree depends on the row's length alone, so a row has the same bits wherever it stands.
#
# Max and min compare each number with the best so far, which drops NaNs, and add all numbers up beside it: a sum is NaN
# if one of them was (or if infinities of both signs met), and only then they are searched for one. So two numbers take
# four instructions and three registers, of which AVX2 has sixteen.

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
    FOLD_AHEAD_BYTES = 6144  # bytes between what is added and what is asked of the memory
    VECTOR_NUMBERS = 16  # neighbours that become a vector, or two
    FOLD_LANES = 32  # running sums of a row
    FOLD_KEPT = FOLD_LANES // 2  # sums that are left of a block
    FOLD_BLOCK = 1024  # elements of a row, of which every lane adds 32
    FOLD_ROWS = 16  # rows whose lanes are combined together

cdef struct Sum:
    char _
cdef struct Max:
    char _
cdef struct Min:
    char _
cdef struct Dot:  # the sum of x y
    char _

ctypedef fused reduce_op:
    Sum
    Max
    Min

ctypedef fused row_op:
    Sum
    Max
    Min
    Dot


cdef inline real neutral_element(real *kind, row_op *op) noexcept nogil:
    """What changes nothing when it is combined with another number."""
    if row_op is Max:
        return <real> -INFINITY
    elif row_op is Min:
        return <real> INFINITY
    else:
        return -0.0


cdef inline real better_of(real x, real best, row_op *op) noexcept nogil:
    """Of max or min, where x is no NaN. A best NaN stays."""
    if row_op is Max:
        return x if x > best else best
    else:
        return x if x < best else best


cdef inline real join(real x, real y, row_op *op) noexcept nogil:
    """Of two numbers; what comes of a NaN is not said."""
    if row_op is Max or row_op is Min:
        return better_of(x, y, op)
    else:
        return x + y


cdef inline real combine(real x, real y, row_op *op) noexcept nogil:
    """NaN wins."""
    cdef real joined = join(x, y, op)  # y, where max or min meet a NaN
    if row_op is Max or row_op is Min:
        return x if x != x else joined
    else:
        return joined


cdef inline real fold_operand(const real *x, const real *y, Py_ssize_t i, row_op *op) noexcept nogil:
    return x[i] * y[i] if row_op is Dot else x[i]


cdef inline bint fold_block(const real *x, const real *y, Py_ssize_t n, real *out, row_op *op) noexcept nogil:
    """FOLD_LANES <= n <= FOLD_BLOCK neighbours become FOLD_KEPT numbers. n % FOLD_LANES of them come first. Returns
    whether max or min may have met a NaN."""
    cdef real lanes[FOLD_LANES]
    cdef real sums[FOLD_KEPT]  # of max and min
    cdef Py_ssize_t i = n % FOLD_LANES, j
    cdef int nans = 0
    for j in range(FOLD_LANES):
        if row_op is Max or row_op is Min:
            lanes[j] = x[j]
        else:
            lanes[j] = fold_operand(x, y, j, op) if j < i else neutral_element(<real *> NULL, op)
    if row_op is Max or row_op is Min:
        for j in range(FOLD_KEPT):
            sums[j] = x[j] + x[j + FOLD_KEPT]
    while True:
        for j in range(<Py_ssize_t> (FOLD_LANES * sizeof(real) // CACHE_LINE)):
            prefetch(x + i + (FOLD_AHEAD_BYTES + CACHE_LINE * j) // sizeof(real))
        for j in range(FOLD_LANES):
            lanes[j] = join(fold_operand(x, y, i + j, op), lanes[j], op)
        if row_op is Max or row_op is Min:
            for j in range(FOLD_KEPT):
                sums[j] += x[i + j] + x[i + j + FOLD_KEPT]
        i += FOLD_LANES
        if i == n:
            break
    for j in range(FOLD_KEPT):
        out[j] = join(lanes[j], lanes[j + FOLD_KEPT], op)
    if row_op is Max or row_op is Min:
        for j in range(FOLD_KEPT):
            nans |= sums[j] != sums[j]
    return nans != 0


cdef void keep_nan(const real *x, Py_ssize_t n, real *out) noexcept nogil:
    """Let a NaN among n numbers be the result, if there is one."""
    cdef Py_ssize_t i
    for i in range(n):
        if x[i] != x[i]:
            out[0] = x[i]
            return


cdef bint fold_blocks(const real *x, const real *y, Py_ssize_t n, real *out, row_op *op) noexcept nogil:
    """The same for any n >= FOLD_LANES: a tree of blocks, of which all but the last are full."""
    cdef real other[FOLD_KEPT]
    cdef Py_ssize_t half = FOLD_BLOCK, j
    if n == FOLD_BLOCK:
        return fold_block(x, y, FOLD_BLOCK, out, op)  # what is constant needs no look at the beginning
    if n < FOLD_BLOCK or row_op is Max or row_op is Min:  # which do not round
        return fold_block(x, y, n, out, op)
    while 2 * half < n:
        half *= 2
    half = half if n - half >= FOLD_LANES else half // 2
    fold_blocks(x, y, half, out, op)
    fold_blocks(x + half, y + half, n - half, other, op)
    for j in range(FOLD_KEPT):
        out[j] = join(out[j], other[j], op)
    return False


cdef inline void join_neighbours(const real *x, real *out, Py_ssize_t n, row_op *op) noexcept nogil:
    """2 n numbers become n, each of two neighbours."""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = join(x[2 * i], x[2 * i + 1], op)


cdef inline void fold_together(const real *x, const real *y, Py_ssize_t n, real *out, row_op *op) noexcept nogil:
    """FOLD_ROWS rows of FOLD_LANES <= n <= FOLD_BLOCK neighbours: their last lanes are joined as one long row."""
    cdef real kept[FOLD_ROWS * FOLD_KEPT]
    cdef real eighths[FOLD_ROWS * 8]
    cdef real quarters[FOLD_ROWS * 4]
    cdef real halves[FOLD_ROWS * 2]
    cdef Py_ssize_t i
    cdef bint nans = False
    for i in range(FOLD_ROWS):
        nans |= fold_block(x + i * n, y + i * n, n, kept + i * FOLD_KEPT, op)
    join_neighbours(<const real *> kept, eighths, FOLD_ROWS * 8, op)
    join_neighbours(<const real *> eighths, quarters, FOLD_ROWS * 4, op)
    join_neighbours(<const real *> quarters, halves, FOLD_ROWS * 2, op)
    join_neighbours(<const real *> halves, out, FOLD_ROWS, op)
    for i in range(FOLD_ROWS if nans else 0):
        keep_nan(x + i * n, n, out + i)


cdef inline real fold_row(const real *x, const real *y, Py_ssize_t n, row_op *op) noexcept nogil:
    """n >= 1 neighbours."""
    cdef real kept[FOLD_KEPT]
    cdef real eight[8]
    cdef Py_ssize_t j
    cdef real total = fold_operand(x, y, 0, op)
    if n < FOLD_LANES:
        for j in range(1, n):
            total = combine(total, fold_operand(x, y, j, op), op)
        return total
    cdef bint nans = fold_blocks(x, y, n, kept, op)
    join_neighbours(<const real *> kept, eight, 8, op)
    total = join(join(join(eight[0], eight[1], op), join(eight[2], eight[3], op), op),
                 join(join(eight[4], eight[5], op), join(eight[6], eight[7], op), op), op)
    if nans:
        keep_nan(x, n, &total)
    return total


cdef void fold_rows(const real *x, const real *y, Py_ssize_t rows, Py_ssize_t n, real *out, row_op *op) noexcept nogil:
    """Rows of n >= 1 neighbours, one after the other. Only Dot reads y. A row's bits do not depend on its place."""
    cdef Py_ssize_t i = 0
    if FOLD_LANES <= n <= FOLD_BLOCK:
        while i + FOLD_ROWS <= rows:
            fold_together(x + i * n, y + i * n, n, out + i, op)
            i += FOLD_ROWS
    while i < rows:
        out[i] = fold_row(x + i * n, y + i * n, n, op)
        i += 1
