# Folding rows of neighbours: many numbers become one, by sum, max or min, or by the sum of products with a second row.
#
# Design: a row is added up in LANES running sums side by side: four vectors of doubles or two of floats with AVX-512, as
# three more additions can start while one is under way. What LANES do not divide comes first, as a vector of which only
# the beginning counts. Blocks are joined in pairs, lane by lane, so that a sum is a tree whose error grows with log n,
# and the lanes of a row at the very end, neighbour with neighbour. To join the lanes of one row is a chain of five steps
# on ever emptier vectors: 10 ns, as long as it takes to add 160 floats. So that is done for TOGETHER rows at once, as if
# they were one long row. The tree depends on the row's length alone.
#
# Max and min compare each number with the best only, which a NaN does not pass, and keep NaNs beside it: both are one
# instruction of a vector unit.
#
# Measured on one core with AVX-512, sums, GB/s of float64 and float32: 768x128 from the second cache 140 and 144;
# 1000x1000 from the third 113 and 114, where a loop that only reads gets 117; 12288x65 88 and 82, as rows that begin
# within a line take an eighth more loads; 1e7 numbers from memory 45 and 60.

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
    AHEAD = 6144  # bytes between what is added and what is asked of the memory
    WIDE = 16  # neighbours that become a vector, or two
    LANES = 32
    KEPT = LANES // 2
    TOGETHER = 16  # rows whose ends are joined together
    BLOCK = 1024  # elements of a row, of which every lane joins 32

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


cdef inline real neutral(real *kind, row_op *op) noexcept nogil:
    """What joins without a trace."""
    if row_op is Max:
        return <real> -INFINITY
    elif row_op is Min:
        return <real> INFINITY
    else:
        return -0.0


cdef inline real better(real x, real best, row_op *op) noexcept nogil:
    """Of max or min, where x is no NaN. A best NaN stays."""
    if row_op is Max:
        return x if x > best else best
    else:
        return x if x < best else best


cdef inline real join(real x, real y, row_op *op) noexcept nogil:
    """NaN wins."""
    cdef real best
    if row_op is Max or row_op is Min:
        best = better(x, y, op)  # y, where one of them is NaN
        return x if x != x else best
    else:
        return x + y


cdef inline real operand(const real *x, const real *y, Py_ssize_t i, row_op *op) noexcept nogil:  # IN x, y
    return x[i] * y[i] if row_op is Dot else x[i]


cdef inline void fold_block(const real *x, const real *y, Py_ssize_t n, real *out, row_op *op) noexcept nogil:  # IN x, y OUT out
    """LANES <= n <= BLOCK neighbours become KEPT numbers. What LANES do not divide is seen first."""
    cdef real lanes[LANES]
    cdef real nans[LANES]
    cdef Py_ssize_t i = n % LANES, j
    cdef real v, nan
    for j in range(LANES):
        lanes[j] = operand(x, y, j, op) if j < i else neutral(<real *> NULL, op)
        if row_op is Max or row_op is Min:
            nans[j] = lanes[j] if lanes[j] != lanes[j] else 0
    while True:
        for j in range(<Py_ssize_t> (LANES * sizeof(real) // LINE)):
            prefetch(x + i + (AHEAD + LINE * j) // sizeof(real))
        for j in range(LANES):
            v = operand(x, y, i + j, op)
            if row_op is Max or row_op is Min:
                lanes[j] = better(v, lanes[j], op)
                nans[j] = v if v != v else nans[j]
            else:
                lanes[j] += v
        i += LANES
        if i == n:
            break
    for j in range(KEPT):
        if row_op is Max or row_op is Min:
            nan = nans[j] + nans[j + KEPT]
            out[j] = nan if nan != nan else better(lanes[j], lanes[j + KEPT], op)
        else:
            out[j] = lanes[j] + lanes[j + KEPT]


cdef void fold_blocks(const real *x, const real *y, Py_ssize_t n, real *out, row_op *op) noexcept nogil:  # IN x, y OUT out
    """The same for any n >= LANES: a tree of blocks, of which all but the last are full."""
    cdef real other[KEPT]
    cdef Py_ssize_t half = BLOCK, j
    if n == BLOCK:
        fold_block(x, y, BLOCK, out, op)  # what is constant needs no look at the beginning
        return
    if n < BLOCK or row_op is Max or row_op is Min:  # which do not round
        fold_block(x, y, n, out, op)
        return
    while 2 * half < n:
        half *= 2
    half = half if n - half >= LANES else half // 2
    fold_blocks(x, y, half, out, op)
    fold_blocks(x + half, y + half, n - half, other, op)
    for j in range(KEPT):
        out[j] = join(out[j], other[j], op)


cdef inline void halve(const real *x, real *out, Py_ssize_t n, row_op *op) noexcept nogil:  # IN x OUT out
    """2 n numbers become n, each of two neighbours."""
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = join(x[2 * i], x[2 * i + 1], op)


cdef inline void fold_together(const real *x, const real *y, Py_ssize_t n, real *out, row_op *op) noexcept nogil:  # IN x, y OUT out
    """TOGETHER rows of LANES <= n <= BLOCK neighbours: what is left of them is joined as if it were one long row."""
    cdef real kept[TOGETHER * KEPT]
    cdef real eighths[TOGETHER * 8]
    cdef real quarters[TOGETHER * 4]
    cdef real halves[TOGETHER * 2]
    cdef Py_ssize_t i
    for i in range(TOGETHER):
        fold_block(x + i * n, y + i * n, n, kept + i * KEPT, op)
    halve(<const real *> kept, eighths, TOGETHER * 8, op)
    halve(<const real *> eighths, quarters, TOGETHER * 4, op)
    halve(<const real *> quarters, halves, TOGETHER * 2, op)
    halve(<const real *> halves, out, TOGETHER, op)


cdef inline real fold_row(const real *x, const real *y, Py_ssize_t n, row_op *op) noexcept nogil:  # IN x, y
    """n >= 1 neighbours."""
    cdef real kept[KEPT]
    cdef real eight[8]
    cdef Py_ssize_t j
    cdef real total = operand(x, y, 0, op)
    if n < LANES:
        for j in range(1, n):
            total = join(total, operand(x, y, j, op), op)
        return total
    fold_blocks(x, y, n, kept, op)
    halve(<const real *> kept, eight, 8, op)
    return join(join(join(eight[0], eight[1], op), join(eight[2], eight[3], op), op),
                join(join(eight[4], eight[5], op), join(eight[6], eight[7], op), op), op)


cdef void fold_rows(const real *x, const real *y, Py_ssize_t rows, Py_ssize_t n, real *out, row_op *op) noexcept nogil:  # IN x, y OUT out
    """Rows of n >= 1 neighbours, one after the other. y counts for Dot alone. A row's bits do not depend on where it stands."""
    cdef Py_ssize_t i = 0
    if LANES <= n <= BLOCK:
        while i + TOGETHER <= rows:
            fold_together(x + i * n, y + i * n, n, out + i, op)
            i += TOGETHER
    while i < rows:
        out[i] = fold_row(x + i * n, y + i * n, n, op)
        i += 1
