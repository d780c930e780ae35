# Recurrent layers: what the kernels of the three cells share.
#
# Design: no row of a batch depends on another, so a thread takes its rows through all time steps and waits for nobody.
# Most of the time goes into the product with W_hh, the same at every step: W_hh is packed once, into panels of columns,
# and the sums of a few rows with a panel stay in registers. Each number is one chain of multiply-adds in the order of
# k, however the rows are shared out, so threads do not change a bit. What does not depend on the step before stays
# outside, as one product for all steps: the inputs' part of the gates before, the gradient of W_hh after. Each loop
# over a row writes to one array only: with more, compilers cannot tell that they do not overlap.

cdef extern from *:
    """
    #if defined(__AVX512F__)
    #define SAITAMA_RECURRENT_ROWS 4 /* 4 x 4 of the 32 vectors hold the sums */
    #define SAITAMA_RECURRENT_BYTES 256 /* bytes */
    #elif defined(__AVX__) || defined(__ARM_NEON)
    #define SAITAMA_RECURRENT_ROWS 2 /* 2 x 6 of 16, 2 x 12 of 32 */
    #define SAITAMA_RECURRENT_BYTES 192
    #else
    #define SAITAMA_RECURRENT_ROWS 1
    #define SAITAMA_RECURRENT_BYTES 192
    #endif
    #define SAITAMA_RECURRENT_SUMS (SAITAMA_RECURRENT_ROWS * SAITAMA_RECURRENT_BYTES / 4) /* at most */
    """
    enum:
        RECURRENT_ROWS "SAITAMA_RECURRENT_ROWS"
        RECURRENT_BYTES "SAITAMA_RECURRENT_BYTES"
        RECURRENT_SUMS "SAITAMA_RECURRENT_SUMS"

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


# --- out = start + x W for a few rows x -------------------------------------------------------------------------------
cdef inline Py_ssize_t step_width(real *kind) noexcept nogil:
    return RECURRENT_BYTES // sizeof(real)


cdef void pack_panels(const real *W, Py_ssize_t next_k, Py_ssize_t next_column, Py_ssize_t k, Py_ssize_t n,
                      real *out) noexcept nogil:
    """W (k, n) with any strides as panels (k, width), with zeros in the columns that the last lacks."""
    cdef Py_ssize_t width = step_width(out), left = 0, p, j
    while left < n:
        for p in range(k):
            for j in range(width):
                out[p * width + j] = W[p * next_k + (left + j) * next_column] if left + j < n else 0
        out += k * width
        left += width


cdef inline void step_tile(const real *start, Py_ssize_t row_start, const real *x, Py_ssize_t row_x, const real *panel,
                           Py_ssize_t k, real *out, Py_ssize_t row,
                           Py_ssize_t rows) noexcept nogil:
    """out (rows, width) = start + x (rows, k) @ panel (k, width); `rows` is a constant."""
    cdef real sums[RECURRENT_SUMS]
    cdef Py_ssize_t n = step_width(out), i, j, p
    for i in range(rows):
        for j in range(n):
            sums[i * n + j] = start[i * row_start + j]
    for p in range(k):
        for i in range(rows):
            for j in range(n):
                sums[i * n + j] = fma(x[i * row_x + p], panel[j], sums[i * n + j])
        panel += n
    for i in range(rows):
        for j in range(n):
            out[i * row + j] = sums[i * n + j]


cdef inline void narrow_tile(const real *start, Py_ssize_t row_start, const real *x, Py_ssize_t row_x,
                             const real *panel, Py_ssize_t k, real *out, Py_ssize_t row, Py_ssize_t rows,
                             Py_ssize_t width) noexcept nogil:
    """A tile of which only so many columns exist."""
    cdef real whole[RECURRENT_SUMS]
    cdef Py_ssize_t n = step_width(out), i
    memset(whole, 0, sizeof(whole))
    for i in range(rows):
        memcpy(whole + i * n, start + i * row_start, width * sizeof(real))
    step_tile(<const real *> whole, n, x, row_x, panel, k, <real *> whole, n, rows)
    for i in range(rows):
        memcpy(out + i * row, whole + i * n, width * sizeof(real))


cdef void step_panel(const real *start, Py_ssize_t row_start, const real *x, Py_ssize_t row_x, const real *panel,
                     Py_ssize_t k, real *out, Py_ssize_t row, Py_ssize_t rows,
                     Py_ssize_t width) noexcept nogil:
    """The same for any number of rows, and a last panel of `width` columns."""
    cdef Py_ssize_t i = 0
    while i + RECURRENT_ROWS <= rows:
        if width == step_width(out):
            step_tile(start + i * row_start, row_start, x + i * row_x, row_x, panel, k, out + i * row, row,
                      RECURRENT_ROWS)
        else:
            narrow_tile(start + i * row_start, row_start, x + i * row_x, row_x, panel, k, out + i * row, row,
                        RECURRENT_ROWS, width)
        i += RECURRENT_ROWS
    while i < rows:
        narrow_tile(start + i * row_start, row_start, x + i * row_x, row_x, panel, k, out + i * row, row, 1, width)
        i += 1


cdef void step_product(const real *start, Py_ssize_t row_start, const real *x, Py_ssize_t row_x, const real *panels,
                       Py_ssize_t rows, Py_ssize_t k, real *out, Py_ssize_t row,
                       Py_ssize_t n) noexcept nogil:
    """out (rows, n) = start + x (rows, k) @ W. Rows of start, x and out lie `row_...` apart; start may be out."""
    cdef Py_ssize_t left = 0, width, done, depth
    while left < n:
        width = at_most(n - left, step_width(out))
        done = 0
        while done < k:
            depth = at_most(k - done, RECURRENT_DEPTH)
            if done == 0:
                step_panel(start + left, row_start, x, row_x, panels, depth, out + left, row, rows, width)
            else:
                step_panel(out + left, row, x + done, row_x, panels, depth, out + left, row, rows, width)
            panels += depth * step_width(out)
            done += depth
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
        pack_panels(<const real *> s.weights, 1, s.H, s.H, n, <real *> s.panels)  # W^T (H, G H)
    else:
        pack_panels(<const real *> s.weights, s.H, 1, n, s.H, <real *> s.panels)  # W (G H, H)


cdef int through_time(RecurrentSteps *s, Array W, Task of_doubles, Task of_floats) except -1:
    """Pack W_hh (G H, H), and take all rows through all steps; backwards if a gradient dy is there."""
    cdef Py_ssize_t n = s.gates * s.H, k = s.H
    cdef double ns = <double> s.T * s.B * n * (s.H / 40.0 + 1)
    cdef int workers = threads_for(ns)
    if s.dy != NULL:
        n, k = k, n
    s.weights = W.data
    s.panels = take_block(round_up(n, RECURRENT_BYTES // ITEMSIZE[W.kind]) * k * ITEMSIZE[W.kind])
    run_once(W.kind, <Task> pack_weights[double], <Task> pack_weights[float], s)
    s.together = round_up(parts_of(s.B, workers), RECURRENT_ROWS)
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
