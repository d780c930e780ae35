# Recurrent layers: what the kernels of the three cells share.
#
# Design: no row of a batch depends on another, so a thread takes its rows through all time steps and waits for nobody.
# Most of the time goes into the product with W_hh, the same at every step: W_hh is packed once, into panels of columns,
# and the sums of a few rows with a panel stay in registers. Each number is one chain of multiply-adds in the order of
# k, however the rows are shared out, so threads do not change a bit. What does not depend on the step before stays
# outside, as one product for all steps: the inputs' part of the gates before, the gradient of W_hh after. Each loop
# over a row writes to one array only: with more, compilers cannot tell that they do not overlap.

cdef enum:
    RECURRENT_DEPTH = 128  # steps along k at a time: then a panel fits the first cache

cdef struct RecurrentSteps:  # one layer, T time steps; each cell uses what it needs
    Py_ssize_t T, B, H  # steps, rows of the batch, hidden units
    Py_ssize_t gates  # G: blocks of H in a, and of rows in W_hh
    const void *a  # (T, B, G H)  W_ih x + b of every step
    const void *weights  # (G H, H)  W_hh
    void *panels  # W_hh, packed
    const void *b  # (G H,)
    const void *h  # (B, H)  the first state, and its cell
    const void *c
    void *y  # (T, B, H) h of every step; the LSTM's (T, 2, B, H) h and c
    void *kept  # (T, B, ...) gates of every step
    const void *dy  # the gradient that arrives at y
    void *da  # (T, B, G H) the gradients that go on
    void *du
    void *dh  # (B, H)
    void *dc
    Py_ssize_t together  # rows of a task


cdef void step_product(const real *start, Py_ssize_t row_start, const real *x, Py_ssize_t row_x, const real *panels,
                       Py_ssize_t rows, Py_ssize_t k, real *out, Py_ssize_t row,
                       Py_ssize_t n) noexcept nogil:
    """out (rows, n) = start + x (rows, k) @ W. Rows of start, x and out lie `row_...` apart; start may be out."""
    cdef Py_ssize_t left = 0, width, done
    cdef const real *begin
    cdef Tile tile
    tile.row_a, tile.step_a, tile.row_out = row_x, 1, row
    while left < n:
        tile.vectors = tile_vectors(n - left, out)
        tile.row_b = width = tile.vectors * tile_lanes(out)
        for done from 0 <= done < k by RECURRENT_DEPTH:
            tile.k = at_most(k - done, RECURRENT_DEPTH)
            begin, tile.row_begin = start, row_start
            if done > 0:
                begin, tile.row_begin = out, row
            multiply_panel(&tile, begin + left, x + done, row_x, panels + done * width,
                           no_bias(out), out + left, rows, at_most(n - left, width))
        panels += k * width
        left += width


cdef inline void activate_row(real *x, Py_ssize_t n, unary_op *op) noexcept nogil:  # IN/OUT x
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = unary_value(x[i], False, op)


# --- sharing the rows out ---------------------------------------------------------------------------------------------
cdef inline Py_ssize_t rows_of_task(const RecurrentSteps *s, Py_ssize_t task) noexcept nogil:
    """How many rows of the batch a task takes through all time steps, from row task * s.together on."""
    return at_most(s.B - task * s.together, s.together)


cdef void pack_weights(const RecurrentSteps *s, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t n = s.gates * s.H
    if s.dy == NULL:
        pack_panels(<const real *> s.weights, s.H, 1, n, s.H, <real *> s.panels)  # W^T (H, G H)
    else:
        pack_panels(<const real *> s.weights, 1, s.H, s.H, n, <real *> s.panels)  # W (G H, H)


cdef int through_time(RecurrentSteps *s, Array W, Task of_doubles, Task of_floats) except -1:
    """Pack W_hh (G H, H), and take all rows through all steps; backwards if a gradient dy is there."""
    cdef Py_ssize_t n = s.gates * s.H, k = s.H
    cdef double ns = <double> s.T * s.B * n * (s.H / 40.0 + 1)
    cdef int workers = threads_for(ns)
    if s.dy != NULL:
        n, k = k, n
    s.weights = W.data
    s.panels = take_block(round_up(n, TILE_VECTOR_BYTES // ITEMSIZE[W.kind]) * k * ITEMSIZE[W.kind])
    run_once(W.kind, <Task> pack_weights[double], <Task> pack_weights[float], s)
    s.together = round_up(parts_of(s.B, workers), TILE_ROWS)
    if s.B > 0:
        perform(W.kind, of_doubles, of_floats, s, parts_of(s.B, s.together), workers, ns)
    drop_block(s.panels)
    return 0


# --- checks -----------------------------------------------------------------------------------------------------------
cdef int need_sizes(str op, str what, Array given, Array like, tuple shape) except -1:
    need_same_kind(op, like, given)
    if given.shape != shape:
        raise ValueError(f"{op}: {what} has shape {given.shape}, expected {shape}")
    return 0


cdef int plan_steps(str op, RecurrentSteps *s, str what, Array given, int blocks, Array W, int gates) except -1:
    """The sizes, from an array (T, B, blocks H) and W_hh (gates H, H)."""
    need_float(op, given)
    need_same_kind(op, given, W)
    if W.ndim != 2 or W.sizes[0] != gates * W.sizes[1]:
        raise ValueError(f"{op}: W_hh has shape {W.shape}, expected ({'' if gates == 1 else f'{gates} '}H, H)")
    memset(s, 0, sizeof(RecurrentSteps))
    s.H, s.gates = W.sizes[1], gates
    if given.ndim != 3 or given.sizes[2] != blocks * s.H:
        raise ValueError(f"{op}: {what} has shape {given.shape}, expected (T, B, {blocks * s.H}) for W_hh {W.shape}")
    s.T, s.B = given.sizes[0], given.sizes[1]
    return 0


cdef Array zeros_of(str op, RecurrentSteps *s, int kind):
    """A running gradient (B, H): zero after the last step."""
    cdef Py_ssize_t[2] sizes = [s.B, s.H]
    cdef Array out = new_array(op, kind, sizes, 2)
    memset(out.data, 0, out.size * ITEMSIZE[kind])
    return out
