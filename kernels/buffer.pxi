# Numbers of other programs: Exporter, which lends an array's buffer, and from_buffer, which copies any numbers in.
#
# Design: the format letter says signed, unsigned, float or bool, and the item size says the rest, so the native and the
# standard meaning of a letter ("l" is 4 or 8 bytes) need no table. The numbers may be strided and unaligned: each is
# copied by memcpy, which compilers turn into a plain load.

import sys as _sys
from cpython.buffer cimport PyBUF_RECORDS_RO, PyBuffer_Release, PyObject_GetBuffer


cdef class Exporter:
    """Base class of Tensor: has an `array`, and exports its buffer as if it were its own."""
    cdef public Array array

    def __getbuffer__(self, Py_buffer *view, int flags):
        if self.array is None:
            raise BufferError("no array to export")
        fill_buffer(self.array, view, flags)  # the view refers to the array, which also releases it

    def __releasebuffer__(self, Py_buffer *view):
        """Never called, but numpy.frombuffer keeps a view, and with it the array, only of what has this."""


ctypedef fused foreign:
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t
    uint16_t
    uint32_t
    uint64_t
    float
    double

ctypedef fused own:
    double
    float
    int64_t
    uint8_t


cdef inline float half_precision(uint16_t bits) noexcept nogil:
    """The value of an IEEE 754 binary16."""
    cdef int exponent = (bits >> 10) & 31, fraction = bits & 1023
    cdef float value
    if exponent == 31:
        value = <float> INFINITY if fraction == 0 else <float> NAN
    elif exponent == 0:
        value = fraction * <float> 2.0 ** -24
    else:
        value = (1024 + fraction) * <float> (<uint32_t> 1 << exponent) * <float> 2.0 ** -25
    return -value if bits >> 15 else value


cdef inline void read_row(const char *p, Py_ssize_t step, own *out, Py_ssize_t n, foreign *kind,
                          int mode) noexcept nogil:
    """Convert n numbers that lie `step` bytes apart. Mode 'e' reads 16 bits as half precision, '?' as truth."""
    cdef foreign value
    cdef Py_ssize_t i
    for i in range(n):
        memcpy(&value, p + i * step, sizeof(foreign))
        if foreign is uint16_t and own is float:
            out[i] = half_precision(value) if mode == c'e' else <own> value
        elif own is uint8_t:
            out[i] = value != 0
        else:
            out[i] = <own> value


cdef void read_buffer_row(const char *p, Py_ssize_t step, Array out, Py_ssize_t at, Py_ssize_t n, int mode,
                          Py_ssize_t itemsize) noexcept:
    """One row of a kind that buffer_kind() names into out, from position `at` on."""
    if mode == c'f':
        if itemsize == 8: read_row(p, step, <double *> out.data + at, n, <double *> NULL, mode)
        elif itemsize == 4: read_row(p, step, <float *> out.data + at, n, <float *> NULL, mode)
        else: read_row(p, step, <float *> out.data + at, n, <uint16_t *> NULL, c'e')
    elif mode == c'?': read_row(p, step, <uint8_t *> out.data + at, n, <uint8_t *> NULL, mode)
    elif mode == c'i':
        if itemsize == 8: read_row(p, step, <int64_t *> out.data + at, n, <int64_t *> NULL, mode)
        elif itemsize == 4: read_row(p, step, <int64_t *> out.data + at, n, <int32_t *> NULL, mode)
        elif itemsize == 2: read_row(p, step, <int64_t *> out.data + at, n, <int16_t *> NULL, mode)
        else: read_row(p, step, <int64_t *> out.data + at, n, <int8_t *> NULL, mode)
    else:
        if itemsize == 8: read_row(p, step, <int64_t *> out.data + at, n, <uint64_t *> NULL, mode)
        elif itemsize == 4: read_row(p, step, <int64_t *> out.data + at, n, <uint32_t *> NULL, mode)
        elif itemsize == 2: read_row(p, step, <int64_t *> out.data + at, n, <uint16_t *> NULL, mode)
        else: read_row(p, step, <int64_t *> out.data + at, n, <uint8_t *> NULL, mode)


cdef tuple buffer_kind(Py_buffer *view):
    """(mode, kind) of a buffer's numbers: mode is 'f' float, 'i' signed, 'u' unsigned or '?'."""
    cdef str text = (<bytes> view.format).decode("latin-1") if view.format != NULL else "B"
    cdef str letter = text
    cdef str native = "@=<" if _sys.byteorder == "little" else "@=>!"
    if len(text) == 2 and (text[0] in native or view.itemsize == 1):
        letter = text[1]
    # An item of 0 bytes: how Python 3.8's ctypes describes an array without any.
    if letter in ("d", "f", "e") and view.itemsize in (0, 2, 4, 8):
        return c'f', FLOAT64 if letter == "d" else FLOAT32
    if letter in ("b", "h", "i", "l", "q", "n") and view.itemsize in (0, 1, 2, 4, 8):
        return c'i', INT64
    if letter in ("B", "H", "I", "L", "Q", "N") and view.itemsize in (0, 1, 2, 4, 8):
        return c'u', INT64
    if letter == "?" and view.itemsize == 1:
        return c'?', BOOL
    raise TypeError(f"from_buffer: format {text!r} is not supported; "
                    "give C integers, floats or bools in native byte order")


def from_buffer(obj):
    """Copy any buffer of numbers: floats keep their width (half precision widens), integers become int64."""
    cdef Py_buffer view
    cdef Array out
    PyObject_GetBuffer(obj, &view, PyBUF_RECORDS_RO)
    try:
        mode, kind = buffer_kind(&view)
        out = new_array("from_buffer", kind, view.shape, view.ndim)
        if out.size > 0:
            read_all(&view, out, mode)
        if mode == c'u' and view.itemsize == 8:
            need_no_wrap(out)
        return out
    finally:
        PyBuffer_Release(&view)


cdef void read_all(Py_buffer *view, Array out, int mode) noexcept:
    """Walk the rows of a strided buffer in C order."""
    cdef Py_ssize_t index[MAX_DIMS]
    cdef Py_ssize_t steps[MAX_DIMS]  # in bytes; ctypes gives no strides for what is in C order
    cdef Py_ssize_t n = 1, step = 0, at = 0
    cdef int last = view.ndim - 1, axis
    cdef const char *p = <const char *> view.buf
    for axis in range(last, -1, -1):
        if view.strides != NULL:
            steps[axis] = view.strides[axis]
        else:
            steps[axis] = view.itemsize if axis == last else steps[axis + 1] * view.shape[axis + 1]
    if last >= 0:
        n = view.shape[last]
        step = steps[last]
    memset(index, 0, sizeof(index))
    while at < out.size:
        read_buffer_row(p, step, out, at, n, mode, view.itemsize)
        at += n
        axis = last - 1
        while axis >= 0:
            index[axis] += 1
            p += steps[axis]
            if index[axis] < view.shape[axis]:
                break
            p -= index[axis] * steps[axis]
            index[axis] = 0
            axis -= 1


cdef int need_no_wrap(Array a) except -1:
    cdef Py_ssize_t i
    for i in range(a.size):
        if (<int64_t *> a.data)[i] < 0:
            raise OverflowError(f"from_buffer: {(<uint64_t *> a.data)[i]} at position {i} is too large for int64")
    return 0
