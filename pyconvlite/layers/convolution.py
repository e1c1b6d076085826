"""Convolutions with trainable kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np

from .. import functions as F
from .._arguments import at_least, boolean, one_of
from .._shapes import IntPair, sizes
from ..autograd import Variable
from ..functions._conv_checks import output_padding
from ..functions._geometry import Padding
from ..functions.conv import PAD_MODES
from ._arguments import padding
from .affine import Affine
from .base import Layer


class Convolution(Affine):
    """Base of the convolutions with channel groups: their arguments."""

    _in_name = "in_channels"
    pad_mode = "zeros"

    def __init__(
        self,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair,
        pad: Any,
        nobias: bool,
        dtype: Any,
        in_channels: int | None,
        dilation: IntPair,
        groups: int,
        init: str,
    ) -> None:
        self.groups = at_least(1, groups, "groups")
        self.out_channels = self._divisible(at_least(1, out_channels, "out_channels"), "out_channels")
        self.kernel_size = self._sizes(kernel_size, "kernel_size")
        self.stride = self._sizes(stride, "stride")
        self.pad = self._padding(pad)
        self.dilation = self._sizes(dilation, "dilation")
        super().__init__(in_channels, self.out_channels, nobias, dtype, init)

    def _sizes(self, value: Any, name: str) -> tuple[int, ...]:
        return sizes(1, value, name)

    def _padding(self, pad: Any) -> Any:
        return padding(pad)

    def _divisible(self, channels: int, name: str) -> int:
        if channels % self.groups:
            raise ValueError(f"{name} must be a multiple of groups={self.groups}; got {channels}")
        return channels

    def _fan_in(self, in_size: int) -> int:
        return self._divisible(in_size, "in_channels") // self.groups * math.prod(self.kernel_size)

    def _fan_out(self) -> int:
        return self.out_channels // self.groups * math.prod(self.kernel_size)

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (self.out_channels, None if in_size is None else in_size // self.groups, *self.kernel_size)

    @property
    def in_channels(self) -> int | None:
        """Number of input channels; None until known."""
        return None if self.W.data is None else self.W.shape[1] * self.groups


class Conv2d(Convolution):
    """Two-dimensional convolution of images with trainable kernels (book steps 55-57).

    Args:
        out_channels: number of output channels, at least 1.
        kernel_size: in pixels, an integer or (height, width), as are stride and dilation; at least 1.
        stride: step between kernel positions, at least 1.
        pad: pixels of padding at each edge, at least 0: an integer, (height, width) or
            ((above, below), (left, right)); or "same" or "valid", as in `F.conv2d`.
        nobias: omit b; the attribute `b` is then None.
        dtype: float16, float32 or float64, the dtype of W and b.
        in_channels: number of input channels; None infers it from the first input.
        dilation: spacing between kernel elements, at least 1.
        groups: number of groups into which the channels are divided; each is convolved separately.
        relu: also apply ReLU, in the same pass, as `F.conv2d_relu` does.
        pad_mode: what the padding holds: "zeros", "reflect", "replicate" or "circular", as in `F.pad`.
        init: as in Linear; by default W has variance 1 / (in_channels / groups * KH * KW).

    Attributes:
        W: Parameter of shape (out_channels, in_channels / groups, KH, KW).
        b: Parameter of shape (out_channels,), initialized to zeros; or None.

    Raises:
        TypeError: a size is not an integer, or `dtype` is not supported.
        ValueError: a size is below its minimum, a number of channels is not a multiple of `groups`, or
            `pad_mode` or `init` is unknown.

    Example:
        >>> conv = Conv2d(6, kernel_size=5, pad=2)
        >>> conv(np.zeros((1, 3, 28, 28), dtype=np.float32)).shape
        (1, 6, 28, 28)
        >>> conv.in_channels, conv.W.shape
        (3, (6, 3, 5, 5))
    """

    def __init__(
        self,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: Padding = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: IntPair = 1,
        groups: int = 1,
        relu: bool = False,
        pad_mode: str = "zeros",
        init: str = "lecun_normal",
    ) -> None:
        self.relu = boolean(relu, "relu")
        self.pad_mode = one_of(pad_mode, "pad_mode", PAD_MODES)
        super().__init__(
            out_channels, kernel_size, stride, pad, nobias, dtype, in_channels, dilation, groups, init
        )

    def _apply(self, x: Any) -> Variable:
        conv2d = F.conv2d_relu if self.relu else F.conv2d
        return conv2d(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            dilation=self.dilation,
            groups=self.groups,
            pad_mode=self.pad_mode,
        )


class Deconv2d(Convolution):
    """Two-dimensional transposed convolution with trainable kernels, the adjoint of a convolution.

    Args:
        out_channels, kernel_size, stride, nobias, dtype, in_channels, dilation, groups, init: as in Conv2d.
        pad: as in `F.deconv2d`, an integer or (height, width).
        output_pad: number of rows and columns more than the smallest result, as in `F.deconv2d`.

    Attributes:
        W: Parameter of shape (in_channels, out_channels / groups, KH, KW).
        b: Parameter of shape (out_channels,), initialized to zeros; or None.

    Raises: as Conv2d.

    Example:
        >>> deconv = Deconv2d(3, kernel_size=4, stride=2, pad=1)
        >>> deconv(np.zeros((1, 8, 7, 7), dtype=np.float32)).shape
        (1, 3, 14, 14)
    """

    def __init__(
        self,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: IntPair = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: IntPair = 1,
        groups: int = 1,
        output_pad: IntPair = 0,
        init: str = "lecun_normal",
    ) -> None:
        self.output_pad = output_padding(output_pad, stride, dilation)
        super().__init__(
            out_channels, kernel_size, stride, pad, nobias, dtype, in_channels, dilation, groups, init
        )

    def _padding(self, pad: Any) -> Any:
        return sizes(0, pad, "pad")

    @property
    def in_channels(self) -> int | None:
        """Number of input channels; None until known."""
        return None if self.W.data is None else self.W.shape[0]

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (in_size, self.out_channels // self.groups, *self.kernel_size)

    def _apply(self, x: Any) -> Variable:
        return F.deconv2d(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            dilation=self.dilation,
            groups=self.groups,
            output_pad=self.output_pad,
        )


class Conv1d(Convolution):
    """One-dimensional convolution of sequences with trainable kernels.

    Args:
        out_channels: number of output channels, at least 1.
        kernel_size: number of elements of a kernel, at least 1.
        stride: step between kernel positions, at least 1.
        pad: number of elements of padding at both ends, or (before, after); "same" or "valid". As in
            `F.conv1d`.
        nobias, dtype, in_channels, dilation, groups, pad_mode, init: as in Conv2d.

    Attributes:
        W: Parameter of shape (out_channels, in_channels / groups, kernel_size).
        b: Parameter of shape (out_channels,), initialized to zeros; or None.

    Raises: as Conv2d.

    Example:
        >>> conv = Conv1d(6, kernel_size=3, pad="same")
        >>> conv(np.zeros((1, 2, 28), dtype=np.float32)).shape, conv.W.shape
        ((1, 6, 28), (6, 2, 3))
    """

    def __init__(
        self,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        pad: SupportsIndex | Sequence[SupportsIndex] | str = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: int = 1,
        groups: int = 1,
        pad_mode: str = "zeros",
        init: str = "lecun_normal",
    ) -> None:
        self.pad_mode = one_of(pad_mode, "pad_mode", PAD_MODES)
        super().__init__(
            out_channels, kernel_size, stride, pad, nobias, dtype, in_channels, dilation, groups, init
        )

    def _sizes(self, value: Any, name: str) -> tuple[int, ...]:
        return (at_least(1, value, name),)

    def _padding(self, pad: Any) -> Any:
        return padding(pad) if isinstance(pad, str) else sizes(0, pad, "pad")

    def _apply(self, x: Any) -> Variable:
        (stride,), (dilation,) = self.stride, self.dilation
        options = {"dilation": dilation, "groups": self.groups}
        return F.conv1d(x, self.W, self.b, stride, self.pad, **options, pad_mode=self.pad_mode)


class DepthwiseConv2d(Affine):
    """Two-dimensional convolution of each channel with a kernel of its own.

    Args:
        kernel_size, stride, pad, nobias, dtype, in_channels, dilation, pad_mode, init: as in Conv2d.

    Attributes:
        W: Parameter of shape (in_channels, 1, KH, KW).
        b: Parameter of shape (in_channels,), initialized to zeros; or None.

    Raises: as Conv2d.

    Example:
        >>> DepthwiseConv2d(3, pad=1)(np.zeros((1, 4, 8, 8), dtype=np.float32)).shape
        (1, 4, 8, 8)
    """

    _in_name = "in_channels"

    def __init__(
        self,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: Padding = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: IntPair = 1,
        pad_mode: str = "zeros",
        init: str = "lecun_normal",
    ) -> None:
        self.kernel_size = sizes(1, kernel_size, "kernel_size")
        self.stride = sizes(1, stride, "stride")
        self.pad = padding(pad)
        self.dilation = sizes(1, dilation, "dilation")
        self.pad_mode = one_of(pad_mode, "pad_mode", PAD_MODES)
        super().__init__(in_channels, None, nobias, dtype, init)

    @property
    def in_channels(self) -> int | None:
        """Number of channels; None until known."""
        return None if self.W.data is None else self.W.shape[0]

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (in_size, 1, *self.kernel_size)

    def _fan_in(self, in_size: int) -> int:
        return self._fan_out()

    def _fan_out(self) -> int:
        return math.prod(self.kernel_size)

    def _init_params(self, in_size: int) -> None:
        if self.b is not None:  # before W, at which `forward` looks
            self.b.data = np.zeros(at_least(1, in_size, self._in_name), self.b.lazy_dtype)
        super()._init_params(in_size)

    def _apply(self, x: Any) -> Variable:
        options = {"dilation": self.dilation, "groups": self.W.shape[0], "pad_mode": self.pad_mode}
        return F.conv2d(x, self.W, self.b, self.stride, self.pad, **options)


class SeparableConv2d(Layer):
    """Depthwise-separable convolution: each channel by itself, then a 1 x 1 convolution across the channels.

    It has about 1 / out_channels + 1 / (KH * KW) of the weights of a Conv2d.

    Args:
        out_channels, nobias: of the 1 x 1 convolution; the depthwise one has no bias.
        kernel_size, stride, pad, dilation, pad_mode: of the depthwise convolution.
        dtype, in_channels, init: of both; as in Conv2d.

    Attributes:
        depthwise: DepthwiseConv2d.
        pointwise: Conv2d.

    Raises: as Conv2d.

    Source: Chollet 2017, Howard et al. 2017.

    Example:
        >>> conv = SeparableConv2d(6, kernel_size=3, pad="same")
        >>> conv(np.zeros((1, 4, 8, 8), dtype=np.float32)).shape
        (1, 6, 8, 8)
        >>> [(name, param.shape) for name, param in conv.named_params()]
        [('depthwise/W', (4, 1, 3, 3)), ('pointwise/W', (6, 4, 1, 1)), ('pointwise/b', (6,))]
    """

    def __init__(
        self,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: Padding = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: IntPair = 1,
        pad_mode: str = "zeros",
        init: str = "lecun_normal",
    ) -> None:
        self.depthwise = DepthwiseConv2d(
            kernel_size,
            stride,
            pad,
            True,
            dtype,
            in_channels,
            dilation=dilation,
            pad_mode=pad_mode,
            init=init,
        )
        self.pointwise = Conv2d(
            out_channels, 1, nobias=nobias, dtype=dtype, in_channels=in_channels, init=init
        )

    def forward(self, x: Any) -> Variable:
        """Output (N, out_channels, OH, OW) for x of shape (N, C, H, W)."""
        return self.pointwise(self.depthwise(x))  # type: ignore[no-any-return]
