"""Sizes and shapes: pairs (height, width), output sizes of convolutions, axes of a broadcast or reduction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._arguments import at_least, integer

Array: TypeAlias = NDArray[Any]  # of NumPy, or of a device with NumPy's methods
Pair: TypeAlias = tuple[int, int]  # (height, width)
IntPair: TypeAlias = SupportsIndex | tuple[SupportsIndex, ...] | list[SupportsIndex]


# ------------------------------------------------------------------------------------------------------ sizes


def pair(x: IntPair, name: str = "x") -> tuple[int, int]:
    """Read a size that is given once for both axes, or once for each (book step 57).

    Args:
        x: an integer (anything `operator.index` takes, but no bool), or a tuple or list of exactly two.
        name: the argument's name, for the error message.

    Returns:
        (height, width) as two Python ints.

    Raises:
        TypeError: not an integer, nor a tuple or list of integers.
        ValueError: a tuple or list whose length is not two.

    Example:
        >>> pair(3), pair((1, 2)), pair([4, 5])
        ((3, 3), (1, 2), (4, 5))
    """
    kind = "an integer or a tuple of two integers"
    if isinstance(x, tuple | list):
        if len(x) != 2:
            raise ValueError(f"{name} must be an integer or two of them, (height, width); got {x!r}")
        return integer(x[0], name, x, kind), integer(x[1], name, x, kind)
    size = integer(x, name, x, kind)
    return size, size


def get_conv_outsize(input_size: int, kernel_size: int, stride: int, pad: int, dilation: int = 1) -> int:
    """Count the positions at which a kernel fits along one axis (book step 55).

    Args:
        input_size: pixels along the axis.
        kernel_size: pixels of the kernel along the axis.
        stride: pixels from one position to the next, at least 1.
        pad: pixels added at each of the two ends, at least 0.
        dilation: distance between neighbouring pixels of the kernel, at least 1.

    Returns:
        (input_size + 2 * pad - extent) // stride + 1 with extent = (kernel_size - 1) * dilation + 1.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range, or a kernel larger than the padded input.

    Example:
        >>> get_conv_outsize(4, 3, 1, 1), get_conv_outsize(28, 5, 2, 0)
        (4, 12)
    """
    kernel_size, stride, pad, dilation = _kernel_sizes(kernel_size, stride, pad, dilation)
    input_size = at_least(0, input_size, "input_size")
    extent = (kernel_size - 1) * dilation + 1
    padded = input_size + 2 * pad
    if extent > padded:
        dilated = f" (dilation {dilation} stretches it to {extent})" if dilation > 1 else ""
        raise ValueError(
            f"kernel_size {kernel_size}{dilated} is larger than the padded input, "
            f"{input_size} + 2 * {pad} = {padded}; use a smaller kernel, a larger input or more pad"
        )
    return (padded - extent) // stride + 1


def conv_outsize(
    size: Sequence[int],
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    pad: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """`get_conv_outsize` along both axes; every argument is (height, width).

    Example:
        >>> conv_outsize((28, 14), (5, 3), (1, 1), (2, 0))
        (28, 12)
    """
    OH, OW = map(get_conv_outsize, size, kernel_size, stride, pad, dilation)
    return OH, OW


def get_deconv_outsize(size: int, k: int, s: int, p: int, dilation: int = 1) -> int:
    """Size along one axis of a transposed convolution's output: the smallest that convolves back to `size`.

    Args:
        size: pixels of the input along the axis.
        k: kernel size.
        s: stride, at least 1.
        p: pad that the convolution back would have, at least 0.
        dilation: as in `get_conv_outsize`.

    Raises:
        TypeError: a size that is no integer.
        ValueError: a size out of its range, or nothing left after taking `p` off at both ends.

    Example:
        >>> get_deconv_outsize(4, 3, 1, 1), get_deconv_outsize(12, 5, 2, 0)
        (4, 27)
    """
    k, s, p, dilation = _kernel_sizes(k, s, p, dilation)
    size = at_least(1, size, "size")
    outsize = s * (size - 1) + (k - 1) * dilation + 1 - 2 * p
    if outsize < 1:
        raise ValueError(
            f"deconvolution of size {size} with kernel {k}, stride {s}, pad {p}, dilation {dilation} leaves "
            f"{outsize} pixels; use less pad or a larger kernel"
        )
    return outsize


def deconv_outsize(
    size: Sequence[int],
    k: tuple[int, int],
    s: tuple[int, int],
    p: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """`get_deconv_outsize` along both axes; every argument is (height, width).

    Example:
        >>> deconv_outsize((14, 7), (3, 3), (2, 1), (1, 1))
        (27, 7)
    """
    OH, OW = map(get_deconv_outsize, size, k, s, p, dilation)
    return OH, OW


def check_axes(shape: Sequence[int], axes: str, name: str = "x") -> None:
    """Raise ValueError unless `shape` has the axes that `axes`, such as "(N, C, H, W)", spells out.

    Example:
        >>> check_axes((1, 28, 28), "(N, C, H, W)")
        Traceback (most recent call last):
        ValueError: x must have 4 axes, (N, C, H, W); got shape (1, 28, 28)
    """
    ndim = axes.count(",") + 1
    if len(shape) != ndim:
        raise ValueError(f"{name} must have {ndim} axes, {axes}; got shape {tuple(shape)}")


def lowest(dtype: Any) -> float:
    """What max pooling pads with: a value that no pixel of this dtype lies below.

    Example:
        >>> lowest(np.dtype(np.float32)), lowest(np.dtype(np.uint8))
        (-inf, 0)
    """
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min)


def _kernel_sizes(kernel_size: int, stride: int, pad: int, dilation: int) -> tuple[int, int, int, int]:
    return (
        at_least(1, kernel_size, "kernel_size"),
        at_least(1, stride, "stride"),
        at_least(0, pad, "pad"),
        at_least(1, dilation, "dilation"),
    )


# ----------------------------------------------------------------------------------------------------- shapes


def stretched_axes(small: tuple[int, ...], large: tuple[int, ...]) -> tuple[int, ...]:
    """The axes along which an array of shape `small` is repeated when it broadcasts to `large`.

    Raises:
        ValueError: it does not broadcast.

    Example:
        >>> stretched_axes((3, 1), (2, 3, 4))
        (0, 2)
    """
    lead = len(large) - len(small)
    if lead < 0 or any(n not in (1, size) for n, size in zip(small, large[lead:], strict=True)):
        raise ValueError(f"cannot sum an array of shape {large} to {small}: it does not broadcast from there")
    return (*range(lead), *(lead + i for i, n in enumerate(small) if n == 1 != large[lead + i]))


def reshape_sum_backward(gy: Any, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Give a reduction's gradient back the axes that the reduction dropped, each of length 1.

    Args:
        gy: gradient (Variable or array) of a reduction's output.
        x_shape: shape of the reduction's input.
        axis: the axis or axes reduced; None for all.
        keepdims: whether the reduction kept its axes.

    Returns:
        gy, reshaped so that it broadcasts to `x_shape`.

    Example:
        >>> reshape_sum_backward(np.ones(3), (3, 4), axis=1, keepdims=False).shape
        (3, 1)
    """
    if keepdims:
        return gy
    return gy.reshape(kept_shape(x_shape, axis))


def kept_shape(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Shape that a reduction with `keepdims=True` leaves.

    Args:
        shape: shape of the reduction's input.
        axis: an axis, several, or None for all; negative ones count from the end.

    Example:
        >>> kept_shape((2, 3, 4), (0, -1))
        (1, 3, 1)
    """
    if axis is None:
        return (1,) * len(shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    reduced = {a % len(shape) for a in axes}
    return tuple(1 if i in reduced else size for i, size in enumerate(shape))
