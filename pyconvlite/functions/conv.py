"""Convolution and its adjoint, deconvolution (book steps 55-57).

Shapes: x (N, C, H, W), W (OC, C/groups, KH, KW), b (OC,), y (N, OC, OH, OW). Stride, pad and dilation are an
integer or a pair (height, width); the pad of a convolution has other forms too, see `conv2d`. As usual in
deep learning, a convolution does not flip the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

from .._arguments import above_zero, one_of
from .._shapes import Array, IntPair, Pair, deconv_outsize, pair
from ..autograd import Function, Variable, as_input
from ..backends import ConvGeometry, kernels
from ._conv_checks import check_conv, check_deconv, output_padding
from ._geometry import Padding, conv_geometry, deconv_geometry, edge_geometry, edges_of, has_equal_ends
from .activation import ReLUGrad
from .columns import im2col
from .indexing import get_item
from .linalg import linear
from .padding import pad as pad_ends
from .reduction import Sum
from .selection import where
from .shape import reshape, transpose

__all__ = [
    "Conv2DGradW",
    "Conv2d",
    "Conv2dReLU",
    "Deconv2d",
    "conv2d",
    "conv2d_relu",
    "conv2d_simple",
    "deconv2d",
]


PAD_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Function):
    """Base of Conv2d and Deconv2d: their settings and, once called, their geometry."""

    reads_outputs = False

    geometry: ConvGeometry
    _known: ConvGeometry | None = None

    def __init__(
        self, stride: IntPair = 1, pad: IntPair = 0, *, dilation: IntPair = 1, groups: int = 1
    ) -> None:
        self.stride = pair(stride, "stride")
        self.pad = pair(pad, "pad")
        self.dilation = pair(dilation, "dilation")
        self.groups = groups

    @classmethod
    def of(cls, geometry: ConvGeometry) -> Self:
        """Create a Function whose geometry is already known, to compute a gradient."""
        f = cls.__new__(cls)  # without __init__, which checks
        f._known = geometry
        _, f.stride, f.pad, f.dilation, f.groups, *_ = geometry
        return f


class Conv2d(_Convolution):
    """Two-dimensional convolution, see `conv2d`; b may be None."""

    relu = False
    most = math.inf

    def forward(self, x: Array, W: Array, b: Array | None) -> Array:
        self.geometry = self._known or conv_geometry(
            x.shape[2:], _size(W), self.stride, self.pad, self.dilation, self.groups
        )
        return kernels(x).conv2d(x, W, b, self.geometry, self.relu, self.most)

    def backward(self, gy: Variable) -> Any:
        x, W, _ = self.inputs
        gx = gW = gb = None
        if self.needs_input_grad[0]:
            gx = Deconv2d.of(self.geometry)(gy, W, None)
        if self.needs_input_grad[1]:
            gW = Conv2DGradW(self)(x, gy)
        if self.needs_input_grad[2]:
            gb = Sum((0, 2, 3))(gy)
        return gx, gW, gb


class Conv2dReLU(Conv2d):
    """Convolution and ReLU in one pass, see `conv2d_relu`: the input of ReLU is not stored."""

    reads_outputs = True

    relu = True

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        if self.most < math.inf:
            gy = where(y.data == self.most, 0, gy)
        return super().backward(ReLUGrad(y.data)(gy))  # y <= 0 exactly where the input of ReLU is


def conv2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: IntPair = 1,
    pad: Padding = 0,
    *,
    dilation: IntPair = 1,
    groups: int = 1,
    pad_mode: str = "zeros",
) -> Variable:
    """Two-dimensional convolution of images with a set of kernels (book step 57).

    Args:
        x: images of shape (N, C, H, W).
        W: kernels of shape (OC, C/groups, KH, KW).
        b: bias of shape (OC,), or None.
        stride: step between kernel positions in pixels, at least 1; an integer or (height, width).
        pad: pixels of padding at each edge, at least 0: an integer or (height, width), or
            ((above, below), (left, right)); "same" for an output of ceil(size / stride) pixels, where an odd
            pixel is added after the image; "valid" for none.
        dilation: spacing between kernel elements in pixels, at least 1; an integer or (height, width).
        groups: number of groups into which the channels are divided; each is convolved separately. C gives a
            depthwise convolution.
        pad_mode: what the padding holds: "zeros", or as in `F.pad` "reflect", "replicate" or "circular".

    Returns:
        A Variable of shape (N, OC, OH, OW), with OH and OW from `utils.get_conv_outsize`.

    Raises:
        TypeError: x or W is not floating point, or a size is not an integer.
        ValueError: the shapes do not match, a size is below its minimum, the kernel is larger than the
            padded image, or `pad_mode` is unknown or needs a larger image.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 5, 15, 15)), np.ones((8, 5, 3, 3))
        >>> conv2d(x, W, pad=1).shape, conv2d(x, W, stride=2, pad="same").shape
        ((1, 8, 15, 15), (1, 8, 8, 8))
    """
    return _convolve(Conv2d, math.inf, x, W, b, stride, pad, dilation, groups, pad_mode)


def conv2d_relu(
    x: Any,
    W: Any,
    b: Any = None,
    stride: IntPair = 1,
    pad: Padding = 0,
    *,
    dilation: IntPair = 1,
    groups: int = 1,
    pad_mode: str = "zeros",
    most: float = math.inf,
) -> Variable:
    """`relu(conv2d(...))` in one pass: faster, and without storing the input of ReLU.

    Args:
        x, W, b, stride, pad, dilation, groups, pad_mode: as in `conv2d`.
        most: the upper bound of the result, above 0; 6 gives ReLU6. At the bound the gradient is 0.

    Returns, Raises: as `conv2d`.

    Example:
        >>> import numpy as np
        >>> conv2d_relu(np.ones((1, 1, 2, 2)), -np.ones((1, 1, 2, 2)))
        variable([[[[0.]]]])
    """
    if most != math.inf:
        above_zero(most, "most")
    return _convolve(Conv2dReLU, float(most), x, W, b, stride, pad, dilation, groups, pad_mode)


def _convolve(
    kind: type[Conv2d],
    most: float,
    x: Any,
    W: Any,
    b: Any,
    stride: IntPair,
    pad: Padding,
    dilation: IntPair,
    groups: int,
    pad_mode: str,
) -> Variable:
    x, W, b = as_input(x, "x"), as_input(W, "W"), as_input(b)
    check_conv(x, W, b, groups)
    one_of(pad_mode, "pad_mode", PAD_MODES)

    if pad_mode == "zeros" and has_equal_ends(pad):
        f = kind(stride, pad, dilation=dilation, groups=groups)
    else:
        windows = _size(W), pair(stride, "stride"), pair(dilation, "dilation")
        edges = edges_of(pad, x.shape[2:], *windows)
        if pad_mode == "zeros":
            f = kind.of(edge_geometry(x.shape[2:], *windows, edges, groups))
        else:
            x = pad_ends(x, ((0, 0), (0, 0), *edges), mode=pad_mode)
            f = kind(stride, dilation=dilation, groups=groups)
    f.most = most
    return f(x, W, b)


def conv2d_simple(x: Any, W: Any, b: Any = None, stride: IntPair = 1, pad: IntPair = 0) -> Variable:
    """`conv2d` composed of other Functions: im2col, linear, reshape and transpose (book step 57).

    Args, Returns, Raises: as `conv2d`; pad is an integer or (height, width).

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 5, 15, 15)), np.ones((8, 5, 3, 3))
        >>> conv2d_simple(x, W, pad=1).shape
        (1, 8, 15, 15)
    """
    x, W, b = as_input(x, "x"), as_input(W, "W"), as_input(b)
    check_conv(x, W, b, groups=1)
    N, OC = x.shape[0], W.shape[0]
    OH, OW = conv_geometry(x.shape[2:], _size(W), pair(stride, "stride"), pair(pad, "pad")).output_size

    col = im2col(x, _size(W), stride, pad, to_matrix=True)  # (N*OH*OW, C*KH*KW)
    rows = transpose(reshape(W, (OC, -1)))  # (C*KH*KW, OC)
    y = linear(col, rows, b)  # (N*OH*OW, OC)
    return transpose(reshape(y, (N, OH, OW, OC)), (0, 3, 1, 2))


class Deconv2d(_Convolution):
    """Two-dimensional deconvolution (transposed convolution), see `deconv2d`: the adjoint of Conv2d."""

    outsize: Pair | None = None

    def __init__(
        self,
        stride: IntPair = 1,
        pad: IntPair = 0,
        outsize: IntPair | None = None,
        *,
        dilation: IntPair = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(stride, pad, dilation=dilation, groups=groups)
        if outsize is not None:
            self.outsize = pair(outsize, "outsize")

    def forward(self, x: Array, W: Array, b: Array | None) -> Array:
        self.geometry = self._known or deconv_geometry(
            x.shape[2:], _size(W), self.stride, self.pad, self.dilation, self.groups, self.outsize
        )
        return kernels(x).conv2d_gx(x, W, b, self.geometry)

    def backward(self, gy: Variable) -> Any:
        x, W, _ = self.inputs
        gx = gW = gb = None
        if self.needs_input_grad[0]:
            gx = Conv2d.of(self.geometry)(gy, W, None)
        if self.needs_input_grad[1]:
            gW = Conv2DGradW(self)(gy, x)
        if self.needs_input_grad[2]:
            gb = Sum((0, 2, 3))(gy)
        return gx, gW, gb


def deconv2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: IntPair = 1,
    pad: IntPair = 0,
    outsize: IntPair | None = None,
    *,
    dilation: IntPair = 1,
    groups: int = 1,
    output_pad: IntPair = 0,
) -> Variable:
    """Two-dimensional deconvolution (transposed convolution).

    It is the adjoint of `conv2d` with the same W, stride, pad, dilation and groups, and maps its output shape
    back to its input shape.

    Args:
        x: images of shape (N, C, H, W).
        W: kernels of shape (C, OC/groups, KH, KW).
        b: bias of shape (OC,), or None.
        stride, pad, dilation, groups: as in `conv2d`.
        outsize: height and width of the result, since with a stride several sizes convolve to (H, W); None
            for the smallest and `output_pad`.
        output_pad: number of rows and columns more than the smallest result, less than `stride` or
            `dilation`; PyTorch's output_padding.

    Returns:
        A Variable of shape (N, OC, *outsize).

    Raises:
        TypeError: x or W is not floating point, or a size is not an integer.
        ValueError: the shapes do not match, a size is below its minimum, the result's size does not convolve
            to (H, W), or both `outsize` and `output_pad` are given.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 8, 7, 7)), np.ones((8, 5, 3, 3))
        >>> deconv2d(x, W, stride=2, pad=1).shape, deconv2d(x, W, stride=2, pad=1, outsize=14).shape
        ((1, 5, 13, 13), (1, 5, 14, 14))
    """
    x, W, b = as_input(x, "x"), as_input(W, "W"), as_input(b)
    check_deconv(x, W, b, groups)
    more = output_padding(output_pad, stride, dilation)
    if more != (0, 0):
        if outsize is not None:
            raise ValueError(f"pass either outsize or output_pad; got {outsize} and {output_pad}")
        settings = pair(stride, "stride"), pair(pad, "pad"), pair(dilation, "dilation")
        outsize = deconv_outsize(x.shape[2:], _size(W), *settings, more)
        if any(m >= s for m, s in zip(more, settings[0], strict=True)):  # a larger x would have this outsize
            ends = [(p, p - m) for p, m in zip(settings[1], more, strict=True)]
            return cut_deconv2d(x, W, None if b.data is None else b, ends, stride, dilation, groups)
    return Deconv2d(stride, pad, outsize, dilation=dilation, groups=groups)(x, W, b)


def cut_deconv2d(
    x: Any, W: Any, b: Any, ends: Sequence[Pair], stride: IntPair, dilation: IntPair, groups: int
) -> Variable:
    """`deconv2d` without padding, cut by (before, after) at the ends of each axis.

    Where `after` is negative, elements are added: no kernel reaches them, so that they are the bias alone.

    Example:
        >>> import numpy as np
        >>> cut_deconv2d(np.ones((1, 1, 1, 1)), np.ones((1, 1, 2, 2)), None, [(1, 0), (0, -1)], 1, 1, 1)
        variable([[[[1. 1. 0.]]]])
    """
    y = deconv2d(x, W, None, stride, dilation=dilation, groups=groups)
    inner = (slice(before, n - max(0, after)) for n, (before, after) in zip(y.shape[2:], ends, strict=True))
    y = get_item(y, (..., *inner))
    y = pad_ends(y, ((0, 0), (0, 0), *((0, max(0, -after)) for _, after in ends)))
    return y if b is None else y + reshape(b, (-1, 1, 1))


class Conv2DGradW(Function):
    """Gradient of a convolution with respect to its kernels, as a Function of x and gy.

    Args:
        conv2d: the Conv2d or Deconv2d, already called, whose geometry is used.

    Example:
        >>> import numpy as np
        >>> conv = Conv2d()
        >>> gy = conv(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), None)
        >>> Conv2DGradW(conv)(np.ones((1, 1, 3, 3)), np.ones(gy.shape)).data[0, 0]
        array([[4., 4.],
               [4., 4.]])
    """

    reads_outputs = False

    def __init__(self, conv2d: _Convolution) -> None:
        self.geometry = conv2d.geometry

    def forward(self, x: Array, gy: Array) -> Array:
        return kernels(x).conv2d_gW(x, gy, self.geometry)

    def backward(self, ggW: Variable) -> Any:
        x, gy = self.inputs
        gx = Deconv2d.of(self.geometry)(gy, ggW, None) if self.needs_input_grad[0] else None
        ggy = Conv2d.of(self.geometry)(x, ggW, None) if self.needs_input_grad[1] else None
        return gx, ggy


def _size(W: Any) -> tuple[int, int]:
    KH, KW = W.shape[2:]
    return KH, KW
