# Array: numbers in a row, and the shape that says how to read them.
#
# Design: an array is always dense and C-contiguous, so its shape is the whole layout. The shape is kept twice, as a
# tuple for Python and as C numbers for the loops. An array refers to no Python object but that tuple, so the garbage
# collector need not track it, and a free list of Array objects makes a small operation about as cheap as one on a
# float.

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    MAX_DIMS = 32
    BUFFER_FORTRAN_ORDER = 0x40  # the bit that PyBUF_F_CONTIGUOUS adds to PyBUF_STRIDES

MAX_NDIM = MAX_DIMS

cdef enum Kind:
    FLOAT64
    FLOAT32
    INT64
    BOOL

cdef Py_ssize_t[4] ITEMSIZE = [8, 4, 8, 1]
cdef bytes BUFFER_FORMATS = b"d\0f\0q\0?\0"  # one C string for each kind
cdef tuple DTYPES = ("float64", "float32", "int64", "bool")
cdef dict KINDS = {dtype: kind for kind, dtype in enumerate(DTYPES)}


@cython.final
@cython.no_gc
@cython.freelist(128)
cdef class Array:
    cdef void *data
    cdef readonly tuple shape
    cdef readonly Py_ssize_t size
    cdef readonly int ndim
    cdef int kind
    cdef Py_ssize_t sizes[MAX_DIMS]

    def __init__(self):
        raise TypeError("an Array is made by from_list, from_buffer, full or another kernel")

    def __dealloc__(self):
        if self.data != NULL:
            drop_block(self.data)

    @property
    def dtype(self):
        return DTYPES[self.kind]

    def item(self):
        if self.size != 1:
            raise ValueError(f"item: shape {self.shape} has {self.size} elements; only a single one can become "
                             "a number")
        return element(self, 0)

    def tolist(self):
        cdef Py_ssize_t position = 0
        return nested_lists(self, 0, &position)

    def reshape(self, shape):
        return reshape(self, shape)

    def __repr__(self):
        return f"Array(shape={self.shape}, dtype={self.dtype!r})"

    def __getbuffer__(self, Py_buffer *view, int flags):
        fill_buffer(self, view, flags)

    def __releasebuffer__(self, Py_buffer *view):
        PyMem_Free(view.internal)


cdef object element(Array a, Py_ssize_t i):
    if a.kind == FLOAT64:
        return (<double *> a.data)[i]
    if a.kind == FLOAT32:
        return <double> (<float *> a.data)[i]
    if a.kind == INT64:
        return (<int64_t *> a.data)[i]
    return (<uint8_t *> a.data)[i] != 0


cdef object nested_lists(Array a, int axis, Py_ssize_t *position):  # IN/OUT position
    """The part of the array from `position` on, as lists from this axis on."""
    cdef Py_ssize_t i
    if axis == a.ndim:
        position[0] += 1
        return element(a, position[0] - 1)
    return [nested_lists(a, axis + 1, position) for i in range(a.sizes[axis])]


cdef tuple shape_tuple(const Py_ssize_t *sizes, int ndim):
    cdef tuple shape = PyTuple_New(ndim)
    cdef object size
    cdef int axis
    for axis in range(ndim):
        size = sizes[axis]
        Py_INCREF(size)  # for the tuple, which takes a reference over
        PyTuple_SET_ITEM(shape, axis, size)
    return shape


cdef int read_shape(str op, object shape, Py_ssize_t *sizes, Py_ssize_t smallest=0) except -1:
    """Check a shape from Python, write it to `sizes`, and return its number of dimensions."""
    cdef int axis = 0
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{op}: a shape is a tuple of sizes, not {type(shape).__name__}")
    shape = tuple(shape)  # a subclass may give another number of sizes than its len
    if len(shape) > MAX_DIMS:
        raise ValueError(f"{op}: {len(shape)} dimensions; at most {MAX_DIMS} are possible")
    for size in shape:
        try:
            sizes[axis] = size
        except TypeError:
            raise TypeError(f"{op}: shape {shape}: a size is a whole number, not {type(size).__name__}") from None
        except OverflowError:
            raise ValueError(f"{op}: shape {shape} has more elements than memory can address") from None
        if sizes[axis] < smallest:
            raise ValueError(f"{op}: shape {shape}: a size cannot be negative")
        axis += 1
    return axis


cdef Array new_array(str op, int kind, const Py_ssize_t *sizes, int ndim, tuple shape=None):
    """An array whose numbers are still undefined. ValueError where the sizes other than 0 are more than memory has."""
    cdef Array a = Array.__new__(Array)
    cdef Py_ssize_t count = 1, most = PY_SSIZE_T_MAX // 64
    cdef bint empty = False
    cdef int axis
    if ndim > MAX_DIMS:
        raise ValueError(f"{op}: {ndim} dimensions; at most {MAX_DIMS} are possible")
    for axis in range(ndim):
        a.sizes[axis] = sizes[axis]
        if sizes[axis] == 0:
            empty = True
        elif count > most // sizes[axis]:
            raise ValueError(f"{op}: shape {shape_tuple(sizes, ndim)} has more elements than memory can address")
        else:
            count *= sizes[axis]
    a.shape = shape_tuple(sizes, ndim) if shape is None else shape
    a.ndim = ndim
    a.size = 0 if empty else count
    a.kind = kind
    a.data = take_block(a.size * ITEMSIZE[kind])
    return a


cdef Array new_like(Array a, int kind):
    """An array of a's shape whose numbers are still undefined."""
    cdef Array out = Array.__new__(Array)
    cdef int axis
    for axis in range(a.ndim):
        out.sizes[axis] = a.sizes[axis]
    out.shape = a.shape
    out.ndim = a.ndim
    out.size = a.size
    out.kind = kind
    out.data = take_block(a.size * ITEMSIZE[kind])
    return out


cdef Array share_memory(Array a, const Py_ssize_t *sizes, int ndim):
    """The same numbers under another shape of as many elements."""
    cdef Array out = Array.__new__(Array)
    cdef int axis
    for axis in range(ndim):
        out.sizes[axis] = sizes[axis]
    out.shape = shape_tuple(sizes, ndim)
    out.ndim = ndim
    out.size = a.size
    out.kind = a.kind
    block_of(a.data).users += 1
    out.data = a.data
    return out


cdef inline bint same_sizes(Array a, Array b) noexcept:
    return a.ndim == b.ndim and (a.shape is b.shape
                                 or memcmp(a.sizes, b.sizes, a.ndim * sizeof(Py_ssize_t)) == 0)


cdef inline Py_ssize_t element_count(const Py_ssize_t *sizes, int first, int last) noexcept:
    """The product of sizes[first:last]."""
    cdef Py_ssize_t count = 1
    cdef int axis
    for axis in range(first, last):
        count *= sizes[axis]
    return count


cdef Array reshape(Array a, object shape):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef Py_ssize_t known = 1
    cdef int ndim = read_shape("reshape", shape, sizes, -1), axis, free_axis = -1
    for axis in range(ndim):
        if sizes[axis] < 0:
            if free_axis >= 0:
                raise ValueError(f"reshape: shape {tuple(shape)}: only one size can be -1")
            free_axis = axis
        elif sizes[axis] != 0 and known > PY_SSIZE_T_MAX // sizes[axis]:
            raise ValueError(f"reshape: shape {tuple(shape)} has more elements than memory can address")
        else:
            known *= sizes[axis]
    if free_axis >= 0:
        if known == 0 or a.size % known != 0:
            raise ValueError(f"reshape: {a.shape} has {a.size} elements, from which no size for -1 in {tuple(shape)} "
                             "follows")
        sizes[free_axis] = a.size // known
    elif known != a.size:
        raise ValueError(f"reshape: {a.shape} has {a.size} elements, but {tuple(shape)} needs {known}")
    if ndim == a.ndim and memcmp(sizes, a.sizes, ndim * sizeof(Py_ssize_t)) == 0:
        return a
    return share_memory(a, sizes, ndim)


cdef int kind_of(str op, object dtype) except -1:
    kind = KINDS.get(dtype) if isinstance(dtype, str) else None
    if kind is None:
        raise TypeError(f"{op}: unknown dtype {dtype!r}; there are {', '.join(DTYPES)}")
    return kind


cdef int need_float(str op, Array a) except -1:
    if a.kind > FLOAT32:
        raise TypeError(f"{op}: needs float64 or float32, not {a.dtype}; convert it with .to(dtype)")
    return 0


cdef int need_same_kind(str op, Array a, Array b) except -1:
    if a.kind != b.kind:
        raise TypeError(f"{op}: dtypes {a.dtype} and {b.dtype} differ; convert one with .to(dtype)")
    return 0


cdef int need_kind(str op, str what, Array a, int kind) except -1:
    if a.kind != kind:
        raise TypeError(f"{op}: {what} must be {DTYPES[kind]}, not {a.dtype}")
    return 0


cdef int need_axis(str op, Array a, object dim) except -1:
    """A non-negative axis of a."""
    cdef Py_ssize_t axis
    try:
        axis = dim
    except OverflowError:
        axis = -1
    if axis < 0 or axis >= a.ndim:
        raise IndexError(f"{op}: there is no axis {dim} in shape {a.shape}")
    return <int> axis


cdef inline void *data_or_null(Array a) noexcept:
    return NULL if a is None else a.data


# --- its numbers as a buffer ------------------------------------------------------------------------------------------
cdef int fill_buffer(Array a, Py_buffer *view, int flags) except -1:
    cdef Py_ssize_t *strides
    cdef int axis
    if flags & BUFFER_FORTRAN_ORDER and a.ndim > 1:
        raise BufferError("an Array is in C order; Fortran order was asked for")
    strides = <Py_ssize_t *> PyMem_Malloc(MAX_DIMS * sizeof(Py_ssize_t))
    if strides == NULL:
        raise MemoryError()
    view.itemsize = ITEMSIZE[a.kind]
    for axis in range(a.ndim - 1, -1, -1):
        strides[axis] = view.itemsize if axis == a.ndim - 1 else strides[axis + 1] * a.sizes[axis + 1]
    view.buf = a.data
    view.len = a.size * view.itemsize
    view.ndim = a.ndim
    view.format = <char *> BUFFER_FORMATS + 2 * a.kind if flags & PyBUF_FORMAT else NULL
    view.shape = a.sizes if flags & PyBUF_ND else NULL
    view.strides = strides if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
    view.suboffsets = NULL
    view.readonly = 0
    view.internal = strides
    view.obj = a
    return 0
