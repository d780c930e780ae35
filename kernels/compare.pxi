# Comparisons, which give bool; where, which chooses by one; and the larger or smaller of two.
#
# Design: as in elementwise.pxi, with four dtypes for the operands. `where` only moves numbers, so it needs to know how
# many bytes they have and nothing else.

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
                             Py_ssize_t n, compare_op *op) noexcept nogil:
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
                      compare_op *op) noexcept nogil:
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
    cdef Array out = plan_walk(name, BOOL, &walk, a, b)
    cdef PyThreadState *state = release_gil(out.size)
    if a.kind == FLOAT64:
        compare_all(&walk, <const double *> a.data, <const double *> b.data, <uint8_t *> out.data, out.size, op)
    elif a.kind == FLOAT32:
        compare_all(&walk, <const float *> a.data, <const float *> b.data, <uint8_t *> out.data, out.size, op)
    elif a.kind == INT64:
        compare_all(&walk, <const int64_t *> a.data, <const int64_t *> b.data, <uint8_t *> out.data, out.size, op)
    else:
        compare_all(&walk, <const uint8_t *> a.data, <const uint8_t *> b.data, <uint8_t *> out.data, out.size, op)
    retake_gil(state)
    return out


def eq(Array a not None, Array b not None): return compare("eq", a, b, <Eq *> NULL)
def ne(Array a not None, Array b not None): return compare("ne", a, b, <Ne *> NULL)
def lt(Array a not None, Array b not None): return compare("lt", a, b, <Lt *> NULL)
def le(Array a not None, Array b not None): return compare("le", a, b, <Le *> NULL)
def gt(Array a not None, Array b not None): return compare("gt", a, b, <Gt *> NULL)
def ge(Array a not None, Array b not None): return compare("ge", a, b, <Ge *> NULL)


cdef void where_all(const Walk *walk, const uint8_t *condition, const cell *x, const cell *y, cell *out,
                    Py_ssize_t end) noexcept nogil:
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
    cdef Array out = plan_walk("where", a.kind, &walk, condition, a, b)
    cdef PyThreadState *state = release_gil(out.size)
    cdef const uint8_t *c = <const uint8_t *> condition.data
    if ITEMSIZE[a.kind] == 8:
        where_all(&walk, c, <const uint64_t *> a.data, <const uint64_t *> b.data, <uint64_t *> out.data, out.size)
    elif ITEMSIZE[a.kind] == 4:
        where_all(&walk, c, <const uint32_t *> a.data, <const uint32_t *> b.data, <uint32_t *> out.data, out.size)
    else:
        where_all(&walk, c, <const uint8_t *> a.data, <const uint8_t *> b.data, <uint8_t *> out.data, out.size)
    retake_gil(state)
    return out


cdef Array choose_by(str name, Array a, Array b, compare_op *first_wins):
    """Of integers or bools; NaN, which no comparison orders, is for the floats of elementwise.pxi alone."""
    need_same_kind(name, a, b)
    return where(compare(name, a, b, first_wins), a, b)


def maximum(Array a not None, Array b not None):
    if a.kind > FLOAT32:
        return choose_by("maximum", a, b, <Ge *> NULL)
    return binary("maximum", a, b, <Maximum *> NULL)


def minimum(Array a not None, Array b not None):
    if a.kind > FLOAT32:
        return choose_by("minimum", a, b, <Le *> NULL)
    return binary("minimum", a, b, <Minimum *> NULL)
