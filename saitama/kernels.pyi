"""The kernel interface: what both backends offer.

`saitama.kernels` (Cython, in kernels/) and `saitama.tensor.reference` (pure Python) implement the same functions; every
test runs on both. Arrays are dense and C-contiguous, so a shape says everything about the layout. Kernels never modify
an Array: each makes a new one. Wrong shapes raise ValueError, wrong dtypes TypeError, a bad position
IndexError, and the message says what was given, what was expected and what to do.

Dtypes are the strings "float64", "float32", "int64" and "bool". Arithmetic takes two arrays of one float dtype.
"""

from typing import Any, Dict, Optional, Sequence, Tuple

Shape = Tuple[int, ...]
MAX_NDIM: int  # 32

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

# --- making arrays -------------------------------------------------------------------------------------------------
def from_list(flat: Sequence[Any], shape: Shape, dtype: str) -> Array: ...
def from_buffer(obj: object) -> Array: ...  # copies; any buffer of C ints, floats or bools, strided too
def full(shape: Shape, value: float, dtype: str) -> Array: ...
def cast(a: Array, dtype: str) -> Array: ...
def uniform(shape: Shape, dtype: str, seed: int, offset: int) -> Array: ...  # [0, 1), Philox 4x32-10
def normal(shape: Shape, dtype: str, seed: int, offset: int) -> Array: ...  # Box-Muller on the same stream
def integers(shape: Shape, low: int, high: int, seed: int, offset: int) -> Array: ...  # int64 in [low, high)

# --- element by element, with broadcasting ---------------------------------------------------------------------------
def add(a: Array, b: Array) -> Array: ...
def sub(a: Array, b: Array) -> Array: ...
def mul(a: Array, b: Array) -> Array: ...
def div(a: Array, b: Array) -> Array: ...
def pow(a: Array, b: Array) -> Array: ...
def maximum(a: Array, b: Array) -> Array: ...  # NaN if either is NaN
def minimum(a: Array, b: Array) -> Array: ...
def eq(a: Array, b: Array) -> Array: ...  # comparisons take any one dtype and give bool
def ne(a: Array, b: Array) -> Array: ...
def lt(a: Array, b: Array) -> Array: ...
def le(a: Array, b: Array) -> Array: ...
def gt(a: Array, b: Array) -> Array: ...
def ge(a: Array, b: Array) -> Array: ...
def where(condition: Array, a: Array, b: Array) -> Array: ...  # condition is bool; the three broadcast
def neg(a: Array) -> Array: ...
def exp(a: Array) -> Array: ...
def log(a: Array) -> Array: ...
def sqrt(a: Array) -> Array: ...
def tanh(a: Array) -> Array: ...
def sigmoid(a: Array) -> Array: ...
def relu(a: Array) -> Array: ...
def abs(a: Array) -> Array: ...
def gelu(a: Array) -> Array: ...  # exact: x * Phi(x), by erf
def gelu_tanh(a: Array) -> Array: ...  # the tanh approximation

# The derivative times dy, from the input x or the output y, whichever is cheaper. Same shapes, no broadcasting.
def sqrt_grad(y: Array, dy: Array) -> Array: ...  # dy / (2 y)
def tanh_grad(y: Array, dy: Array) -> Array: ...  # dy (1 - y^2)
def sigmoid_grad(y: Array, dy: Array) -> Array: ...  # dy y (1 - y)
def relu_grad(x: Array, dy: Array) -> Array: ...  # dy where x > 0, else 0 (NaN stays NaN)
def abs_grad(x: Array, dy: Array) -> Array: ...  # dy sign(x)
def gelu_grad(x: Array, dy: Array) -> Array: ...
def gelu_tanh_grad(x: Array, dy: Array) -> Array: ...

# --- rounding to 16 bits, ties to even; the numbers stay in a's dtype --------------------------------------------------------
def round_to(a: Array, format: str) -> Array: ...  # "bfloat16" or "float16"; too large gives inf

# --- reductions: dims is a sorted tuple of non-negative axes ------------------------------------------------------------
def sum(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # pairwise
def mean(a: Array, dims: Shape, keepdim: bool) -> Array: ...
def max(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # NaN wins; of nothing: ValueError
def min(a: Array, dims: Shape, keepdim: bool) -> Array: ...
def argmax(a: Array, dims: Shape, keepdim: bool) -> Array: ...  # int64: first position in the reduced part, row by row
def argmin(a: Array, dims: Shape, keepdim: bool) -> Array: ...
def scatter_first(position: Array, dy: Array, shape: Shape, dims: Shape) -> Array: ...  # zeros of `shape`, dy at argmax
def sum_to(a: Array, shape: Shape) -> Array: ...  # undoes broadcasting: sums a down to `shape`
def expand(a: Array, shape: Shape) -> Array: ...  # broadcasting made real

# --- softmax along one axis ----------------------------------------------------------------------------------------------
def softmax(a: Array, dim: int) -> Array: ...  # a row of only -inf gives NaN, as the formula does
def softmax_grad(y: Array, dy: Array, dim: int) -> Array: ...  # y (dy - sum(dy y))
def log_softmax(a: Array, dim: int) -> Array: ...
def log_softmax_grad(y: Array, dy: Array, dim: int) -> Array: ...  # dy - exp(y) sum(dy)

# --- attention: y = softmax(scale q k^T + mask) v ------------------------------------------------------------------------
def attention(q: Array, k: Array, v: Array, mask: Optional[Array], heads: int, is_causal: bool, scale: float) -> Tuple[Array, Array]:
    """q (..., T, h d), k (..., S, h d), v (..., S, h d_v) -> y (..., T, h d_v), rows (..., h, T, 2).

    The heads lie side by side in the last axis, and each attends by itself. With heads = 0 there is one, and no axis of
    heads in mask and rows. The axes in front broadcast. mask is bool (True: may attend) or of q's dtype (added to the
    scores), and broadcasts to (..., h, T, S). is_causal: query i attends to the keys 0 to i. A query that may attend to
    nothing has y 0. rows is what the derivative needs: the largest score m of a query and the sum of e^(score - m).
    """

def attention_grad(dy: Array, q: Array, k: Array, v: Array, mask: Optional[Array], heads: int, is_causal: bool, scale: float, y: Array, rows: Array) -> Tuple[Array, Array, Array]: ...  # dq, dk, dv, each for the whole batch

# --- losses ------------------------------------------------------------------------------------------------------------------
def softplus(a: Array) -> Array: ...  # ln(1 + e^x) = max(x, 0) + log1p(e^-|x|)
def cross_entropy(x: Array, t: Array, ignore_index: int, label_smoothing: float) -> Tuple[Array, Array]:
    """x (N, C), t (N,) int64 in [0, C) or == ignore_index -> losses (N,), log_softmax(x) (N, C).

    losses_i = -sum_j q_ij log_softmax(x_i)_j with q = (1 - e) onehot + e / C; 0 where ignored.
    """

def cross_entropy_grad(log_p: Array, t: Array, dy: Array, ignore_index: int, label_smoothing: float) -> Array: ...  # dy_i (exp(log_p_ij) - q_ij)

# --- normalisation: weight and bias have the shape (C,) of the last axis ------------------------------------------------------
def layer_norm(x: Array, weight: Optional[Array], bias: Optional[Array], eps: float) -> Tuple[Array, Array, Array]: ...  # over the last axis: y, mean, rstd
def layer_norm_grad(dy: Array, x: Array, weight: Optional[Array], mean: Array, rstd: Array) -> Tuple[Array, Array, Array]: ...  # dx, dweight, dbias
def batch_norm(x: Array, weight: Optional[Array], bias: Optional[Array], eps: float) -> Tuple[Array, Array, Array]: ...  # x (N, C), over N: y, mean, biased var
def batch_norm_grad(dy: Array, x: Array, weight: Optional[Array], mean: Array, var: Array, eps: float) -> Tuple[Array, Array, Array]: ...  # dx, dweight, dbias

# --- recurrent layers, all T steps at once: a (T, B, G H) is W_ih x + b, W is W_hh (G H, H); h, c (B, H) the first state --------
def elman_steps(a: Array, W: Array, h: Array, relu: bool = False) -> Array: ...  # h of every step (T, B, H): tanh(a + W h'), or relu
def elman_steps_grad(dy: Array, y: Array, W: Array, relu: bool = False) -> Tuple[Array, Array]: ...  # da, dh
def lstm_steps(a: Array, W: Array, h: Array, c: Array) -> Tuple[Array, Array]: ...  # h and c (T, 2, B, H); i, f, g, o, tanh(c) (T, B, 5 H)
def lstm_steps_grad(dy: Array, y: Array, gates: Array, W: Array, c: Array) -> Tuple[Array, Array, Array]: ...  # da, dh, dc
def gru_steps(a: Array, W: Array, b: Array, h: Array) -> Tuple[Array, Array]: ...  # h (T, B, H); r, z, u_n, n (T, B, 4 H), with u = W h' + b
def gru_steps_grad(dy: Array, y: Array, gates: Array, W: Array, h: Array) -> Tuple[Array, Array, Array]: ...  # da, du, dh

# --- one step of an optimiser for many parameters: all tensors but the gradients are given new arrays --------------------------
Arrays = Sequence[Array]
Tensors = Sequence[Exporter]

# A new array takes over the memory of the old one where only its tensor holds that. After an error each has its old one.
def sgd_step(params: Tensors, grads: Tensors, momenta: Optional[Tensors], lr: float, momentum: float, dampening: float, nesterov: bool, weight_decay: float) -> None:
    """Without momenta the momentum does not count. In the first step they are zeros, and the dampening is 0."""

def adam_step(params: Tensors, grads: Tensors, first: Tensors, second: Tensors, t: int, lr: float, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool) -> None:
    """Step number t, which counts from 1; decoupled weight decay is AdamW's."""

def rmsprop_step(params: Tensors, grads: Tensors, square: Tensors, momenta: Optional[Tensors], averages: Optional[Tensors], lr: float, alpha: float, eps: float, weight_decay: float, momentum: float) -> None:
    """With averages it is the centered form."""

def accumulate(tensors: Tensors, others: Tensors) -> None: ...  # tensor + other for each
def norm(arrays: Arrays) -> float: ...  # sqrt of the sum of all squares, in double
def scale(tensors: Tensors, factor: float) -> None: ...

# --- matmul ----------------------------------------------------------------------------------------------------------------
def matmul(a: Array, b: Array, trans_a: bool = False, trans_b: bool = False, bias: Optional[Array] = None) -> Array:
    """(..., m, k) @ (..., k, n) + (n,) -> (..., m, n); a flag reads that operand transposed, without a copy; batches
    broadcast."""

# --- moving numbers --------------------------------------------------------------------------------------------------------
def transpose(a: Array, dims: Shape) -> Array: ...  # permutes all axes, and copies
def slice(a: Array, starts: Shape, steps: Shape, sizes: Shape) -> Array: ...  # one triple per axis; steps may be negative
def slice_grad(dy: Array, shape: Shape, starts: Shape, steps: Shape) -> Array: ...  # zeros of `shape` with dy put back
def concat(arrays: Sequence[Array], dim: int) -> Array: ...
def take(a: Array, index: Array, dim: int) -> Array: ...  # index (any shape, int64, negative from the end) replaces axis dim
def take_grad(dy: Array, index: Array, dim: int, size: int) -> Array: ...  # adds up what was taken more than once
def gather(a: Array, dim: int, index: Array) -> Array: ...  # torch.gather: index has a's rank
def gather_grad(dy: Array, dim: int, index: Array, shape: Shape) -> Array: ...
def flat_index(indices: Sequence[Array], shape: Shape) -> Array: ...  # rows, cols, ... (one shape) -> position in a flat array
def nonzero(mask: Array) -> Array: ...  # int64 (n,): flat positions of the True elements

# --- the machine -------------------------------------------------------------------------------------------------------------
def set_num_threads(n: int) -> None: ...
def get_num_threads() -> int: ...
def memory_allocated() -> int: ...  # bytes of numbers that arrays hold now
def max_memory_allocated() -> int: ...  # the most there were at one time
def reset_peak_memory_stats() -> None: ...  # from now on
def info() -> Dict[str, Any]: ...  # backend, and what it was built with
