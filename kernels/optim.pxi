# One step of each optimiser for many parameters at once; and the norm and the scaling of gradients.
#
# Design: all parameters with what belongs to them are cut into pieces, and one parallel loop takes them all, so fifty
# small arrays cost no more than a large one. A rule is a plain loop in the dtype of the arrays. It reads them where they
# are, and leaves what it makes of a chunk in the first cache, which no array overlaps: so the compiler need not ask
# before it turns the loop into vectors. Only RMSprop computes in double: it takes the square of a mean from a mean of
# squares, of which a float may leave less than nothing. Sums of squares are in double too: one for each piece, added in
# order.

cdef enum:
    FIELDS = 5  # p, g, and up to three of state
    CHUNK = 512
    SUMS = 32  # side by side

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

cdef enum Rule:
    SGD_PLAIN
    SGD_FIRST
    SGD_LATER
    ADAM
    RMSPROP
    SCALE
    SQUARES

cdef struct Piece:  # neighbours of one parameter; NULL for a field that there is not
    int kind
    Py_ssize_t n
    const char *read[FIELDS]
    char *write[FIELDS]
    double squares


cdef inline real decayed(real g, real weight_decay, real p) noexcept nogil:
    """g + weight_decay p, where no decay is none: 0 times an infinite p would be NaN."""
    return g if weight_decay == 0 else g + weight_decay * p


# --- the rules --------------------------------------------------------------------------------------------------------
cdef inline void sgd_plain(const real *p, const real *g, real *p_new, Py_ssize_t n, const Settings *s) noexcept nogil:  # IN p, g, s OUT p_new
    cdef real lr = <real> s.lr, weight_decay = <real> s.weight_decay
    cdef Py_ssize_t i
    for i in range(n):
        p_new[i] = p[i] - lr * decayed(g[i], weight_decay, p[i])


cdef inline void sgd_first(const real *p, const real *g, real *p_new, real *v_new, Py_ssize_t n, const Settings *s) noexcept nogil:  # IN p, g, s OUT p_new, v_new
    cdef real lr = <real> s.lr, momentum = <real> s.momentum, weight_decay = <real> s.weight_decay, v
    cdef bint nesterov = s.nesterov
    cdef Py_ssize_t i
    for i in range(n):
        v = decayed(g[i], weight_decay, p[i])
        v_new[i] = v
        p_new[i] = p[i] - lr * (v + momentum * v if nesterov else v)


cdef inline void sgd_later(const real *p, const real *g, const real *v, real *p_new, real *v_new, Py_ssize_t n, const Settings *s) noexcept nogil:  # IN p, g, v, s OUT p_new, v_new
    cdef real lr = <real> s.lr, momentum = <real> s.momentum, weight_decay = <real> s.weight_decay
    cdef real fresh = <real> (1 - s.dampening), slope, speed
    cdef bint nesterov = s.nesterov
    cdef Py_ssize_t i
    for i in range(n):
        slope = decayed(g[i], weight_decay, p[i])
        speed = momentum * v[i] + fresh * slope
        v_new[i] = speed
        p_new[i] = p[i] - lr * (slope + momentum * speed if nesterov else speed)


cdef inline void adam(const real *p, const real *g, const real *m, const real *v, real *p_new, real *m_new, real *v_new, Py_ssize_t n, const Settings *s) noexcept nogil:  # IN p, g, m, v, s OUT p_new, m_new, v_new
    cdef real shrink = <real> (-s.lr * s.weight_decay if s.decoupled else 0), penalty = <real> (0 if s.decoupled else s.weight_decay)
    cdef real beta1 = <real> s.beta1, fresh1 = <real> (1 - s.beta1), beta2 = <real> s.beta2, fresh2 = <real> (1 - s.beta2)
    cdef real size = <real> s.size, root = <real> s.root, eps = <real> s.eps, start, slope, first, second
    cdef Py_ssize_t i
    for i in range(n):
        start = decayed(p[i], shrink, p[i])
        slope = decayed(g[i], penalty, start)
        first = beta1 * m[i] + fresh1 * slope
        second = beta2 * v[i] + fresh2 * (slope * slope)
        m_new[i] = first
        v_new[i] = second
        p_new[i] = start - size * first / (<real> c_sqrt(<double> second) / root + eps)


cdef inline void rmsprop(const real *p, const real *g, const real *square, const real *v, const real *mean, real *p_new, real *square_new, real *v_new, real *mean_new, Py_ssize_t n, const Settings *s) noexcept nogil:  # IN p, g, square, v, mean, s OUT p_new, square_new, v_new, mean_new
    """In double. Without momentum or mean gradients (v or mean NULL) they are zero. beta1 is alpha."""
    cdef double lr = s.lr, weight_decay = s.weight_decay, alpha = s.beta1, eps = s.eps, momentum = s.momentum, slope, q, a, u
    cdef Py_ssize_t i
    for i in range(n):
        slope = decayed(<double> g[i], weight_decay, <double> p[i])
        q = alpha * square[i] + (1 - alpha) * (slope * slope)
        a = 0 if mean == NULL else alpha * mean[i] + (1 - alpha) * slope
        u = slope / (c_sqrt(q - a * a) + eps)
        u = u if v == NULL else momentum * v[i] + u
        square_new[i] = <real> q
        v_new[i] = <real> u
        mean_new[i] = <real> a
        p_new[i] = <real> (p[i] - lr * u)


cdef inline void scale_row(const real *x, real *out, Py_ssize_t n, double factor) noexcept nogil:  # IN x OUT out
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <real> (factor * x[i])


cdef double sum_of_squares(const real *x, Py_ssize_t n) noexcept nogil:  # IN x
    cdef double[SUMS] sums
    cdef double total = 0
    cdef Py_ssize_t i, j, even = n // SUMS * SUMS
    for j in range(SUMS):
        sums[j] = 0
    for i from 0 <= i < even by SUMS:
        for j in range(SUMS):
            sums[j] += <double> x[i + j] * x[i + j]
    for i in range(even, n):
        total += <double> x[i] * x[i]
    for j in range(SUMS):
        total += sums[j]
    return total


# --- a rule for all elements of all parameters ------------------------------------------------------------------------
cdef void run_piece(Piece *a, Rule rule, const Settings *s, real *kind) noexcept nogil:  # IN s IN/OUT a
    """`kind` only says the dtype."""
    cdef real made[FIELDS][CHUNK]
    cdef const real *x[FIELDS]
    cdef Py_ssize_t at, n
    cdef int k
    if rule == SQUARES:
        a.squares = sum_of_squares(<const real *> a.read[0], a.n)
        return
    for at from 0 <= at < a.n by CHUNK:
        n = CHUNK if a.n - at > CHUNK else a.n - at
        for k in range(FIELDS):
            x[k] = <const real *> a.read[k] + at if a.read[k] != NULL else NULL
        if rule == SGD_PLAIN:
            sgd_plain(x[0], x[1], made[0], n, s)
        elif rule == SGD_FIRST:
            sgd_first(x[0], x[1], made[0], made[2], n, s)
        elif rule == SGD_LATER:
            sgd_later(x[0], x[1], x[2], made[0], made[2], n, s)
        elif rule == ADAM:
            adam(x[0], x[1], x[2], x[3], made[0], made[2], made[3], n, s)
        elif rule == RMSPROP:
            rmsprop(x[0], x[1], x[2], x[3], x[4], made[0], made[2], made[3], made[4], n, s)
        else:
            scale_row(x[0], made[0], n, s.lr)
        for k in range(FIELDS):
            if a.write[k] != NULL:
                memcpy(<real *> a.write[k] + at, made[k], n * sizeof(real))


cdef struct Step:
    Piece *pieces
    Rule rule
    const Settings *settings


cdef void run_task(const Step *t, Py_ssize_t piece, int worker, void *kind, void *op) noexcept nogil:  # IN t
    if t.pieces[piece].kind == FLOAT64:
        run_piece(t.pieces + piece, t.rule, t.settings, <double *> NULL)
    else:
        run_piece(t.pieces + piece, t.rule, t.settings, <float *> NULL)


cdef int need_lists(str op, list lists) except -1:
    """`lists` holds for each field the arrays, one for each parameter, or None. All of a parameter have its shape."""
    cdef Array p, other
    for others in lists[1:]:
        if others is not None and len(others) != len(lists[0]):
            raise ValueError(f"{op}: {len(lists[0])} parameters, but {len(others)} arrays that belong to them")
    for i in range(len(lists[0])):
        p = <Array?> lists[0][i]
        need_float(op, p)
        for others in lists[1:]:
            if others is not None:
                other = <Array?> others[i]
                if not same_sizes(p, other):
                    raise ValueError(f"{op}: shapes {p.shape} and {other.shape} differ")
                need_same_kind(op, p, other)
    return 0


cdef double run_lists(str op, list lists, list results, Rule rule, const Settings *s) except -1:  # IN s
    """Apply a rule to `lists` (see need_lists), and fill the lists of `results`, None for a field that stays. Returns the
    sum of squares, if that is the rule."""
    cdef Py_ssize_t i, at, count = 0, size = 0, used = 0, bytes
    cdef int k
    cdef double squares = 0
    cdef Array p, other
    cdef Piece *pieces
    cdef Piece *piece
    cdef Step t
    cdef PyThreadState *state
    need_lists(op, lists)
    for p in lists[0]:
        count += (p.size + PIECE - 1) // PIECE
        size += p.size
        for made in results:
            if made is not None:
                (<list> made).append(new_like(p, p.kind))
    pieces = <Piece *> PyMem_Malloc((count + 1) * sizeof(Piece))
    if pieces == NULL:
        raise MemoryError(f"{op}: out of memory")
    memset(pieces, 0, count * sizeof(Piece))
    for i in range(len(lists[0])):
        p = <Array> lists[0][i]
        bytes = ITEMSIZE[p.kind]
        for at from 0 <= at < p.size by PIECE:
            piece = pieces + used
            piece.kind = p.kind
            piece.n = PIECE if p.size - at > PIECE else p.size - at
            for k in range(<int> len(lists)):
                if lists[k] is not None:
                    other = <Array> lists[k][i]
                    piece.read[k] = <const char *> other.data + at * bytes
            for k in range(<int> len(results)):
                if results[k] is not None:
                    other = <Array> results[k][i]
                    piece.write[k] = <char *> other.data + at * bytes
            used += 1
    t.pieces, t.rule, t.settings = pieces, rule, s
    state = unlock(4 * size)
    share_out(<Task> run_task, &t, count, team(4 * size))
    relock(state)
    for i in range(count):
        squares += pieces[i].squares
    PyMem_Free(pieces)
    return squares


def sgd_step(params, grads, momenta, double lr, double momentum, double dampening, bint nesterov, double weight_decay):
    cdef Settings s
    cdef list new = [], speeds = []
    s.lr, s.momentum, s.dampening, s.nesterov, s.weight_decay = lr, momentum, dampening, nesterov, weight_decay
    if momentum == 0:
        run_lists("sgd_step", [params, grads], [new], SGD_PLAIN, &s)
        return new, None
    run_lists("sgd_step", [params, grads, momenta], [new, None, speeds], SGD_FIRST if momenta is None else SGD_LATER, &s)
    return new, speeds


def adam_step(params, grads, first, second, Py_ssize_t step, double lr, double beta1, double beta2, double eps, double weight_decay, bint decoupled):
    cdef Settings s
    cdef list new = [], m = [], v = []
    if step < 1:
        raise ValueError(f"adam_step: step {step}: the first step is 1")
    s.lr, s.beta1, s.beta2, s.eps, s.weight_decay, s.decoupled = lr, beta1, beta2, eps, weight_decay, decoupled
    s.size = lr / (1 - c_pow(beta1, step))
    s.root = c_sqrt(1 - c_pow(beta2, step))
    run_lists("adam_step", [params, grads, first, second], [new, None, m, v], ADAM, &s)
    return new, m, v


def rmsprop_step(params, grads, square, momenta, averages, double lr, double alpha, double eps, double weight_decay, double momentum):
    cdef Settings s
    cdef list new = [], squares = []
    cdef list v = None if momenta is None else [], means = None if averages is None else []
    s.lr, s.beta1, s.eps, s.weight_decay, s.momentum = lr, alpha, eps, weight_decay, momentum
    run_lists("rmsprop_step", [params, grads, square, momenta, averages], [new, None, squares, v, means], RMSPROP, &s)
    return new, squares, v, means


# --- gradients all together -------------------------------------------------------------------------------------------
def norm(arrays):
    cdef Settings s
    return c_sqrt(run_lists("norm", [list(arrays)], [], SQUARES, &s))


def scale(arrays, double factor):
    cdef Settings s
    cdef list results = []
    s.lr = factor
    run_lists("scale", [list(arrays)], [results], SCALE, &s)
    return results
