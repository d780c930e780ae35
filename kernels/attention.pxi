# Attention: y = softmax(scale q k^T + mask) v, for every matrix of a batch, without keeping the (T, S) weights.
#
# Design ("online softmax": Milakov and Gimelshein 2018; Rabe and Staats 2021; FlashAttention, Dao et al. 2022): a
# block of queries meets the keys block by block. For each query it keeps the largest score so far, the sum of e^(score
# - largest), and the sum of the values, each times its e^(score - largest); when a larger score turns up, both sums are
# scaled down to it. So the memory needed grows with T + S, not with T S. The derivative needs y and, for each query,
# the largest score and the sum: e^(score - largest) / sum is the weight again (attention_grad.pxi). One number, the
# logarithm of the sum of e^score, would do, but beside a score of 1e9 it has no digits left for the sum. A causal mask
# leaves out what lies above the diagonal, TILE_ROWS queries at a time. Rows of scores are padded to whole FOLD_LANES
# with forbidden ones, -inf, so that fold_rows.pxi finds the largest and adds them up. The products of blocks are those
# of small_product.pxi.
#
# Each task writes its own rows in an order that depends on shapes alone, so threads do not change a bit.

cdef enum:
    ATTENTION_QUERIES = 64  # of a block
    ATTENTION_KEYS = 64

cdef enum Mask:
    NO_MASK
    BOOL_MASK
    FLOAT_MASK

cdef struct Attention:
    Py_ssize_t matrices, heads, queries, keys, width, value_width  # q (., T, h d), k (., S, h d), v (., S, h d_v)
    Py_ssize_t row, value_row  # from row to row: all heads
    Py_ssize_t padded, value_padded  # widths as whole lines
    Py_ssize_t line_row, value_line_row  # from row to row of what rows_of_whole_lines() gives
    double scale
    bint causal
    int mask
    Py_ssize_t mask_row, mask_step, mask_size  # from query to query and key to key (0: the same for all), of a matrix
    Walk batch  # which of q, k and v make each of the result, all heads together
    Walk mask_batch  # its second operand: which matrix of the mask is for each head


cdef inline Py_ssize_t visible_keys(const Attention *t, Py_ssize_t query) noexcept nogil:
    """How many keys the causal mask leaves to a query."""
    return at_most(query + 1, t.keys) if t.causal else t.keys


cdef inline Py_ssize_t clipped(Py_ssize_t low, Py_ssize_t x, Py_ssize_t high) noexcept nogil:
    return at_least(at_most(x, high), low)


cdef inline Py_ssize_t padded_scores(Py_ssize_t n) noexcept nogil:
    return round_up(n, FOLD_LANES)


cdef void mask_scores(const Attention *t, const void *mask, Py_ssize_t query, Py_ssize_t key, real *s, Py_ssize_t n,
                      Py_ssize_t padded) noexcept nogil:  # IN/OUT s
    """n products of a query with the keys from `key` on become scores; the masked and the missing ones become -inf."""
    cdef Py_ssize_t at = query * t.mask_row + key * t.mask_step, j
    cdef real scale = <real> t.scale
    if t.mask == BOOL_MASK:
        for j in range(n):
            s[j] = s[j] * scale if (<const uint8_t *> mask)[at + j * t.mask_step] else <real> -INFINITY
    elif t.mask == FLOAT_MASK:
        for j in range(n):
            s[j] = s[j] * scale + (<const real *> mask)[at + j * t.mask_step]
    else:
        for j in range(n):
            s[j] = s[j] * scale
    for j in range(n, padded):
        s[j] = <real> -INFINITY


cdef bint any_key(const Attention *t, const void *mask, Py_ssize_t query, real *kind) noexcept nogil:
    """Whether a query may attend to anything."""
    cdef Py_ssize_t n = visible_keys(t, query), at = query * t.mask_row, j
    if t.mask == NO_MASK:
        return n > 0
    for j in range(n):
        if t.mask == BOOL_MASK and (<const uint8_t *> mask)[at + j * t.mask_step]:
            return True
        if t.mask == FLOAT_MASK and (<const real *> mask)[at + j * t.mask_step] != -INFINITY:
            return True
    return False


cdef inline real largest_score(const real *s, Py_ssize_t n) noexcept nogil:
    """Of a multiple of FOLD_LANES scores. NaN is passed over: it comes back from `exponentiate`."""
    cdef real[FOLD_LANES] lanes
    cdef Py_ssize_t i, j
    for j in range(FOLD_LANES):
        lanes[j] = <real> -INFINITY
    for i from 0 <= i < n by FOLD_LANES:
        for j in range(FOLD_LANES):
            lanes[j] = better_of(s[i + j], lanes[j], <Max *> NULL)
    for j in range(16):
        lanes[j] = better_of(lanes[16 + j], lanes[j], <Max *> NULL)
    for j in range(8):
        lanes[j] = better_of(lanes[8 + j], lanes[j], <Max *> NULL)
    for j in range(4):
        lanes[j] = better_of(lanes[4 + j], lanes[j], <Max *> NULL)
    for j in range(2):
        lanes[j] = better_of(lanes[2 + j], lanes[j], <Max *> NULL)
    return better_of(lanes[1], lanes[0], <Max *> NULL)


cdef inline void exponentiate(real *s, Py_ssize_t n, real shift) noexcept nogil:  # IN/OUT s
    """s becomes e^(s - shift), for a multiple of FOLD_LANES scores."""
    cdef Py_ssize_t i
    for i in range(n):
        s[i] = falling_exp(s[i] - shift)


cdef inline double sum_of(const real *s, Py_ssize_t n) noexcept nogil:
    """Of a multiple of FOLD_LANES numbers."""
    cdef real kept[FOLD_KEPT]
    cdef double[8] lanes
    cdef Py_ssize_t j
    fold_block(s, s, n, kept, <Sum *> NULL)
    for j in range(8):
        lanes[j] = <double> kept[j] + kept[8 + j]
    for j in range(4):
        lanes[j] += lanes[4 + j]
    return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3])


cdef inline bint packs_keys(const Attention *t) noexcept nogil:
    """Whether the queries are so many that transposed keys pay; one query, of a token that is generated, is not."""
    return t.queries >= TILE_ROWS


cdef inline void score_queries(const Attention *t, const real *q, Py_ssize_t row_q, const real *k, const real *packed_k,
                               real *s, Py_ssize_t queries, Py_ssize_t n) noexcept nogil:
    """Products of at most TILE_ROWS queries with n keys, which `packed_k` has as (width, ATTENTION_KEYS), if at all.
    Either way gives the same bits."""
    if n == 0:
        return
    if packs_keys(t):
        small_product(q, row_q, 1, packed_k, ATTENTION_KEYS, s, ATTENTION_KEYS, queries, padded_scores(n), t.width,
                      True)
    else:
        rows_by_rows(q, row_q, 1, queries, k, t.row, n, t.width, s, ATTENTION_KEYS)


cdef void weigh(const Attention *t, const void *mask, Py_ssize_t query, Py_ssize_t key, Py_ssize_t rows, Py_ssize_t n,
                real *s, real *peak, double *total, real *sums) noexcept nogil:  # IN/OUT s, peak, total, sums
    """Products of `rows` queries with n keys become e^(score - largest). The rows take each step together: every step
    of one waits for the one before, but for no other row's."""
    cdef Py_ssize_t padded = padded_scores(n), i, j
    cdef real[TILE_ROWS] shift
    cdef real most, factor
    for i in range(rows):
        mask_scores(t, mask, query + i, key, s + i * ATTENTION_KEYS,
                    clipped(0, visible_keys(t, query + i) - key, n), padded)
    for i in range(rows):
        most = largest_score(<const real *> s + i * ATTENTION_KEYS, padded)
        most = most if most > peak[i] else peak[i]
        shift[i] = 0 if most == -INFINITY else most  # -inf - -inf would be NaN
        if key > 0 and most > peak[i]:
            factor = falling_exp(peak[i] - shift[i])
            total[i] *= factor
            for j in range(t.value_padded):
                sums[i * t.value_padded + j] *= factor
        peak[i] = most
    for i in range(rows):
        exponentiate(s + i * ATTENTION_KEYS, padded, shift[i])
    for i in range(rows):
        total[i] += sum_of(<const real *> s + i * ATTENTION_KEYS, padded)


cdef void attend_block(const Attention *t, const real *q, const real *k, const real *v, const void *mask, real *y,
                       real *rows_of, Py_ssize_t top, real *spare) noexcept nogil:
    """One matrix's block of queries from `top` on."""
    cdef Py_ssize_t rows = at_most(t.queries - top, ATTENTION_QUERIES)
    cdef Py_ssize_t last = visible_keys(t, top + rows - 1), first = 0, count, row, group, n, i, j
    cdef real *packed_k = spare
    cdef real *s = packed_k + t.width * ATTENTION_KEYS
    cdef real *sums = s + TILE_ROWS * ATTENTION_KEYS
    cdef real *copy = sums + ATTENTION_QUERIES * t.value_padded
    cdef const real *values
    cdef real[ATTENTION_QUERIES] peak
    cdef double[ATTENTION_QUERIES] total
    cdef real factor
    for i in range(rows):
        peak[i] = <real> -INFINITY
        total[i] = 0
    memset(sums, 0, rows * t.value_padded * sizeof(real))
    while first < last:
        count = at_most(last - first, ATTENTION_KEYS)
        if packs_keys(t):
            pack(k + first * t.row, t.row, 1, count, t.width, packed_k, ATTENTION_KEYS)
        values = rows_of_whole_lines(v + first * t.value_row, t.value_row, count, t.value_width, t.value_padded, copy)
        row = 0
        while row < rows:
            group = at_most(rows - row, TILE_ROWS)
            n = clipped(0, visible_keys(t, top + row + group - 1) - first, count)
            score_queries(t, q + (top + row) * t.row, t.row, k + first * t.row, packed_k, s, group, n)
            if n > 0:
                weigh(t, mask, top + row, first, group, n, s, peak + row, total + row, sums + row * t.value_padded)
            small_product(s, ATTENTION_KEYS, 1, values, t.value_line_row, sums + row * t.value_padded, t.value_padded,
                          group, t.value_padded, n, False)
            row += TILE_ROWS
        first += ATTENTION_KEYS
    for i in range(rows):
        factor = <real> (1 / total[i])
        if total[i] == 0:  # no key, or every score is -inf: 0 / 0
            factor = <real> NAN if any_key(t, mask, top + i, y) else 0
            total[i] = factor
        rows_of[2 * (top + i)], rows_of[2 * (top + i) + 1] = peak[i], <real> total[i]
        for j in range(t.value_width):
            y[(top + i) * t.value_row + j] = sums[i * t.value_padded + j] * factor


cdef struct Attend:  # what the tasks have in common
    const Attention *t
    const void *q
    const void *k
    const void *v
    const void *mask
    void *y
    void *rows  # of each query the largest score and the sum
    void *spare  # of every thread
    Py_ssize_t spare_size, blocks


cdef void attend_task(const Attend *job, Py_ssize_t task, int worker, real *kind, void *op) noexcept nogil:
    """A block of queries of a matrix."""
    cdef const Attention *t = job.t
    cdef Py_ssize_t matrix = task // job.blocks, head = matrix % t.heads, number = matrix // t.heads
    cdef Cursor at, mask_at
    seek(&t.batch, &at, number)
    seek(&t.mask_batch, &mask_at, matrix)
    attend_block(t, <const real *> job.q + at.at[0] * t.queries * t.row + head * t.width,
                 <const real *> job.k + at.at[1] * t.keys * t.row + head * t.width,
                 <const real *> job.v + at.at[2] * t.keys * t.value_row + head * t.value_width,
                 <const char *> job.mask + mask_at.at[1] * t.mask_size,
                 <real *> job.y + number * t.queries * t.value_row + head * t.value_width,
                 <real *> job.rows + 2 * matrix * t.queries, task % job.blocks * ATTENTION_QUERIES,
                 <real *> job.spare + worker * job.spare_size)


cdef Array batch_shape(Array a, int drop):
    """An array that only stands for the shape of a without its last axes."""
    return new_array("attention", BOOL, a.sizes, <int> at_least(a.ndim - drop, 0))


cdef int plan_attention(str op, Attention *t, Array q, Array k, Array v, Array mask, Py_ssize_t heads,
                        Py_ssize_t *sizes) except -1:
    """Check the operands. Writes the sizes of the batch of scores: those of the operands' batch, and the heads if
    there is an axis for them; returns how many sizes there are."""
    cdef Array both
    cdef Py_ssize_t line = CACHE_LINE // ITEMSIZE[q.kind]
    cdef int ndim
    need_float(op, q)
    need_same_kind(op, q, k)
    need_same_kind(op, q, v)
    if (q.ndim < 2 or k.ndim < 2 or v.ndim < 2 or q.sizes[q.ndim - 1] != k.sizes[k.ndim - 1]
            or k.sizes[k.ndim - 2] != v.sizes[v.ndim - 2]):
        raise ValueError(f"{op}: q {q.shape}, k {k.shape} and v {v.shape} do not fit: expected (..., T, d), "
                         "(..., S, d) and (..., S, d_v)")
    t.heads = heads if heads > 0 else 1
    t.queries, t.row = q.sizes[q.ndim - 2], q.sizes[q.ndim - 1]
    t.keys, t.value_row = v.sizes[v.ndim - 2], v.sizes[v.ndim - 1]
    if heads < 0 or t.row % t.heads or t.value_row % t.heads:
        raise ValueError(f"{op}: widths of {t.row} and {t.value_row} cannot be split among {heads} heads")
    t.width, t.value_width = t.row // t.heads, t.value_row // t.heads
    t.padded, t.value_padded = round_up(t.width, line), round_up(t.value_width, line)
    t.line_row = t.row if t.width == t.padded else t.padded
    t.value_line_row = t.value_row if t.value_width == t.value_padded else t.value_padded
    both = plan_walk(op, BOOL, &t.batch, batch_shape(q, 2), batch_shape(k, 2), batch_shape(v, 2))
    ndim = both.ndim + (heads > 0)
    if ndim + 2 > MAX_DIMS:
        raise ValueError(f"{op}: {ndim + 2} dimensions; at most {MAX_DIMS} are possible")
    memcpy(sizes, both.sizes, both.ndim * sizeof(Py_ssize_t))
    if heads > 0:
        sizes[both.ndim] = heads
        both = new_array(op, BOOL, sizes, ndim)
    t.matrices = both.size
    t.mask = NO_MASK
    t.mask_row = t.mask_step = t.mask_size = 0
    if mask is None:
        plan_walk(op, BOOL, &t.mask_batch, both, both)
        return ndim
    if mask.kind != BOOL:
        need_same_kind(op, q, mask)
    t.mask = BOOL_MASK if mask.kind == BOOL else FLOAT_MASK
    sizes[ndim], sizes[ndim + 1] = t.queries, t.keys
    if not broadcasts_into(mask, sizes, ndim + 2):
        raise ValueError(f"{op}: a mask of shape {mask.shape} does not broadcast to the scores' "
                         f"{shape_tuple(sizes, ndim + 2)}")
    plan_walk(op, BOOL, &t.mask_batch, both, batch_shape(mask, 2))
    t.mask_size = element_count(mask.sizes, mask.ndim - 2 if mask.ndim > 2 else 0, mask.ndim) * ITEMSIZE[mask.kind]
    t.mask_step = 1 if mask.ndim > 0 and mask.sizes[mask.ndim - 1] > 1 else 0
    t.mask_row = mask.sizes[mask.ndim - 1] if mask.ndim > 1 and mask.sizes[mask.ndim - 2] > 1 else 0
    return ndim


cdef bint broadcasts_into(Array a, const Py_ssize_t *sizes, int ndim) noexcept:
    """Whether a broadcasts to these sizes and makes none larger."""
    cdef int axis, lead = ndim - a.ndim
    for axis in range(a.ndim):
        if lead < 0 or (a.sizes[axis] != 1 and a.sizes[axis] != sizes[lead + axis]):
            return False
    return True


def attention(Array q not None, Array k not None, Array v not None, Array mask, Py_ssize_t heads, bint is_causal,
              double scale):
    cdef Attention t
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = plan_attention("attention", &t, q, k, v, mask, heads, sizes)
    t.causal, t.scale = is_causal, scale
    sizes[ndim], sizes[ndim + 1] = t.queries, 2
    cdef Array rows = new_array("attention", q.kind, sizes, ndim + 2)
    ndim -= heads > 0
    sizes[ndim], sizes[ndim + 1] = t.queries, t.value_row
    cdef Array y = new_array("attention", q.kind, sizes, ndim + 2)
    if rows.size == 0:
        return y, rows
    cdef double ns = <double> t.matrices * t.queries * t.keys * (t.width + t.value_width + 32)
    ns /= 40 if q.kind == FLOAT64 else 80
    cdef Attend job
    cdef int workers = threads_for(ns)
    job.spare_size = (t.width + TILE_ROWS) * ATTENTION_KEYS + (ATTENTION_QUERIES + ATTENTION_KEYS) * t.value_padded
    job.blocks = parts_of(t.queries, ATTENTION_QUERIES)
    job.t, job.q, job.k, job.v, job.mask = &t, q.data, k.data, v.data, data_or_null(mask)
    job.y, job.rows = y.data, rows.data
    job.spare = take_block(at_most(workers, t.matrices * job.blocks) * job.spare_size * ITEMSIZE[q.kind])
    perform(q.kind, <Task> attend_task[double], <Task> attend_task[float], &job, t.matrices * job.blocks, workers, ns)
    drop_block(job.spare)
    return y, rows
