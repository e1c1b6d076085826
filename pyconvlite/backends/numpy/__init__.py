"""The reference kernels, on NumPy arrays; also the fallback of the SIMD backend."""

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
from .convolution import col2im, conv2d, conv2d_gW, conv2d_gx, im2col
from .dropout import dropout_mask
from .elementwise import (
    abs,
    add,
    cos,
    div,
    equal,
    exp,
    expm1,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    log1p,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    sign,
    sin,
    sqrt,
    sub,
    tanh,
    where,
)
from .indexing import rows_grad
from .loss import check_indexes, check_probabilities, softmax_cross_entropy
from .matmul import linear, matmul
from .norm import batch_norm, batch_norm_grad, row_norm, row_norm_grad, scale_channels
from .optimizer import adadelta, adagrad, adam, clip_norm, momentum_sgd, rmsprop, sgd
from .pooling import avg_pool, avg_pool_grad, max_pool, max_pool_gather, max_pool_grad
from .recurrent import gru, gru_grad, lstm, lstm_grad
from .reduction import max, mean, min, sum
from .softmax import softmax, softmax_grad
