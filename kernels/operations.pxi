# What each operation on elements is, for one number or two, and its name: elementwise.pxi has the loops in between.
#
# Design: an operation is an empty struct; `unary_value` and `binary_value` say what it does, `slope_value` what its
# derivative is. Nothing in them branches or calls (but pow), so that the loops become vectors. The functions come from
# vector_math.pxi, sigmoid.pxi and gelu.pxi.

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

ctypedef fused binary_op:
    Add
    Sub
    Mul
    Div
    Pow
    Maximum
    Minimum

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
    elif unary_op is GELUTanh:
        return gelu_tanh_of(x)


cdef inline real slope_value(real x, real dy, unary_op *op) noexcept nogil:
    """The derivative times dy; x is the number itself or, where that is cheaper, the value y of the operation."""
    cdef double y = x, d = dy
    if unary_op is Sqrt:
        return <real> (d / (2 * y))
    elif unary_op is Tanh:
        return <real> (d * (1 - y * y))
    elif unary_op is Sigmoid:
        return <real> (d * y * (1 - y))
    elif unary_op is ReLU:
        return 0 if x <= 0 else (dy if x > 0 else x)
    elif unary_op is Abs:
        return dy * ((x > 0) - (x < 0)) if x == x else x
    elif unary_op is GELU:
        return dy * gelu_slope(x)
    elif unary_op is GELUTanh:
        return dy * gelu_tanh_slope(x)


cdef inline real binary_value(real x, real y, binary_op *op) noexcept nogil:
    if binary_op is Add:
        return x + y
    elif binary_op is Sub:
        return x - y
    elif binary_op is Mul:
        return x * y
    elif binary_op is Div:
        return x / y
    elif binary_op is Pow:
        return <real> c_pow(<double> x, <double> y)
    elif binary_op is Maximum:
        return x if (x >= y) | (x != x) else y  # NaN wins; no branch
    else:
        return x if (x <= y) | (x != x) else y


include "elementwise.pxi"


def add(Array a not None, Array b not None): return binary("add", a, b, <Add *> NULL)
def sub(Array a not None, Array b not None): return binary("sub", a, b, <Sub *> NULL)
def mul(Array a not None, Array b not None): return binary("mul", a, b, <Mul *> NULL)
def div(Array a not None, Array b not None): return binary("div", a, b, <Div *> NULL)
def pow(Array a not None, Array b not None): return binary("pow", a, b, <Pow *> NULL)
def maximum(Array a not None, Array b not None): return binary("maximum", a, b, <Maximum *> NULL)
def minimum(Array a not None, Array b not None): return binary("minimum", a, b, <Minimum *> NULL)

def neg(Array a not None): return unary("neg", a, <Neg *> NULL)
def exp(Array a not None): return unary("exp", a, <Exp *> NULL)
def log(Array a not None): return unary("log", a, <Log *> NULL)
def sqrt(Array a not None): return unary("sqrt", a, <Sqrt *> NULL)
def tanh(Array a not None): return unary("tanh", a, <Tanh *> NULL)
def sigmoid(Array a not None): return unary("sigmoid", a, <Sigmoid *> NULL)
def relu(Array a not None): return unary("relu", a, <ReLU *> NULL)
def abs(Array a not None): return unary("abs", a, <Abs *> NULL)
def gelu(Array a not None): return unary("gelu", a, <GELU *> NULL)
def gelu_tanh(Array a not None): return unary("gelu_tanh", a, <GELUTanh *> NULL)

def sqrt_grad(Array y not None, Array dy not None): return gradient("sqrt_grad", y, dy, <Sqrt *> NULL)
def tanh_grad(Array y not None, Array dy not None): return gradient("tanh_grad", y, dy, <Tanh *> NULL)
def sigmoid_grad(Array y not None, Array dy not None): return gradient("sigmoid_grad", y, dy, <Sigmoid *> NULL)
def relu_grad(Array x not None, Array dy not None): return gradient("relu_grad", x, dy, <ReLU *> NULL)
def abs_grad(Array x not None, Array dy not None): return gradient("abs_grad", x, dy, <Abs *> NULL)
def gelu_grad(Array x not None, Array dy not None): return gradient("gelu_grad", x, dy, <GELU *> NULL)
def gelu_tanh_grad(Array x not None, Array dy not None): return gradient("gelu_tanh_grad", x, dy, <GELUTanh *> NULL)
