# Packing: parts of an operand of a product, copied to where a tile reads them in order (pack.h).

cdef extern from "pack.h" nogil:
    void pack_d "saitama_pack_d"(const double *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes,
                                 Py_ssize_t k, double *out, Py_ssize_t width)
    void pack_f "saitama_pack_f"(const float *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes,
                                 Py_ssize_t k, float *out, Py_ssize_t width)
    void pack_groups_d "saitama_pack_groups_d"(const double *x, Py_ssize_t next_lane, Py_ssize_t next_k,
                                               Py_ssize_t lanes, Py_ssize_t k, double *out, Py_ssize_t width)
    void pack_groups_f "saitama_pack_groups_f"(const float *x, Py_ssize_t next_lane, Py_ssize_t next_k,
                                               Py_ssize_t lanes, Py_ssize_t k, float *out, Py_ssize_t width)
    void pack_panels_d "saitama_pack_panels_d"(const double *b, Py_ssize_t next_column, Py_ssize_t next_k,
                                               Py_ssize_t n, Py_ssize_t k, double *out)
    void pack_panels_f "saitama_pack_panels_f"(const float *b, Py_ssize_t next_column, Py_ssize_t next_k,
                                               Py_ssize_t n, Py_ssize_t k, float *out)


cdef inline void pack(const real *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k,
                      real *out, Py_ssize_t width) noexcept nogil:
    """`lanes` rows of a or columns of b, of k numbers each, as (k, width), with zeros in the lanes that are missing."""
    if real is double:
        pack_d(x, next_lane, next_k, lanes, k, out, width)
    else:
        pack_f(x, next_lane, next_k, lanes, k, out, width)


cdef inline void pack_groups(const real *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k,
                             real *out, Py_ssize_t width) noexcept nogil:
    """Tiles of rows of a, or panels of b: `width` lanes each, one behind the other."""
    if real is double:
        pack_groups_d(x, next_lane, next_k, lanes, k, out, width)
    else:
        pack_groups_f(x, next_lane, next_k, lanes, k, out, width)


cdef inline void pack_panels(const real *b, Py_ssize_t next_column, Py_ssize_t next_k, Py_ssize_t n, Py_ssize_t k,
                             real *out) noexcept nogil:
    """b (k, n) with any strides as panels, each as wide as its tile: that of column j begins at out + j * k."""
    if real is double:
        pack_panels_d(b, next_column, next_k, n, k, out)
    else:
        pack_panels_f(b, next_column, next_k, n, k, out)
