"""Linear, Conv2d and Deconv2d: layers with a weight W and a bias b; the base of the other convolutions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import functions as F
from .._arguments import at_least, boolean, one_of
from .._shapes import IntPair, sizes
from ..autograd import Parameter, Variable
from ..functions._conv_checks import output_padding
from ..functions._geometry import Padding
from ..functions.conv import PAD_MODES
from ._arguments import channels, float_dtype, padding
from .base import Layer
from .initializers import NAMES, initial


class Affine(Layer):
    """Base of Linear and the convolutions: W, initialized once the input size is known, and b.

    The input size is the length of axis 1, features or channels, unless `_size_of` says otherwise. A subclass
    defines `_in_name`, the name of its input size argument; `_weight_shape`, the shape of W for an input size
    (None: unknown); `_fan_in`, the number of input elements per output element; `_fan_out`, the reverse; and
    `_apply`.
    """

    _in_name: str

    def __init__(
        self, in_size: int | None, out_size: int | None, nobias: bool, dtype: Any, init: str
    ) -> None:
        if not isinstance(nobias, bool | np.bool_):  # as in PyTorch's Linear(784, 10)
            raise TypeError(
                f"nobias must be True or False; got {nobias!r}: the first argument is the output size; "
                f"pass the input size as {self._in_name}="
            )
        self.nobias = bool(nobias)
        dtype = float_dtype(dtype)
        self.init = one_of(init, "init", NAMES)
        self.W = Parameter(None, "W", lazy_shape=self._weight_shape(None), lazy_dtype=dtype)
        b = None if out_size is None else np.zeros(out_size, dtype=dtype)
        self.b = None if nobias else Parameter(b, "b", lazy_shape=(out_size,), lazy_dtype=dtype)
        if in_size is not None:
            self._init_params(in_size)

    def _init_params(self, in_size: int) -> None:
        in_size = at_least(1, in_size, self._in_name)
        shape: Any = self._weight_shape(in_size)
        fans = self._fan_in(in_size), self._fan_out()
        self.W.data = initial(self.init, shape, *fans, self.W.lazy_dtype)

    def forward(self, x: Any) -> Variable:
        """Compute the output; the first call infers the input size if it was not given."""
        if self.W._data is None:
            self._init_for(x, self._size_of(x))
        return self._apply(x)

    def _size_of(self, x: Any) -> int:
        return channels(x, self)

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        raise NotImplementedError

    def _fan_in(self, in_size: int) -> int:
        raise NotImplementedError

    def _fan_out(self) -> int:
        raise NotImplementedError

    def _apply(self, x: Any) -> Variable:
        raise NotImplementedError


class Linear(Affine):
    """Fully connected layer: `y = x @ W + b` (book step 44).

    Its input has the shape (N, in_size), or (T, N, in_size) for a sequence. If in_size is given, more axes
    may precede it.

    Args:
        out_size: number of output features, at least 1.
        nobias: omit b; the attribute `b` is then None.
        dtype: float16, float32 or float64, the dtype of W and b.
        in_size: number of input features; None infers it from the first input.
        init: name of the distribution that W is drawn from, see `initializers.initial`, such as "he_normal",
            "glorot_uniform" or "orthogonal"; by default with variance 1 / in_size.

    Attributes:
        W: Parameter of shape (in_size, out_size).
        b: Parameter of shape (out_size,), initialized to zeros; or None.

    Raises:
        TypeError: a size is not an integer, or `dtype` is not supported.
        ValueError: a size is below 1, or `init` is unknown.

    Example:
        >>> linear = Linear(3)
        >>> linear(np.zeros((5, 2), dtype=np.float32)).shape
        (5, 3)
        >>> linear
        Linear(out_size=3, in_size=2)
    """

    _in_name = "in_size"
    _torch_transposed = ("/W",)

    def __init__(
        self,
        out_size: int,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_size: int | None = None,
        *,
        init: str = "lecun_normal",
    ) -> None:
        self.out_size = at_least(1, out_size, "out_size")
        super().__init__(in_size, self.out_size, nobias, dtype, init)

    @property
    def in_size(self) -> int | None:
        """Number of input features; None until known."""
        return None if self.W.data is None else self.W.shape[0]

    def _size_of(self, x: Any) -> int:
        if np.ndim(x) > 3:
            raise ValueError(
                f"Linear infers its input size from (N, in_size) or (T, N, in_size); got {np.shape(x)}: use "
                f"F.flatten(x), or pass in_size={np.shape(x)[-1]} to apply it along the last axis"
            )
        return int(np.shape(x)[2]) if np.ndim(x) == 3 else super()._size_of(x)

    def _weight_shape(self, in_size: int | None) -> tuple[int | None, ...]:
        return (in_size, self.out_size)

    def _fan_in(self, in_size: int) -> int:
        return in_size

    def _fan_out(self) -> int:
        return self.out_size

    def _apply(self, x: Any) -> Variable:
        return F.linear(x, self.W, self.b)


class Convolution(Affine):
    """Base of the convolutions with channel groups: their arguments."""

    _in_name = "in_channels"
    pad_mode = "zeros"

    def __init__(
        self,
        out_channels: int,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: Any = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: IntPair = 1,
        groups: int = 1,
        init: str = "lecun_normal",
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

    Args: as Conv2d, without `relu` and `pad_mode`; pad is an integer or (height, width).
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
