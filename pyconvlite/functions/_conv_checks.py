"""Checks of the arguments of convolutions and deconvolutions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from .._arguments import at_least, integer
from .._shapes import IntPair, Pair, check_axes, check_pixels, sizes
from ..autograd import Variable


def check_conv(
    x: Variable, W: Variable, b: Variable, groups: int, size: str = "H, W", kernel: str = "KH, KW"
) -> None:
    """Check the inputs of a convolution; `size` and `kernel` name axes in errors.

    Raises:
        TypeError: x or W is not floating point.
        ValueError: the shapes do not match.
    """
    _check_floats(x, f"(N, C, {size})", "x")
    _check_floats(W, f"(OC, C/groups, {kernel})", "W")
    groups = _hashable(groups)
    _check_shapes(x.shape, W.shape, None if b.data is None else b.shape, groups, size, kernel)


def check_deconv(x: Variable, W: Variable, b: Variable, groups: int) -> None:
    """Check the inputs of a deconvolution.

    Raises:
        TypeError, ValueError: as `check_conv`.
    """
    _check_floats(x, "(N, C, H, W)", "x")
    _check_floats(W, "(C, OC/groups, KH, KW)", "W")
    _check_deconv_shapes(x.shape, W.shape, None if b.data is None else b.shape, _hashable(groups))


def output_padding(output_pad: IntPair, stride: IntPair, dilation: IntPair) -> Pair:
    """Check `output_pad` of a deconvolution.

    Raises:
        TypeError, ValueError: as `deconv2d`.

    Example:
        >>> output_padding(1, stride=(2, 3), dilation=1)
        (1, 1)
    """
    more = sizes(0, output_pad, "output_pad")
    limits = map(max, sizes(1, stride, "stride"), sizes(1, dilation, "dilation"))
    if any(m >= limit for m, limit in zip(more, limits, strict=True)):
        raise ValueError(
            f"output_pad must be less than stride {stride} or dilation {dilation}; got {output_pad}"
        )
    return more


def _hashable(groups: Any) -> int:
    """`groups` as an int, for the caches below."""
    return groups if type(groups) is int else integer(groups, "groups")


@lru_cache(typed=True)
def _check_shapes(
    x: tuple[int, ...], W: tuple[int, ...], b: tuple[int, ...] | None, groups: int, size: str, kernel: str
) -> None:
    check_axes(x, f"(N, C, {size})", "x")
    check_axes(W, f"(OC, C/groups, {kernel})", "W")
    OC, Cg = W[:2]
    C = x[1]
    _check_groups(groups, {"channels C": C, "output channels OC": OC})
    if Cg * groups != C:
        raise ValueError(
            f"W must have C / groups = {C} / {groups} channels along axis 1; got x {x} and W {W}"
        )
    _check_bias(b, OC)


@lru_cache(typed=True)
def _check_deconv_shapes(
    x: tuple[int, ...], W: tuple[int, ...], b: tuple[int, ...] | None, groups: int
) -> None:
    check_pixels(x)
    check_axes(W, "(C, OC/groups, KH, KW)", "W")
    C = x[1]
    _check_groups(groups, {"channels C": C})
    if W[0] != C:
        raise ValueError(f"W must have x's {C} channels along axis 0; got x {x} and W {W}")
    _check_bias(b, W[1] * groups)


def _check_floats(x: Variable, axes: str, name: str) -> None:
    if x.dtype.kind != "f":
        check_axes(x.shape, axes, name)
        raise TypeError(
            f"{name} must be floating point; got {x.dtype}: convert pixels from 0 to 255 with "
            f"{name}.astype(np.float32) / 255"
        )


def _check_groups(groups: Any, channels: dict[str, int]) -> None:
    groups = at_least(1, groups, "groups")
    for name, size in channels.items():
        if size % groups:
            raise ValueError(f"groups must divide the {name}; got {groups} groups for {size}")


def _check_bias(b: tuple[int, ...] | None, OC: int) -> None:
    if b not in (None, (OC,)):
        raise ValueError(f"b must have shape ({OC},), one element per output channel; got {b}")
