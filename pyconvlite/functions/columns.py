"""im2col, which turns a convolution into a matrix product, and its adjoint col2im (book step 57)."""

from __future__ import annotations

from typing import Any

from .._shapes import IntPair, check_axes, conv_outsize, pair
from ..autograd import Function, Variable
from ..backends import kernels

__all__ = ["Col2im", "Im2col", "col2im", "col2im_array", "im2col", "im2col_array"]


class _Columns(Function):
    """What im2col and its adjoint have in common: the way of the kernel."""

    def __init__(
        self, kernel_size: IntPair, stride: IntPair, pad: IntPair, to_matrix: bool, *, dilation: IntPair = 1
    ) -> None:
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.stride = pair(stride, "stride")
        self.pad = pair(pad, "pad")
        self.to_matrix = to_matrix
        self.dilation = pair(dilation, "dilation")


class Im2col(_Columns):
    """The pixels under the kernel, at each of its positions.

    Example:
        >>> import numpy as np
        >>> x = np.arange(6.0).reshape(1, 1, 2, 3)
        >>> Im2col(kernel_size=2, stride=1, pad=0, to_matrix=True)(x)  # a row for each position
        variable([[0. 1. 3. 4.]
                  [1. 2. 4. 5.]])
    """

    def forward(self, x: Any) -> Any:
        return im2col_array(
            x, self.kernel_size, self.stride, self.pad, self.to_matrix, dilation=self.dilation
        )

    def backward(self, gy: Variable) -> Any:
        x_shape = self.inputs[0].shape
        return col2im(
            gy, x_shape, self.kernel_size, self.stride, self.pad, self.to_matrix, dilation=self.dilation
        )


def im2col(
    x: Any,
    kernel_size: IntPair,
    stride: IntPair = 1,
    pad: IntPair = 0,
    to_matrix: bool = True,
    *,
    dilation: IntPair = 1,
) -> Variable:
    """Copy the pixels under the kernel at each of its positions (book step 57).

    Args:
        x: images (N, C, H, W).
        kernel_size, stride, pad, dilation: one number or a pair.
        to_matrix: whether to return a matrix with a row for each position.

    Returns:
        (N*OH*OW, C*KH*KW) if to_matrix, else (N, C, KH, KW, OH, OW).

    Raises:
        ValueError: x is not (N, C, H, W), a size out of range, or a kernel larger than the padded image.

    Example:
        >>> import numpy as np
        >>> im2col(np.zeros((10, 3, 7, 7)), kernel_size=5).shape
        (90, 75)
    """
    return Im2col(kernel_size, stride, pad, to_matrix, dilation=dilation)(x)


def im2col_array(
    img: Any,
    kernel_size: IntPair,
    stride: IntPair,
    pad: IntPair,
    to_matrix: bool = True,
    *,
    dilation: IntPair = 1,
) -> Any:
    """`im2col` on arrays, outside of any graph.

    Example:
        >>> import numpy as np
        >>> im2col_array(np.arange(4.0).reshape(1, 1, 2, 2), 2, 1, 0)
        array([[0., 1., 2., 3.]])
    """
    check_axes(img.shape, "(N, C, H, W)")
    sizes = (
        pair(kernel_size, "kernel_size"),
        pair(stride, "stride"),
        pair(pad, "pad"),
        pair(dilation, "dilation"),
    )
    col = kernels(img).im2col(img, *sizes)
    if not to_matrix:
        return col
    N, C, KH, KW, OH, OW = col.shape
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * OH * OW, C * KH * KW)


class Col2im(_Columns):
    """Adjoint of Im2col.

    Example:
        >>> import numpy as np
        >>> Col2im((1, 1, 2, 3), kernel_size=2, stride=1, pad=0, to_matrix=True)(np.ones((2, 4)))
        variable([[[[1. 2. 1.]
                    [1. 2. 1.]]]])
    """

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
        self.input_shape = input_shape

    def forward(self, x: Any) -> Any:
        return col2im_array(
            x,
            self.input_shape,
            self.kernel_size,
            self.stride,
            self.pad,
            self.to_matrix,
            dilation=self.dilation,
        )

    def backward(self, gy: Variable) -> Any:
        return im2col(gy, self.kernel_size, self.stride, self.pad, self.to_matrix, dilation=self.dilation)


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
    """Add the copies that im2col made back together: its adjoint (not its inverse, where windows overlap).

    Args:
        x: what im2col gives for images of `input_shape`: a matrix if to_matrix, else (N, C, KH, KW, OH, OW).
        input_shape: (N, C, H, W) of the result.
        kernel_size, stride, pad, to_matrix, dilation: as in `im2col`.

    Raises:
        ValueError: x has not the shape that im2col gives, or as in `im2col`.

    Example:
        >>> import numpy as np
        >>> x = np.ones((1, 1, 3, 3))
        >>> col2im(im2col(x, 2), x.shape, 2).data[0, 0]  # how many windows hold each pixel
        array([[1., 2., 1.],
               [2., 4., 2.],
               [1., 2., 1.]])
    """
    return Col2im(input_shape, kernel_size, stride, pad, to_matrix, dilation=dilation)(x)


def col2im_array(
    col: Any,
    img_shape: tuple[int, ...],
    kernel_size: IntPair,
    stride: IntPair,
    pad: IntPair,
    to_matrix: bool = True,
    *,
    dilation: IntPair = 1,
) -> Any:
    """`col2im` on arrays, outside of any graph.

    Example:
        >>> import numpy as np
        >>> col2im_array(np.ones((1, 4)), (1, 1, 2, 2), 2, 1, 0)[0, 0]
        array([[1., 1.],
               [1., 1.]])
    """
    check_axes(img_shape, "(N, C, H, W)", "input_shape")
    N, C, H, W = img_shape
    kernel_size, stride, pad = pair(kernel_size, "kernel_size"), pair(stride, "stride"), pair(pad, "pad")
    dilation = pair(dilation, "dilation")
    KH, KW = kernel_size
    OH, OW = conv_outsize((H, W), kernel_size, stride, pad, dilation)
    expected = (N * OH * OW, C * KH * KW) if to_matrix else (N, C, KH, KW, OH, OW)
    if col.shape != expected:
        raise ValueError(
            f"x must have the shape that im2col gives for {img_shape}, {expected}; got {col.shape}"
        )
    if to_matrix:
        col = col.reshape(N, OH, OW, C, KH, KW).transpose(0, 3, 4, 5, 1, 2)
    return kernels(col).col2im(col, img_shape, kernel_size, stride, pad, dilation)
