"""WebAssembly SIMD kernels: the NumPy backend's kernels for float32, in C, in place on NumPy's memory.

- `kernels.c` and the headers next to it are the kernels; the wheel's build compiles two side modules from
  them, `relaxed` with fused multiply-adds and `simd128` without, which `kernels.bin` contains.
- `library.py` loads the one that the engine supports.
- `objects.py` binds element-wise operations and reductions, which are NumPy's functions until then.
- `threads.py` divides large calls among several cores, with the workers of `threads.js`.
- The other files have the kernels of `backends/numpy/`, with the same names and signatures. They check
  dtypes and shapes, and fall back to NumPy for what is not float32 (`serving.py`).
"""

from ..numpy import abs as abs
from ..numpy import add as add
from ..numpy import check_indexes as check_indexes
from ..numpy import check_probabilities as check_probabilities
from ..numpy import clip_norm as clip_norm
from ..numpy import cos as cos
from ..numpy import div as div
from ..numpy import equal as equal
from ..numpy import erf as erf
from ..numpy import exp as exp
from ..numpy import expm1 as expm1
from ..numpy import gelu_grad as gelu_grad
from ..numpy import greater as greater
from ..numpy import greater_equal as greater_equal
from ..numpy import hardswish as hardswish
from ..numpy import hardswish_grad as hardswish_grad
from ..numpy import less as less
from ..numpy import less_equal as less_equal
from ..numpy import log as log
from ..numpy import log1p as log1p
from ..numpy import max as max
from ..numpy import maximum as maximum
from ..numpy import mean as mean
from ..numpy import min as min
from ..numpy import minimum as minimum
from ..numpy import mul as mul
from ..numpy import neg as neg
from ..numpy import normal_cdf as normal_cdf
from ..numpy import pow as pow
from ..numpy import relu as relu
from ..numpy import relu_grad as relu_grad
from ..numpy import sigmoid as sigmoid
from ..numpy import sign as sign
from ..numpy import silu_grad as silu_grad
from ..numpy import sin as sin
from ..numpy import sqrt as sqrt
from ..numpy import sub as sub
from ..numpy import sum as sum
from ..numpy import tanh as tanh
from ..numpy import where as where
from .convolution import col2im as col2im
from .convolution import conv2d as conv2d
from .convolution import conv2d_gW as conv2d_gW
from .convolution import conv2d_gx as conv2d_gx
from .convolution import im2col as im2col
from .dropout import dropout_mask as dropout_mask
from .indexing import rows_grad as rows_grad
from .loss import softmax_cross_entropy as softmax_cross_entropy
from .matmul import linear as linear
from .matmul import matmul as matmul
from .norm import batch_norm as batch_norm
from .norm import batch_norm_grad as batch_norm_grad
from .norm import row_norm as row_norm
from .norm import row_norm_grad as row_norm_grad
from .norm import scale_channels as scale_channels
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
from .recurrent import gru as gru
from .recurrent import gru_grad as gru_grad
from .recurrent import lstm as lstm
from .recurrent import lstm_grad as lstm_grad
from .softmax import softmax as softmax
from .softmax import softmax_grad as softmax_grad
