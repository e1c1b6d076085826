"""The kernels of `backends/protocol.py` on device arrays.

Some are WGSL files in `wgsl/`, the others are generated from expressions (`elementwise.py`).
"""

from .activation import dropout_mask, normal_cdf, relu, relu_grad, sigmoid
from .convolution import col2im, conv2d, conv2d_gW, conv2d_gx, im2col
from .loss import check_indexes, softmax_cross_entropy, softmax_cross_entropy_grad
from .matmul import matmul
from .norm import batch_norm, batch_norm_grad
from .optimizer import adam, add_step, clip_norm, momentum_sgd, sgd
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
