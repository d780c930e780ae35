# One-liners that many files use.

cdef extern from "tile.h" nogil:
    double fused_multiply_add "SAITAMA_FMA"(double x, double y, double z)
    float fused_multiply_add_f "SAITAMA_FMAF"(float x, float y, float z)


cdef inline real fma(real x, real y, real z) noexcept nogil:
    """x y + z, rounded once where the machine can."""
    if real is double:
        return fused_multiply_add(x, y, z)
    else:
        return fused_multiply_add_f(x, y, z)


cdef inline Py_ssize_t at_most(Py_ssize_t n, Py_ssize_t limit) noexcept nogil:
    return n if n < limit else limit


cdef inline Py_ssize_t at_least(Py_ssize_t n, Py_ssize_t limit) noexcept nogil:
    return n if n > limit else limit


cdef inline Py_ssize_t parts_of(Py_ssize_t n, Py_ssize_t size) noexcept nogil:
    """How many parts of `size` it takes for n; the last may be smaller."""
    return (n + size - 1) // size


cdef inline Py_ssize_t round_up(Py_ssize_t n, Py_ssize_t width) noexcept nogil:
    """The next multiple of `width`."""
    return parts_of(n, width) * width
