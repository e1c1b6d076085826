"""WebAssembly SIMD kernels: the NumPy backend's kernels for float32, in C, in place on NumPy's memory.

- `kernels.c` and the headers next to it are the kernels; the wheel's build compiles two side modules from
  them (`relaxed.wasm` with fused multiply-adds, `simd128.wasm` without).
- `library.py` loads the one that the engine supports.
- The other files have the kernels of `backends/numpy/`, with the same names and signatures. They check
  dtypes and shapes, and fall back to NumPy for what is not float32 (`serving.py`).
"""

from ..numpy import check_indexes as check_indexes
from ..numpy import clip_norm as clip_norm
from ..numpy import dropout_mask as dropout_mask
from ..numpy import normal_cdf as normal_cdf
from ..numpy import sigmoid as sigmoid
from .activation import relu as relu
from .activation import relu_grad as relu_grad
from .convolution import col2im as col2im
from .convolution import conv2d as conv2d
from .convolution import conv2d_gW as conv2d_gW
from .convolution import conv2d_gx as conv2d_gx
from .convolution import im2col as im2col
from .loss import softmax_cross_entropy as softmax_cross_entropy
from .loss import softmax_cross_entropy_grad as softmax_cross_entropy_grad
from .matmul import matmul as matmul
from .norm import batch_norm as batch_norm
from .norm import batch_norm_grad as batch_norm_grad
from .optimizer import adadelta as adadelta
from .optimizer import adagrad as adagrad
from .optimizer import adam as adam
from .optimizer import momentum_sgd as momentum_sgd
from .optimizer import rmsprop as rmsprop
from .optimizer import sgd as sgd
from .pooling import avg_pool as avg_pool
from .pooling import avg_pool_grad as avg_pool_grad
from .pooling import max_pool as max_pool
from .pooling import max_pool_gather as max_pool_gather
from .pooling import max_pool_grad as max_pool_grad
from .reduction import sum as sum
