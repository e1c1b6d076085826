"""Pooling to a given size: the windows follow from the sizes of the input and the output.

Output i of n covers the pixels from floor(i * size / n) to ceil((i + 1) * size / n), as in PyTorch. Windows i
and i + 1 overlap by one pixel if n does not divide (i + 1) * size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np

from .._arguments import at_least
from .._shapes import Array, Pair, check_pixels
from ..autograd import Variable, as_input
from ._along import product_along, take
from .casts import check_floats
from .pooling import average_pooling, pooling

OutputSize = SupportsIndex | Sequence[SupportsIndex | None] | None


def adaptive_average_pooling(x: Any, output_size: OutputSize) -> Variable:
    """Average pooling to a given size, per channel.

    Unless the sizes of x are multiples of `output_size`, it is a product of matrices, in which a pixel
    that is NaN or infinite makes all its channel NaN.

    Args:
        x: images of shape (N, C, H, W).
        output_size: height and width of the result, at least 1; an integer or (height, width), in which None
            keeps the size of x.

    Returns:
        A Variable of shape (N, C, *output_size).

    Raises:
        TypeError: x is not floating point, or a size is not an integer.
        ValueError: x does not have 4 axes or has no pixels, or a size is below 1.

    Example:
        >>> x = np.arange(5.0).reshape(1, 1, 1, 5)
        >>> adaptive_average_pooling(x, (1, 2))  # the means of 0, 1, 2 and of 2, 3, 4
        variable([[[[1. 3.]]]])
    """
    x, size = _checked(x, output_size)
    if (step := _whole_step(x, size)) is not None:
        return average_pooling(x, step, step)
    y: Variable = x
    for axis in (2, 3):
        start, stop = _windows(x.shape[axis], size[axis - 2])
        place = np.arange(x.shape[axis])
        inside = (start[:, np.newaxis] <= place) & (place < stop[:, np.newaxis])
        y = product_along(y, inside / (stop - start)[:, np.newaxis], axis)
    return y


def adaptive_max_pooling(x: Any, output_size: OutputSize) -> Variable:
    """Max pooling to a given size, per channel; gradient and NaN as in `pooling`.

    Args, Returns, Raises: as `adaptive_average_pooling`.

    Example:
        >>> x = np.array([3.0, 1.0, 2.0, 0.0, 5.0]).reshape(1, 1, 1, 5)
        >>> adaptive_max_pooling(x, (1, 2))
        variable([[[[3. 5.]]]])
    """
    x, size = _checked(x, output_size)
    kernel, stride, pad = [1, 1], [1, 1], [0, 0]
    for axis in (3, 2):  # columns first: the first maximum of the rows' maxima is the first of all
        i, old, new = axis - 2, x.shape[axis], size[axis - 2]
        more = next((d for d in (0, -1, 1) if old + d > 0 and (old + d) % new == 0), None)
        if more is not None:  # windows of one size and stride
            stride[i] = (old + more) // new
            kernel[i], pad[i] = stride[i] + abs(more), max(0, more)
        else:  # windows side by side; a short one repeats its last pixel, which is never the first maximum
            start, stop = _windows(old, new)
            kernel[i] = stride[i] = int((stop - start).max())
            index = np.minimum(start[:, np.newaxis] + np.arange(kernel[i]), stop[:, np.newaxis] - 1)
            x = take(x, index.ravel(), axis)
            if axis == 3:
                x = pooling(x, (1, kernel[i]), (1, kernel[i]))
                kernel[i] = stride[i] = 1
    return pooling(x, (kernel[0], kernel[1]), (stride[0], stride[1]), (pad[0], pad[1]))


def _checked(x: Any, output_size: OutputSize) -> tuple[Variable, Pair]:
    x = as_input(x, "x")
    check_pixels(x.shape)
    check_floats(x)
    OH, OW = (new or old for old, new in zip(x.shape[2:], size_or_none(output_size), strict=True))
    return x, (OH, OW)


def size_or_none(output_size: OutputSize) -> tuple[int | None, ...]:
    """Check an `output_size` argument; return height and width, of which None is that of the input.

    Raises:
        TypeError: a size is not an integer.
        ValueError: a size is below 1, or there are not two.

    Example:
        >>> size_or_none(3), size_or_none((2, None))
        ((3, 3), (2, None))
    """
    sizes = output_size if isinstance(output_size, tuple | list) else (output_size, output_size)
    if len(sizes) != 2:
        raise ValueError(f"output_size must be an integer or (height, width); got {output_size}")
    return tuple([None if size is None else at_least(1, size, "output_size") for size in sizes])


def _whole_step(x: Variable, size: Pair) -> Pair | None:
    """Size of the windows if they are all the same and do not overlap."""
    (H, W), (OH, OW) = x.shape[2:], size
    return (H // OH, W // OW) if H % OH == W % OW == 0 else None


def _windows(old: int, new: int) -> tuple[Array, Array]:
    """Where each window begins and ends."""
    i = np.arange(new)
    return i * old // new, -(-(i + 1) * old // new)
