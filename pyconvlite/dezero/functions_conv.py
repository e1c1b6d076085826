"""`dezero.functions_conv`: convolution and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import broadcast_to, linear
from ..functions_conv import *
from ..functions_conv import col2im_array, im2col_array
from ..utils import get_conv_outsize, get_deconv_outsize, pair
from . import cuda
from .core import Function, as_variable


def _im2col_gpu(img: Any, kernel_size: Any, stride: Any, pad: Any) -> Any:
    """The patches of an image, (N, C, KH, KW, OH, OW); in DeZero a CUDA kernel."""
    return im2col_array(img, kernel_size, stride, pad, to_matrix=False)


def _col2im_gpu(col: Any, sy: int, sx: int, ph: int, pw: int, h: int, w: int) -> Any:
    """The image (N, C, h, w) to which patches (N, C, KH, KW, OH, OW) add up; in DeZero a CUDA kernel."""
    N, C, KH, KW = col.shape[:4]
    return col2im_array(col, (N, C, h, w), (KH, KW), (sy, sx), (ph, pw), to_matrix=False)
