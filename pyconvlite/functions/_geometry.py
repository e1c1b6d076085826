"""The sizes of a convolution or pooling, computed and checked once for all kernels."""

from __future__ import annotations

from collections.abc import Sequence

from .._shapes import Pair, conv_outsize, deconv_outsize
from ..backends import ConvGeometry


def conv_geometry(
    input_size: Sequence[int],
    kernel_size: Pair,
    stride: Pair,
    pad: Pair,
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> ConvGeometry:
    """Geometry of a convolution or pooling of images.

    Args:
        input_size: height and width of the images.
        kernel_size, stride, pad, dilation, groups: of the convolution or pooling.

    Raises:
        ValueError: a size is below its minimum, or the kernel is larger than the padded image.

    Example:
        >>> conv_geometry((28, 28), (5, 5), stride=(2, 2), pad=(0, 0)).output_size
        (12, 12)
    """
    H, W = input_size
    output_size = conv_outsize((H, W), kernel_size, stride, pad, dilation)
    return ConvGeometry(kernel_size, stride, pad, dilation, groups, (H, W), output_size)


def deconv_geometry(
    size: Sequence[int],
    kernel_size: Pair,
    stride: Pair,
    pad: Pair,
    dilation: Pair = (1, 1),
    groups: int = 1,
    outsize: Pair | None = None,
) -> ConvGeometry:
    """Geometry of the convolution that a deconvolution is the adjoint of.

    Args:
        size: height and width of the deconvolution's input.
        kernel_size, stride, pad, dilation, groups: of both.
        outsize: height and width of the deconvolution's output; None for the smallest.

    Raises:
        ValueError: a size is below its minimum, or the convolution does not map `outsize` to `size`.

    Example:
        >>> deconv_geometry((12, 12), (5, 5), stride=(2, 2), pad=(0, 0)).input_size
        (27, 27)
    """
    H, W = size
    if outsize is None:
        outsize = deconv_outsize((H, W), kernel_size, stride, pad, dilation)
    elif min(outsize) < 1:
        raise ValueError(f"outsize must be at least 1; got {outsize}")
    geometry = conv_geometry(outsize, kernel_size, stride, pad, dilation, groups)
    if geometry.output_size != (H, W):
        raise ValueError(
            f"outsize {outsize} must convolve to x's size {(H, W)}; it convolves to {geometry.output_size} "
            f"with kernel {kernel_size}, stride {stride}, pad {pad}, dilation {dilation}"
        )
    return geometry
