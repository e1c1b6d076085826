"""The sizes of a convolution or pooling, computed and checked once for all kernels.

The kernels take the padding before an image and the number of windows; after the image, the padding is as
long as the windows reach. So the two ends may differ, and the last window reach beyond both (`ceil_mode`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import SupportsIndex, TypeGuard

from .._arguments import at_least
from .._shapes import IntPair, Pair, conv_outsize, deconv_outsize, pair
from ..backends import ConvGeometry

# An integer or (height, width) for both ends; one or both of them may be (before, after); "same" or "valid".
Padding = IntPair | Sequence[SupportsIndex | Sequence[SupportsIndex]] | str
Edges = tuple[Pair, Pair]  # pixels added (above, below), (left, right)


@lru_cache
def conv_geometry(
    input_size: tuple[int, ...],
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
    # NumPy's integers equal ints, so the cache does not tell them apart; ctypes takes only the latter.
    return ConvGeometry(kernel_size, stride, pad, dilation, int(groups), (H, W), output_size)


@lru_cache
def deconv_geometry(
    size: tuple[int, ...],
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


# ------------------------------------------------------------------------------------ padding by its two ends


@lru_cache
def edge_geometry(
    input_size: tuple[int, ...],
    kernel_size: Pair,
    stride: Pair,
    dilation: Pair,
    edges: Edges,
    groups: int = 1,
    ceil_mode: bool = False,
) -> ConvGeometry:
    """Geometry of a convolution or pooling of images whose two ends may be padded differently.

    Args:
        input_size, kernel_size, stride, dilation, groups: as in `conv_geometry`.
        edges: pixels of padding (above, below), (left, right).
        ceil_mode: whether a last window that begins inside the image or the padding before it may reach
            beyond the padding after it.

    Raises:
        ValueError: a size is below its minimum, or the kernel is larger than the padded image, with
            `ceil_mode` by a stride or more.

    Example:
        >>> edge_geometry((5, 5), (2, 2), (2, 2), (1, 1), ((0, 1), (0, 0))).output_size
        (3, 2)
    """
    H, W = input_size
    (above, below), (left, right) = edges
    padded = room = H + above + below, W + left + right
    extent = [_extent(k, d) for k, d in zip(kernel_size, dilation, strict=True)]
    if ceil_mode and all(p + s > e for p, s, e in zip(padded, stride, extent, strict=True)):
        room = padded[0] + stride[0] - 1, padded[1] + stride[1] - 1
    sizes = list(conv_outsize(room, kernel_size, stride, (0, 0), dilation))
    for axis in (0, 1) if ceil_mode else ():
        start = (sizes[axis] - 1) * stride[axis]  # of the last window
        hangs_over = start + extent[axis] > padded[axis]
        sizes[axis] -= hangs_over and start >= input_size[axis] + edges[axis][0]
    output_size = sizes[0], sizes[1]
    return ConvGeometry(kernel_size, stride, (above, left), dilation, int(groups), (H, W), output_size)


def _extent(kernel_size: int, dilation: int) -> int:
    return (kernel_size - 1) * dilation + 1


def has_equal_ends(pad: Padding) -> TypeGuard[IntPair]:
    """Whether a padding is an integer or a pair of them, as the kernels take it.

    Example:
        >>> has_equal_ends((1, 2)), has_equal_ends(((1, 2), 0)), has_equal_ends("same")
        (True, False, False)
    """
    if type(pad) is int:
        return True
    nested = isinstance(pad, tuple | list) and any(isinstance(p, tuple | list) for p in pad)
    return not (isinstance(pad, str) or nested)


def edges_of(
    pad: Padding, input_size: Sequence[int], kernel_size: Pair, stride: Pair, dilation: Pair = (1, 1)
) -> Edges:
    """Pixels of padding at each edge.

    With "same" the output has ceil(size / stride) pixels; an odd pixel is added after the image, as PyTorch
    and ONNX's SAME_UPPER have it.

    Args:
        pad: in any form that `conv2d` takes.
        input_size, kernel_size, stride, dilation: of the convolution or pooling.

    Raises:
        TypeError: `pad` is not of integers.
        ValueError: `pad` is negative or has another form.

    Example:
        >>> edges_of("same", (28, 28), (3, 3), (2, 2)), edges_of((1, (0, 2)), (28, 28), (3, 3), (2, 2))
        (((0, 1), (0, 1)), ((1, 1), (0, 2)))
    """
    if pad == "valid":
        return (0, 0), (0, 0)
    if pad == "same":
        ends = []
        for size, kernel, s, d in zip(input_size, kernel_size, stride, dilation, strict=True):
            outputs = -(-size // at_least(1, s, "stride"))
            total = max(0, (outputs - 1) * s + _extent(kernel, d) - size)
            ends.append((total // 2, total - total // 2))
        return ends[0], ends[1]
    if isinstance(pad, str) or (isinstance(pad, tuple | list) and len(pad) != 2):
        raise ValueError(
            'pad must be an integer, (height, width), ((above, below), (left, right)), "same" or "valid"; '
            f"got {pad!r}"
        )
    rows, columns = pad if isinstance(pad, tuple | list) else (pad, pad)
    edges = pair(rows, "pad"), pair(columns, "pad")
    if min(*edges[0], *edges[1]) < 0:
        raise ValueError(f"pad must be at least 0; got {pad}")
    return edges
