# Element by element: the loops.
#
# Design: they are written once and compiled for each operation (operations.pxi) and dtype, as vectors. Results do not
# depend on how a loop is cut, so threads take pieces of it. exp, log, sigmoid and GELU try a block as if all its
# numbers were easy (vector_math.pxi) and note the hardest; where one was not, the block is computed again, with care.
# A block is so long that its end, where vectors are joined, does not show, and so short that it is still in the first
# cache: one hard number among many costs the time of one block.
#
# Measured on one core with AVX-512 (python -m benchmarks shares), in bytes read and written: from memory, additions,
# relu, exp, tanh and sigmoid are as fast as a copy; of 768 x 128 numbers, from the second and third cache, additions
# move 90 to 140 GB/s, where a copy moves 120. What each function costs beyond that stands in vector_math.pxi.

cdef enum:
    TRIED = 1024  # numbers that are tried as if they were easy (vector_math.pxi)

ctypedef fused any_op:
    unary_op
    binary_op


cdef inline double nanoseconds(Py_ssize_t nbytes, any_op *op) noexcept nogil:
    """What it costs to compute so many bytes."""
    if any_op in slowest_op:
        return nbytes / 8.0
    elif any_op in slow_op:
        return nbytes / 20.0
    else:
        return nbytes / 50.0


cdef struct Elements:  # what the pieces of an operation have in common
    const void *x
    const void *y
    const Walk *walk  # from element to element of x and y
    void *out
    Py_ssize_t n


cdef inline Py_ssize_t pieces(Py_ssize_t n) noexcept nogil:
    return (n + PIECE - 1) // PIECE


cdef inline uint64_t care(double x, unary_op *op) noexcept nogil:
    """The larger, the harder: a whole number, as the bits of numbers of one sign are ordered as they are, NaN last."""
    return to_bits(x) - to_bits(2.2250738585072014e-308) if unary_op is Log else to_bits(c_fabs(x))


cdef inline uint32_t care_f(float x, unary_op *op) noexcept nogil:
    return to_bits_f(x) - to_bits_f(1.1754943508222875e-38) if unary_op is Log else to_bits_f(c_fabsf(x))


cdef inline bint easy_block(const real *x, real *out, Py_ssize_t n, unary_op *op) noexcept nogil:  # IN x OUT out
    """Compute as if all were easy, into another place than x; returns whether they were."""
    cdef uint64_t worst = 0, bits
    cdef uint32_t worst_f = 0, bits_f
    cdef double most = 1.7976931348623157e308 if unary_op is Log else 37 if unary_op is GELU else 708
    cdef float most_f = 3.4028234663852886e38 if unary_op is Log else 13 if unary_op is GELU else 87
    cdef Py_ssize_t i
    if real is double:
        for i in range(n):
            out[i] = unary_value(x[i], True, op)
            bits = care(x[i], op)
            worst = bits if bits > worst else worst
        return worst <= care(most, op)
    else:
        for i in range(n):
            out[i] = unary_value(x[i], True, op)
            bits_f = care_f(x[i], op)
            worst_f = bits_f if bits_f > worst_f else worst_f
        return worst_f <= care_f(most_f, op)


cdef inline void unary_row(const real *x, real *out, Py_ssize_t n, unary_op *op) noexcept nogil:  # IN x OUT out
    cdef Py_ssize_t i, at, end, block = TRIED if unary_op in easy_op else n
    for at from 0 <= at < n by block:
        end = at_most(at + block, n)
        if unary_op in easy_op and easy_block(x + at, out + at, end - at, op):
            continue
        for i in range(at, end):
            out[i] = unary_value(x[i], False, op)


cdef void unary_piece(const Elements *t, Py_ssize_t piece, int worker, real *kind, unary_op *op) noexcept nogil:  # IN t
    cdef Py_ssize_t at = piece * PIECE
    unary_row(<const real *> t.x + at, <real *> t.out + at, t.n - at if t.n - at < PIECE else PIECE, op)


cdef Array unary(str name, Array a, unary_op *op):
    need_float(name, a)
    cdef Array out = new_like(a, a.kind)
    cdef Elements t
    t.x, t.out, t.n = a.data, out.data, a.size
    cdef Task run = <Task> unary_piece[double, unary_op] if a.kind == FLOAT64 else <Task> unary_piece[float, unary_op]
    cdef double ns = nanoseconds(t.n * ITEMSIZE[a.kind], op)
    perform(run, &t, pieces(t.n), team(ns), ns)
    return out


cdef inline void binary_row(const real *x, Py_ssize_t step_x, const real *y, Py_ssize_t step_y, real *out, Py_ssize_t n,
                            binary_op *op) noexcept nogil:  # IN x, y OUT out
    cdef Py_ssize_t i
    if step_x and step_y:
        for i in range(n):
            out[i] = binary_value(x[i], y[i], op)
    elif step_x:
        for i in range(n):
            out[i] = binary_value(x[i], y[0], op)
    else:
        for i in range(n):
            out[i] = binary_value(x[0], y[i], op)


cdef void binary_span(const Walk *walk, const real *x, const real *y, real *out, Py_ssize_t first, Py_ssize_t end,
                      binary_op *op) noexcept nogil:  # IN walk, x, y OUT out
    """Elements first to end of the output."""
    cdef Cursor cursor
    cdef Py_ssize_t n
    seek(walk, &cursor, first)
    while first < end:
        n = row_left(walk, &cursor, end - first)
        binary_row(x + cursor.at[0], walk.steps[0][0], y + cursor.at[1], walk.steps[1][0], out + first, n, op)
        advance(walk, &cursor, n)
        first += n


cdef void binary_piece(const Elements *t, Py_ssize_t piece, int worker, real *kind, binary_op *op) noexcept nogil:  # IN t
    cdef Py_ssize_t at = piece * PIECE
    binary_span(t.walk, <const real *> t.x, <const real *> t.y, <real *> t.out, at, at + PIECE if at + PIECE < t.n else t.n, op)


cdef Array binary(str name, Array a, Array b, binary_op *op):
    need_same_kind(name, a, b)
    need_float(name, a)
    cdef Walk walk
    cdef Array out = plan(name, a.kind, &walk, a, b)
    cdef Elements t
    t.x, t.y, t.walk, t.out, t.n = a.data, b.data, &walk, out.data, out.size
    cdef Task run = <Task> binary_piece[double, binary_op] if a.kind == FLOAT64 else <Task> binary_piece[float, binary_op]
    cdef double ns = nanoseconds(t.n * ITEMSIZE[a.kind], op)
    perform(run, &t, pieces(t.n), team(ns), ns)
    return out


cdef inline void slope_row(const real *x, const real *dy, real *out, Py_ssize_t n, unary_op *op) noexcept nogil:
    cdef Py_ssize_t i  # IN x, dy OUT out
    for i in range(n):
        out[i] = slope_value(x[i], dy[i], op)


cdef void slope_piece(const Elements *t, Py_ssize_t piece, int worker, real *kind, unary_op *op) noexcept nogil:  # IN t
    cdef Py_ssize_t at = piece * PIECE
    slope_row(<const real *> t.x + at, <const real *> t.y + at, <real *> t.out + at, at_most(t.n - at, PIECE), op)


cdef Array gradient(str name, Array a, Array dy, unary_op *op):
    """From a, which is x or y, and dy."""
    if not same_sizes(a, dy):
        raise ValueError(f"{name}: shapes {a.shape} and {dy.shape} differ")
    need_same_kind(name, a, dy)
    need_float(name, a)
    cdef Array out = new_like(a, a.kind)
    cdef Elements t
    t.x, t.y, t.out, t.n = a.data, dy.data, out.data, a.size
    cdef Task run = <Task> slope_piece[double, unary_op] if a.kind == FLOAT64 else <Task> slope_piece[float, unary_op]
    cdef double ns = t.n * ITEMSIZE[a.kind] / (8.0 if unary_op is GELU or unary_op is GELUTanh else 50.0)
    perform(run, &t, pieces(t.n), team(ns), ns)
    return out
