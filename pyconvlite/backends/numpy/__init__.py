"""Reference kernels on NumPy arrays: what each kernel means, and the fallback where nothing is faster.

Shapes, for G groups: x (N, C, H, W), W (OC, C/G, KH, KW), y and gy (N, OC, OH, OW). `kernel_size`, `stride`,
`pad` and `dilation` are pairs (height, width). Arguments have been checked by the public functions. Any other
backend is a sibling of this package with the same names and signatures.
"""

from .columns import col2im, im2col
from .contraction import matmul
from .convolution import conv2d, conv2d_gW, conv2d_gx
from .pointwise import (
    adam,
    batch_norm,
    batch_norm_grad,
    clip_norm,
    dropout_mask,
    momentum_sgd,
    moved,
    normal_cdf,
    relu,
    relu_grad,
    sgd,
    softmax_cross_entropy,
    softmax_cross_entropy_grad,
    sum,
)
from .pooling import avg_pool, avg_pool_grad, max_pool, max_pool_gather, max_pool_grad

__all__ = [
    "adam",
    "avg_pool",
    "avg_pool_grad",
    "batch_norm",
    "batch_norm_grad",
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
    "moved",
    "normal_cdf",
    "relu",
    "relu_grad",
    "sgd",
    "softmax_cross_entropy",
    "softmax_cross_entropy_grad",
    "sum",
]
