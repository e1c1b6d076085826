"""WebAssembly SIMD kernels: the NumPy backend's kernels for float32, in C, in place on NumPy's memory.

- `kernels.c` and the headers next to it are the kernels; the wheel's build compiles two side modules from
  them, `relaxed` with fused multiply-adds and `simd128` without, which `kernels.bin` contains.
- `library.py` loads the one that the engine supports.
- `objects.py` binds element-wise operations and reductions, which are NumPy's functions until then.
- `threads.py` divides large calls among several cores, with the workers of `threads.js`.
- The other files have the kernels of `backends/numpy/`, with the same names and signatures. They check
  dtypes and shapes, and fall back to NumPy for what is not float32 (`serving.py`).
"""

from ..numpy import (
    abs,
    add,
    check_indexes,
    check_probabilities,
    clip_norm,
    cos,
    div,
    equal,
    erf,
    exp,
    expm1,
    gelu_grad,
    greater,
    greater_equal,
    hardswish,
    hardswish_grad,
    less,
    less_equal,
    log,
    log1p,
    max,
    maximum,
    mean,
    min,
    minimum,
    mul,
    neg,
    normal_cdf,
    pow,
    relu,
    relu_grad,
    sigmoid,
    sign,
    silu_grad,
    sin,
    sqrt,
    sub,
    sum,
    tanh,
    where,
)
from .convolution import col2im, conv2d, conv2d_gW, conv2d_gx, im2col
from .dropout import dropout_mask
from .indexing import rows_grad
from .loss import softmax_cross_entropy
from .matmul import linear, matmul
from .norm import batch_norm, batch_norm_grad, row_norm, row_norm_grad, scale_channels
from .optimizer import adadelta, adagrad, adam, momentum_sgd, rmsprop, sgd
from .pooling import avg_pool, avg_pool_grad, max_pool, max_pool_gather, max_pool_grad
from .recurrent import gru, gru_grad, lstm, lstm_grad
from .softmax import softmax, softmax_grad
