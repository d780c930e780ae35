# Losses: softplus, binary cross-entropy of logits and of probabilities, and cross-entropy with its derivative.
#
# Design: all are sums of numbers of one sign, so that a small loss has all its digits. Softplus and the losses of
# logits are computed in double. Cross-entropy writes the log-softmax of every row, which is all that the derivative
# needs, and picks the losses from it. Short rows go together, as in softmax.pxi. Targets are checked before the work,
# with the GIL held.

cdef struct Softplus:
    char _
cdef struct LogitLoss:
    char _
cdef struct LogitSlope:
    char _
cdef struct ProbabilityLoss:
    char _

ctypedef fused loss_op:
    Softplus
    LogitLoss
    LogitSlope
    ProbabilityLoss


cdef inline real times_or_zero(real x, real y) noexcept nogil:
    """x y, and 0 for x = 0 even where y is infinite: what has no weight does not count."""
    return 0 if x == 0 else x * y


cdef inline real at_least_minus_100(real x) noexcept nogil:
    """NaN stays."""
    return -100 if x < -100 else x


cdef inline real loss_value(real x, real t, loss_op *op) noexcept nogil:
    """For a logit or a probability x with target t. With e = e^-|x|, sigmoid(|x|) = 1 / (1 + e), and sigmoid(-|x|) is
    e / (1 + e)."""
    cdef real one = 1, zero = 0, half = 0.5, e, weight, inverse, q
    if loss_op is ProbabilityLoss:
        q = one - x
        e = log_of(q, False) + (((one - q) - x) / q if x < half else zero)  # from there on 1 - x is exact
        return -(times_or_zero(t, at_least_minus_100(log_of(x, False))) + times_or_zero(one - t, at_least_minus_100(e)))
    elif loss_op is Softplus:
        return (x if x > 0 else zero) + log1p_of(falling_exp(-magnitude(x)))
    elif loss_op is LogitLoss:
        weight = one - t if x > 0 else t  # of the wrong answer
        return times_or_zero(weight, magnitude(x)) + log1p_of(falling_exp(-magnitude(x)))
    else:
        e = falling_exp(-magnitude(x))
        inverse = one / (one + e)
        return (one - t) * inverse - t * (e * inverse) if x > 0 else (one - t) * (e * inverse) - t * inverse


cdef void loss_task(const Elements *t, Py_ssize_t task, int worker, real *kind, loss_op *op) noexcept nogil:
    cdef Py_ssize_t i, at = task * TASK_ELEMENTS, n = at_most(t.n - at, TASK_ELEMENTS)
    cdef const real *x = <const real *> t.x + at
    cdef const real *target = <const real *> t.y + at
    cdef real *out = <real *> t.out + at
    for i in range(n):
        if loss_op is ProbabilityLoss:
            out[i] = loss_value(x[i], target[i], op)
        else:
            out[i] = <real> loss_value(<double> x[i], <double> target[i], op)


cdef Array loss_of(str op, Array x, Array target, loss_op *tag):
    """Element by element; softplus, which has no target, is given x again."""
    need_float(op, x)
    need_same_kind(op, x, target)
    if not same_sizes(x, target):
        raise ValueError(f"{op}: shapes {x.shape} and {target.shape} differ")
    cdef Array out = new_like(x, x.kind)
    cdef Elements t
    t.x, t.y, t.out, t.n = x.data, target.data, out.data, x.size
    cdef double ns = 4.0 * t.n
    perform(x.kind, <Task> loss_task[double, loss_op], <Task> loss_task[float, loss_op], &t, element_tasks(t.n),
            threads_for(ns), ns)
    return out


def softplus(Array a not None):
    return loss_of("softplus", a, a, <Softplus *> NULL)


def bce_with_logits(Array x not None, Array t not None):
    return loss_of("bce_with_logits", x, t, <LogitLoss *> NULL)


def bce_with_logits_slope(Array x not None, Array t not None):
    return loss_of("bce_with_logits_slope", x, t, <LogitSlope *> NULL)


def bce(Array p not None, Array t not None):
    return loss_of("bce", p, t, <ProbabilityLoss *> NULL)


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


cdef inline double smoothed_loss(const real *log_p, Py_ssize_t n, double own, double smoothing) noexcept nogil:
    """From the target's own log-probability, and all."""
    if smoothing == 0:  # then a logit of -inf elsewhere costs nothing
        return -own
    return -((1 - smoothing) * own if smoothing != 1 else 0) - smoothing / n * fold_row(log_p, log_p, n, <Sum *> NULL)


cdef void cross_entropy_rows(const real *x, const int64_t *t, real *losses, real *log_p, Py_ssize_t rows, Py_ssize_t n,
                             int64_t ignore_index, double smoothing) noexcept nogil:
    """At most FOLD_ROWS rows."""
    cdef real largest[FOLD_ROWS]
    cdef real total[FOLD_ROWS]
    cdef double log_total[FOLD_ROWS]
    cdef Py_ssize_t i, j
    cdef double top
    cdef real less
    fold_rows(x, x, rows, n, largest, <Max *> NULL)
    for i in range(rows):
        for j in range(i * n, i * n + n):
            log_p[j] = falling_exp(x[j] - largest[i])
    fold_rows(<const real *> log_p, <const real *> log_p, rows, n, total, <Sum *> NULL)
    logs_of_totals(log_p, rows, n, total, log_total)
    for i in range(rows):
        less = <real> log_total[i]
        for j in range(i * n, i * n + n):
            log_p[j] = x[j] - largest[i] - less
        top = largest[i]
        losses[i] = 0
        if t[i] != ignore_index:
            losses[i] = <real> smoothed_loss(log_p + i * n, n, x[i * n + t[i]] - top - log_total[i], smoothing)


cdef struct CrossEntropy:
    const void *x  # logits (rows, n), or log_p
    const int64_t *targets
    const void *dy
    void *losses
    void *out  # log_p, or dx
    Py_ssize_t rows, n
    int64_t ignore_index
    double smoothing


cdef void cross_entropy_task(const CrossEntropy *t, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    cdef Py_ssize_t i = task * FOLD_ROWS, end = at_most(i + FOLD_ROWS, t.rows), n = t.n
    cdef Py_ssize_t together = FOLD_ROWS if n <= SOFTMAX_SHORT_ROW else 1
    cdef const real *x = <const real *> t.x
    cdef real *log_p = <real *> t.out
    cdef real *losses = <real *> t.losses
    while i < end:
        cross_entropy_rows(x + i * n, t.targets + i, losses + i, log_p + i * n, at_most(t.rows - i, together), n,
                           t.ignore_index, t.smoothing)
        i += together


cdef inline void cross_entropy_grad_row(const real *log_p, real *dx, Py_ssize_t n, int64_t t, double dy,
                                        double smoothing) noexcept nogil:
    cdef double rest = smoothing / n, own = log_p[t]
    cdef real factor = <real> dy, less = <real> rest
    cdef Py_ssize_t j
    for j in range(n):
        dx[j] = factor * (exp_of(log_p[j], False) - less)
    own = exp_less_one(own) if own > -0.34 else exp_of(own, False) - 1  # p - 1, to all digits where p is near 1
    dx[t] = <real> (dy * (own + (smoothing - rest)))


cdef void cross_entropy_grad_task(const CrossEntropy *t, Py_ssize_t task, int worker, real *kind,
                                  void *op) noexcept nogil:
    cdef Py_ssize_t i, n = t.n
    cdef const real *log_p = <const real *> t.x
    cdef real *dx = <real *> t.out
    for i in range(task * FOLD_ROWS, at_most((task + 1) * FOLD_ROWS, t.rows)):
        if t.targets[i] == t.ignore_index:
            memset(dx + i * n, 0, n * sizeof(real))
        else:
            cross_entropy_grad_row(log_p + i * n, dx + i * n, n, t.targets[i], (<const real *> t.dy)[i], t.smoothing)


cdef void cross_entropy_by_rows(Task of_doubles, Task of_floats, Array x, Array targets, Array dy, Array losses,
                                Array out, int64_t ignore_index, double smoothing):
    cdef CrossEntropy t
    t.x, t.targets, t.out = x.data, <const int64_t *> targets.data, out.data
    t.dy, t.losses = data_or_null(dy), data_or_null(losses)
    t.rows, t.n, t.ignore_index, t.smoothing = x.sizes[0], x.sizes[1], ignore_index, smoothing
    cdef double ns = x.size * (0.9 if x.kind == FLOAT64 else 0.4)
    perform(x.kind, of_doubles, of_floats, &t, parts_of(t.rows, FOLD_ROWS), threads_for(ns), ns)


def cross_entropy(Array x not None, Array t not None, int64_t ignore_index, double label_smoothing):
    need_targets("cross_entropy", x, t, ignore_index)
    cdef Array log_p = new_like(x, x.kind), losses = new_like(t, x.kind)
    if x.size == 0:
        memset(losses.data, 0, losses.size * ITEMSIZE[x.kind])
    else:
        cross_entropy_by_rows(<Task> cross_entropy_task[double], <Task> cross_entropy_task[float], x, t, None, losses,
                              log_p, ignore_index, label_smoothing)
    return losses, log_p


def cross_entropy_grad(Array log_p not None, Array t not None, Array dy not None, int64_t ignore_index,
                       double label_smoothing):
    need_targets("cross_entropy_grad", log_p, t, ignore_index)
    need_same_kind("cross_entropy_grad", log_p, dy)
    if not same_sizes(t, dy):
        raise ValueError(f"cross_entropy_grad: shapes {t.shape} and {dy.shape} differ")
    cdef Array dx = new_like(log_p, log_p.kind)
    if dx.size > 0:
        cross_entropy_by_rows(<Task> cross_entropy_grad_task[double], <Task> cross_entropy_grad_task[float], log_p, t,
                              dy, None, dx, ignore_index, label_smoothing)
    return dx
