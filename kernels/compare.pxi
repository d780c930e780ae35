# Comparisons, which give bool; where, which chooses by one; and the larger or smaller of two.
#
# Design: as in elementwise, with four dtypes for the operands. `where` only moves numbers, so it goes by
# their width and knows nothing of their meaning.
#
# Measured on one core with AVX-512 (python -m benchmarks shares), 768 x 128 numbers: comparisons read 100 GB/s (float32
# 150), `where` moves 90 to 130; from memory it moves two thirds of what a copy does.

cdef struct Eq:
    char _
cdef struct Ne:
    char _
cdef struct Lt:
    char _
cdef struct Le:
    char _
cdef struct Gt:
    char _
cdef struct Ge:
    char _

ctypedef fused compare_op:
    Eq
    Ne
    Lt
    Le
    Gt
    Ge

ctypedef fused cell:  # a number of so many bytes
    uint8_t
    uint32_t
    uint64_t


cdef inline bint compare_value(own x, own y, compare_op *op) noexcept nogil:
    if compare_op is Eq:
        return x == y
    elif compare_op is Ne:
        return x != y
    elif compare_op is Lt:
        return x < y
    elif compare_op is Le:
        return x <= y
    elif compare_op is Gt:
        return x > y
    else:
        return x >= y


cdef inline void compare_row(const own *x, Py_ssize_t step_x, const own *y, Py_ssize_t step_y, uint8_t *out,
                             Py_ssize_t n, compare_op *op) noexcept nogil:  # IN x, y OUT out
    cdef Py_ssize_t i
    if step_x and step_y:
        for i in range(n):
            out[i] = compare_value(x[i], y[i], op)
    elif step_x:
        for i in range(n):
            out[i] = compare_value(x[i], y[0], op)
    else:
        for i in range(n):
            out[i] = compare_value(x[0], y[i], op)


cdef void compare_all(const Walk *walk, const own *x, const own *y, uint8_t *out, Py_ssize_t end,
                      compare_op *op) noexcept nogil:  # IN walk, x, y OUT out
    cdef Cursor cursor
    cdef Py_ssize_t n, first = 0
    seek(walk, &cursor, 0)
    while first < end:
        n = row_left(walk, &cursor, end - first)
        compare_row(x + cursor.at[0], walk.steps[0][0], y + cursor.at[1], walk.steps[1][0], out + first, n, op)
        advance(walk, &cursor, n)
        first += n


cdef Array compare(str name, Array a, Array b, compare_op *op):
    need_same_kind(name, a, b)
    cdef Walk walk
    cdef Array out = plan(name, BOOL, &walk, a, b)
    cdef PyThreadState *state = unlock(out.size)
    if a.kind == FLOAT64:
        compare_all(&walk, <const double *> a.data, <const double *> b.data, <uint8_t *> out.data, out.size, op)
    elif a.kind == FLOAT32:
        compare_all(&walk, <const float *> a.data, <const float *> b.data, <uint8_t *> out.data, out.size, op)
    elif a.kind == INT64:
        compare_all(&walk, <const int64_t *> a.data, <const int64_t *> b.data, <uint8_t *> out.data, out.size, op)
    else:
        compare_all(&walk, <const uint8_t *> a.data, <const uint8_t *> b.data, <uint8_t *> out.data, out.size, op)
    relock(state)
    return out


def eq(Array a not None, Array b not None): return compare("eq", a, b, <Eq *> NULL)
def ne(Array a not None, Array b not None): return compare("ne", a, b, <Ne *> NULL)
def lt(Array a not None, Array b not None): return compare("lt", a, b, <Lt *> NULL)
def le(Array a not None, Array b not None): return compare("le", a, b, <Le *> NULL)
def gt(Array a not None, Array b not None): return compare("gt", a, b, <Gt *> NULL)
def ge(Array a not None, Array b not None): return compare("ge", a, b, <Ge *> NULL)


cdef void where_all(const Walk *walk, const uint8_t *condition, const cell *x, const cell *y, cell *out,
                    Py_ssize_t end) noexcept nogil:  # IN walk, condition, x, y OUT out
    cdef Cursor cursor
    cdef Py_ssize_t i, n, first = 0
    cdef Py_ssize_t step = walk.steps[0][0], step_x = walk.steps[1][0], step_y = walk.steps[2][0]
    seek(walk, &cursor, 0)
    while first < end:
        n = row_left(walk, &cursor, end - first)
        for i in range(n):
            out[first + i] = (x[cursor.at[1] + i * step_x] if condition[cursor.at[0] + i * step]
                              else y[cursor.at[2] + i * step_y])
        advance(walk, &cursor, n)
        first += n


def where(Array condition not None, Array a not None, Array b not None):
    need_kind("where", "the condition", condition, BOOL)
    need_same_kind("where", a, b)
    cdef Walk walk
    cdef Array out = plan("where", a.kind, &walk, condition, a, b)
    cdef PyThreadState *state = unlock(out.size)
    cdef const uint8_t *c = <const uint8_t *> condition.data
    if ITEMSIZE[a.kind] == 8:
        where_all(&walk, c, <const uint64_t *> a.data, <const uint64_t *> b.data, <uint64_t *> out.data, out.size)
    elif ITEMSIZE[a.kind] == 4:
        where_all(&walk, c, <const uint32_t *> a.data, <const uint32_t *> b.data, <uint32_t *> out.data, out.size)
    else:
        where_all(&walk, c, <const uint8_t *> a.data, <const uint8_t *> b.data, <uint8_t *> out.data, out.size)
    relock(state)
    return out


cdef Array chosen(str name, Array a, Array b, compare_op *first_wins):
    """Of integers or bools; NaN, which no comparison orders, is for the floats of elementwise.pxi alone."""
    need_same_kind(name, a, b)
    return where(compare(name, a, b, first_wins), a, b)


def maximum(Array a not None, Array b not None):
    if a.kind > FLOAT32:
        return chosen("maximum", a, b, <Ge *> NULL)
    return binary("maximum", a, b, <Maximum *> NULL)


def minimum(Array a not None, Array b not None):
    if a.kind > FLOAT32:
        return chosen("minimum", a, b, <Le *> NULL)
    return binary("minimum", a, b, <Minimum *> NULL)
