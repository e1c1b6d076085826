"""Convolution and its adjoint, of sequences, images and volumes."""

from __future__ import annotations

import math
from functools import partial, reduce
from typing import Any

import numpy as np

from ... import functions as F
from ...backends import ConvGeometry
from ...functions._along import product_along
from ...functions._geometry import edges_of
from ...functions.conv import cut_deconv2d
from ..emitting import Call
from ..fusing import CONV_RELU
from ._table import Run, Use, exports, operator

AUTO_PADS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def per_axis(use: Use, name: str, axes: int, least: int) -> tuple[int, ...]:
    """An attribute with an integer for each axis of the images, by default `least`, 0 or 1."""
    values = tuple(getattr(use, name)) or (least,) * axes
    if len(values) != axes or min(values) < least:
        use.refuse(f"{name} must have {axes} integers of at least {least}")
    return values


def edges(use: Use, axes: int) -> tuple[tuple[int, int], ...] | None:
    """The padding (before, after) of each axis; None where it depends on the size."""
    if use.one_of("auto_pad", *AUTO_PADS) in ("SAME_UPPER", "SAME_LOWER"):
        return None
    pads = tuple(use.pads) if use.auto_pad == "NOTSET" and use.pads else (0,) * 2 * axes
    if len(pads) != 2 * axes or min(pads) < 0:
        use.refuse(f"pads must have {2 * axes} integers of at least 0")
    return tuple(zip(pads[:axes], pads[axes:], strict=True))


def same(use: Use, size: Any, kernel: Any, stride: Any, dilation: Any) -> tuple[tuple[int, int], ...]:
    """The padding for which the output has the size ceil(size / stride)."""
    found = []
    for numbers in zip(size, kernel, stride, dilation, strict=True):
        ends = edges_of("same", *((n, 1) for n in numbers))[0]
        found.append(ends if use.auto_pad == "SAME_UPPER" else ends[::-1])
    return tuple(found)


def as_images(x: Any) -> Any:
    """Sequences (N, C, L) as images of one row (N, C, 1, L)."""
    return F.reshape(x, (*x.shape[:2], 1, *x.shape[2:]))


_SETTINGS: dict[str, Any] = {
    "auto_pad": "NOTSET",
    "dilations": (),
    "group": 1,
    "kernel_shape": (),
    "pads": (),
    "strides": (),
}


@operator(CONV_RELU, most=math.inf, **_SETTINGS)
@operator("Conv", **_SETTINGS)
def _conv(use: Use) -> Run:
    axes = _axes(use)
    stride, dilation = per_axis(use, "strides", axes, 1), per_axis(use, "dilations", axes, 1)
    known = edges(use, axes)
    has_relu = use.node.op == CONV_RELU
    conv2d = partial(F.conv2d_relu, most=use.most) if has_relu else F.conv2d

    def images(call: Run, x: Any, W: Any, b: Any, pad: Any) -> Any:
        return call(x, W, b, stride[-2:], pad[-2:], dilation=dilation[-2:], groups=use.group)

    def conv(x: Any, W: Any, b: Any = None) -> Any:
        pad = same(use, x.shape[2:], W.shape[2:], stride, dilation) if known is None else known
        if axes == 2:
            return images(conv2d, x, W, b, pad)
        if axes == 1:
            y = F.conv1d(x, W, b, stride[0], pad[0], dilation=dilation[0], groups=use.group)
        else:
            y = volumes(x, W, b, pad)
        return F.clip(y, 0, use.most) if has_relu else y

    def volumes(x: Any, W: Any, b: Any, pad: Any) -> Any:
        # The sum of a convolution for each slice of the kernels.
        D, KD = x.shape[2], W.shape[2]
        (before, after), step, gap = pad[0], stride[0], dilation[0]
        first = np.arange(0, D + before + after - (KD - 1) * gap, step) - before
        parts = []
        for k in range(KD):
            slices = product_along(x, (first + k * gap)[:, np.newaxis] == np.arange(D), 2)
            kernels = F.get_item(W, (slice(None), slice(None), k))
            parts.append(images(F.conv2d, _as_batch(slices), kernels, None, pad))
        y = _as_volumes(reduce(F.add, parts), len(x))
        return y if b is None else y + F.reshape(b, (-1, 1, 1, 1))

    return conv


def _as_batch(x: Any) -> Any:
    """Volumes (N, C, D, H, W) as images (N * D, C, H, W)."""
    N, C, D, H, W = x.shape
    return F.reshape(F.transpose(x, (0, 2, 1, 3, 4)), (N * D, C, H, W))


def _as_volumes(x: Any, N: int) -> Any:
    """Images (N * D, C, H, W) as volumes (N, C, D, H, W)."""
    images, C, H, W = x.shape
    return F.transpose(F.reshape(x, (N, images // N, C, H, W)), (0, 2, 1, 3, 4))


@operator("ConvTranspose", output_padding=(), output_shape=(), **_SETTINGS)
class _ConvTranspose:
    """A transposed convolution with the settings of a node."""

    def __init__(self, use: Use) -> None:
        self.use = use
        self.axes = axes = _axes(use)
        self.stride = per_axis(use, "strides", axes, 1)
        self.dilation = per_axis(use, "dilations", axes, 1)
        self.extra = per_axis(use, "output_padding", axes, 0)
        self.known = edges(use, axes)
        self.wanted = per_axis(use, "output_shape", axes, 1) if use.output_shape else None

    def __call__(self, x: Any, W: Any, b: Any = None) -> Any:
        pads, added, ends = self._padding(x.shape[2:], W.shape[2:])
        if self.axes < 3:
            return self._images(x, W, b, pads, added, ends)
        # The sum of a transposed convolution for each slice of the kernels.
        D, (before, after) = x.shape[2], ends[0]
        stop = self.stride[0] * (D - 1) + (W.shape[2] - 1) * self.dilation[0] + 1 - after
        place = np.arange(before, stop)[:, np.newaxis]
        parts = []
        for k in range(W.shape[2]):
            kernels = F.get_item(W, (slice(None), slice(None), k))
            y = self._images(_as_batch(x), kernels, None, pads[1:], added[1:], ends[1:])
            matrix = place == np.arange(D) * self.stride[0] + k * self.dilation[0]
            parts.append(product_along(_as_volumes(y, len(x)), matrix, 2))
        y = reduce(F.add, parts)
        return y if b is None else y + F.reshape(b, (-1, 1, 1, 1))

    def _padding(self, size: Any, kernel: Any) -> tuple[Any, list[int], list[tuple[int, int]]]:
        """For each axis: the padding (before, after), the elements added to the output, the ends to cut."""
        full = [
            s * (n - 1) + (k - 1) * d + 1
            for s, n, k, d in zip(self.stride, size, kernel, self.dilation, strict=True)
        ]
        pads, added = self.known, list(self.extra)
        if self.wanted is not None or pads is None:
            sizes = self.wanted or [n * s for n, s in zip(size, self.stride, strict=True)]
            pads = tuple(
                _split_padding(max(0, have + more - n), self.use.auto_pad)
                for have, more, n in zip(full, self.extra, sizes, strict=True)
            )
            added = [n - have + sum(pad) for n, have, pad in zip(sizes, full, pads, strict=True)]
        return (
            pads,
            added,
            [(before, after - more) for more, (before, after) in zip(added, pads, strict=True)],
        )

    def _images(self, x: Any, W: Any, b: Any, pads: Any, added: Any, ends: Any) -> Any:
        """The result for sequences or images."""
        step, gap, groups = self.stride[-2:], self.dilation[-2:], self.use.group
        if self.axes == 1:
            x, W, step, gap = as_images(x), as_images(W), (1, *step), (1, *gap)
        if all(before == after and not more for (before, after), more in zip(pads, added, strict=True)):
            pad = (0, *(before for before, _ in pads))[-2:]
            y = F.deconv2d(x, W, b, step, pad, dilation=gap, groups=groups)
        else:
            y = cut_deconv2d(x, W, b, [(0, 0)] * (2 - len(ends)) + ends, step, gap, groups)
        return F.reshape(y, (*y.shape[:2], y.shape[3])) if self.axes == 1 else y


def _split_padding(total: int, auto_pad: str) -> tuple[int, int]:
    """A padding divided into (before, after); the odd element is after it with SAME_UPPER."""
    less = total // 2
    return (less, total - less) if auto_pad == "SAME_UPPER" else (total - less, less)


def _axes(use: Use) -> int:
    """Number of axes of the images."""
    use.check_floats()
    ranks = [rank for rank in (use.rank(0), use.rank(1)) if rank is not None]
    axes = len(use.kernel_shape) or (ranks[0] - 2 if ranks else 2)
    if axes not in (1, 2, 3) or any(rank != axes + 2 for rank in ranks):
        use.refuse("only 1, 2 or 3 axes after (N, C) are supported")
    return axes


def attributes_of(geometry: ConvGeometry) -> dict[str, Any]:
    kernel_size, stride, pad, dilation, *_ = geometry
    after = pad  # symmetric if the output size is the same, for images of other sizes
    axes = zip(kernel_size, stride, pad, dilation, geometry.input_size, geometry.output_size, strict=True)
    if any((size + 2 * p - (k - 1) * d - 1) // s + 1 != outputs for k, s, p, d, size, outputs in axes):
        (_, below), (_, right) = geometry.edges
        after = below, right
    return {
        "kernel_shape": list(kernel_size),
        "strides": list(stride),
        "pads": [*pad, *after],
        "dilations": list(dilation),
    }


@exports(F.Conv2d, F.Conv2dReLU)
def _export_conv2d(c: Call) -> str:
    g = c.same("geometry")
    y = c.e.node("Conv", *c.alike(), group=g.groups, **attributes_of(g))
    if c.f.relu and c.f.most < math.inf:
        return c.e.node("Clip", y, c.number(0), c.number(c.same("most")))
    return c.e.node("Relu", y) if c.f.relu else y


@exports(F.Deconv2d)
def _export_deconv2d(c: Call) -> str:
    g = c.same("geometry")
    extra = [
        size - ((n - 1) * s + (k - 1) * d + 1 - 2 * p)
        for size, n, s, k, d, p in zip(
            g.input_size, g.output_size, g.stride, g.kernel_size, g.dilation, g.pad, strict=True
        )
    ]
    return c.e.node("ConvTranspose", *c.alike(), group=g.groups, output_padding=extra, **attributes_of(g))
