"""Images in another size: repeated pixels, interpolation, and pixels made of channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._arguments import above_zero, at_least, boolean, one_of
from .._shapes import Array, IntPair, Pair, check_axes, check_pixels, sizes
from ..autograd import Function, Variable, as_input
from ..backends import get_array_module
from ._along import product_along, take
from .casts import check_floats
from .pooling import average_pooling
from .shape import reshape, transpose


class Upsample(Function):
    """Repetition of pixels, see `upsample`. A strided copy per repetition is faster than a broadcast.

    Example:
        >>> Upsample((1, 2))(np.array([[[[3.0, 4.0]]]]))
        variable([[[[3. 3. 4. 4.]]]])
    """

    reads_inputs = reads_outputs = False

    def __init__(self, scale: Pair) -> None:
        self.scale = scale

    def forward(self, x: Array) -> Any:
        xp = get_array_module(x)
        for axis, times in zip((2, 3), self.scale, strict=True):
            if times > 1:
                shape = list(x.shape)
                shape[axis] *= times
                y = xp.zeros(tuple(shape), x.dtype)
                for i in range(times):
                    y[(slice(None),) * axis + (slice(i, None, times),)] = x
                x = y
        return x

    def backward(self, gy: Variable) -> Any:
        SH, SW = self.scale
        return average_pooling(gy, self.scale, self.scale) * (SH * SW)


def upsample(x: Any, scale: IntPair) -> Variable:
    """Enlarge images by repeating each pixel (nearest neighbor).

    Args:
        x: images of shape (N, C, H, W).
        scale: number of repetitions of each pixel, at least 1; an integer or (height, width).

    Returns:
        A Variable of shape (N, C, H * scale, W * scale).

    Raises:
        TypeError: `scale` is not an integer or a pair of integers.
        ValueError: x does not have 4 axes, or `scale` is below 1.

    Example:
        >>> upsample(np.array([[[[1.0, 2.0]]]]), 2)
        variable([[[[1. 1. 2. 2.]
                    [1. 1. 2. 2.]]]])
    """
    x = as_input(x, "x")
    check_axes(x.shape, "(N, C, H, W)")
    SH, SW = sizes(1, scale, "scale")
    if not x.size or SH == SW == 1:
        N, C, H, W = x.shape
        return reshape(x, (N, C, H * SH, W * SW))
    return Upsample((SH, SW))(x)


def interpolate(
    x: Any,
    size: IntPair | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Variable:
    """Resize images (PyTorch's function of this name).

    Args:
        x: images of shape (N, C, H, W).
        size: height and width of the result in pixels, at least 1; an integer or (height, width).
        scale_factor: number by which height and width are multiplied, instead of `size`, and rounded down;
            above 0; a number or (height, width). An axis whose length does not change is not resampled.
        mode: "nearest", where output pixel i is input pixel floor(i / f) if the result is f times as large;
            or "bilinear", a product of matrices, in which a pixel that is NaN or infinite makes all its
            channel NaN.
        align_corners: for "bilinear": True aligns the centers of the corner pixels of input and output;
            False, the default, aligns the edges of the images.

    Returns:
        A Variable of shape (N, C, *size).

    Raises:
        TypeError: `size` is not of integers, `scale_factor` not of numbers, `align_corners` not a bool, or x
            is not floating point with "bilinear".
        ValueError: x does not have 4 axes or has no pixels, not exactly one of `size` and `scale_factor` is
            given, one is out of range, `mode` is unknown, or `align_corners` is given with "nearest".

    Example:
        >>> x = np.array([[[[0.0, 3.0]]]])
        >>> interpolate(x, size=(1, 4)).data[0, 0]
        array([[0., 0., 3., 3.]])
        >>> interpolate(x, size=(1, 4), mode="bilinear").data[0, 0]
        array([[0.  , 0.75, 2.25, 3.  ]])
        >>> interpolate(x, size=(1, 4), mode="bilinear", align_corners=True).data[0, 0]
        array([[0., 1., 2., 3.]])
    """
    x = as_input(x, "x")
    check_pixels(x.shape)
    one_of(mode, "mode", ("nearest", "bilinear"))
    if mode == "nearest" and align_corners is not None:
        raise ValueError('align_corners must be left out with mode="nearest"; it is for "bilinear"')
    aligns = align_corners is not None and boolean(align_corners, "align_corners")
    if mode == "bilinear":
        check_floats(x)
    before = x.shape[2:]
    after, steps = _resized(before, size, scale_factor)
    if mode == "nearest":
        return _nearest(x, after, steps)
    for axis in (2, 3):
        old, new, step = before[axis - 2], after[axis - 2], steps[axis - 2]
        if new != old:
            x = product_along(x, _linear_weights(old, new, step, aligns), axis)
    return x  # type: ignore[no-any-return]


def _resized(
    before: tuple[int, ...], size: Any, scale_factor: Any
) -> tuple[tuple[int, int], tuple[float, float]]:
    """Height and width of the result, and the distance of its pixels in pixels of x."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"give either size or scale_factor; got size={size} and scale_factor={scale_factor}")
    H, W = before
    if size is not None:
        OH, OW = sizes(1, size, "size")
        return (OH, OW), (H / OH, W / OW)
    scales = scale_factor if isinstance(scale_factor, tuple | list) else (scale_factor, scale_factor)
    if len(scales) != 2:
        raise ValueError(f"scale_factor must be a number or a pair of numbers; got {scale_factor}")
    SH, SW = (above_zero(scale, "scale_factor") for scale in scales)
    OH, OW = math.floor(H * SH), math.floor(W * SW)
    if OH < 1 or OW < 1:
        raise ValueError(f"scale_factor {scale_factor} leaves no pixel of images of size {before}")
    return (OH, OW), (1.0 if OH == H else 1 / SH, 1.0 if OW == W else 1 / SW)


def _nearest(x: Variable, after: tuple[int, int], steps: tuple[float, float]) -> Variable:
    before = x.shape[2:]
    # As in PyTorch: where the size doubles, each pixel twice, whatever the factor was (such as 2.1).
    axes = [
        (old, new, 0.5 if new == 2 * old else step)
        for old, new, step in zip(before, after, steps, strict=True)
    ]
    if all(new == old * (new // old) and step * new == old for old, new, step in axes):
        return upsample(x, (after[0] // before[0], after[1] // before[1]))
    for axis, (old, new, step) in enumerate(axes, start=2):
        if step == old / new:  # in integers, as 3 * (1 / 3) may be less than 1
            at = np.arange(new) * old // new
        else:  # rounded to float32, in which 26 * (1 / 0.52) is 50, as is 26 / 0.52
            at = (np.arange(new) * step).astype(np.float32).astype(np.int64)
        x = take(x, np.minimum(at, old - 1), axis)
    return x


def _linear_weights(old: int, new: int, step: float, align_corners: bool) -> Array:
    """The matrix (new, old) of linear interpolation along an axis."""
    if align_corners:
        place = np.linspace(0, old - 1, new)
    else:
        place = ((np.arange(new) + 0.5) * step - 0.5).clip(0, old - 1)
    weights: Array = (1 - np.abs(place[:, np.newaxis] - np.arange(old))).clip(0)
    return weights


def pixel_shuffle(x: Any, upscale_factor: int) -> Variable:
    """Rearrange channels into pixels, r = `upscale_factor`: (N, C*r*r, H, W) to (N, C, H*r, W*r).

    Channel (c*r + i)*r + j becomes the pixels in rows i, i + r, ... and columns j, j + r, ... of channel c.

    Args:
        x: images of shape (N, C*r*r, H, W).
        upscale_factor: the number r, at least 1.

    Raises:
        TypeError: `upscale_factor` is not an integer.
        ValueError: it is below 1, x does not have 4 axes, or its number of channels is not a multiple of r*r.

    Source: Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution ..."; PyTorch's order.

    Example:
        >>> pixel_shuffle(np.arange(4.0).reshape(1, 4, 1, 1), 2).data[0, 0]
        array([[0., 1.],
               [2., 3.]])
    """
    x = as_input(x, "x")
    check_axes(x.shape, "(N, C*r*r, H, W)")
    r = at_least(1, upscale_factor, "upscale_factor")
    N, channels, H, W = x.shape
    if channels % (r * r):
        raise ValueError(
            f"x must have a multiple of upscale_factor ** 2 = {r * r} channels; got shape {x.shape}"
        )
    C = channels // (r * r)
    parts = reshape(x, (N, C, r, r, H, W))
    return reshape(transpose(parts, (0, 1, 4, 2, 5, 3)), (N, C, H * r, W * r))
