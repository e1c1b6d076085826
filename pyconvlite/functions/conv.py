"""Convolution and its adjoint, deconvolution (book steps 55-57).

Shapes: x (N, C, H, W), W (OC, C/groups, KH, KW), b (OC,), y (N, OC, OH, OW). Stride, pad and dilation are one
number or a pair (height, width). As in the whole field, "convolution" does not flip the kernel.
"""

from __future__ import annotations

from typing import Any, Self

from .._arguments import at_least
from .._shapes import Array, IntPair, check_axes, pair
from ..autograd import Function, Variable, as_input
from ..backends import ConvGeometry, kernels
from ._geometry import conv_geometry, deconv_geometry
from .activation import ReLUGrad
from .columns import im2col
from .linalg import linear
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


class _Convolution(Function):
    """What convolution and its adjoint share: their settings, and from the call on the geometry."""

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
        """Make one for inputs whose geometry is known: those of a gradient."""
        f = cls(geometry.stride, geometry.pad, dilation=geometry.dilation, groups=geometry.groups)
        f._known = geometry
        return f


class Conv2d(_Convolution):
    """Two-dimensional convolution, see `conv2d`; b may be None."""

    relu = False

    def forward(self, x: Array, W: Array, b: Array | None) -> Array:
        self.geometry = self._known or conv_geometry(
            x.shape[2:], _size(W), self.stride, self.pad, self.dilation, self.groups
        )
        return kernels(x).conv2d(x, W, b, self.geometry, self.relu)

    def backward(self, gy: Variable) -> Any:
        x, W, _ = self.inputs
        gx = gW = gb = None
        if self.needs_input_grad[0]:
            gx = Deconv2d.of(self.geometry)(gy, W, None)
        if self.needs_input_grad[1]:
            gW = Conv2DGradW(self)(x, gy)
        if self.needs_input_grad[2]:
            gb = gy.sum(axis=(0, 2, 3))
        return gx, gW, gb


class Conv2dReLU(Conv2d):
    """Convolution and ReLU in one, see `conv2d_relu`: the sums before ReLU are neither written nor kept."""

    relu = True

    def backward(self, gy: Variable) -> Any:
        y: Any = self.outputs[0]()
        return super().backward(ReLUGrad(y.data)(gy))  # y is above 0 where the sums are


def conv2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: IntPair = 1,
    pad: IntPair = 0,
    *,
    dilation: IntPair = 1,
    groups: int = 1,
) -> Variable:
    """Two-dimensional convolution of images with a set of kernels (book step 57).

    Args:
        x: images (N, C, H, W).
        W: kernels (OC, C/groups, KH, KW).
        b: a bias for each output channel (OC,), or None.
        stride: pixels from one position of the kernel to the next; one number or a pair.
        pad: zeros added around the image, at least 0; one number or a pair.
        dilation: distance between neighbouring pixels of the kernel; one number or a pair.
        groups: the channels are cut into this many groups that do not mix; C for a depthwise convolution.

    Returns:
        (N, OC, OH, OW); OH and OW as `utils.get_conv_outsize` counts them.

    Raises:
        TypeError: images or kernels that are not floating point.
        ValueError: shapes that do not fit, a size out of range, or a kernel larger than the padded image.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 5, 15, 15)), np.ones((8, 5, 3, 3))
        >>> conv2d(x, W, pad=1).shape
        (1, 8, 15, 15)
    """
    return _convolve(Conv2d(stride, pad, dilation=dilation, groups=groups), x, W, b)


def conv2d_relu(
    x: Any,
    W: Any,
    b: Any = None,
    stride: IntPair = 1,
    pad: IntPair = 0,
    *,
    dilation: IntPair = 1,
    groups: int = 1,
) -> Variable:
    """`relu(conv2d(...))` in one pass: faster, and the memory of the sums before ReLU is saved.

    Args, Returns, Raises: as `conv2d`.

    Example:
        >>> import numpy as np
        >>> conv2d_relu(np.ones((1, 1, 2, 2)), -np.ones((1, 1, 2, 2)))
        variable([[[[0.]]]])
    """
    return _convolve(Conv2dReLU(stride, pad, dilation=dilation, groups=groups), x, W, b)


def _convolve(conv: Conv2d, x: Any, W: Any, b: Any) -> Variable:
    x, W, b = as_input(x), as_input(W), as_input(b)
    _check_conv(x, W, b, conv.groups)
    return conv(x, W, b)


def conv2d_simple(x: Any, W: Any, b: Any = None, stride: IntPair = 1, pad: IntPair = 0) -> Variable:
    """`conv2d` built of other Functions: im2col, a linear map, reshape and transpose (book step 57).

    Args, Returns, Raises: as `conv2d`.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 5, 15, 15)), np.ones((8, 5, 3, 3))
        >>> conv2d_simple(x, W, pad=1).shape
        (1, 8, 15, 15)
    """
    x, W, b = as_input(x), as_input(W), as_input(b)
    _check_conv(x, W, b, groups=1)
    N, OC = x.shape[0], W.shape[0]
    OH, OW = conv_geometry(x.shape[2:], _size(W), pair(stride, "stride"), pair(pad, "pad")).output_size

    col = im2col(x, _size(W), stride, pad, to_matrix=True)  # (N*OH*OW, C*KH*KW)
    rows = transpose(reshape(W, (OC, -1)))  # (C*KH*KW, OC)
    y = linear(col, rows, b)  # (N*OH*OW, OC)
    return transpose(reshape(y, (N, OH, OW, OC)), (0, 3, 1, 2))


class Deconv2d(_Convolution):
    """Two-dimensional deconvolution (transposed convolution), see `deconv2d`: the adjoint of Conv2d."""

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
        self.outsize = None if outsize is None else pair(outsize, "outsize")

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
            gb = gy.sum(axis=(0, 2, 3))
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
) -> Variable:
    """Two-dimensional deconvolution (transposed convolution): spreads each pixel of x by a kernel.

    It is the adjoint of `conv2d` with the same W, stride, pad, dilation and groups, and undoes its change of
    shape.

    Args:
        x: images (N, C, H, W).
        W: kernels (C, OC/groups, KH, KW).
        b: a bias for each output channel (OC,), or None.
        stride, pad, dilation, groups: as in the convolution that it is the adjoint of.
        outsize: height and width of the result, where a stride lets several convolve to H and W; None for the
            smallest.

    Returns:
        (N, OC, *outsize).

    Raises:
        TypeError: images or kernels that are not floating point.
        ValueError: shapes that do not fit, a size out of range, or an outsize that does not convolve to H and
            W.

    Example:
        >>> import numpy as np
        >>> x, W = np.ones((1, 8, 7, 7)), np.ones((8, 5, 3, 3))
        >>> deconv2d(x, W, stride=2, pad=1).shape, deconv2d(x, W, stride=2, pad=1, outsize=14).shape
        ((1, 5, 13, 13), (1, 5, 14, 14))
    """
    x, W, b = as_input(x), as_input(W), as_input(b)
    _check_images(x, "(N, C, H, W)", "x")
    _check_images(W, "(C, OC/groups, KH, KW)", "W")
    C = x.shape[1]
    _check_groups(groups, {"channels C": C})
    if W.shape[0] != C:
        raise ValueError(f"x has {C} channels, but W takes {W.shape[0]}; got x {x.shape} and W {W.shape}")
    _check_bias(b, W.shape[1] * groups)
    return Deconv2d(stride, pad, outsize, dilation=dilation, groups=groups)(x, W, b)


class Conv2DGradW(Function):
    """Gradient of a convolution with respect to its kernels, as a Function of x and gy.

    Args:
        conv2d: the Conv2d or Deconv2d, after its call: it has the geometry.

    Example:
        >>> import numpy as np
        >>> conv = Conv2d()
        >>> gy = conv(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), None)
        >>> Conv2DGradW(conv)(np.ones((1, 1, 3, 3)), np.ones(gy.shape)).data[0, 0]
        array([[4., 4.],
               [4., 4.]])
    """

    def __init__(self, conv2d: _Convolution) -> None:
        self.geometry = conv2d.geometry

    def forward(self, x: Array, gy: Array) -> Array:
        return kernels(x).conv2d_gW(x, gy, self.geometry)

    def backward(self, ggW: Variable) -> Any:
        x, gy = self.inputs
        gx = Deconv2d.of(self.geometry)(gy, ggW, None) if self.needs_input_grad[0] else None
        ggy = Conv2d.of(self.geometry)(x, ggW, None) if self.needs_input_grad[1] else None
        return gx, ggy


# ----------------------------------------------------------------------------------------------------- checks


def _check_conv(x: Variable, W: Variable, b: Variable, groups: int) -> None:
    _check_images(x, "(N, C, H, W)", "x")
    _check_images(W, "(OC, C/groups, KH, KW)", "W")
    OC, Cg = W.shape[:2]
    C = x.shape[1]
    _check_groups(groups, {"channels C": C, "output channels OC": OC})
    if Cg * groups != C:
        raise ValueError(
            f"x has {C} channels, but W takes {Cg} in each of {groups} groups; "
            f"got x {x.shape} and W {W.shape}"
        )
    _check_bias(b, OC)


def _check_images(x: Variable, axes: str, name: str) -> None:
    if x.data is None:
        raise TypeError(f"{name} must be an array or Variable, {axes}; got None")
    check_axes(x.shape, axes, name)
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name} must be floating point; got {x.dtype} (for pixels from 0 to 255: "
            f"{name}.astype(np.float32) / 255)"
        )


def _check_groups(groups: Any, channels: dict[str, int]) -> None:
    groups = at_least(1, groups, "groups")
    for name, size in channels.items():
        if size % groups:
            raise ValueError(f"groups must divide the {name}; got {groups} groups for {size}")


def _check_bias(b: Variable, OC: int) -> None:
    if b.data is not None and b.shape != (OC,):
        raise ValueError(f"b must have the shape ({OC},), one number per output channel; got {b.shape}")


def _size(W: Any) -> tuple[int, int]:
    KH, KW = W.shape[2:]
    return KH, KW
