# What layer and batch normalisation share: what they are given is checked here.

cdef int need_parameter(str op, str name, Array x, Array parameter) except -1:
    if parameter.ndim != 1 or parameter.size != x.sizes[x.ndim - 1]:
        raise ValueError(f"{op}: the {name} has shape {parameter.shape}, expected {x.shape[x.ndim - 1:]} for x {x.shape}")
    need_same_kind(op, x, parameter)
    return 0


cdef int need_parameters(str op, Array x, Array weight, Array bias, bint matrix) except -1:
    need_float(op, x)
    if x.ndim == 0 or (matrix and x.ndim != 2):
        raise ValueError(f"{op}: expected x of shape {'(N, C)' if matrix else '(..., C)'}, got {x.shape}")
    if weight is not None:
        need_parameter(op, "weight", x, weight)
    if bias is not None:
        need_parameter(op, "bias", x, bias)
    return 0


cdef int need_statistics(str op, Array x, Array dy, Array first, Array second, tuple shape) except -1:
    """What a derivative is given besides x and weight."""
    if not same_sizes(x, dy):
        raise ValueError(f"{op}: shapes {x.shape} and {dy.shape} differ")
    need_same_kind(op, x, dy)
    need_same_kind(op, x, first)
    need_same_kind(op, x, second)
    if first.shape != shape or second.shape != shape:
        raise ValueError(f"{op}: the statistics have shapes {first.shape} and {second.shape}, expected {shape}")
    return 0


cdef inline void *data_or_null(Array a) noexcept:
    return NULL if a is None else a.data
