"""The kernel interface: what both backends offer.

`saitama.kernels` (Cython, in kernels/) and `saitama.tensor.reference` (pure Python) implement the same functions; every
test runs on both. Arrays are dense and C-contiguous, so a shape says everything about the layout. Kernels never modify
an Array: each makes a new one. Wrong shapes raise ValueError, wrong dtypes TypeError, a bad position
IndexError, and the message says what was given, what was expected and what to do.

Dtypes are the strings "float64", "float32", "int64" and "bool". Arithmetic takes two arrays of one float dtype;
comparisons take any one dtype and give bool. `dims` is a sorted tuple of axes, counted from 0. A derivative (`_grad`)
is that times dy, from the input x or the output y, whichever is cheaper. A step of an optimiser gives new arrays to all
tensors but the gradients; a new array takes over the memory of the old one where only its tensor holds that, and after
an error each tensor has its old one.

The functions are written here by scripts/stub, from saitama/tensor/reference.
"""

from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from saitama.tensor.tensor import Tensor as _Tensor

Shape = Tuple[int, ...]
MAX_NDIM: int  # 32
ORIGIN_NUMBERS: int  # of an operand or a result that is kept without a gradient
ORIGIN_STEPS: int  # operations that are kept, one after the other

class Array:
    """Numbers in a row, with the shape that says how to read them. Exports the buffer protocol (compiled backend)."""

    @property
    def shape(self) -> Shape: ...
    @property
    def dtype(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def ndim(self) -> int: ...
    def item(self) -> Any: ...  # the only element, else ValueError
    def tolist(self) -> Any: ...  # nested lists; a number for ()
    def reshape(self, shape: Shape) -> Array: ...  # the same numbers, no copy; one size may be -1

class Exporter:
    """Base class of Tensor: has one attribute, `array`, and exports its buffer (compiled: memoryview(t) works)."""

    array: Array

class FunctionBase:
    """Base class of Function: what an operation remembers. Every attribute is None, or 0, until it is set."""

    inputs: Any
    needs: Any
    name: Any
    kept: Any
    calls: Any
    shape: Any
    dtype: Any
    operands: Any
    seq: int
    depth: int

class TensorBase(Exporter):
    """Base class of Tensor: an array, and how it was made."""

    node: Any
    origin: Any
    _grad: Any
    _name: Any
    _requires_grad: bool

    def __neg__(self) -> _Tensor: ...
    def __add__(self, other: Any) -> _Tensor: ...
    def __radd__(self, other: Any) -> _Tensor: ...
    def __sub__(self, other: Any) -> _Tensor: ...
    def __rsub__(self, other: Any) -> _Tensor: ...
    def __mul__(self, other: Any) -> _Tensor: ...
    def __rmul__(self, other: Any) -> _Tensor: ...
    def __truediv__(self, other: Any) -> _Tensor: ...
    def __rtruediv__(self, other: Any) -> _Tensor: ...
    def __pow__(self, other: Any) -> _Tensor: ...
    def __rpow__(self, other: Any) -> _Tensor: ...

Triple = Tuple[Array, Array, Array]
Tensors = Sequence[Exporter]


# --- Array ------------------------------------------------------------------------------------------------------------
def from_list(flat: Sequence[Any], shape: Shape, dtype: str) -> Array: ...  # An array of `shape` from its numbers in row order. Raises ValueError if their count or size does not fit
def from_buffer(obj: object) -> Array:
    """A copy of any buffer of C ints, floats or bools, strided too.

    Floats keep their width (half precision widens), integers become int64. Raises TypeError for any other format,
    OverflowError for an unsigned number beyond int64.
    """

def full(shape: Shape, value: float, dtype: str) -> Array: ...  # An array with the same number everywhere
def cast(a: Array, dtype: str) -> Array:
    """The same numbers in another dtype: int64 drops the fraction, in bool anything but 0 is True.

    Raises ValueError for a float that int64 cannot hold: NaN, an infinity, or one beyond its range.
    """


# --- Random numbers that depend only on (seed, position) --------------------------------------------------------------
def uniform(shape: Shape, dtype: str, seed: int, offset: int) -> Array: ...  # Numbers in [0, 1), all equally likely; float32 has the upper 24 bits, so that it never rounds up to 1
def normal(shape: Shape, dtype: str, seed: int, offset: int) -> Array: ...  # Mean 0, variance 1 (Box and Muller, 1958): two uniform numbers are a radius and an angle, which give two
def integers(shape: Shape, low: int, high: int, seed: int, offset: int) -> Array: ...  # int64 in [low, high): floor(word / 2^64 * (high - low)), in exact arithmetic

# --- Element by element -----------------------------------------------------------------------------------------------
def add(a: Array, b: Array) -> Array: ...
def sub(a: Array, b: Array) -> Array: ...
def mul(a: Array, b: Array) -> Array: ...
def div(a: Array, b: Array) -> Array: ...
def pow(a: Array, b: Array) -> Array: ...
def maximum(a: Array, b: Array) -> Array: ...  # NaN if either is. Any one dtype
def minimum(a: Array, b: Array) -> Array: ...  # NaN if either is. Any one dtype
def eq(a: Array, b: Array) -> Array: ...
def ne(a: Array, b: Array) -> Array: ...
def lt(a: Array, b: Array) -> Array: ...
def le(a: Array, b: Array) -> Array: ...
def gt(a: Array, b: Array) -> Array: ...
def ge(a: Array, b: Array) -> Array: ...
def where(condition: Array, a: Array, b: Array) -> Array: ...  # a where the condition holds, b elsewhere; the three broadcast
def neg(a: Array) -> Array: ...
def exp(a: Array) -> Array: ...
def log(a: Array) -> Array: ...
def sqrt(a: Array) -> Array: ...
def tanh(a: Array) -> Array: ...
def sigmoid(a: Array) -> Array: ...
def relu(a: Array) -> Array: ...
def abs(a: Array) -> Array: ...
def gelu(a: Array) -> Array: ...
def gelu_tanh(a: Array) -> Array: ...
def sqrt_grad(y: Array, dy: Array) -> Array: ...  # c.divide(dy, 2 * y)
def tanh_grad(y: Array, dy: Array) -> Array: ...  # dy * (1 - y * y)
def sigmoid_grad(y: Array, dy: Array) -> Array: ...  # dy * y * (1 - y)
def relu_grad(x: Array, dy: Array) -> Array: ...
def abs_grad(x: Array, dy: Array) -> Array: ...  # dy * ((x > 0) - (x < 0)) if x == x else x
def gelu_grad(x: Array, dy: Array) -> Array: ...  # dy * (normal_cdf(x) + x * normal_pdf(x))
def gelu_tanh_grad(x: Array, dy: Array) -> Array: ...

# --- Rounding to the floats of 16 bits, which keep fewer binary digits ------------------------------------------------
def round_to(a: Array, format: str) -> Array: ...  # Every element as the nearest number of "bfloat16" or "float16"

# --- Reductions over any axes -----------------------------------------------------------------------------------------
def sum(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # Of nothing: 0. Of integers and bools an int64; OverflowError where that cannot hold a sum
def mean(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # Of nothing: NaN. Of integers a float64, from the exact sum
def max(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # NaN if any element is. Of nothing: ValueError
def min(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # NaN if any element is. Of nothing: ValueError
def argmax(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # The position of the first maximum, counted row by row inside the reduced part; the first NaN if there is one
def argmin(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # The position of the first minimum, counted row by row inside the reduced part; the first NaN if there is one
def scatter_first(position: Array, dy: Array, shape: Shape, dims: Shape) -> Array: ...  # Zeros of `shape`, with each dy put back where argmax found its element: the derivative of max and min
def sum_to(a: Array, shape: Shape) -> Array: ...  # Undoes broadcasting: sums over every axis along which `shape` was stretched to a.shape
def expand(a: Array, shape: Shape) -> Array: ...  # Broadcasting made real: `a` repeated to `shape`

# --- softmax and log-softmax along one axis, each with its derivative beside it ---------------------------------------
def softmax(a: Array, dim: int) -> Array: ...  # Positive numbers that sum to 1 along `dim`. A row of only -inf gives NaN, as the formula does
def softmax_grad(y: Array, dy: Array, dim: int) -> Array: ...  # The derivative of softmax, from its output y: y (dy - sum(dy y))
def log_softmax(a: Array, dim: int) -> Array: ...  # log(softmax(a)), exact where softmax rounds to 0
def log_softmax_grad(y: Array, dy: Array, dim: int) -> Array: ...  # The derivative of log_softmax, from its output y: dy - exp(y) sum(dy)

# --- Attention --------------------------------------------------------------------------------------------------------
def attention(q: Array, k: Array, v: Array, mask: Optional[Array], heads: int, is_causal: bool, scale: float) -> Tuple[Array, Array]:
    """(y, rows): y_i = sum_j P_ij v_j, P_ij = e^(s_ij - m_i) / l_i, the softmax of the scores s = scale q k^T + mask.

    q (..., T, h d), k (..., S, h d), v (..., S, h d_v) -> y (..., T, h d_v), rows (..., h, T, 2). The heads lie side by
    side in the last axis, and each attends by itself; with heads = 0 there is one, and no axis of heads in mask and
    rows. The axes in front broadcast. mask is bool (True: may attend) or of q's dtype (added to the scores), and
    broadcasts to (..., h, T, S). is_causal: query i attends to the keys 0 to i.
    rows_i = (m_i, l_i), the largest score and the sum of e^(s_ij - m_i): (-inf, 0) of a query that may attend to
    nothing, whose y is 0.
    """

def attention_grad(dy: Array, q: Array, k: Array, v: Array, mask: Optional[Array], heads: int, is_causal: bool, scale: float, y: Array, rows: Array) -> Tuple[Array, Array, Array]:
    """(dq, dk, dv) for each matrix of the whole batch. With dP_ij = dy_i · v_j and D_i = sum_j P_ij dP_ij = dy_i · y_i:

    dS_ij = P_ij (dP_ij - D_i),  dq_i = scale sum_j dS_ij k_j,  dk_j = scale sum_i dS_ij q_i,  dv_j = sum_i P_ij dy_i

    A row of P is computed as it was before: `rows` spares only the compiled kernel, which never holds one, that work.
    """


# --- softplus, binary cross-entropy and cross-entropy -----------------------------------------------------------------
def softplus(a: Array) -> Array: ...  # ln(1 + e^x)
def bce_with_logits(x: Array, t: Array) -> Array: ...  # ln(1 + e^x) - t x = |x| (t, or 1 - t where x > 0) + ln(1 + e^-|x|)
def bce_with_logits_slope(x: Array, t: Array) -> Array: ...  # d bce_with_logits / dx = sigmoid(x) - t = (1 - t) sigmoid(x) - t sigmoid(-x)
def bce(p: Array, t: Array) -> Array: ...  # -(t ln p + (1 - t) ln(1 - p)), where a logarithm below -100 counts as -100
def cross_entropy(x: Array, t: Array, ignore_index: int, label_smoothing: float) -> Tuple[Array, Array]:
    """(loss_i = -sum_j q_ij log_softmax(x_i)_j, log_softmax(x)); the loss is 0 where t_i is `ignore_index`.

    x (N, C), t (N,) of int64 in [0, C) or `ignore_index`; q_ij = (1 - e) [j = t_i] + e / C, e the label smoothing.
    """

def cross_entropy_grad(log_p: Array, t: Array, dy: Array, ignore_index: int, label_smoothing: float) -> Array: ...  # dx_ij = dy_i (exp(log_p_ij) - q_ij); 0 where t_i is `ignore_index`

# --- Layer and batch normalisation, each with its derivative beside it ------------------------------------------------
def layer_norm(x: Array, weight: Optional[Array], bias: Optional[Array], eps: float) -> Triple:
    """(y, mean, rstd) over the last axis, to whose size C belong weight and bias (C,), if there are any; mean and
    rstd = 1 / sqrt(var + eps) have the shape without it.
    """

def layer_norm_grad(dy: Array, x: Array, weight: Optional[Array], mean: Array, rstd: Array) -> Triple: ...  # (dx, dweight, dbias)
def batch_norm(x: Array, weight: Optional[Array], bias: Optional[Array], eps: float) -> Triple: ...  # (y, mean, var) of x (N, C) over the first axis; var (C,) is the biased one, divided by N
def batch_norm_grad(dy: Array, x: Array, weight: Optional[Array], mean: Array, var: Array, eps: float) -> Triple: ...  # (dx, dweight, dbias)

# --- Recurrent layers, one time step after the other, as their equations say ------------------------------------------
def elman_steps(a: Array, W: Array, h: Array, relu: bool = False) -> Array: ...  # h of every step (T, B, H) from a (T, B, H) and the first state h (B, H); relu in place of tanh if asked
def elman_steps_grad(dy: Array, y: Array, W: Array, relu: bool = False) -> Tuple[Array, Array]: ...  # (da, the gradient of the first state)
def lstm_steps(a: Array, W: Array, h: Array, c: Array) -> Tuple[Array, Array]:
    """(h and c of every step (T, 2, B, H), gates (T, B, 5 H): i, f, g, o and tanh(c)), from a (T, B, 4 H), which is
    W_ih x + b, W_hh (4 H, H) and the first state h, c (B, H).
    """

def lstm_steps_grad(dy: Array, y: Array, gates: Array, W: Array, c: Array) -> Tuple[Array, Array, Array]: ...  # (da, the gradients of the first h and c); c (B, H) is the first cell
def gru_steps(a: Array, W: Array, b: Array, h: Array) -> Tuple[Array, Array]:
    """(h of every step (T, B, H), gates (T, B, 4 H): r, z, u of the third block, and n), from a (T, B, 3 H), which is
    W_ih x + b_ih, u = W_hh h' + b_hh with W_hh (3 H, H), b_hh (3 H,), and the first state h (B, H).
    """

def gru_steps_grad(dy: Array, y: Array, gates: Array, W: Array, h: Array) -> Tuple[Array, Array, Array]: ...  # (da, du, the gradient of the first h); h (B, H) is the first state

# --- One step of each optimiser for many parameters at once -----------------------------------------------------------
def sgd_step(params: Tensors, grads: Tensors, momenta: Optional[Tensors], lr: float, momentum: float, dampening: float, nesterov: bool, weight_decay: float) -> None:
    """New params, and momenta unless they are None: then the momentum does not count. In the first step the momenta are
    zeros, and the dampening is 0.
    """

def adam_step(params: Tensors, grads: Tensors, first: Tensors, second: Tensors, t: int, lr: float, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool, bias_correction: bool = True, old_moments: bool = False) -> None:
    """New params, first moments m and second moments v: step number t, which counts from 1. Decoupled weight decay is
    that of AdamW. With old moments p moves by those before this step.
    """

def rmsprop_step(params: Tensors, grads: Tensors, square: Tensors, momenta: Optional[Tensors], averages: Optional[Tensors], lr: float, alpha: float, eps: float, weight_decay: float, momentum: float, old_moments: bool = False) -> None:
    """New params, mean squares, and momenta and mean gradients unless they are None; with the latter it is the centered
    form. With old moments the gradient is divided by the means before this step.
    """

def accumulate(tensors: Tensors, others: Tensors) -> None: ...  # tensor + other for every element of each
def norm(arrays: Sequence[Array]) -> float: ...  # The square root of the sum of the squares of all elements
def scale(tensors: Tensors, factor: float) -> None: ...  # factor x for every element x

# --- matmul -----------------------------------------------------------------------------------------------------------
def matmul(a: Array, b: Array, trans_a: bool = False, trans_b: bool = False, bias: Optional[Array] = None) -> Array: ...  # (..., m, k) @ (..., k, n) + (n,) -> (..., m, n); a flag reads that operand transposed; batches broadcast

# --- Moving numbers without computing ---------------------------------------------------------------------------------
def transpose(a: Array, dims: Shape) -> Array: ...  # Axis i of the result is axis dims[i] of `a`
def slice(a: Array, starts: Shape, steps: Shape, sizes: Shape) -> Array: ...  # The elements start, start + step, ... along each axis, `size` of them; a step may be negative
def slice_grad(dy: Array, shape: Shape, starts: Shape, steps: Shape) -> Array: ...  # Zeros of `shape`, with dy put back where the slice took its elements
def concat(arrays: Sequence[Array], dim: int) -> Array: ...  # The arrays one after the other along an axis; all other sizes must be equal

# --- Reading and writing by position ----------------------------------------------------------------------------------
def take(a: Array, index: Array, dim: int) -> Array: ...  # Rows of axis `dim`, chosen by `index`: its shape replaces that axis. Negatives count from the end
def take_grad(dy: Array, index: Array, dim: int, size: int) -> Array: ...  # The derivative of take from an axis of `size` rows: dy added up where a row was taken more than once
def gather(a: Array, dim: int, index: Array) -> Array: ...  # For dim 1: y[i, j] = a[i, index[i, j]]
def gather_grad(dy: Array, dim: int, index: Array, shape: Shape) -> Array: ...  # For dim 1: dx[i, index[i, j]] += dy[i, j]
def flat_index(indices: Sequence[Array], shape: Shape) -> Array: ...  # Rows, columns, ... (one index per axis, all of one shape) -> positions in the flat array
def nonzero(mask: Array) -> Array: ...  # The flat positions of the True elements: int64, shape (n,)

# --- The machine ------------------------------------------------------------------------------------------------------
def set_num_threads(n: int) -> None: ...  # Compute on n threads, from 1 to 1024. Pure Python takes the number and uses one all the same
def get_num_threads() -> int: ...  # How many threads compute: 1 in pure Python
def info() -> Dict[str, Any]: ...  # What computes: the backend, and what it was built with

# --- How many bytes of numbers arrays hold ----------------------------------------------------------------------------
def memory_allocated() -> int: ...  # Bytes of numbers that arrays hold now
def max_memory_allocated() -> int: ...  # The most bytes that arrays held at one time since the start, or since reset_peak_memory_stats()
def reset_peak_memory_stats() -> None: ...  # Let max_memory_allocated() start again from what is held now

# --- Operations on tensors --------------------------------------------------------------------------------------------
def connect(tensor: Any = None, operations: Optional[Dict[str, Any]] = None, watchers: Optional[Sequence[Any]] = None, pair: Optional[Callable[[Any, Any], Tuple[Any, Any]]] = None, floating: Optional[Callable[[Any], Any]] = None) -> None:
    """Make known what is built on the kernels: the class of tensors, the operations by name, and what else is below.

    pair: brings two operands to one float dtype; floating: one operand. watchers: while there are any, the steps inside
    no_grad() are kept too.
    """

def set_grad_enabled(mode: bool) -> bool: ...  # Whether operations are recorded from here on, in this thread. Returns whether they were
def is_grad_enabled() -> bool: ...  # Whether operations are recorded in this thread
def next_seq() -> int: ...  # A number larger than all before: operations are numbered in the order in which they were made
def wrap(array: Array, requires_grad: bool = False, cls: Any = None) -> Any: ...  # A leaf Tensor (or one of the class given) around an Array, without a copy
def meet(a: Any, b: Any) -> Tuple[Any, Any]: ...  # Two operands in the one float dtype in which they meet; a number takes that of the tensor
def apply_binary(name: str, a: Any, b: Any) -> Any: ...  # Run the operation called `name` on two operands, which meet in one float dtype
def apply_unary(name: str, x: Any) -> Any: ...  # Run the operation called `name` on one operand, as floats
def apply(name: str, inputs: Sequence[Any], **params: Any) -> Any: ...  # Run the operation called `name` on tensors, and record it if a derivative may be asked for later
def record(node: Any, inputs: Sequence[Any], out: Any) -> None: ...  # Make `node` the origin of `out`. Comparisons are recorded too: a workbook stays live through them
