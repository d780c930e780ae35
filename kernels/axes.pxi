# The axes that a reduction goes along, as a person gives them: checked, and as bits.

cdef uint64_t read_dims(str op, Array a, object dims) except? 0xFFFFFFFFFFFFFFFF:
    """The axes to reduce as bits."""
    cdef uint64_t marked = 0
    cdef int axis
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"{op}: dims is a tuple of axes, not {type(dims).__name__}")
    for dim in dims:
        axis = need_axis(op, a, dim)
        if marked >> axis & 1:
            raise ValueError(f"{op}: dims {tuple(dims)} name an axis twice")
        marked |= <uint64_t> 1 << axis
    return marked


cdef int kept_sizes(Array a, uint64_t marked, bint keepdim, Py_ssize_t *sizes):
    """The result's sizes; returns its number of dimensions."""
    cdef int axis, ndim = 0
    for axis in range(a.ndim):
        if not marked >> axis & 1:
            sizes[ndim] = a.sizes[axis]
            ndim += 1
        elif keepdim:
            sizes[ndim] = 1
            ndim += 1
    return ndim


cdef int need_elements(str op, Array a, uint64_t marked, object dims) except -1:
    cdef int axis
    for axis in range(a.ndim):
        if marked >> axis & 1 and a.sizes[axis] == 0:
            raise ValueError(f"{op}: cannot reduce zero elements over dims {tuple(dims)} of shape {a.shape}")
    return 0


cdef Array as_rows(Array a, uint64_t marked, object dims):
    """(kept, reduced): the axes to reduce come last, in their order; a copy where they do not already."""
    cdef list order = [axis for axis in range(a.ndim) if not marked >> <int> axis & 1] + sorted(dims)
    return a if order == list(range(a.ndim)) else transpose(a, order)
