"""Pooling of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ..._shapes import Array, lowest
from ...functions._along import product_along
from ...functions._geometry import edge_geometry
from ..emitting import Call
from ._table import Run, Use, exports, host, operator, raw, simple
from .convolution import as_images, attributes_of, edges, per_axis, same

_SETTINGS: dict[str, Any] = {
    "auto_pad": "NOTSET",
    "ceil_mode": 0,
    "dilations": (),
    "kernel_shape": (),
    "pads": (),
    "strides": (),
}


class _Windows:
    """Kernel size, stride, dilation and padding of a node."""

    def __init__(self, use: Use) -> None:
        self.use = use
        self.axes = axes = len(use.kernel_shape)
        if axes not in (1, 2, 3) or use.rank() not in (None, axes + 2):
            use.refuse("only 1, 2 or 3 axes after (N, C) are supported")
        self.kernel = per_axis(use, "kernel_shape", axes, 1)
        self.stride = per_axis(use, "strides", axes, 1)
        self.dilation = per_axis(use, "dilations", axes, 1)
        self.ceil = bool(use.one_of("ceil_mode", 0, 1))
        self.known = edges(use, axes)

    def pads(self, x: Any) -> tuple[tuple[int, int], ...]:
        if len(x.shape) != self.axes + 2:
            raise ValueError(f"needs {self.axes + 2} axes; got shape {x.shape}")
        sizes = x.shape[2:], self.kernel, self.stride, self.dilation
        return same(self.use, *sizes) if self.known is None else self.known

    def places(self, x: Any) -> list[tuple[Array, int, int]]:
        """For each axis, where the elements of each window lie, (windows, kernel), and the padding."""
        found = []
        for i, (before, after) in enumerate(self.pads(x)):
            size, kernel, stride, dilation = (
                (n[i], 1) for n in (x.shape[2:], self.kernel, self.stride, self.dilation)
            )
            ends = (before, after), (0, 0)
            geometry = edge_geometry(size, kernel, stride, dilation, ends, ceil_mode=self.ceil)
            taps = np.arange(self.kernel[i]) * self.dilation[i]
            found.append((geometry.starts(0)[:, np.newaxis] + taps, before, after))
        return found


@operator("MaxPool", storage_order=0, **_SETTINGS)
def _max_pool(use: Use) -> Run:
    windows = _Windows(use)
    axes, ceil = windows.axes, windows.ceil
    if use.outputs > 1 and axes == 3:
        use.refuse("the indexes of volumes are not supported")

    def pool(x: Any, at: slice, pads: Any) -> Any:
        kernel, stride, dilation = (
            (1,) * (at.start is None and axes == 1) + getattr(windows, name)[at]
            for name in ("kernel", "stride", "dilation")
        )
        pads = ((0, 0),) * (2 - len(pads[at])) + pads[at]
        return F.pooling(x, kernel, stride, pads, dilation=dilation, ceil_mode=ceil)

    def max_pool(x: Any) -> Any:
        pads = windows.pads(x)
        if axes == 1:
            y = pool(as_images(x), slice(None), pads)
            y = F.reshape(y, (*y.shape[:2], y.shape[3]))
        elif axes == 2:
            y = pool(x, slice(None), pads)
        else:  # each slice of a volume, then along its first axis
            N, C, D, H, W = x.shape
            y = pool(F.reshape(x, (N, C * D, H, W)), slice(1, 3), pads)
            OH, OW = y.shape[2:]
            first = (windows.kernel[0], 1), (windows.stride[0], 1), (pads[0], (0, 0))
            y = F.pooling(
                F.reshape(y, (N, C, D, OH * OW)), *first, dilation=(windows.dilation[0], 1), ceil_mode=ceil
            )
            y = F.reshape(y, (N, C, y.shape[2], OH, OW))
        return (y, _indexes(x, windows, use.storage_order)) if use.outputs > 1 else y

    return max_pool


@exports(F.Pooling)
def _export_max_pool(c: Call) -> str:
    x, settings = c.inputs[0], attributes_of(c.same("geometry"))
    pads = settings["pads"]
    if any(pad >= size for pad, size in zip(pads, 2 * settings["kernel_shape"], strict=True)):
        # ONNX Runtime refuses padding as long as a window, though one with dilation may be longer.
        x = c.e.node("Pad", x, c.e.integers([0, 0, *pads[:2], 0, 0, *pads[2:]]), c.number(-np.inf))
        settings["pads"] = [0, 0, 0, 0]
    for node in c.e.nodes:
        if node.outputs == [x] and node.op == "Pad" and c.e.opset > 17:
            # Without axes, ONNX Runtime before 1.32 takes its zeros for the pooling's own padding.
            node.inputs[3:] = [c.e.integers(range(4))]
    return c.e.node("MaxPool", x, **settings)


def _indexes(x: Any, windows: _Windows, by_columns: int) -> Array:
    """Where in x the maximum of each window is."""
    places = [place for place, *_ in windows.places(x)]
    image = host(x)
    if windows.axes == 1:
        image, places = image[:, :, np.newaxis], [np.zeros((1, 1), np.int64), *places]
    (N, C, H, W), (rows, columns) = image.shape, places
    rows, columns = rows[:, np.newaxis, :, np.newaxis], columns[np.newaxis, :, np.newaxis, :]
    inside = (rows >= 0) & (rows < H) & (columns >= 0) & (columns < W)  # (OH, OW, KH, KW)
    parts = image[:, :, rows.clip(0, H - 1), columns.clip(0, W - 1)]
    chosen = np.where(inside, parts, lowest(parts.dtype)).reshape(*parts.shape[:4], -1).argmax(-1)
    flat = rows + columns * H if by_columns else rows * W + columns
    flat = np.broadcast_to(flat, inside.shape).reshape(*inside.shape[:2], -1)
    OH, OW = chosen.shape[2:]
    found = flat[np.arange(OH)[:, np.newaxis], np.arange(OW), chosen]
    # int64 also where NumPy's default integer has 32 bits.
    found = found.astype(np.int64) + np.arange(N * C).reshape(N, C, 1, 1) * (H * W)
    return found if windows.axes == 2 else found[:, :, 0]  # type: ignore[no-any-return]


@operator("AveragePool", count_include_pad=0, **_SETTINGS)
def _average_pool(use: Use) -> Run:
    use.check_floats()
    windows = _Windows(use)
    counted = bool(use.one_of("count_include_pad", 0, 1))

    def average_pool(x: Any) -> Any:
        if windows.axes == 2 and max(windows.dilation) == 1:
            options = {"count_include_pad": counted, "ceil_mode": windows.ceil}
            return F.average_pooling(x, windows.kernel, windows.stride, windows.pads(x), **options)
        for axis, (place, before, after) in enumerate(windows.places(x), 2):
            size = x.shape[axis]
            inside = (place >= 0) & (place < size)
            mean_of = (place >= -before) & (place < size + after) if counted else inside
            matrix = np.zeros((len(place), size))
            np.add.at(matrix, (np.arange(len(place))[:, np.newaxis], place.clip(0, size - 1)), inside)
            x = product_along(x, matrix / mean_of.sum(1, keepdims=True).clip(1), axis)
        return x

    return average_pool


@exports(F.AveragePooling)
def _export_average_pool(c: Call) -> str:
    settings = attributes_of(c.same("geometry"))
    del settings["dilations"]  # since operator set 19
    return c.e.node("AveragePool", *c.inputs, count_include_pad=int(c.same("count_include_pad")), **settings)


def _after_channels(x: Any) -> tuple[int, ...]:
    if raw(x).ndim < 3:
        raise ValueError("needs an input with axes after (N, C)")
    return tuple(range(2, raw(x).ndim))


simple(
    GlobalAveragePool=lambda x: F.mean(x, _after_channels(x), keepdims=True),
    # pooling takes the first of several largest elements, as PyTorch does; F.max takes all of them
    GlobalMaxPool=lambda x: (
        F.global_max_pooling(x) if raw(x).ndim == 4 else F.max(x, _after_channels(x), keepdims=True)
    ),
)
