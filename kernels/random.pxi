# Random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011).
#
# Design: a number depends on (seed, offset, its position) alone, so it needs no state and no order. Block c of a seed
# is Philox of the counter (low and high 32 bits of c, 0, 0) under the key (low and high 32 bits of the seed): four
# words w0..w3, that is, two 64-bit numbers, w1 w0 and w3 w2. Element i takes number i % 2 of block offset + i // 2.
#   uniform: its top 53 bits times 2^-53, or for float32 its top 24 bits times 2^-24.
#   normal:  the block's two uniforms u, v give r cos(2 pi v) to the even element and r sin(2 pi v) to the odd one, with
#            r = sqrt(-2 log(1 - u)) (Box-Muller), in double; float32 rounds that.
#   integers in [low, high): low + (number * (high - low) >> 64), whose bias is below (high - low) / 2^64.

cdef inline void philox(uint32_t *counter, uint32_t key0, uint32_t key1) noexcept nogil:  # IN/OUT counter
    cdef uint64_t p, q
    cdef int i
    for i in range(10):
        p = <uint64_t> 0xD2511F53 * counter[0]
        q = <uint64_t> 0xCD9E8D57 * counter[2]
        counter[0] = <uint32_t> (q >> 32) ^ counter[1] ^ key0
        counter[1] = <uint32_t> q
        counter[2] = <uint32_t> (p >> 32) ^ counter[3] ^ key1
        counter[3] = <uint32_t> p
        key0 += <uint32_t> 0x9E3779B9
        key1 += <uint32_t> 0xBB67AE85


cdef inline void block_numbers(uint64_t seed, uint64_t block, uint64_t *pair) noexcept nogil:
    """The two numbers of a block."""
    cdef uint32_t[4] words
    words[0] = <uint32_t> block
    words[1] = <uint32_t> (block >> 32)
    words[2] = 0
    words[3] = 0
    philox(words, <uint32_t> seed, <uint32_t> (seed >> 32))
    pair[0] = <uint64_t> words[1] << 32 | words[0]
    pair[1] = <uint64_t> words[3] << 32 | words[2]


cdef inline uint64_t high_product(uint64_t x, uint64_t y) noexcept nogil:
    """The upper 64 bits of x * y."""
    cdef uint64_t x0 = <uint32_t> x, x1 = x >> 32, y0 = <uint32_t> y, y1 = y >> 32
    cdef uint64_t middle = x1 * y0 + (x0 * y0 >> 32)
    cdef uint64_t other = x0 * y1 + <uint32_t> middle
    return x1 * y1 + (middle >> 32) + (other >> 32)


cdef inline double unit_interval(uint64_t number) noexcept nogil:
    """In [0, 1)."""
    return <double> (number >> 11) * 1.1102230246251565e-16  # 2^-53


cdef struct Uniform:
    char _
cdef struct Normal:
    char _
cdef struct Integers:
    char _

ctypedef fused draw_op:
    Uniform
    Normal
    Integers

ctypedef fused drawn:
    double
    float
    int64_t


cdef inline void draw_pair(drawn *out, uint64_t seed, uint64_t block, uint64_t low, uint64_t span,
                           draw_op *op) noexcept nogil:
    cdef uint64_t[2] pair
    cdef double radius, angle
    block_numbers(seed, block, pair)
    if draw_op is Integers:
        out[0] = <drawn> (low + high_product(pair[0], span))
        out[1] = <drawn> (low + high_product(pair[1], span))
    elif draw_op is Normal:
        radius = c_sqrt(-2 * c_log(1 - unit_interval(pair[0])))
        angle = 2 * M_PI * unit_interval(pair[1])
        out[0] = <drawn> (radius * c_cos(angle))
        out[1] = <drawn> (radius * c_sin(angle))
    elif drawn is float:
        out[0] = <float> (pair[0] >> 40) * <float> 5.9604644775390625e-08  # 2^-24
        out[1] = <float> (pair[1] >> 40) * <float> 5.9604644775390625e-08
    else:
        out[0] = <drawn> unit_interval(pair[0])
        out[1] = <drawn> unit_interval(pair[1])


cdef struct Draws:
    void *out
    Py_ssize_t n
    uint64_t seed, offset, low, span


cdef void draw_task(const Draws *t, Py_ssize_t task, int worker, drawn *kind, draw_op *op) noexcept nogil:
    cdef drawn *out = <drawn *> t.out
    cdef drawn[2] last
    cdef Py_ssize_t first = task * TASK_ELEMENTS, end = at_most(first + TASK_ELEMENTS, t.n), i
    for i from first <= i < end - 1 by 2:
        draw_pair(out + i, t.seed, t.offset + i // 2, t.low, t.span, op)
    if end % 2:
        draw_pair(<drawn *> last, t.seed, t.offset + end // 2, t.low, t.span, op)
        out[end - 1] = last[0]


cdef void draw_numbers(Array out, Task of_doubles, Task of_floats, uint64_t seed, uint64_t offset, uint64_t low,
                       uint64_t span):
    cdef Draws t
    t.out, t.n, t.seed, t.offset, t.low, t.span = out.data, out.size, seed, offset, low, span
    cdef double ns = 4.0 * t.n
    perform(out.kind, of_doubles, of_floats, &t, element_tasks(t.n), threads_for(ns), ns)


cdef uint64_t word64(str op, str what, object number) except? 0xFFFFFFFFFFFFFFFF:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{op}: the {what} is a whole number, not {type(number).__name__}")
    if not 0 <= number < 1 << 64:
        raise ValueError(f"{op}: the {what} {number} is outside 0 to 2**64 - 1")
    return number


cdef Array draw_floats(str op, object shape, object dtype, object seed, object offset, draw_op *tag):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = read_shape(op, shape, sizes)
    cdef Array out = new_array(op, kind_of(op, dtype), sizes, ndim)
    need_float(op, out)
    cdef uint64_t key = word64(op, "seed", seed), first = word64(op, "offset", offset)
    draw_numbers(out, <Task> draw_task[double, draw_op], <Task> draw_task[float, draw_op], key, first, 0, 0)
    return out


def uniform(shape, dtype, seed, offset):
    return draw_floats("uniform", shape, dtype, seed, offset, <Uniform *> NULL)


def normal(shape, dtype, seed, offset):
    return draw_floats("normal", shape, dtype, seed, offset, <Normal *> NULL)


def integers(shape, low, high, seed, offset):
    cdef Py_ssize_t sizes[MAX_DIMS]
    cdef int ndim = read_shape("integers", shape, sizes)
    cdef Array out = new_array("integers", INT64, sizes, ndim)
    if not low < high:
        raise ValueError(f"integers: low {low} must be below high {high}")
    if low < -(1 << 63) or high > 1 << 63 or high - low >= 1 << 64:
        raise ValueError(f"integers: [{low}, {high}) does not fit into int64")
    cdef uint64_t key = word64("integers", "seed", seed), first = word64("integers", "offset", offset)
    cdef uint64_t start = low & 0xFFFFFFFFFFFFFFFF, span = high - low
    cdef Task task = <Task> draw_task[int64_t, Integers]  # for integers, whatever the kind
    draw_numbers(out, task, task, key, first, start, span)
    return out


def _philox(counter, key):
    """The four words of one block, for the published test vectors."""
    cdef uint32_t[4] words
    for i in range(4):
        words[i] = counter[i]
    philox(words, key[0], key[1])
    return tuple([words[i] for i in range(4)])
