# cython: language_level=3
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled kernels of saitama: dense arrays of numbers and everything that is computed with them.

The functions are documented in saitama/kernels.pyi, which the pure-Python twin (saitama.tensor.reference) implements
too. One file per topic, in an order in which each needs only what came before.

Conventions
- A `def` checks shapes and dtypes once; the loops behind it check nothing and run without the interpreter.
- Pointer arguments say `# IN` or `# OUT`; an IN and an OUT never overlap.
- A loop that threads may share is a function of one task: (job, task, worker, kind, op), which machine.pxi explains.
- `real` is float or double, so every loop is written once. An operation is an empty struct type (Add, Exp, ...) that is
  passed as a null pointer: the compiler settles it, and each operation gets a loop of its own.
- Arithmetic, comparisons and square roots are exact: the correctly rounded result, and the twin's. Functions of one
  number (exp_of, log_of, tanh_of, sigmoid_of, gelu_of, ...) are computed in the array's own dtype, within 2 ulp of the
  true value, and so are the steps of SGD and Adam; sums and what is made of them in double, and rounded once, but for
  the files that say otherwise. The twin does all in double and rounds once.
"""
cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport copysign as c_copysign, copysignf as c_copysignf, fabsf as c_fabsf
from libc.math cimport cos as c_cos, fabs as c_fabs, isnan as c_isnan, log as c_log, pow as c_pow
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

include "memory.pxi"
include "machine.pxi"
include "array.pxi"
include "buffer.pxi"
include "broadcast.pxi"
include "vector_math.pxi"
include "sigmoid.pxi"
include "gelu.pxi"
include "operations.pxi"
include "rounding.pxi"
include "compare.pxi"
include "move.pxi"
include "create.pxi"
include "fold_rows.pxi"
include "fold.pxi"
include "reduce.pxi"
include "argmax.pxi"
include "softmax.pxi"
include "tile.pxi"
include "pack.pxi"
include "matmul.pxi"
include "thin.pxi"
include "index.pxi"
include "random.pxi"
include "loss.pxi"
include "normalise.pxi"
include "layer_norm.pxi"
include "layer_norm_grad.pxi"
include "batch_norm.pxi"
include "batch_norm_grad.pxi"
include "small_product.pxi"
include "attention.pxi"
include "attention_grad.pxi"
include "recurrent.pxi"
include "elman.pxi"
include "lstm.pxi"
include "gru.pxi"
include "optim_rules.pxi"
include "optim.pxi"
include "accumulate.pxi"
