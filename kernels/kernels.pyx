# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled kernels of saitama: dense arrays of numbers and everything that is computed with them.

The functions are documented in saitama/kernels.pyi, which the pure-Python twin (saitama.tensor.reference) implements
too. One file per topic, in an order in which each needs only itself and what came before; a test keeps it so.

Conventions
- A `def` checks shapes and dtypes once; the loops behind it check nothing and run without the interpreter.
- A pointer to const is read, any other is written; `# IN/OUT` names those that are read and written. What is written
  never overlaps what is read through another pointer.
- A loop that threads may share is a function of one task: (job, task, worker, kind, op), which machine.pxi explains.
- `real` is float or double, so every loop is written once; `perform` (machine.pxi) picks the version for an array. An
  operation is an empty struct type (Add, Exp, ...) that is passed as a null pointer: the compiler settles it, and each
  operation gets a loop of its own.
- A constant begins with its topic: FOLD_, MATMUL_, ATTENTION_ and so on.
- Arithmetic, comparisons and square roots are exact: the correctly rounded result, and the twin's. Functions of one
  number (exp_of, log_of, tanh_of, sigmoid_of, gelu_of, ...) are computed in the array's own dtype, within 2 ulp of the
  true value, and so are the steps of SGD and Adam; sums and what is made of them in double, and rounded once, unless a
  file says otherwise. The twin does everything in double and rounds once.
"""
cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport copysign as c_copysign, copysignf as c_copysignf, fabsf as c_fabsf
from libc.math cimport cos as c_cos, fabs as c_fabs, log as c_log, pow as c_pow
from libc.math cimport sin as c_sin, sqrt as c_sqrt
from libc.math cimport INFINITY, M_PI, NAN
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from cpython.pystate cimport PyThreadState
from cpython.ref cimport Py_INCREF, PyObject
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.string cimport memcmp, memcpy, memset

ctypedef fused real:
    float
    double

# --- arrays and the machine
include "one_liners.pxi"
include "memory.pxi"
include "array.pxi"
include "machine.pxi"
include "buffer.pxi"
include "broadcast.pxi"
# --- number by number
include "vector_math.pxi"
include "sigmoid.pxi"
include "gelu.pxi"
include "operations.pxi"
include "rounding.pxi"
include "compare.pxi"
include "pack.pxi"
include "move.pxi"
include "create.pxi"
include "index.pxi"
include "random.pxi"
# --- sums and extremes
include "fold_rows.pxi"
include "fold.pxi"
include "axes.pxi"
include "whole.pxi"
include "reduce.pxi"
include "argmax.pxi"
include "softmax.pxi"
include "loss.pxi"
include "normalise.pxi"
include "layer_norm.pxi"
include "layer_norm_grad.pxi"
include "batch_norm.pxi"
include "batch_norm_grad.pxi"
# --- products
include "tile.pxi"
include "product.pxi"
include "thin.pxi"
include "tiled.pxi"
include "matmul.pxi"
include "small_product.pxi"
include "attention.pxi"
include "attention_grad.pxi"
include "recurrent.pxi"
include "elman.pxi"
include "lstm.pxi"
include "gru.pxi"
# --- training
include "optim_rules.pxi"
include "optim.pxi"
include "accumulate.pxi"
# --- tensors
include "record.pxi"
