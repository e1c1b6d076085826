"""The kernels of `backends/protocol.py` on device arrays.

Some are WGSL files in `wgsl/`, the others are generated from expressions (`elementwise.py`).
"""

from .activation import dropout_mask as dropout_mask
from .activation import normal_cdf as normal_cdf
from .activation import relu as relu
from .activation import relu_grad as relu_grad
from .activation import sigmoid as sigmoid
from .convolution import col2im as col2im
from .convolution import conv2d as conv2d
from .convolution import conv2d_gW as conv2d_gW
from .convolution import conv2d_gx as conv2d_gx
from .convolution import im2col as im2col
from .loss import check_indexes as check_indexes
from .loss import softmax_cross_entropy as softmax_cross_entropy
from .loss import softmax_cross_entropy_grad as softmax_cross_entropy_grad
from .matmul import matmul as matmul
from .norm import batch_norm as batch_norm
from .norm import batch_norm_grad as batch_norm_grad
from .optimizer import adadelta as adadelta
from .optimizer import adagrad as adagrad
from .optimizer import adam as adam
from .optimizer import clip_norm as clip_norm
from .optimizer import momentum_sgd as momentum_sgd
from .optimizer import rmsprop as rmsprop
from .optimizer import sgd as sgd
from .pooling import avg_pool as avg_pool
from .pooling import avg_pool_grad as avg_pool_grad
from .pooling import max_pool as max_pool
from .pooling import max_pool_gather as max_pool_gather
from .pooling import max_pool_grad as max_pool_grad
from .reduction import sum as sum
