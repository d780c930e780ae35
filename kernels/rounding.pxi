# Rounding to the numbers that 16 bits can hold: bfloat16 and float16. They stay in the array's own dtype.
#
# Design: neighbours of a float of p binary digits are 2^(e - p + 1) apart, where 2^e <= |x|. In a normal number the last
# digits to be kept are bits of x, so one integer addition rounds, ties to even, and carries into the exponent where it
# must. Below the smallest normal number the distance stays the same: there adding and subtracting a number whose own last
# digit is that large rounds. Both are computed and one is selected, so the loop becomes vectors. Where it meets NaN it
# keeps it; beyond the largest number it gives an infinity.

cdef struct BFloat16:  # 8 binary digits; the exponents of a float
    char _
cdef struct Float16:  # 11 binary digits
    char _

ctypedef fused half_format:
    BFloat16
    Float16


cdef inline real short_of(real x, half_format *op) noexcept nogil:
    cdef real size = magnitude(x), kept, tiny
    cdef real least = <real> (1.1754943508222875e-38 if half_format is BFloat16 else 6.103515625e-05)  # 2^-126, 2^-14
    cdef real most = <real> (3.3895313892515355e+38 if half_format is BFloat16 else 65504.0)
    cdef real step  # whose own last digit is the distance of the small numbers: 2^-133, 2^-24
    cdef uint64_t bits
    cdef uint32_t bits_f
    if real is double:
        step = 4.1359030627651384e-25 if half_format is BFloat16 else 268435456.0  # 2^-81, 2^28
        bits = to_bits(size)
        if half_format is BFloat16:
            bits = (bits + <uint64_t> 0xFFFFFFFFFFF + (bits >> 45 & 1)) & <uint64_t> 0xFFFFE00000000000
        else:
            bits = (bits + <uint64_t> 0x1FFFFFFFFFF + (bits >> 42 & 1)) & <uint64_t> 0xFFFFFC0000000000
        kept = from_bits(bits)
    else:
        step = <real> (7.703719777548943e-34 if half_format is BFloat16 else 0.5)  # 2^-110, 2^-1
        bits_f = to_bits_f(size)
        if half_format is BFloat16:
            bits_f = (bits_f + <uint32_t> 0x7FFF + (bits_f >> 16 & 1)) & <uint32_t> 0xFFFF0000
        else:
            bits_f = (bits_f + <uint32_t> 0xFFF + (bits_f >> 13 & 1)) & <uint32_t> 0xFFFFE000
        kept = from_bits_f(bits_f)
    tiny = (size + step) - step
    kept = tiny if size < least else kept
    kept = <real> INFINITY if kept > most else kept
    if real is double:
        kept = c_copysign(kept, x)
    else:
        kept = c_copysignf(kept, x)
    return kept if x == x else x


cdef void short_piece(const Elements *t, Py_ssize_t piece, int worker, real *kind, half_format *op) noexcept nogil:  # IN t
    cdef Py_ssize_t at = piece * PIECE, end = at_most(at + PIECE, t.n), i
    cdef const real *x = <const real *> t.x
    cdef real *out = <real *> t.out
    for i in range(at, end):
        out[i] = short_of(x[i], op)


def round_to(Array a not None, format):
    cdef Array out
    cdef Elements t
    cdef Task run
    need_float("round_to", a)
    if format not in ("bfloat16", "float16"):
        raise ValueError(f"round_to: expected bfloat16 or float16, got {format!r}")
    out = new_like(a, a.kind)
    t.x, t.out, t.n = a.data, out.data, a.size
    if format == "bfloat16":
        run = <Task> short_piece[double, BFloat16] if a.kind == FLOAT64 else <Task> short_piece[float, BFloat16]
    else:
        run = <Task> short_piece[double, Float16] if a.kind == FLOAT64 else <Task> short_piece[float, Float16]
    cdef double ns = t.n * ITEMSIZE[a.kind] / 20.0
    perform(run, &t, pieces(t.n), team(ns), ns)
    return out
