# Operations on tensors: everything but the arithmetic, from the method of a tensor to the node that remembers it.
#
# Design: what is done here takes longer than the arithmetic on a few numbers, so it is compiled; the twin
# (saitama/tensor/reference/record.py), which says the same in Python, is the one to read. The operations themselves
# are Python classes (saitama/autograd/ops). Their forward() is looked up at each call: a profiler may replace it.
# Tensor, the operations and what their operands need are made known by connect(), as they import the kernels.

cdef extern from *:
    """
    #if defined(_MSC_VER)
    static __declspec(thread) int saitama_unrecorded = 0;
    #else
    static __thread int saitama_unrecorded = 0;
    #endif
    #define saitama_new(type, args) ((PyTypeObject *) (type))->tp_new((PyTypeObject *) (type), args, NULL)
    #define saitama_same_init(type, base) (((PyTypeObject *) (type))->tp_init == (base)->tp_init)
    /* A class of Python takes the signs of its base by their names: a lookup and a call for each a + b. Here it takes
       the functions themselves, as one compiled class does from another. */
    static void saitama_inherit_signs(PyObject *type, PyTypeObject *base) {
        PyNumberMethods *to = ((PyTypeObject *) type)->tp_as_number, *from = base->tp_as_number;
        to->nb_add = from->nb_add;
        to->nb_subtract = from->nb_subtract;
        to->nb_multiply = from->nb_multiply;
        to->nb_true_divide = from->nb_true_divide;
        to->nb_power = from->nb_power;
        to->nb_negative = from->nb_negative;
    }
    """
    int unrecorded "saitama_unrecorded"  # whether this thread is inside no_grad()
    object new_object "saitama_new"(type cls, tuple args)  # cls.__new__(cls, *args)
    void inherit_signs "saitama_inherit_signs"(object cls, PyTypeObject *base)
    bint same_init "saitama_same_init"(object cls, PyTypeObject *base)

cdef extern from "Python.h":
    ctypedef struct PyTypeObject
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow) except? -1

cdef enum:
    ORIGIN_MOST_NUMBERS = 1024  # of an operand or a result that is kept without a gradient
    ORIGIN_MOST_STEPS = 64  # operations that are kept, one after the other

cdef int64_t RECORD_EXACT = 9007199254740992  # 2^53: integers up to here are float64 numbers
ORIGIN_NUMBERS, ORIGIN_STEPS = ORIGIN_MOST_NUMBERS, ORIGIN_MOST_STEPS


@cython.auto_pickle(False)
cdef class FunctionBase:
    cdef public object inputs, needs, name, kept, calls, shape, dtype
    cdef public tuple operands
    cdef public Py_ssize_t seq, depth

    def __init__(self):
        """An operation without parameters."""


@cython.auto_pickle(False)
@cython.c_api_binop_methods(True)  # a or b is the tensor; Python then calls these without a look for a method
cdef class TensorBase(Exporter):
    cdef public FunctionBase node, origin
    cdef public object _grad, _name
    cdef public bint _requires_grad
    cdef object __weakref__

    def __neg__(self):
        return apply_unary_to("Neg", self)

    def __add__(a, b):
        return apply_binary_to("Add", a, b)

    def __sub__(a, b):
        return apply_binary_to("Sub", a, b)

    def __mul__(a, b):
        return apply_binary_to("Mul", a, b)

    def __truediv__(a, b):
        return apply_binary_to("Div", a, b)

    def __pow__(a, b, modulus):
        return apply_binary_to("Pow", a, b) if modulus is None else NotImplemented


cdef type tensor_class = TensorBase
cdef dict operations = {}
cdef list onlookers = []
cdef object to_pair = None, to_floating = None
cdef Py_ssize_t latest = 0


def connect(tensor=None, operations=None, watchers=None, pair=None, floating=None):
    global tensor_class, onlookers, to_pair, to_floating
    if tensor is not None:
        tensor_class = tensor
        inherit_signs(tensor, <PyTypeObject *> TensorBase)
    if operations is not None:
        connect_operations(operations)
    if watchers is not None:
        onlookers = watchers
    if pair is not None:
        to_pair, to_floating = pair, floating


cdef connect_operations(dict known):
    global operations
    operations = known


def set_grad_enabled(bint mode):
    global unrecorded
    cdef bint before = not unrecorded
    unrecorded = not mode
    return before


def is_grad_enabled():
    return unrecorded == 0


def next_seq():
    global latest
    latest += 1
    return latest


# --- tensors and their operands ---------------------------------------------------------------------------------------
cdef inline TensorBase leaf(Array array, type cls):
    cdef TensorBase tensor = new_object(cls, ())
    tensor.array = array
    return tensor


def wrap(Array array not None, bint requires_grad=False, cls=None):
    if cls is not None and not (isinstance(cls, type) and issubclass(cls, TensorBase)):
        raise TypeError(f"wrap: expected a class of tensors, got {cls!r}")
    cdef TensorBase tensor = leaf(array, tensor_class if cls is None else cls)
    tensor._requires_grad = requires_grad
    return tensor


cdef inline int float_kind(object x) noexcept:
    """The kind of a tensor of floats; -1 for anything else."""
    if not isinstance(x, TensorBase) or (<TensorBase> x).array is None or (<TensorBase> x).array.kind > FLOAT32:
        return -1
    return (<TensorBase> x).array.kind


cdef object from_number(object value, int kind):
    """A plain float or int as a tensor of one float; None for anything else, and for an int that would be rounded."""
    cdef int overflow = 0
    cdef long long whole
    cdef Array array
    if type(value) is int:
        whole = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow or not -RECORD_EXACT <= whole <= RECORD_EXACT:
            return None
    elif type(value) is not float:
        return None
    array = new_array("full", kind, NULL, 0, ())
    store_number(array, 0, value)
    return leaf(array, tensor_class)


def meet(a, b):
    return operands_of(a, b)


cdef tuple operands_of(object a, object b):
    cdef int kind_a = float_kind(a), kind_b = float_kind(b)
    if kind_a == kind_b:
        return (a, b) if kind_a >= 0 else to_pair(a, b)
    if kind_b < 0:
        number = from_number(b, kind_a)
        return to_pair(a, b) if number is None else (a, number)
    if kind_a < 0:
        number = from_number(a, kind_b)
        return to_pair(a, b) if number is None else (number, b)
    return to_pair(a, b)


# --- running them -----------------------------------------------------------------------------------------------------
def apply_binary(str name not None, a, b):
    return apply_binary_to(name, a, b)


def apply_unary(str name not None, x):
    return apply_unary_to(name, x)


cdef inline FunctionBase new_node(str name):
    """operations[name](), without the way round by its __init__ where that does nothing."""
    cdef object cls = operations[name]
    return new_object(cls, ()) if same_init(cls, <PyTypeObject *> FunctionBase) else cls()


cdef TensorBase apply_binary_to(str name, object a, object b):
    cdef tuple inputs = operands_of(a, b)
    cdef FunctionBase node = new_node(name)
    cdef TensorBase x = inputs[0], y = inputs[1]
    return result(node, inputs, node.forward(x.array, y.array))


cdef TensorBase apply_unary_to(str name, object x):
    cdef TensorBase floats = x if float_kind(x) >= 0 else to_floating(x)
    cdef FunctionBase node = new_node(name)
    return result(node, (floats,), node.forward(floats.array))


def apply(str name not None, inputs, **params):
    cdef tuple tensors = all_tensors(name, inputs)
    cdef FunctionBase node = operations[name](**params) if params else new_node(name)
    if len(tensors) == 1:
        return result(node, tensors, node.forward((<TensorBase> tensors[0]).array))
    return result(node, tensors, node.forward(*[(<TensorBase> x).array for x in tensors]))


cdef tuple all_tensors(str name, object inputs):
    cdef tuple tensors = tuple(inputs)
    for x in tensors:
        if not isinstance(x, TensorBase):
            raise TypeError(f"{name}: expected Tensors, got {type(x).__name__}")
        if (<TensorBase> x).array is None:
            raise TypeError(f"{name}: a Tensor without numbers")
    return tensors


cdef TensorBase result(FunctionBase node, tuple inputs, Array array):
    """The output as a tensor that knows how it was made, as far as somebody may ask."""
    cdef TensorBase out = leaf(array, tensor_class)
    if array is None:
        raise TypeError(f"{type(node).__name__}.forward gave no array")
    for x in inputs:
        if (<TensorBase> x)._requires_grad or (<TensorBase> x).node is not None:
            if not unrecorded:
                note(node, inputs, out)
            elif onlookers:
                keep_origin(node, inputs, out)
            return out
    if not unrecorded or onlookers:
        keep_origin(node, inputs, out)
    return out


cdef void keep_origin(FunctionBase node, tuple inputs, TensorBase out):
    global latest
    cdef Py_ssize_t depth = 1
    cdef FunctionBase origin
    if out.array.size > ORIGIN_MOST_NUMBERS:
        return
    for x in inputs:
        origin = (<TensorBase> x).origin
        if origin is not None:
            depth = origin.depth + 1 if origin.depth >= depth else depth
        elif (<TensorBase> x).array is None or (<TensorBase> x).array.size > ORIGIN_MOST_NUMBERS:
            return
    if depth <= ORIGIN_MOST_STEPS:
        latest += 1
        node.seq, node.depth, node.operands = latest, depth, inputs
        out.origin = node


def record(FunctionBase node not None, inputs, TensorBase out not None):
    all_tensors("record", (out,))
    note(node, all_tensors("record", inputs), out)


cdef int note(FunctionBase node, tuple inputs, TensorBase out) except -1:
    global latest
    cdef Py_ssize_t i, n = len(inputs)
    cdef tuple sources = PyTuple_New(n), needs = PyTuple_New(n)
    cdef TensorBase x
    cdef object source, need
    cdef bint needed = False
    for i in range(n):
        x = inputs[i]
        source = x if x.node is None else x.node
        need = x._requires_grad
        needed = needed or x._requires_grad
        Py_INCREF(source)  # for the tuple, which takes a reference over
        PyTuple_SET_ITEM(sources, i, source)
        Py_INCREF(need)
        PyTuple_SET_ITEM(needs, i, need)
    latest += 1
    node.inputs, node.needs, node.seq = sources, needs, latest
    node.name = node.kept = node.calls = None
    node.shape, node.dtype = out.array.shape, DTYPES[out.array.kind]
    out.node = node
    out._requires_grad = needed and node.differentiable
    return 0
