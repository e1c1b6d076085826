"""Conv1d, DepthwiseConv2d and SeparableConv2d."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np

from .. import functions as F
from .._arguments import at_least, one_of
from .._shapes import IntPair, sizes
from ..autograd import Variable
from ..functions._geometry import Padding
from ..functions.conv import PAD_MODES
from ._arguments import padding
from .affine import Affine, Conv2d, Convolution
from .base import Layer


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
            out_channels,
            kernel_size,
            stride,
            pad,
            nobias,
            dtype,
            in_channels,
            dilation=dilation,
            groups=groups,
            init=init,
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
        super()._init_params(in_size)
        if self.b is not None:
            self.b.data = np.zeros(in_size, self.b.lazy_dtype)

    def _apply(self, x: Any) -> Variable:
        return F.conv2d(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            dilation=self.dilation,
            groups=self.W.shape[0],
            pad_mode=self.pad_mode,
        )


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
