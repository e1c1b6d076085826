"""im2col, which turns a convolution into a matrix product, and its adjoint col2im (book step 57)."""

from __future__ import annotations

from typing import Any

from .._arguments import boolean
from .._shapes import Array, IntPair, Pair, as_shape, check_axes, pair
from ..autograd import Function, Variable
from ..backends import ConvGeometry, kernels
from ._geometry import conv_geometry

__all__ = ["Col2im", "Im2col", "col2im", "col2im_array", "im2col", "im2col_array"]


class _Columns(Function):
    """Base of Im2col and Col2im: their settings."""

    def __init__(
        self, kernel_size: IntPair, stride: IntPair, pad: IntPair, to_matrix: bool, *, dilation: IntPair = 1
    ) -> None:
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.stride = pair(stride, "stride")
        self.pad = pair(pad, "pad")
        self.to_matrix = boolean(to_matrix, "to_matrix")
        self.dilation = pair(dilation, "dilation")

    @property
    def _settings(self) -> tuple[Pair, Pair, Pair, bool]:
        return self.kernel_size, self.stride, self.pad, self.to_matrix


class Im2col(_Columns):
    """Windows of pixels as columns, see `im2col`."""

    reads_inputs = reads_outputs = False

    def forward(self, x: Array) -> Array:
        return im2col_array(x, *self._settings, dilation=self.dilation)

    def backward(self, gy: Variable) -> Any:
        return Col2im(self.inputs[0].shape, *self._settings, dilation=self.dilation)(gy)


def im2col(
    x: Any,
    kernel_size: IntPair,
    stride: IntPair = 1,
    pad: IntPair = 0,
    to_matrix: bool = True,
    *,
    dilation: IntPair = 1,
) -> Variable:
    """Copy the window of pixels under the kernel at each of its positions (book step 57).

    Args:
        x: images of shape (N, C, H, W).
        kernel_size, stride, pad, dilation: in pixels, an integer or (height, width).
        to_matrix: whether to return a matrix with one row per position.

    Returns:
        A Variable of shape (N*OH*OW, C*KH*KW) if to_matrix, else (N, C, KH, KW, OH, OW).

    Raises:
        TypeError: a size is not an integer, or `to_matrix` not True or False.
        ValueError: x does not have 4 axes, a size is below its minimum, or the kernel is larger than the
            padded image.

    Example:
        >>> import numpy as np
        >>> im2col(np.zeros((10, 3, 7, 7)), kernel_size=5).shape
        (90, 75)
    """
    return Im2col(kernel_size, stride, pad, to_matrix, dilation=dilation)(x)


def im2col_array(
    img: Array,
    kernel_size: IntPair,
    stride: IntPair,
    pad: IntPair,
    to_matrix: bool = True,
    *,
    dilation: IntPair = 1,
) -> Array:
    """`im2col` on arrays, without a graph.

    Example:
        >>> import numpy as np
        >>> im2col_array(np.arange(4.0).reshape(1, 1, 2, 2), 2, 1, 0)
        array([[0., 1., 2., 3.]])
    """
    check_axes(img.shape, "(N, C, H, W)")
    col = kernels(img).im2col(img, _geometry(img.shape, kernel_size, stride, pad, dilation))
    if not to_matrix:
        return col
    N, C, KH, KW, OH, OW = col.shape
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * OH * OW, C * KH * KW)


class Col2im(_Columns):
    """Adjoint of Im2col, see `col2im`."""

    reads_inputs = reads_outputs = False

    def __init__(
        self,
        input_shape: tuple[int, ...],
        kernel_size: IntPair,
        stride: IntPair,
        pad: IntPair,
        to_matrix: bool,
        *,
        dilation: IntPair = 1,
    ) -> None:
        super().__init__(kernel_size, stride, pad, to_matrix, dilation=dilation)
        self.input_shape = as_shape(input_shape, "input_shape")

    def forward(self, x: Array) -> Array:
        return col2im_array(x, self.input_shape, *self._settings, dilation=self.dilation)

    def backward(self, gy: Variable) -> Any:
        return Im2col(*self._settings, dilation=self.dilation)(gy)


def col2im(
    x: Any,
    input_shape: tuple[int, ...],
    kernel_size: IntPair,
    stride: IntPair = 1,
    pad: IntPair = 0,
    to_matrix: bool = True,
    *,
    dilation: IntPair = 1,
) -> Variable:
    """Add windows of pixels into images: the adjoint of `im2col`, not its inverse, since windows may overlap.

    Args:
        x: windows of the shape that `im2col` returns for images of `input_shape`.
        input_shape: shape (N, C, H, W) of the result.
        kernel_size, stride, pad, to_matrix, dilation: as in `im2col`.

    Raises:
        TypeError, ValueError: as in `im2col`, or x does not have the shape that `im2col` returns.

    Example:
        >>> import numpy as np
        >>> x = np.ones((1, 1, 3, 3))
        >>> col2im(im2col(x, 2), x.shape, 2).data[0, 0]  # number of windows that contain each pixel
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]])
    """
    return Col2im(input_shape, kernel_size, stride, pad, to_matrix, dilation=dilation)(x)


def col2im_array(
    col: Array,
    img_shape: tuple[int, ...],
    kernel_size: IntPair,
    stride: IntPair,
    pad: IntPair,
    to_matrix: bool = True,
    *,
    dilation: IntPair = 1,
) -> Array:
    """`col2im` on arrays, without a graph.

    Example:
        >>> import numpy as np
        >>> col2im_array(np.ones((1, 4)), (1, 1, 2, 2), 2, 1, 0)[0, 0]
        array([[1., 1.],
               [1., 1.]])
    """
    img_shape = as_shape(img_shape, "img_shape")
    check_axes(img_shape, "(N, C, H, W)", "images")
    N, C = img_shape[:2]
    geometry = _geometry(img_shape, kernel_size, stride, pad, dilation)
    (KH, KW), (OH, OW) = geometry.kernel_size, geometry.output_size
    expected = (N * OH * OW, C * KH * KW) if to_matrix else (N, C, KH, KW, OH, OW)
    if col.shape != expected:
        raise ValueError(
            f"windows of images of shape {img_shape} must have shape {expected}, as im2col returns; "
            f"got {col.shape}"
        )
    if to_matrix:
        col = col.reshape(N, OH, OW, C, KH, KW).transpose(0, 3, 4, 5, 1, 2)
    return kernels(col).col2im(col, geometry)


def _geometry(
    shape: tuple[int, ...], kernel_size: IntPair, stride: IntPair, pad: IntPair, dilation: IntPair
) -> ConvGeometry:
    return conv_geometry(
        shape[2:],
        pair(kernel_size, "kernel_size"),
        pair(stride, "stride"),
        pair(pad, "pad"),
        pair(dilation, "dilation"),
    )
