"""The kernels of `backends/protocol.py` on device arrays.

Some are WGSL files in `wgsl/`, the others are generated from expressions (`elementwise.py`).
"""

from .activation import (
    erf,
    gelu_grad,
    hardswish,
    hardswish_grad,
    normal_cdf,
    relu,
    relu_grad,
    sigmoid,
    silu_grad,
)
from .arithmetic import maximum, minimum
from .convolution import col2im, conv2d, conv2d_gW, conv2d_gx, im2col
from .dropout import dropout_mask
from .indexing import rows_grad
from .loss import check_indexes, check_probabilities, softmax_cross_entropy
from .matmul import matmul
from .namespace import abs, cos, exp, expm1, log, log1p, sign, sin, sqrt, tanh, where
from .norm import batch_norm, batch_norm_grad, row_norm, row_norm_grad, scale_channels
from .operators import (
    add,
    div,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    linear,
    max,
    mean,
    min,
    mul,
    neg,
    pow,
    sub,
)
from .optimizer import adadelta, adagrad, adam, clip_norm, momentum_sgd, rmsprop, sgd
from .pooling import avg_pool, avg_pool_grad, max_pool, max_pool_gather, max_pool_grad
from .recurrent import gru, gru_grad, lstm, lstm_grad
from .reduction import sum
from .softmax import softmax, softmax_grad
