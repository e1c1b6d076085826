"""Max pooling and average pooling (book steps 56 and 57).

Shapes: x (N, C, H, W), y (N, C, OH, OW). Kernel size, stride, pad and dilation are an integer or a pair
(height, width); the pad has other forms too, see `pooling`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Self

import numpy as np

from .._arguments import boolean
from .._shapes import Array, IntPair, check_axes, check_pixels, lowest, pair
from ..autograd import Function, Variable, as_input
from ..backends import ConvGeometry, get_array_module, kernels, to_device_of
from ._geometry import Edges, Padding, conv_geometry, edge_geometry, edges_of, has_equal_ends
from .arithmetic import mul
from .columns import im2col, im2col_array
from .reduction import max, mean
from .shape import reshape, transpose

__all__ = [
    "AveragePooling",
    "AveragePooling2DGrad",
    "Pooling",
    "Pooling2DGrad",
    "Pooling2DWithIndexes",
    "average_pooling",
    "global_average_pooling",
    "global_max_pooling",
    "pooling",
    "pooling_simple",
]

# ------------------------------------------------------------------------------------------------ max pooling


class _Pooling(Function):
    """Base of max and average pooling: their settings and, once called, their geometry."""

    reads_inputs = reads_outputs = False

    geometry: ConvGeometry
    _known: ConvGeometry | None = None

    def __init__(
        self, kernel_size: IntPair, stride: IntPair = 1, pad: IntPair = 0, *, dilation: IntPair = 1
    ) -> None:
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.stride = pair(stride, "stride")
        self.pad = pair(pad, "pad")
        self.dilation = pair(dilation, "dilation")

    @classmethod
    def of(cls, geometry: ConvGeometry, **settings: bool) -> Self:
        """Create a Function whose geometry is already known, with its other settings."""
        kernel_size, stride, pad, dilation, *_ = geometry
        f = cls(kernel_size, stride, pad, **settings)
        f.dilation = dilation
        f._known = geometry
        return f

    def _set_geometry(self, x: Array) -> ConvGeometry:
        self.geometry = self._known or conv_geometry(
            x.shape[2:], self.kernel_size, self.stride, self.pad, self.dilation
        )
        return self.geometry


class Pooling(_Pooling):
    """Max pooling, see `pooling`; `indexes` is the position of the maximum in each window, kh * KW + kw.

    Example:
        >>> import numpy as np
        >>> pool = Pooling(kernel_size=2)
        >>> pool(np.array([[[[1.0, 9.0], [3.0, 4.0]]]])), pool.indexes.item()
        (variable([[[[9.]]]]), 1)
    """

    def forward(self, x: Array) -> Array:
        geometry = self._set_geometry(x)
        _check_windows(geometry, self.pad)
        y, self.indexes = kernels(x).max_pool(x, geometry)
        return y

    def backward(self, gy: Variable) -> Any:
        return Pooling2DGrad(self)(gy)


class _IndexedPooling(Function):
    """Base of the two linear Functions that use the indexes of a max pooling.

    Args:
        mpool2d: the Pooling, already called, or one of these Functions.
    """

    reads_inputs = reads_outputs = False

    def __init__(self, mpool2d: Pooling | _IndexedPooling) -> None:
        self.geometry: ConvGeometry = mpool2d.geometry
        self.indexes: Array = mpool2d.indexes


class Pooling2DGrad(_IndexedPooling):
    """Gradient of max pooling: the gradient of each window goes to its maximum.

    Example:
        >>> import numpy as np
        >>> pool = Pooling(kernel_size=2)
        >>> y = pool(np.array([[[[1.0, 9.0], [3.0, 4.0]]]]))
        >>> Pooling2DGrad(pool)(np.ones(y.shape))
        variable([[[[0. 1.]
                    [0. 0.]]]])
    """

    def forward(self, gy: Array) -> Array:
        return kernels(gy).max_pool_grad(gy, self.indexes, self.geometry)

    def backward(self, ggx: Variable) -> Any:
        return Pooling2DWithIndexes(self)(ggx)


class Pooling2DWithIndexes(_IndexedPooling):
    """Take from each window the pixel at the index of a max pooling: the adjoint of Pooling2DGrad.

    Example:
        >>> import numpy as np
        >>> pool = Pooling(kernel_size=2)
        >>> y = pool(np.array([[[[1.0, 9.0], [3.0, 4.0]]]]))
        >>> Pooling2DWithIndexes(pool)(np.array([[[[5.0, 6.0], [7.0, 8.0]]]]))
        variable([[[[6.]]]])
    """

    def forward(self, x: Array) -> Array:
        return kernels(x).max_pool_gather(x, self.indexes, self.geometry)

    def backward(self, gy: Variable) -> Any:
        return Pooling2DGrad(self)(gy)


def pooling(
    x: Any,
    kernel_size: IntPair,
    stride: IntPair = 1,
    pad: Padding = 0,
    *,
    dilation: IntPair = 1,
    ceil_mode: bool = False,
) -> Variable:
    """Max pooling: the largest pixel of each window, per channel (book step 57).

    The padding is minus infinity, so it is never the maximum, since every window has a pixel. The first of
    several equal maxima gets the gradient. NaN propagates, and the first NaN gets it (in PyTorch the last).

    Args:
        x: images of shape (N, C, H, W).
        kernel_size: number of pixels of a window along each axis, at least 1.
        stride: step between windows in pixels, at least 1.
        pad: pixels added at each edge, in the forms of `conv2d`; at least 0 and less than the window.
        dilation: distance between the pixels of a window, at least 1.
        ceil_mode: round the output size up instead of down: the last window may reach beyond the padding, if
            it starts inside the image or the padding before it (as in PyTorch).

    Returns:
        A Variable of shape (N, C, OH, OW).

    Raises:
        TypeError: x is bool or complex, a size is not an integer, or a flag not True or False.
        ValueError: x does not have 4 axes, a size is below its minimum, the window is larger than the padded
            image, or a window has no pixel of the image: `pad` is too large, or the image is empty.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
        >>> pooling(x, kernel_size=2, stride=2)
        variable([[[[ 5.  7.]
                    [13. 15.]]]])
        >>> pooling(x, kernel_size=3, stride=2, ceil_mode=True)
        variable([[[[10. 11.]
                    [14. 15.]]]])
    """
    x = _images(x)
    if not boolean(ceil_mode, "ceil_mode") and has_equal_ends(pad):
        return Pooling(kernel_size, stride, pad, dilation=dilation)(x)
    geometry, _ = _geometry(x, kernel_size, stride, pad, dilation, ceil_mode)
    _check_windows(geometry, pad)  # with the argument, as the geometry has only what the windows reach of it
    return Pooling.of(geometry)(x)


def pooling_simple(x: Any, kernel_size: IntPair, stride: IntPair = 1, pad: IntPair = 0) -> Variable:
    """`pooling` composed of other Functions: im2col, max, reshape and transpose (book step 57).

    Args, Returns, Raises: as `pooling`; pad is an integer or (height, width). Each of
    several equal maxima gets the full gradient, as in `max`.

    Example:
        >>> import numpy as np
        >>> pooling_simple(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2, stride=2).shape
        (1, 1, 2, 2)
    """
    x = _images(x)
    KH, KW = pair(kernel_size, "kernel_size")
    N, C = x.shape[:2]
    geometry = conv_geometry(x.shape[2:], (KH, KW), pair(stride, "stride"), pair(pad, "pad"))
    _check_windows(geometry, pad)
    OH, OW = geometry.output_size

    col = reshape(im2col(x, (KH, KW), stride, pad, to_matrix=True), (N * OH * OW * C, KH * KW))
    # im2col pads with zeros, which could be the maximum.
    xp = get_array_module(x.data)
    pixel = im2col_array(xp.ones(x.shape, x.dtype), (KH, KW), stride, pad).reshape(col.shape)
    y = max(col + xp.where(pixel != 0, 0, lowest(x.dtype)).astype(x.dtype), axis=1)
    return transpose(reshape(y, (N, OH, OW, C)), (0, 3, 1, 2))


def global_max_pooling(x: Any) -> Variable:
    """Maximum of each channel: (N, C, H, W) to (N, C, 1, 1); gradient and NaN as in `pooling`.

    Example:
        >>> import numpy as np
        >>> global_max_pooling(np.arange(4.0).reshape(1, 1, 2, 2))
        variable([[[[3.]]]])
    """
    x = as_input(x, "x")
    check_pixels(x.shape)
    return pooling(x, x.shape[2:])


# -------------------------------------------------------------------------------------------- average pooling


class AveragePooling(_Pooling):
    """Average pooling, see `average_pooling`."""

    def __init__(
        self, kernel_size: IntPair, stride: IntPair = 1, pad: IntPair = 0, *, count_include_pad: bool = True
    ) -> None:
        super().__init__(kernel_size, stride, pad)
        self.count_include_pad = count_include_pad

    def forward(self, x: Array) -> Array:
        return kernels(x).avg_pool(x, self._set_geometry(x), self.count_include_pad)

    def backward(self, gy: Variable) -> Any:
        return AveragePooling2DGrad(self)(gy)


class AveragePooling2DGrad(Function):
    """Gradient of average pooling: the gradient of each window is divided equally among its pixels.

    Args:
        apool2d: the AveragePooling, already called.

    Example:
        >>> import numpy as np
        >>> pool = AveragePooling(kernel_size=2)
        >>> y = pool(np.zeros((1, 1, 2, 2)))
        >>> AveragePooling2DGrad(pool)(np.ones(y.shape))
        variable([[[[0.25 0.25]
                    [0.25 0.25]]]])
    """

    reads_inputs = reads_outputs = False

    def __init__(self, apool2d: AveragePooling) -> None:
        self.geometry = apool2d.geometry
        self.count_include_pad = apool2d.count_include_pad

    def forward(self, gy: Array) -> Array:
        return kernels(gy).avg_pool_grad(gy, self.geometry, self.count_include_pad)

    def backward(self, ggx: Variable) -> Any:
        return AveragePooling.of(self.geometry, count_include_pad=self.count_include_pad)(ggx)


def average_pooling(
    x: Any,
    kernel_size: IntPair,
    stride: IntPair = 1,
    pad: Padding = 0,
    *,
    count_include_pad: bool = True,
    ceil_mode: bool = False,
) -> Variable:
    """Average pooling: the mean of each window, per channel.

    Args:
        x: images of shape (N, C, H, W).
        kernel_size, stride, ceil_mode: as in `pooling`. Elements beyond the padding, which `ceil_mode` may
            add to a window, are never counted in its mean.
        pad: as in `pooling`, with any size; the padding is zero.
        count_include_pad: whether the mean includes the padding; if not, a window without pixels of the
            image gives 0.

    Returns:
        A Variable of shape (N, C, OH, OW).

    Raises:
        TypeError, ValueError: as in `pooling`.

    Example:
        >>> import numpy as np
        >>> average_pooling(np.arange(16.0).reshape(1, 1, 4, 4), kernel_size=2, stride=2)
        variable([[[[ 2.5  4.5]
                    [10.5 12.5]]]])
    """
    x = _images(x)
    boolean(count_include_pad, "count_include_pad")
    if not boolean(ceil_mode, "ceil_mode") and has_equal_ends(pad):
        return AveragePooling(kernel_size, stride, pad, count_include_pad=count_include_pad)(x)
    geometry, edges = _geometry(x, kernel_size, stride, pad, 1, ceil_mode)
    y = AveragePooling.of(geometry, count_include_pad=count_include_pad)(x)
    if not (ceil_mode and count_include_pad):
        return y
    # The kernels divide by all elements of a window, also by those beyond the padding.
    rows, columns = (
        size / np.minimum(size, geometry.input_size[axis] + edges[axis][1] - geometry.starts(axis))
        for axis, size in enumerate(geometry.kernel_size)
    )
    return mul(y, to_device_of(y.data, (rows[:, np.newaxis] * columns).astype(y.dtype)))


def global_average_pooling(x: Any) -> Variable:
    """Mean of each channel: (N, C, H, W) to (N, C, 1, 1).

    Example:
        >>> import numpy as np
        >>> global_average_pooling(np.arange(4.0).reshape(1, 1, 2, 2))
        variable([[[[1.5]]]])
    """
    x = as_input(x, "x")
    check_pixels(x.shape)
    return mean(x, axis=(2, 3), keepdims=True)


# ----------------------------------------------------------------------------------------------------- checks


def _images(x: Any) -> Variable:
    x = as_input(x, "x")
    check_axes(x.shape, "(N, C, H, W)")
    if x.dtype.kind not in "fiu":
        raise TypeError(f"x must hold real numbers; got {x.dtype}")
    return x  # type: ignore[no-any-return]


def _geometry(
    x: Variable, kernel_size: IntPair, stride: IntPair, pad: Padding, dilation: IntPair, ceil_mode: bool
) -> tuple[ConvGeometry, Edges]:
    sizes = pair(kernel_size, "kernel_size"), pair(stride, "stride"), pair(dilation, "dilation")
    edges = edges_of(pad, x.shape[2:], *sizes)
    return edge_geometry(x.shape[2:], *sizes, edges, ceil_mode=ceil_mode), edges


def _check_windows(geometry: ConvGeometry, pad: Padding) -> None:
    """Check that every window of a max pooling with this `pad` argument has a pixel."""
    if 0 in geometry.input_size:
        raise ValueError(
            f"x must have at least one pixel per channel; got images of size {geometry.input_size}"
        )
    if not _have_pixels(geometry):
        raise ValueError(
            "pad must be less than kernel_size, so that every window of max pooling has a pixel; "
            f"got pad {pad} and kernel_size {geometry.kernel_size}"
            + (f" with dilation {geometry.dilation}" if geometry.dilation != (1, 1) else "")
            + f" for images of size {geometry.input_size}"
        )


@lru_cache
def _have_pixels(geometry: ConvGeometry) -> bool:
    for axis, size in enumerate(geometry.input_size):
        start, dilation = geometry.starts(axis), geometry.dilation[axis]
        # The first position that is not before the image.
        first = start + np.maximum(0, -(start // dilation)) * dilation
        last = start + (geometry.kernel_size[axis] - 1) * dilation
        if (first >= size).any() or (first > last).any():
            return False
    return True
