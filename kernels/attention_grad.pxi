# The derivative of attention. With P the weights, dP = dy v^T and D = rowsum(dP P) = rowsum(dy y):
#
#   dv = P^T dy,  dS = P (dP - D),  dq = scale dS k,  dk = scale dS^T q
#
# Design (FlashAttention, Dao et al. 2022, algorithm 4): the weights are computed again, block by block, from the very
# scores of the forward pass (`score_queries`), which kept the largest score and the sum of each query. A thread has a
# whole matrix of the batch: dq adds up over blocks of keys, dk and dv over blocks of queries, and no other thread adds
# to the same place. A block's weights and dS stay in the cache between the products that need them by rows (dq) and by
# columns (dv, dk).

cdef enum:
    ATTENTION_GRAD_QUERIES = 32  # of a block, so that its weights and dS fit the first cache


cdef struct AttentionSpare:  # where a thread keeps the copies of a matrix, in numbers from its start
    Py_ssize_t packed_k, packed_v, p, ds, delta, q, k, dy, dq, dk, dv, size


cdef void divide_spare(const Attention *t, AttentionSpare *at) noexcept:
    at.packed_k = 0
    at.packed_v = at.packed_k + t.width * ATTENTION_KEYS
    at.p = at.packed_v + t.value_width * ATTENTION_KEYS
    at.ds = at.p + ATTENTION_GRAD_QUERIES * ATTENTION_KEYS
    at.delta = at.ds + ATTENTION_GRAD_QUERIES * ATTENTION_KEYS
    at.q = at.delta + round_up(t.queries, ATTENTION_KEYS)
    at.dy = at.q + round_up(t.queries, ATTENTION_KEYS) * t.padded
    at.dq = at.dy + round_up(t.queries, ATTENTION_KEYS) * t.value_padded
    at.k = at.dq + round_up(t.queries, ATTENTION_KEYS) * t.padded
    at.dk = at.k + ATTENTION_KEYS * t.padded
    at.dv = at.dk + ATTENTION_KEYS * t.padded
    at.size = at.dv + ATTENTION_KEYS * t.value_padded


cdef inline void score_slopes(real *p, real *ds, Py_ssize_t n, const real *row, real delta,
                              real scale) noexcept nogil:  # IN/OUT p, ds
    """Scores become weights, dP becomes scale dS, for one query, whose largest score and sum are `row`."""
    cdef Py_ssize_t j
    cdef real shift = 0 if row[0] == -INFINITY else row[0], one = 1, factor = 0 if row[1] == 0 else one / row[1]
    for j in range(n):
        p[j] = falling_exp(p[j] - shift) * factor
        ds[j] = p[j] * (ds[j] - delta) * scale


cdef void recompute_weights(const Attention *t, const real *q, const real *k, const real *dy, const void *mask,
                            const real *rows_of, real *spare, const AttentionSpare *at, const real *keys,
                            Py_ssize_t first, Py_ssize_t count, Py_ssize_t top,
                            Py_ssize_t rows) noexcept nogil:  # IN/OUT spare
    """Weights and scale dS of a block of queries and keys; 0 where there is no key. Adds to dq."""
    cdef Py_ssize_t row = 0, group, n, padded, own, i, j
    cdef Py_ssize_t whole = padded_scores(count)
    cdef real *p
    cdef real *ds
    while row < rows:
        group = at_most(rows - row, TILE_ROWS)
        n = clipped(0, visible_keys(t, top + row + group - 1) - first, count)
        padded = padded_scores(n)
        p = spare + at.p + row * ATTENTION_KEYS
        ds = spare + at.ds + row * ATTENTION_KEYS
        score_queries(t, q + (top + row) * t.line_row, t.line_row, k + first * t.row,
                      <const real *> spare + at.packed_k, p, group, n)
        if n > 0:
            small_product(dy + (top + row) * t.value_line_row, t.value_line_row, 1, spare + at.packed_v, ATTENTION_KEYS,
                          ds, ATTENTION_KEYS, group, padded, t.value_width, True)
        for i in range(group):
            own = clipped(0, visible_keys(t, top + row + i) - first, n)
            mask_scores(t, mask, top + row + i, first, p + i * ATTENTION_KEYS, own, padded)
            score_slopes(p + i * ATTENTION_KEYS, ds + i * ATTENTION_KEYS, own, rows_of + 2 * (top + row + i),
                         spare[at.delta + top + row + i], <real> t.scale)
            for j in range(own, whole):
                p[i * ATTENTION_KEYS + j] = ds[i * ATTENTION_KEYS + j] = 0
        small_product(ds, ATTENTION_KEYS, 1, keys, t.line_row, spare + at.dq + (top + row) * t.padded, t.padded,
                      group, t.padded, n, False)
        row += TILE_ROWS


cdef void add_to_keys(const Attention *t, const real *q, const real *dy, real *spare, const AttentionSpare *at,
                      Py_ssize_t first, Py_ssize_t count, Py_ssize_t top,
                      Py_ssize_t rows) noexcept nogil:  # IN/OUT spare
    """Adds P^T dy to dv and dS^T q to dk, for a block of queries and keys."""
    cdef Py_ssize_t j = 0, group, skip
    while j < count:
        group = at_most(count - j, TILE_ROWS)
        skip = clipped(0, first + j - top, rows) if t.causal else 0  # queries that see none of these keys
        small_product(spare + at.p + skip * ATTENTION_KEYS + j, 1, ATTENTION_KEYS, dy + (top + skip) * t.value_line_row,
                      t.value_line_row, spare + at.dv + j * t.value_padded, t.value_padded, group, t.value_padded,
                      rows - skip, False)
        small_product(spare + at.ds + skip * ATTENTION_KEYS + j, 1, ATTENTION_KEYS, q + (top + skip) * t.line_row,
                      t.line_row, spare + at.dk + j * t.padded, t.padded, group, t.padded, rows - skip, False)
        j += TILE_ROWS


cdef void copy_narrower_rows(const real *x, Py_ssize_t rows, Py_ssize_t padded, Py_ssize_t width, real *out,
                             Py_ssize_t row) noexcept nogil:
    """Copy rows of whole cache lines back to their own width, beside those of the other heads. (A call of memcpy for
    each takes longer than the copy.)"""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(width):
            out[i * row + j] = x[i * padded + j]


cdef inline double dot(const real *x, const real *y, Py_ssize_t n) noexcept nogil:
    """The sum of x y, in eight sums side by side."""
    cdef double[8] lanes
    cdef double total = 0
    cdef Py_ssize_t i = 0, j
    for j in range(8):
        lanes[j] = 0
    while i + 8 <= n:
        for j in range(8):
            lanes[j] += <double> x[i + j] * y[i + j]
        i += 8
    for j in range(8):
        total += lanes[j]
    while i < n:
        total += <double> x[i] * y[i]
        i += 1
    return total


cdef void attend_matrix_backward(const Attention *t, const real *q, const real *k, const real *v, const void *mask,
                                 const real *y, const real *rows_of, const real *dy, real *dq, real *dk, real *dv,
                                 real *spare, const AttentionSpare *at) noexcept nogil:
    """One matrix of the batch."""
    cdef Py_ssize_t first = 0, count, top, rows, i
    cdef real *delta = spare + at.delta
    cdef const real *keys
    for i in range(t.queries):
        delta[i] = <real> dot(dy + i * t.value_row, y + i * t.value_row, t.value_width)
    q = rows_of_whole_lines(q, t.row, t.queries, t.width, t.padded, spare + at.q)
    dy = rows_of_whole_lines(dy, t.value_row, t.queries, t.value_width, t.value_padded, spare + at.dy)
    memset(spare + at.dq, 0, t.queries * t.padded * sizeof(real))
    while first < t.keys:
        count = at_most(t.keys - first, ATTENTION_KEYS)
        if packs_keys(t):
            pack(k + first * t.row, t.row, 1, count, t.width, spare + at.packed_k, ATTENTION_KEYS)
        pack(v + first * t.value_row, t.value_row, 1, count, t.value_width, spare + at.packed_v, ATTENTION_KEYS)
        keys = rows_of_whole_lines(k + first * t.row, t.row, count, t.width, t.padded, spare + at.k)
        memset(spare + at.dk, 0, ATTENTION_KEYS * t.padded * sizeof(real))
        memset(spare + at.dv, 0, ATTENTION_KEYS * t.value_padded * sizeof(real))
        top = 0
        if t.causal:  # earlier queries see none of these keys
            top = first // ATTENTION_GRAD_QUERIES * ATTENTION_GRAD_QUERIES
        while top < t.queries:
            rows = at_most(t.queries - top, ATTENTION_GRAD_QUERIES)
            recompute_weights(t, q, k, dy, mask, rows_of, spare, at, keys, first, count, top, rows)
            add_to_keys(t, q, dy, spare, at, first, count, top, rows)
            top += ATTENTION_GRAD_QUERIES
        copy_narrower_rows(spare + at.dk, count, t.padded, t.width, dk + first * t.row, t.row)
        copy_narrower_rows(spare + at.dv, count, t.value_padded, t.value_width, dv + first * t.value_row, t.value_row)
        first += ATTENTION_KEYS
    copy_narrower_rows(spare + at.dq, t.queries, t.padded, t.width, dq, t.row)


cdef struct AttendBack:  # what the tasks have in common
    const Attention *t
    const AttentionSpare *at
    const void *q
    const void *k
    const void *v
    const void *mask
    const void *y
    const void *rows
    const void *dy
    void *dq
    void *dk
    void *dv
    void *spare  # of every thread


cdef void attention_grad_task(const AttendBack *job, Py_ssize_t matrix, int worker, real *kind,
                              void *op) noexcept nogil:
    cdef const Attention *t = job.t
    cdef Cursor own, mask_own
    cdef Py_ssize_t number = matrix // t.heads, head = matrix % t.heads * t.width, to = matrix % t.heads * t.value_width
    cdef Py_ssize_t query = number * t.queries * t.row + head, value = number * t.queries * t.value_row + to
    seek(&t.batch, &own, number)
    seek(&t.mask_batch, &mask_own, matrix)
    attend_matrix_backward(t, <const real *> job.q + own.at[0] * t.queries * t.row + head,
                           <const real *> job.k + own.at[1] * t.keys * t.row + head,
                           <const real *> job.v + own.at[2] * t.keys * t.value_row + to,
                           <const char *> job.mask + mask_own.at[1] * t.mask_size, <const real *> job.y + value,
                           <const real *> job.rows + 2 * matrix * t.queries, <const real *> job.dy + value,
                           <real *> job.dq + query, <real *> job.dk + number * t.keys * t.row + head,
                           <real *> job.dv + number * t.keys * t.value_row + to,
                           <real *> job.spare + worker * job.at.size, job.at)


def attention_grad(Array dy not None, Array q not None, Array k not None, Array v not None, Array mask,
                   Py_ssize_t heads, bint is_causal, double scale, Array y not None, Array rows not None):
    cdef Attention t
    cdef AttentionSpare at
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = plan_attention("attention_grad", &t, q, k, v, mask, heads, sizes)
    t.causal, t.scale = is_causal, scale
    sizes[ndim], sizes[ndim + 1] = t.queries, 2
    cdef tuple shape_rows = shape_tuple(sizes, ndim + 2), shape
    ndim -= heads > 0
    sizes[ndim], sizes[ndim + 1] = t.queries, t.value_row
    shape = shape_tuple(sizes, ndim + 2)
    if dy.shape != shape or y.shape != shape or rows.shape != shape_rows:
        raise ValueError(f"attention_grad: dy {dy.shape}, y {y.shape} and rows {rows.shape}: expected {shape}, {shape} "
                         f"and {shape_rows}")
    need_same_kind("attention_grad", q, dy)
    need_same_kind("attention_grad", q, y)
    need_same_kind("attention_grad", q, rows)
    sizes[ndim + 1] = t.row
    cdef Array dq = new_array("attention_grad", q.kind, sizes, ndim + 2), dk, dv
    sizes[ndim] = t.keys
    dk = new_array("attention_grad", q.kind, sizes, ndim + 2)
    sizes[ndim + 1] = t.value_row
    dv = new_array("attention_grad", q.kind, sizes, ndim + 2)
    if t.matrices == 0:
        return dq, dk, dv
    divide_spare(&t, &at)
    cdef double ns = <double> t.matrices * t.queries * t.keys * (t.width + t.value_width + 32)
    ns /= 16 if q.kind == FLOAT64 else 32
    cdef int workers = threads_for(ns)
    cdef AttendBack job
    job.t, job.at, job.q, job.k, job.v, job.mask = &t, &at, q.data, k.data, v.data, data_or_null(mask)
    job.y, job.rows, job.dy, job.dq, job.dk, job.dv = y.data, rows.data, dy.data, dq.data, dk.data, dv.data
    job.spare = take_block(at_most(workers, t.matrices) * at.size * ITEMSIZE[q.kind])
    perform(q.kind, <Task> attention_grad_task[double], <Task> attention_grad_task[float], &job, t.matrices, workers,
            ns)
    drop_block(job.spare)
    return dq, dk, dv
