"""One-dimensional convolution, of sequences: a convolution of images with one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsIndex

from .._arguments import at_least
from .._shapes import pair
from ..autograd import Variable, as_input
from ._conv_checks import check_conv
from .conv import conv2d
from .shape import reshape


def conv1d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: int = 1,
    pad: SupportsIndex | Sequence[SupportsIndex] | str = 0,
    *,
    dilation: int = 1,
    groups: int = 1,
    pad_mode: str = "zeros",
) -> Variable:
    """One-dimensional convolution of sequences with a set of kernels.

    Args:
        x: sequences of shape (N, C, L).
        W: kernels of shape (OC, C/groups, K).
        b: bias of shape (OC,), or None.
        stride: step between kernel positions, at least 1.
        pad: number of elements of padding at both ends, or (before, after); "same" or "valid" as in `conv2d`.
            (dilation * (K - 1), 0) makes the convolution causal.
        dilation: spacing between kernel elements, at least 1.
        groups, pad_mode: as in `conv2d`.

    Returns:
        A Variable of shape (N, OC, OL).

    Raises:
        TypeError, ValueError: as in `conv2d`.

    Example:
        >>> import numpy as np
        >>> x, W = np.array([[[1.0, 2.0, 3.0]]]), np.array([[[1.0, 1.0]]])
        >>> conv1d(x, W).data, conv1d(x, W, pad=(1, 0)).data
        (array([[[3., 5.]]]), array([[[1., 3., 5.]]]))
    """
    x, W, b = as_input(x, "x"), as_input(W, "W"), as_input(b)
    check_conv(x, W, b, groups, "L", "K")
    (N, C, L), (OC, C_of_group, K) = x.shape, W.shape
    y = conv2d(
        reshape(x, (N, C, 1, L)),
        reshape(W, (OC, C_of_group, 1, K)),
        b,
        (1, at_least(1, stride, "stride")),
        pad if isinstance(pad, str) else ((0, 0), pair(pad, "pad")),  # type: ignore[arg-type] # pair checks
        dilation=(1, at_least(1, dilation, "dilation")),
        groups=groups,
        pad_mode=pad_mode,
    )
    return reshape(y, (N, OC, y.shape[3]))
