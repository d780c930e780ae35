# What each operation on elements is, for one number or two; elementwise.pxi has the loops.
#
# Design: an operation is an empty struct; `unary_value` and `binary_value` say what it does. Nothing in them branches
# or calls (except pow), so that the loops become vectors. The functions come from vector_math.pxi, sigmoid.pxi and
# gelu.pxi.

cdef struct Add:
    char _
cdef struct Sub:
    char _
cdef struct Mul:
    char _
cdef struct Div:
    char _
cdef struct Pow:
    char _
cdef struct Maximum:
    char _
cdef struct Minimum:
    char _
cdef struct SqrtGrad:
    char _
cdef struct TanhGrad:
    char _
cdef struct SigmoidGrad:
    char _
cdef struct ReLUGrad:
    char _
cdef struct AbsGrad:
    char _
cdef struct GELUGrad:
    char _
cdef struct GELUTanhGrad:
    char _

ctypedef fused binary_op:
    Add
    Sub
    Mul
    Div
    Pow
    Maximum
    Minimum
    SqrtGrad
    TanhGrad
    SigmoidGrad
    ReLUGrad
    AbsGrad
    GELUGrad
    GELUTanhGrad

cdef struct Neg:
    char _
cdef struct Exp:
    char _
cdef struct Log:
    char _
cdef struct Sqrt:
    char _
cdef struct Tanh:
    char _
cdef struct Sigmoid:
    char _
cdef struct ReLU:
    char _
cdef struct Abs:
    char _
cdef struct GELU:
    char _
cdef struct GELUTanh:
    char _

ctypedef fused unary_op:
    Neg
    Exp
    Log
    Sqrt
    Tanh
    Sigmoid
    ReLU
    Abs
    GELU
    GELUTanh

ctypedef fused easy_op:  # whose numbers may all be easy
    Exp
    Log
    Sigmoid
    GELU

ctypedef fused slow_op:
    Exp
    Log
    Tanh
    Sigmoid

ctypedef fused slowest_op:
    GELU
    GELUTanh
    Pow
    GELUGrad
    GELUTanhGrad


cdef inline real unary_value(real x, bint easy, unary_op *op) noexcept nogil:
    if unary_op is Neg:
        return -x
    elif unary_op is Exp:
        return exp_of(x, easy)
    elif unary_op is Log:
        return log_of(x, easy)
    elif unary_op is Sqrt:
        return <real> c_sqrt(<double> x)
    elif unary_op is Tanh:
        return tanh_of(x)
    elif unary_op is Sigmoid:
        return sigmoid_of(x, easy)
    elif unary_op is ReLU:
        return 0 if x <= 0 else x  # NaN stays
    elif unary_op is Abs:
        return magnitude(x)
    elif unary_op is GELU:
        return gelu_of(x, easy)
    else:
        return gelu_tanh_of(x)


cdef inline real binary_value(real x, real y, binary_op *op) noexcept nogil:
    """x op y; for a gradient, x is what the derivative is made from and y is dy."""
    cdef double v = x, dy = y
    if binary_op is Add:
        return x + y
    elif binary_op is Sub:
        return x - y
    elif binary_op is Mul:
        return x * y
    elif binary_op is Div:
        return x / y
    elif binary_op is Pow:
        return <real> c_pow(v, dy)
    elif binary_op is Maximum:
        return x if (x >= y) | (x != x) else y  # NaN wins; no branch
    elif binary_op is Minimum:
        return x if (x <= y) | (x != x) else y
    elif binary_op is SqrtGrad:
        return <real> (dy / (2 * v))
    elif binary_op is TanhGrad:
        return <real> (dy * (1 - v * v))
    elif binary_op is SigmoidGrad:
        return <real> (dy * v * (1 - v))
    elif binary_op is ReLUGrad:
        return 0 if x <= 0 else (y if x > 0 else x)
    elif binary_op is AbsGrad:
        return y * ((x > 0) - (x < 0)) if x == x else x
    elif binary_op is GELUGrad:
        return y * gelu_slope(x)
    else:
        return y * gelu_tanh_slope(x)
