# Making arrays from Python numbers, and from other dtypes.
#
# Design: a number enters only if the dtype can hold it. float32 rounds, as everywhere. NaN, infinities and floats
# beyond the integers cannot become int64; the error says where the first of them is.

ctypedef fused from_type:
    double
    float
    int64_t
    uint8_t


cdef int store_number(Array out, Py_ssize_t i, object value) except -1:
    if out.kind == FLOAT64:
        (<double *> out.data)[i] = value
    elif out.kind == FLOAT32:
        (<float *> out.data)[i] = <float> <double> value
    elif out.kind == INT64:
        (<int64_t *> out.data)[i] = value.__index__()
    else:
        (<uint8_t *> out.data)[i] = 1 if value else 0
    return 0


cdef object refusal(str op, Array out, object value, object error):
    """The error for a value that the dtype cannot hold."""
    if isinstance(error, OverflowError):
        return OverflowError(f"{op}: a number is too large for {out.dtype}")
    return TypeError(f"{op}: a {type(value).__name__} cannot be stored as {out.dtype}")


def from_list(flat, shape, dtype):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = read_shape("from_list", shape, sizes)
    cdef list values = flat if type(flat) is list else list(flat)
    cdef Py_ssize_t i
    cdef Array out = new_array("from_list", kind_of("from_list", dtype), sizes, ndim)
    if len(values) != out.size:
        raise ValueError(f"from_list: shape {out.shape} needs {out.size} numbers, but {len(values)} were given")
    i = 0
    try:
        for i in range(out.size):
            store_number(out, i, values[i])
    except (TypeError, AttributeError, OverflowError) as error:
        raise refusal("from_list", out, values[i], error) from None
    return out


cdef void repeat_first(cell *out, Py_ssize_t n) noexcept nogil:  # IN/OUT out
    """Repeat the first number n times."""
    cdef Py_ssize_t i
    cdef cell first = out[0]
    for i in range(n):
        out[i] = first


def full(shape, value, dtype):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = read_shape("full", shape, sizes)
    cdef Array out = new_array("full", kind_of("full", dtype), sizes, ndim)
    if out.kind == INT64 and isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        store_number(out, 0, value)  # even an empty array has room for one
    except (TypeError, AttributeError, OverflowError) as error:
        raise refusal("full", out, value, error) from None
    cdef PyThreadState *state = release_gil(out.size)
    if ITEMSIZE[out.kind] == 8:
        repeat_first(<uint64_t *> out.data, out.size)
    elif ITEMSIZE[out.kind] == 4:
        repeat_first(<uint32_t *> out.data, out.size)
    else:
        repeat_first(<uint8_t *> out.data, out.size)
    retake_gil(state)
    return out


cdef Py_ssize_t cast_row(const from_type *x, own *out, Py_ssize_t n) noexcept nogil:
    """Convert n numbers; returns the position of the first that does not fit, or -1."""
    cdef Py_ssize_t i
    for i in range(n):
        if own is uint8_t:
            out[i] = x[i] != 0
        elif own is int64_t and (from_type is double or from_type is float):
            if not (x[i] >= -9223372036854775808.0 and x[i] < 9223372036854775808.0):
                return i
            out[i] = <own> x[i]
        else:
            out[i] = <own> x[i]
    return -1


cdef Py_ssize_t cast_from(const from_type *x, Array out) noexcept:
    if out.kind == FLOAT64:
        return cast_row(x, <double *> out.data, out.size)
    if out.kind == FLOAT32:
        return cast_row(x, <float *> out.data, out.size)
    if out.kind == INT64:
        return cast_row(x, <int64_t *> out.data, out.size)
    return cast_row(x, <uint8_t *> out.data, out.size)


def cast(Array a not None, dtype):
    cdef Array out = new_like(a, kind_of("cast", dtype))
    cdef Py_ssize_t bad
    if a.kind == FLOAT64:
        bad = cast_from(<const double *> a.data, out)
    elif a.kind == FLOAT32:
        bad = cast_from(<const float *> a.data, out)
    elif a.kind == INT64:
        bad = cast_from(<const int64_t *> a.data, out)
    else:
        bad = cast_from(<const uint8_t *> a.data, out)
    if bad >= 0:
        raise ValueError(f"cast: {element(a, bad)} at position {bad} has no {dtype} value")
    return out
