"""Functions of images as layers without Parameters: pooling, and changes of size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import functions as F
from .._arguments import at_least, boolean
from .._shapes import IntPair, sizes
from ..autograd import Variable
from ..functions._geometry import Padding
from ..functions.adaptive_pooling import OutputSize, size_or_none
from ._arguments import padding
from .base import Layer


class _Pool(Layer):
    """Base of MaxPool and AvgPool: their arguments."""

    def __init__(self, kernel_size: IntPair, stride: IntPair, pad: Padding, ceil_mode: bool) -> None:
        self.kernel_size = sizes(1, kernel_size, "kernel_size")
        self.stride = sizes(1, stride, "stride")
        self.pad = padding(pad)
        self.ceil_mode = boolean(ceil_mode, "ceil_mode")


class MaxPool(_Pool):
    """`F.pooling` as a layer: the largest pixel of each window.

    Args:
        kernel_size: size of the window in pixels, an integer or (height, width), as are stride and dilation.
        stride: step between windows, at least 1.
        pad: pixels added at each edge, in the forms of `F.conv2d`; less than the size of the window. They are
            filled with minus infinity.
        dilation: distance between the pixels of a window, at least 1.
        ceil_mode: round the output size up instead of down, as in `F.pooling`.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below its minimum.

    Example:
        >>> import numpy as np
        >>> MaxPool(2, stride=2)(np.arange(16.0).reshape(1, 1, 4, 4))
        variable([[[[ 5.  7.]
                    [13. 15.]]]])
    """

    def __init__(
        self,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: Padding = 0,
        *,
        dilation: IntPair = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, pad, ceil_mode)
        self.dilation = sizes(1, dilation, "dilation")

    def forward(self, x: Any) -> Variable:
        """Pool x of shape (N, C, H, W)."""
        settings = self.kernel_size, self.stride, self.pad
        return F.pooling(x, *settings, dilation=self.dilation, ceil_mode=self.ceil_mode)


class AvgPool(_Pool):
    """`F.average_pooling` as a layer: the mean of each window.

    Args:
        kernel_size, stride, ceil_mode: as in MaxPool.
        pad: as in MaxPool, with any size; the padding is zero.
        count_include_pad: whether the mean includes the zero padding.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below its minimum.

    Example:
        >>> import numpy as np
        >>> AvgPool(2, stride=2)(np.arange(16.0).reshape(1, 1, 4, 4))
        variable([[[[ 2.5  4.5]
                    [10.5 12.5]]]])
    """

    def __init__(
        self,
        kernel_size: IntPair,
        stride: IntPair = 1,
        pad: Padding = 0,
        *,
        count_include_pad: bool = True,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, pad, ceil_mode)
        self.count_include_pad = boolean(count_include_pad, "count_include_pad")

    def forward(self, x: Any) -> Variable:
        """Pool x of shape (N, C, H, W)."""
        settings = self.kernel_size, self.stride, self.pad
        options = {"count_include_pad": self.count_include_pad, "ceil_mode": self.ceil_mode}
        return F.average_pooling(x, *settings, **options)


class GlobalAvgPool(Layer):
    """`F.global_average_pooling` as a layer: the mean of each channel, (N, C, H, W) to (N, C, 1, 1).

    Example:
        >>> import numpy as np
        >>> GlobalAvgPool()(np.ones((2, 3, 4, 5))).shape
        (2, 3, 1, 1)
    """

    def forward(self, x: Any) -> Variable:
        """Pool x of shape (N, C, H, W)."""
        return F.global_average_pooling(x)


class GlobalMaxPool(Layer):
    """`F.global_max_pooling` as a layer: the maximum of each channel, (N, C, H, W) to (N, C, 1, 1).

    Example:
        >>> import numpy as np
        >>> GlobalMaxPool()(np.arange(4.0).reshape(1, 1, 2, 2))
        variable([[[[3.]]]])
    """

    def forward(self, x: Any) -> Variable:
        """Pool x of shape (N, C, H, W)."""
        return F.global_max_pooling(x)


class AdaptiveAvgPool(Layer):
    """`F.adaptive_average_pooling` as a layer: means over windows that give a certain size.

    Args:
        output_size: height and width of the output, at least 1; an integer or (height, width), in which None
            keeps the size of the input.

    Raises:
        TypeError, ValueError: as `F.adaptive_average_pooling`; those of the input when called.

    Example:
        >>> import numpy as np
        >>> AdaptiveAvgPool(3)(np.zeros((1, 2, 7, 8))).shape
        (1, 2, 3, 3)
    """

    def __init__(self, output_size: OutputSize) -> None:
        size_or_none(output_size)
        self.output_size = output_size

    def forward(self, x: Any) -> Variable:
        """Pool x of shape (N, C, H, W)."""
        return F.adaptive_average_pooling(x, self.output_size)


class AdaptiveMaxPool(AdaptiveAvgPool):
    """`F.adaptive_max_pooling` as a layer: maxima over windows that give a certain size.

    Args, Raises: as AdaptiveAvgPool.

    Example:
        >>> import numpy as np
        >>> AdaptiveMaxPool((1, None))(np.zeros((1, 2, 7, 8))).shape
        (1, 2, 1, 8)
    """

    def forward(self, x: Any) -> Variable:
        """Pool x of shape (N, C, H, W)."""
        return F.adaptive_max_pooling(x, self.output_size)


class Upsample(Layer):
    """`F.interpolate` as a layer: images in another size.

    Args:
        size, scale_factor, mode, align_corners: as in `F.interpolate`, in PyTorch's order.

    Raises:
        TypeError, ValueError: when called, as `F.interpolate`.

    Example:
        >>> import numpy as np
        >>> Upsample(scale_factor=2, mode="bilinear")(np.zeros((1, 2, 7, 8))).shape
        (1, 2, 14, 16)
    """

    def __init__(
        self,
        size: IntPair | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners

    def forward(self, x: Any) -> Variable:
        """Resize x of shape (N, C, H, W)."""
        return F.interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)


class PixelShuffle(Layer):
    """`F.pixel_shuffle` as a layer: (N, C*r*r, H, W) to (N, C, H*r, W*r).

    Args:
        upscale_factor: the number r, at least 1.

    Raises:
        TypeError: `upscale_factor` is not an integer.
        ValueError: it is below 1; when called, the number of channels is not a multiple of r*r.

    Example:
        >>> import numpy as np
        >>> PixelShuffle(2)(np.zeros((1, 8, 3, 4))).shape
        (1, 2, 6, 8)
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = at_least(1, upscale_factor, "upscale_factor")

    def forward(self, x: Any) -> Variable:
        """Rearrange x of shape (N, C*r*r, H, W)."""
        return F.pixel_shuffle(x, self.upscale_factor)
