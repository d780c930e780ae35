# Losses: softplus, and cross-entropy with its derivative.
#
# Design: cross-entropy reads a row of logits once it knows that its target exists, writes the row's log-softmax, which is
# all that the derivative needs, and picks the loss from it. Targets are checked before the work, with the GIL held.


cdef void softplus_row(const real *x, real *out, Py_ssize_t n) noexcept nogil:  # IN x OUT out
    cdef Py_ssize_t i
    cdef double v
    for i in range(n):
        v = x[i]
        out[i] = <real> ((v if v > 0 else 0) + log1p_of(exp_of(-c_fabs(v))))


cdef void softplus_pieces(const real *x, real *out, Py_ssize_t n) noexcept nogil:  # IN x OUT out
    cdef int workers = team(16 * n)
    cdef Py_ssize_t piece, at
    for piece in prange((n + PIECE - 1) // PIECE, num_threads=workers, schedule="static"):
        at = piece * PIECE
        softplus_row(x + at, out + at, n - at if n - at < PIECE else PIECE)


def softplus(Array a not None):
    need_float("softplus", a)
    cdef Array out = new_like(a, a.kind)
    cdef PyThreadState *state = unlock(16 * a.size)
    if a.kind == FLOAT64:
        softplus_pieces(<const double *> a.data, <double *> out.data, a.size)
    else:
        softplus_pieces(<const float *> a.data, <float *> out.data, a.size)
    relock(state)
    return out


cdef int need_targets(str op, Array x, Array t, int64_t ignore_index) except -1:
    """Scores (N, C), and N targets in [0, C) or ignore_index."""
    cdef const int64_t *target = <const int64_t *> t.data
    cdef Py_ssize_t i
    need_float(op, x)
    need_kind(op, "the target", t, INT64)
    if x.ndim != 2 or t.ndim != 1 or t.size != x.sizes[0]:
        raise ValueError(f"{op}: expected shapes (N, C) and (N,), got {x.shape} and {t.shape}")
    for i in range(t.size):
        if (target[i] < 0 or target[i] >= x.sizes[1]) and target[i] != ignore_index:
            raise IndexError(f"{op}: target {target[i]} is out of range for {x.sizes[1]} classes")
    return 0


cdef inline double cross_entropy_row(const real *x, real *log_p, Py_ssize_t n, int64_t t, double smoothing) noexcept nogil:  # IN x OUT log_p
    """Returns the loss."""
    cdef Py_ssize_t j
    cdef real largest = fold_row(x, n, <Max *> NULL), log_total
    cdef double total, every = 0, top = largest
    for j in range(n):
        log_p[j] = exp_of(x[j] - largest)
    total = log_value(fold_row(<const real *> log_p, n, <Sum *> NULL), <double *> NULL)
    log_total = <real> total
    for j in range(n):
        log_p[j] = x[j] - largest - log_total
    if smoothing == 0:  # then a logit of -inf elsewhere costs nothing
        return -(x[t] - top - total)
    for j in range(n):
        every += x[j] - top - total
    if smoothing == 1:
        return -every / n
    return -((1 - smoothing) * (x[t] - top - total) + smoothing / n * every)


cdef void cross_entropy_rows(const real *x, const int64_t *t, real *losses, real *log_p, Py_ssize_t rows, Py_ssize_t n,
                             int64_t ignore_index, double smoothing) noexcept nogil:  # IN x, t OUT losses, log_p
    cdef Py_ssize_t i
    cdef int64_t target
    for i in prange(rows, num_threads=team(rows * n), schedule="dynamic", chunksize=16):
        target = t[i]
        if target == ignore_index:
            cross_entropy_row(x + i * n, log_p + i * n, n, 0, 0)
            losses[i] = 0
        else:
            losses[i] = <real> cross_entropy_row(x + i * n, log_p + i * n, n, target, smoothing)


def cross_entropy(Array x not None, Array t not None, int64_t ignore_index, double label_smoothing):
    need_targets("cross_entropy", x, t, ignore_index)
    cdef Array log_p = new_like(x, x.kind), losses = new_like(t, x.kind)
    cdef PyThreadState *state
    if x.size == 0:
        memset(losses.data, 0, losses.size * ITEMSIZE[x.kind])
        return losses, log_p
    state = unlock(8 * x.size)
    if x.kind == FLOAT64:
        cross_entropy_rows(<const double *> x.data, <const int64_t *> t.data, <double *> losses.data,
                           <double *> log_p.data, t.size, x.sizes[1], ignore_index, label_smoothing)
    else:
        cross_entropy_rows(<const float *> x.data, <const int64_t *> t.data, <float *> losses.data,
                           <float *> log_p.data, t.size, x.sizes[1], ignore_index, label_smoothing)
    relock(state)
    return losses, log_p


cdef inline void cross_entropy_grad_row(const real *log_p, real *dx, Py_ssize_t n, int64_t t, double dy, double smoothing) noexcept nogil:  # IN log_p OUT dx
    cdef double rest = smoothing / n
    cdef real factor = <real> dy, less = <real> rest
    cdef Py_ssize_t j
    for j in range(n):
        dx[j] = factor * (exp_of(log_p[j]) - less)
    dx[t] = <real> (dy * (exp_value(log_p[t], <real *> NULL) - ((1 - smoothing) + rest)))


cdef void cross_entropy_grad_rows(const real *log_p, const int64_t *t, const real *dy, real *dx, Py_ssize_t rows, Py_ssize_t n,
                                  int64_t ignore_index, double smoothing) noexcept nogil:  # IN log_p, t, dy OUT dx
    cdef Py_ssize_t i
    for i in prange(rows, num_threads=team(rows * n), schedule="dynamic", chunksize=16):
        if t[i] == ignore_index:
            memset(dx + i * n, 0, n * sizeof(real))
        else:
            cross_entropy_grad_row(log_p + i * n, dx + i * n, n, t[i], dy[i], smoothing)


def cross_entropy_grad(Array log_p not None, Array t not None, Array dy not None, int64_t ignore_index, double label_smoothing):
    need_targets("cross_entropy_grad", log_p, t, ignore_index)
    need_same_kind("cross_entropy_grad", log_p, dy)
    if not same_sizes(t, dy):
        raise ValueError(f"cross_entropy_grad: shapes {t.shape} and {dy.shape} differ")
    cdef Array dx = new_like(log_p, log_p.kind)
    cdef PyThreadState *state = unlock(8 * dx.size)
    if dx.size == 0:
        pass
    elif dx.kind == FLOAT64:
        cross_entropy_grad_rows(<const double *> log_p.data, <const int64_t *> t.data, <const double *> dy.data,
                                <double *> dx.data, t.size, dx.sizes[1], ignore_index, label_smoothing)
    else:
        cross_entropy_grad_rows(<const float *> log_p.data, <const int64_t *> t.data, <const float *> dy.data,
                                <float *> dx.data, t.size, dx.sizes[1], ignore_index, label_smoothing)
    relock(state)
    return dx
