"""WebAssembly SIMD kernels: the NumPy backend's kernels for float32, in C, in place on NumPy's memory.

- `kernels.c` and the headers next to it are the kernels; the wheel's build compiles two side modules from
  them (`relaxed.wasm` with fused multiply-adds, `simd128.wasm` without).
- `library.py` loads the one that the engine supports.
- The other files have the kernels of `backends/numpy/`, with the same names and signatures. They check
  dtypes and shapes, and fall back to NumPy for what is not float32 (`serving.py`).
"""

from ..numpy import add_step, check_indexes, clip_norm, dropout_mask, normal_cdf, sigmoid
from .activation import relu, relu_grad
from .convolution import col2im, conv2d, conv2d_gW, conv2d_gx, im2col
from .loss import softmax_cross_entropy, softmax_cross_entropy_grad
from .matmul import matmul
from .norm import batch_norm, batch_norm_grad
from .optimizer import adam, momentum_sgd, sgd
from .pooling import avg_pool, avg_pool_grad, max_pool, max_pool_gather, max_pool_grad
from .reduction import sum

__all__ = [
    "adam",
    "add_step",
    "avg_pool",
    "avg_pool_grad",
    "batch_norm",
    "batch_norm_grad",
    "check_indexes",
    "clip_norm",
    "col2im",
    "conv2d",
    "conv2d_gW",
    "conv2d_gx",
    "dropout_mask",
    "im2col",
    "matmul",
    "max_pool",
    "max_pool_gather",
    "max_pool_grad",
    "momentum_sgd",
    "normal_cdf",
    "relu",
    "relu_grad",
    "sgd",
    "sigmoid",
    "softmax_cross_entropy",
    "softmax_cross_entropy_grad",
    "sum",
]
