# One step of each optimiser for many parameters at once; and the norm and the scaling of gradients.
#
# Design: a rule is a plain loop over a Chunk, which holds some elements of a parameter, its gradient and its state in
# double. What fills and empties chunks is written once, for every rule and dtype. The fields of a chunk are known not to
# overlap, so the compiler turns each rule into vectors; a chunk stays in the first cache.

cdef enum:
    CHUNK = 256
    FIELDS = 5

cdef struct Chunk:  # of one parameter
    double[CHUNK] p
    double[CHUNK] g
    double[CHUNK] first  # its state
    double[CHUNK] second
    double[CHUNK] third

cdef struct Settings:
    double lr
    double momentum
    double dampening
    double weight_decay
    double beta1
    double beta2
    double eps
    double size  # Adam: lr and the second moment's root, corrected for their start at zero
    double root
    bint nesterov
    bint decoupled
    bint centered
    bint heavy  # RMSprop with momentum

ctypedef void (*Rule)(Chunk *c, Py_ssize_t n, const Settings *s) noexcept nogil

cdef struct Fields:  # per field of a chunk, the whole array; NULL where there is none
    const char *read[FIELDS]
    char *write[FIELDS]


cdef inline double decayed(double g, double weight_decay, double p) noexcept nogil:
    """g + weight_decay p, where no decay is none: 0 times an infinite p would be NaN."""
    return g if weight_decay == 0 else g + weight_decay * p


# --- the rules --------------------------------------------------------------------------------------------------------
cdef void sgd_plain(Chunk *c, Py_ssize_t n, const Settings *s) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        c.p[i] = c.p[i] - s.lr * decayed(c.g[i], s.weight_decay, c.p[i])


cdef void sgd_first(Chunk *c, Py_ssize_t n, const Settings *s) noexcept nogil:
    cdef Py_ssize_t i
    cdef double g
    for i in range(n):
        g = decayed(c.g[i], s.weight_decay, c.p[i])
        c.first[i] = g
        c.p[i] = c.p[i] - s.lr * (g + s.momentum * g if s.nesterov else g)


cdef void sgd_later(Chunk *c, Py_ssize_t n, const Settings *s) noexcept nogil:
    cdef Py_ssize_t i
    cdef double g, v
    for i in range(n):
        g = decayed(c.g[i], s.weight_decay, c.p[i])
        v = s.momentum * c.first[i] + (1 - s.dampening) * g
        c.first[i] = v
        c.p[i] = c.p[i] - s.lr * (g + s.momentum * v if s.nesterov else v)


cdef void adam(Chunk *c, Py_ssize_t n, const Settings *s) noexcept nogil:
    cdef Py_ssize_t i
    cdef double p, g, m, v
    cdef double shrink = s.lr * s.weight_decay if s.decoupled else 0
    cdef double penalty = 0 if s.decoupled else s.weight_decay
    for i in range(n):
        p = decayed(c.p[i], -shrink, c.p[i])
        g = decayed(c.g[i], penalty, p)
        m = s.beta1 * c.first[i] + (1 - s.beta1) * g
        v = s.beta2 * c.second[i] + (1 - s.beta2) * (g * g)
        c.first[i] = m
        c.second[i] = v
        c.p[i] = p - s.size * m / (c_sqrt(v) / s.root + s.eps)


cdef void rmsprop(Chunk *c, Py_ssize_t n, const Settings *s) noexcept nogil:
    """first: mean squares, second: momenta, third: mean gradients; beta1 is alpha."""
    cdef Py_ssize_t i
    cdef double g, v, a, u
    for i in range(n):
        g = decayed(c.g[i], s.weight_decay, c.p[i])
        v = s.beta1 * c.first[i] + (1 - s.beta1) * (g * g)
        a = s.beta1 * c.third[i] + (1 - s.beta1) * g if s.centered else 0
        u = g / (c_sqrt(v - a * a) + s.eps)
        u = s.momentum * c.second[i] + u if s.heavy else u
        c.first[i] = v
        c.second[i] = u
        c.third[i] = a
        c.p[i] = c.p[i] - s.lr * u


# --- a rule for all elements of all parameters ------------------------------------------------------------------------
cdef inline void widen(const real *x, double *out, Py_ssize_t n) noexcept nogil:  # IN x OUT out
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = x[i]


cdef inline void narrow(const double *x, real *out, Py_ssize_t n) noexcept nogil:  # IN x OUT out
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <real> x[i]


cdef void step_piece(const Fields *fields, Rule rule, const Settings *s, Py_ssize_t at, Py_ssize_t end, real *kind) noexcept nogil:  # IN fields, s
    """Elements at to end of one parameter. `kind` only says the dtype."""
    cdef Chunk chunk
    cdef double *field = <double *> &chunk
    cdef Py_ssize_t n
    cdef int k
    while at < end:
        n = CHUNK if end - at > CHUNK else end - at
        for k in range(FIELDS):
            if fields.read[k] != NULL:
                widen(<const real *> fields.read[k] + at, field + k * CHUNK, n)
        rule(&chunk, n, s)
        for k in range(FIELDS):
            if fields.write[k] != NULL:
                narrow(field + k * CHUNK, <real *> fields.write[k] + at, n)
        at += n


cdef void step_pieces(const Fields *fields, Rule rule, const Settings *s, Py_ssize_t n, real *kind) noexcept nogil:  # IN fields, s
    cdef int workers = team(4 * n)
    cdef Py_ssize_t piece, at
    if workers == 1:
        step_piece(fields, rule, s, 0, n, kind)
        return
    for piece in prange((n + PIECE - 1) // PIECE, num_threads=workers, schedule="static"):
        at = piece * PIECE
        step_piece(fields, rule, s, at, at + PIECE if at + PIECE < n else n, kind)


cdef list step_lists(str op, list lists, list writes, Rule rule, const Settings *s):  # IN s
    """`lists` has for each field of a chunk the arrays to read, or None; `writes` says which fields to return."""
    cdef Fields fields
    cdef Array p, other
    cdef PyThreadState *state
    cdef int k
    cdef list results = [[] for _ in range(FIELDS)]
    for k in range(1, FIELDS):
        if lists[k] is not None and len(lists[k]) != len(lists[0]):
            raise ValueError(f"{op}: {len(lists[0])} parameters, but {len(lists[k])} arrays that belong to them")
    for i in range(len(lists[0])):
        p = <Array?> lists[0][i]
        need_float(op, p)
        for k in range(FIELDS):
            fields.read[k] = fields.write[k] = NULL
            if lists[k] is not None:
                other = <Array?> lists[k][i]
                if not same_sizes(p, other):
                    raise ValueError(f"{op}: shapes {p.shape} and {other.shape} differ")
                need_same_kind(op, p, other)
                fields.read[k] = <const char *> other.data
            if writes[k]:
                other = new_like(p, p.kind)
                fields.write[k] = <char *> other.data
                (<list> results[k]).append(other)
        state = unlock(4 * p.size)
        if p.kind == FLOAT64:
            step_pieces(&fields, rule, s, p.size, <double *> NULL)
        else:
            step_pieces(&fields, rule, s, p.size, <float *> NULL)
        relock(state)
    return results


def sgd_step(params, grads, momenta, double lr, double momentum, double dampening, bint nesterov, double weight_decay):
    cdef Settings s
    cdef list new
    s.lr, s.momentum, s.dampening, s.nesterov, s.weight_decay = lr, momentum, dampening, nesterov, weight_decay
    if momentum == 0:
        new = step_lists("sgd_step", [params, grads, None, None, None], [1, 0, 0, 0, 0], sgd_plain, &s)
        return new[0], None
    new = step_lists("sgd_step", [params, grads, momenta, None, None], [1, 0, 1, 0, 0], sgd_first if momenta is None else sgd_later, &s)
    return new[0], new[2]


def adam_step(params, grads, first, second, Py_ssize_t step, double lr, double beta1, double beta2, double eps, double weight_decay, bint decoupled):
    cdef Settings s
    cdef list new
    if step < 1:
        raise ValueError(f"adam_step: step {step}: the first step is 1")
    s.lr, s.beta1, s.beta2, s.eps, s.weight_decay, s.decoupled = lr, beta1, beta2, eps, weight_decay, decoupled
    s.size = lr / (1 - c_pow(beta1, step))
    s.root = c_sqrt(1 - c_pow(beta2, step))
    new = step_lists("adam_step", [params, grads, first, second, None], [1, 0, 1, 1, 0], adam, &s)
    return new[0], new[2], new[3]


def rmsprop_step(params, grads, square, momenta, averages, double lr, double alpha, double eps, double weight_decay, double momentum):
    cdef Settings s
    cdef list new
    s.lr, s.beta1, s.eps, s.weight_decay, s.momentum = lr, alpha, eps, weight_decay, momentum
    s.heavy, s.centered = momenta is not None, averages is not None
    new = step_lists("rmsprop_step", [params, grads, square, momenta, averages], [1, 0, 1, s.heavy, s.centered], rmsprop, &s)
    return new[0], new[2], new[3] if s.heavy else None, new[4] if s.centered else None


# --- gradients all together -------------------------------------------------------------------------------------------
cdef double sum_of_squares(const real *x, Py_ssize_t n) noexcept nogil:  # IN x
    cdef double[WIDE] lanes
    cdef double total = 0
    cdef Py_ssize_t i, j, even = n // WIDE * WIDE
    for j in range(WIDE):
        lanes[j] = 0
    for i from 0 <= i < even by WIDE:
        for j in range(WIDE):
            lanes[j] += <double> x[i + j] * x[i + j]
    for i in range(even, n):
        total += <double> x[i] * x[i]
    return total + sum_lanes(lanes)


def norm(arrays):
    cdef double total = 0
    cdef Array a
    for item in arrays:
        a = <Array?> item
        need_float("norm", a)
        if a.kind == FLOAT64:
            total += sum_of_squares(<const double *> a.data, a.size)
        else:
            total += sum_of_squares(<const float *> a.data, a.size)
    return c_sqrt(total)


cdef inline void scale_row(const real *x, real *out, Py_ssize_t n, double factor) noexcept nogil:  # IN x OUT out
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <real> (factor * x[i])


def scale(arrays, double factor):
    cdef Array a, out
    cdef list results = []
    for item in arrays:
        a = <Array?> item
        need_float("scale", a)
        out = new_like(a, a.kind)
        if a.kind == FLOAT64:
            scale_row(<const double *> a.data, <double *> out.data, a.size, factor)
        else:
            scale_row(<const float *> a.data, <float *> out.data, a.size, factor)
        results.append(out)
    return results
