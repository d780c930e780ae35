# Packing: parts of an operand of matmul, copied to where a tile reads them in order.
#
# Design: lanes are rows of a or columns of b. What a tile reads at one step along k, a number of each of its lanes, is
# put side by side: (k, width). A copy follows the lines of memory. Where lanes lie side by side it goes through all
# groups of lanes step by step: a row of 24 numbers alone is three lines, and the next row is in another page, which
# the processor does not fetch ahead. Where each lane is a line of its own, it goes PACK_LANES lanes at a time, as
# lines that are a power of two apart compete for the same few places of a cache.

cdef enum:
    PACK_LANES = 8  # that are packed side by side


cdef void pack(const real *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k, real *out,
               Py_ssize_t width) noexcept nogil:
    """`lanes` rows of a or columns of b, of k numbers each, as (k, width), with zeros in the lanes that are missing."""
    cdef Py_ssize_t p, lane
    if lanes < width:
        memset(out, 0, k * width * sizeof(real))
    if next_lane == 1:
        for p in range(k):
            memcpy(out + p * width, x + p * next_k, lanes * sizeof(real))
        return
    while lanes >= PACK_LANES:
        for p in range(k):
            for lane in range(PACK_LANES):
                out[p * width + lane] = x[p * next_k + lane * next_lane]
        x += PACK_LANES * next_lane
        out += PACK_LANES
        lanes -= PACK_LANES
    for p in range(k):
        for lane in range(lanes):
            out[p * width + lane] = x[p * next_k + lane * next_lane]


cdef void pack_groups(const real *x, Py_ssize_t next_lane, Py_ssize_t next_k, Py_ssize_t lanes, Py_ssize_t k,
                      real *out, Py_ssize_t width) noexcept nogil:
    """Tiles of rows of a, or panels of b: `width` lanes each, one behind the other."""
    cdef Py_ssize_t whole = lanes // width * width if next_lane == 1 else 0, p, i
    for p in range(k if whole else 0):  # along the lines of memory, through all groups
        for i from 0 <= i < whole by width:
            memcpy(out + i * k + p * width, x + p * next_k + i, width * sizeof(real))
    for i from whole <= i < lanes by width:
        pack(x + i * next_lane, next_lane, next_k, at_most(lanes - i, width), k, out + i * k, width)


cdef void pack_panels(const real *b, Py_ssize_t next_column, Py_ssize_t next_k, Py_ssize_t n, Py_ssize_t k,
                      real *out) noexcept nogil:
    """b (k, n) with any strides as panels, each as wide as its tile: that of column j begins at out + j * k."""
    cdef Py_ssize_t wide = TILE_VECTORS * tile_lanes(out), j = 0, width
    while n - j >= wide and tile_vectors(n - j, out) == TILE_VECTORS:
        j += wide
    pack_groups(b, next_column, next_k, j, k, out, wide)
    while j < n:
        width = tile_vectors(n - j, out) * tile_lanes(out)
        pack(b + j * next_column, next_column, next_k, at_most(n - j, width), k, out + j * k, width)
        j += width
