# One step of each optimiser for many parameters at once; and the norm and the scaling of gradients.
#
# Design: all parameters, with their gradients and states, are cut into pieces, and one parallel loop takes them all, so
# fifty small arrays cost no more than a large one. A rule (optim_rules.pxi) changes numbers in place. An Array never
# changes: these are the numbers of a new one. But where only its tensor holds the old Array, and is about to let go of
# it, the new one takes over its memory (`keeps_memory`). Then a step reads and writes half as much. Otherwise each
# chunk is copied to its new place just before the rule is applied, so that it is in the first cache. Sums of squares
# are added piece by piece, in order.
#
# Why nobody can see numbers change: memory is taken over only where it would be freed a moment later if the new
# numbers went elsewhere. Whoever may still read it (another tensor, a graph, a memoryview, a saved state, a kernel in
# another thread) holds a counted reference, or would read freed memory anyway. And no new reader can appear: from the
# moment the counts are read until all tensors have their new arrays, no Python code runs, in this thread or another.
# So the interpreter stays locked, and no object is made that could start the garbage collector, which runs finalisers.

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *)
    PyObject *PyList_GET_ITEM(PyObject *, Py_ssize_t)

cdef enum:
    OPTIM_FIELDS = 5  # p, g, and up to three of state
    OPTIM_GRADIENT = 1  # the field that stays as it is
    OPTIM_CHUNK = 2048  # numbers that the rule is applied to at a time

cdef enum OptimRule:
    RULE_SGD
    RULE_SGD_MOMENTUM
    RULE_ADAM
    RULE_RMSPROP
    RULE_SCALE
    RULE_SQUARES

cdef struct OptimPiece:  # neighbours of one parameter; NULL for a field that it does not have
    int kind
    Py_ssize_t n
    char *x[OPTIM_FIELDS]
    const char *old[OPTIM_FIELDS]  # what to copy to x first; NULL where x has the numbers already
    double squares


cdef void apply_to_piece(OptimPiece *a, OptimRule rule, const OptimSettings *s, real *kind) noexcept nogil:  # IN/OUT a
    """`kind` only says the dtype."""
    cdef real *x[OPTIM_FIELDS]
    cdef Py_ssize_t at, n
    cdef int k
    if rule == RULE_SQUARES:
        a.squares = sum_of_squares(<const real *> a.x[0], a.n, s.lr)
        return
    for at from 0 <= at < a.n by OPTIM_CHUNK:
        n = at_most(a.n - at, OPTIM_CHUNK)
        for k in range(OPTIM_FIELDS):
            x[k] = <real *> a.x[k] + at if a.x[k] != NULL else NULL
            if a.old[k] != NULL:
                memcpy(x[k], <const real *> a.old[k] + at, n * sizeof(real))
        if rule == RULE_SGD:
            sgd_plain(x[0], x[1], n, s)
        elif rule == RULE_SGD_MOMENTUM:
            sgd_momentum(x[0], x[1], x[2], n, s)
        elif rule == RULE_ADAM:
            adam(x[0], x[1], x[2], x[3], n, s)
        elif rule == RULE_RMSPROP:
            rmsprop(x[0], x[1], x[2], x[3], x[4], n, s)
        else:
            scale_row(x[0], n, s.lr)


cdef struct OptimStep:
    OptimPiece *pieces
    OptimRule rule
    const OptimSettings *settings


cdef void optim_task(const OptimStep *t, Py_ssize_t piece, int worker, void *kind, void *op) noexcept nogil:
    if t.pieces[piece].kind == FLOAT64:
        apply_to_piece(t.pieces + piece, t.rule, t.settings, <double *> NULL)
    else:
        apply_to_piece(t.pieces + piece, t.rule, t.settings, <float *> NULL)


cdef int need_lists(str op, list lists) except -1:
    """`lists` holds for each field the arrays, one for each parameter, or None. All of a parameter have its shape."""
    cdef Array p, other
    for others in lists[1:]:
        if others is not None and len(others) != len(lists[0]):
            raise ValueError(f"{op}: {len(lists[0])} parameters, but {len(others)} arrays that belong to them")
    for i in range(len(lists[0])):
        p = need_array(op, lists[0][i])
        need_float(op, p)
        for others in lists[1:]:
            if others is not None:
                other = need_array(op, others[i])
                if not same_sizes(p, other):
                    raise ValueError(f"{op}: shapes {p.shape} and {other.shape} differ")
                need_same_kind(op, p, other)
    return 0


cdef Array need_array(str op, object a):
    if not isinstance(a, Array):
        raise TypeError(f"{op}: needs an array, not {type(a).__name__}")
    return a


cdef list arrays_of(str op, object tensors):
    cdef list arrays = []
    for tensor in tensors:
        if not isinstance(tensor, Exporter):
            raise TypeError(f"{op}: needs a tensor, not {type(tensor).__name__}")
        arrays.append((<Exporter> tensor).array)
    return arrays


cdef list share_all(list arrays):
    """New arrays with the memory of the old ones."""
    cdef list new = []
    cdef Array a
    for a in arrays:
        new.append(share_memory(a, a.sizes, a.ndim))
    return new


cdef bint keeps_memory(list held, list old, list new, Py_ssize_t i) except -1:
    """Whether new[i] may keep the memory that it shares with old[i]: only if nobody holds that but this list and its
    tensor. Otherwise new[i] is given memory of its own."""
    cdef bint ours = Py_REFCNT(PyList_GET_ITEM(<PyObject *> old, i)) == 2 and (<Exporter> held[i]).array is old[i]
    cdef Array a = <Array> new[i]
    cdef MemoryBlock *block = block_of(a.data)
    if ours and block.users == 2:
        return True
    a.data = take_block(a.size * ITEMSIZE[a.kind])
    block.users -= 1
    return False


cdef double apply_rule(str op, list lists, list results, bint taken, OptimRule rule, const OptimSettings *s) except -1:
    """Apply a rule to the arrays of `lists` (see need_lists), and write to those of `results`, which has None for a
    field that stays. Returns the sum of squares, if that is the rule. `taken`: keep the interpreter locked."""
    cdef Py_ssize_t i, at, start, count = 0, size = 0, used = 0
    cdef int k
    cdef double squares = 0
    cdef Array p, old, new
    cdef OptimPiece *pieces
    cdef OptimPiece *piece
    cdef OptimStep t
    for p in lists[0]:
        count += element_tasks(p.size)
        size += p.size
    pieces = <OptimPiece *> PyMem_Malloc((count + 1) * sizeof(OptimPiece))
    if pieces == NULL:
        raise MemoryError(f"{op}: out of memory")
    memset(pieces, 0, count * sizeof(OptimPiece))
    for i in range(len(lists[0])):
        p = <Array> lists[0][i]
        for at from 0 <= at < p.size by TASK_ELEMENTS:
            piece = pieces + used
            piece.kind = p.kind
            piece.n = at_most(p.size - at, TASK_ELEMENTS)
            start = at * ITEMSIZE[p.kind]
            for k in range(<int> len(lists)):
                if lists[k] is None:
                    continue
                old = new = <Array> lists[k][i]
                if results[k] is not None:
                    new = <Array> results[k][i]
                piece.x[k] = <char *> new.data + start
                if new.data != old.data:
                    piece.old[k] = <const char *> old.data + start
            used += 1
    t.pieces, t.rule, t.settings = pieces, rule, s
    perform(FLOAT64, <Task> optim_task, <Task> optim_task, &t, count, threads_for(0.5 * size),
            0 if taken else 0.5 * size)
    for i in range(count):
        squares += pieces[i].squares
    PyMem_Free(pieces)
    return squares


cdef int take_step(str op, list tensors, Py_ssize_t needed, OptimRule rule, const OptimSettings *s) except -1:
    """Apply a rule to the numbers of `tensors`, a list for each field or None, and give all but the gradients their new
    arrays. After an error each has its old one. The first `needed` lists must be there."""
    cdef list lists = [], results = []
    cdef list held, old, new
    cdef bint taken = False
    cdef Py_ssize_t k, i
    if None in tensors[:needed]:
        raise TypeError(f"{op}: needs {needed} lists of tensors, and one of them is None")
    tensors = [None if field is None else list(field) for field in tensors]
    for field in tensors:
        lists.append(None if field is None else arrays_of(op, field))
    need_lists(op, lists)
    for k in range(len(lists)):
        results.append(None if k == OPTIM_GRADIENT or lists[k] is None else share_all(lists[k]))
    for k in range(len(lists)):  # from here on no Python code can run
        held, old, new = tensors[k], lists[k], results[k]
        for i in range(0 if new is None else len(new)):
            if keeps_memory(held, old, new, i):
                taken = True
    apply_rule(op, lists, results, taken, rule, s)
    for k in range(len(lists)):
        held, new = tensors[k], results[k]
        for i in range(0 if new is None else len(new)):
            (<Exporter> held[i]).array = <Array> new[i]
    return 0


def sgd_step(params, grads, momenta, double lr, double momentum, double dampening, bint nesterov, double weight_decay):
    cdef OptimSettings s
    s.lr, s.momentum, s.dampening, s.nesterov, s.weight_decay = lr, momentum, dampening, nesterov, weight_decay
    take_step("sgd_step", [params, grads, momenta], 2, RULE_SGD if momenta is None else RULE_SGD_MOMENTUM, &s)


def adam_step(params, grads, first, second, Py_ssize_t t, double lr, double beta1, double beta2, double eps,
              double weight_decay, bint decoupled, bint bias_correction=True, bint old_moments=False):
    cdef OptimSettings s
    if t < 1:
        raise ValueError(f"adam_step: step {t}: the first step is 1")
    s.lr, s.beta1, s.beta2, s.eps, s.weight_decay, s.decoupled = lr, beta1, beta2, eps, weight_decay, decoupled
    s.old_moments = old_moments
    s.size, s.root = lr, 1
    if bias_correction:
        s.size = lr / (1 - c_pow(beta1, t))
        s.root = c_sqrt(1 - c_pow(beta2, t))
    take_step("adam_step", [params, grads, first, second], 4, RULE_ADAM, &s)


def rmsprop_step(params, grads, square, momenta, averages, double lr, double alpha, double eps, double weight_decay,
                 double momentum, bint old_moments=False):
    cdef OptimSettings s
    s.lr, s.beta1, s.eps, s.weight_decay, s.momentum = lr, alpha, eps, weight_decay, momentum
    s.old_moments = old_moments
    take_step("rmsprop_step", [params, grads, square, momenta, averages], 3, RULE_RMSPROP, &s)


# --- gradients all together -------------------------------------------------------------------------------------------
def norm(arrays):
    """The root of the sum of squares. Where a double cannot hold that with all its digits, the numbers are scaled."""
    cdef list given = list(arrays)
    cdef OptimSettings s
    need_lists("norm", [given])
    s.lr = 1
    cdef double squares = apply_rule("norm", [given], [None], False, RULE_SQUARES, &s)
    if squares != squares or 1e-250 < squares < INFINITY:
        return c_sqrt(squares)
    s.lr = power_of_two(600 if squares < 1 else -600)
    return c_sqrt(apply_rule("norm", [given], [None], False, RULE_SQUARES, &s)) / s.lr


def scale(tensors, double factor):
    cdef OptimSettings s
    s.lr = factor
    take_step("scale", [tensors], 1, RULE_SCALE, &s)
