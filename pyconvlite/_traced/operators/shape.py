"""Operators that move elements: shapes, parts, joins, and constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ..._shapes import Array
from ...backends import to_device_of
from ...functions._along import take
from ._table import Run, Use, host, integers, operator, raw, simple


@operator("Constant", value=None, value_float=0.0, value_floats=(), value_int=0, value_ints=())
def _constant(use: Use) -> Run:
    if len(use.given) != 1:
        use.refuse("it needs one value")
    (name,) = use.given
    kind = {"value_float": np.float32, "value_floats": np.float32}.get(name, np.int64)
    value = getattr(use, name)
    if name == "value" and not isinstance(value, np.ndarray):
        use.refuse("its value is not a tensor")
    constant: Array = value if name == "value" else np.array(value, kind)
    return lambda: constant


@operator("ConstantOfShape", value=None)
def _constant_of_shape(use: Use) -> Run:
    value = np.zeros(1, np.float32) if use.value is None else use.value
    if not isinstance(value, np.ndarray) or value.size != 1:
        use.refuse("its value is not a tensor of one element")
    return lambda shape: np.full(integers(shape), value.reshape(())[()], value.dtype)


@operator("Shape", start=0, end=None)
def _shape(use: Use) -> Run:
    return lambda x: np.array(x.shape[use.start : use.end], np.int64)


@operator("Reshape", allowzero=0)
def _reshape(use: Use) -> Run:
    def reshape(x: Any, shape: Any) -> Any:
        sizes = integers(shape)
        if not use.allowzero:
            if any(n == 0 and i >= len(x.shape) for i, n in enumerate(sizes)):
                raise ValueError(f"shape {sizes} keeps an axis that x of shape {x.shape} does not have")
            sizes = [n or x.shape[i] for i, n in enumerate(sizes)]
        if 0 in x.shape and -1 in sizes:  # NumPy infers no length next to a length of 0
            sizes = [0 if n == -1 else n for n in sizes]
        return F.reshape(x, tuple(sizes))

    return reshape


@operator("Flatten", axis=1)
def _flatten(use: Use) -> Run:
    def flatten(x: Any) -> Any:
        ndim = len(x.shape)
        axis = ndim if use.axis == ndim else _place(use.axis, ndim)
        return F.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))

    return flatten


def _place(axis: int, ndim: int) -> int:
    """An axis counted from the first."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of range for {ndim} axes")
    return axis % ndim


def axes_of(use: Use, given: tuple[Any, ...]) -> list[int] | None:
    """The axes: an input, or in older operator sets an attribute."""
    if given and given[0] is not None:
        return integers(given[0])
    return list(use.axes) if "axes" in use.given else None


@operator("Squeeze", axes=())
def _squeeze(use: Use) -> Run:
    def squeeze(x: Any, *given: Any) -> Any:
        axes = axes_of(use, given)
        return F.squeeze(x, None if axes is None else tuple(axes))

    return squeeze


@operator("Unsqueeze", axes=())
def _unsqueeze(use: Use) -> Run:
    def unsqueeze(x: Any, *given: Any) -> Any:
        axes = axes_of(use, given) or []
        ndim = len(x.shape) + len(axes)
        places = {_place(axis, ndim) for axis in axes}
        if len(places) < len(axes):
            raise ValueError(f"axes {axes} name one twice")
        rest = iter(x.shape)
        return F.reshape(x, tuple(1 if i in places else next(rest) for i in range(ndim)))

    return unsqueeze


@operator("Transpose", perm=())
def _transpose(use: Use) -> Run:
    return lambda x: F.transpose(x, tuple(use.perm) if "perm" in use.given else None)


@operator("Expand")
def _expand(use: Use) -> Run:
    return lambda x, shape: F.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(integers(shape))))


@operator("Tile")
def _tile(use: Use) -> Run:
    return lambda x, repeats: F.tile(x, integers(repeats))


@operator("Concat", axis=None)
def _concat(use: Use) -> Run:
    if not isinstance(use.axis, int):
        use.refuse("it needs an axis")
    return lambda *xs: F.concat(xs, use.axis)


@operator("Split", axis=0, split=(), num_outputs=0)
def _split(use: Use) -> Run:
    parts = len(use.node.outputs)

    def split(x: Any, *given: Any) -> Any:
        size = x.shape[_place(use.axis, len(x.shape))]
        if given and given[0] is not None:
            sizes = integers(given[0])
        elif use.split:
            sizes = list(use.split)
        else:
            each = -(-size // parts)
            sizes = [max(0, min(each, size - i * each)) for i in range(parts)]
        if len(sizes) != parts or min(sizes) < 0 or sum(sizes) != size:
            raise ValueError(f"cannot split {size} elements into parts of {sizes}")
        return tuple(F.split(x, np.cumsum(sizes)[:-1].tolist(), use.axis))

    return split


@operator("Slice", starts=(), ends=(), axes=())
def _slice(use: Use) -> Run:
    def part(x: Any, *given: Any) -> Any:
        if use.version < 10:
            given = (np.array(use.starts), np.array(use.ends), np.array(use.axes) if use.axes else None)
        starts, ends, axes, steps = (None if v is None else integers(v) for v in (*given, None, None)[:4])
        if starts is None or ends is None:
            raise ValueError("needs starts and ends")
        axes = list(range(len(starts))) if axes is None else axes
        steps = [1] * len(starts) if steps is None else steps
        index = [slice(None)] * len(x.shape)
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            place = _place(axis, len(x.shape))
            size = x.shape[place]
            if step < 0:  # backward from an index before the first element, ONNX takes the first; NumPy, none
                start = max(start, -size)
            index[place] = slice(start, None if step < 0 and end < -size else end, step)
        return F.get_item(x, tuple(index))

    return part


@operator("Gather", axis=0)
def _gather(use: Use) -> Run:
    def gather(x: Any, indexes: Any) -> Any:
        axis = _place(use.axis, len(x.shape))
        at = host(indexes)
        if at.size and (at.min() < -x.shape[axis] or at.max() >= x.shape[axis]):
            raise ValueError(f"an index is out of range for the {x.shape[axis]} elements of axis {axis}")
        return raw(x)[at] if isinstance(x, np.ndarray) and x.ndim == 1 else take(x, at, axis)

    return gather


@operator("GatherElements", axis=0)
def _gather_elements(use: Use) -> Run:
    return lambda x, indexes: F.gather(x, raw(indexes), use.axis)


@operator("GatherND", batch_dims=0)
def _gather_nd(use: Use) -> Run:
    return lambda x, indexes: F.get_item(x, _places(indexes, use.batch_dims))


@operator("ScatterND", reduction="none")
def _scatter_nd(use: Use) -> Run:
    adds = use.one_of("reduction", "none", "add") == "add"

    def scatter_nd(x: Any, indexes: Any, updates: Any) -> Any:
        at = _places(indexes)
        if adds or not at[0].size:
            return F.add(x, F.GetItemGrad(at, x.shape)(updates))
        source = np.full(x.shape[: len(at)], -1)  # the last update of an element counts
        source[at] = np.arange(at[0].size).reshape(at[0].shape)
        moved = F.get_item(F.reshape(updates, (at[0].size, *x.shape[len(at) :])), source.clip(0))
        kept = np.broadcast_to((source < 0).reshape(*source.shape, *[1] * (len(x.shape) - len(at))), x.shape)
        return F.where(to_device_of(raw(x), kept), x, moved)

    return scatter_nd


def _places(indexes: Any, batch_dims: int = 0) -> tuple[Array, ...]:
    """The index arrays in the last axis of `indexes` (..., n), after those of the batch axes."""
    at = host(indexes)
    if at.dtype.kind not in "iu" or not 0 <= batch_dims < at.ndim or at.shape[-1] == 0:
        raise ValueError(f"needs indexes along the last axis; got {at.dtype} of shape {at.shape}")
    batch = np.ogrid[tuple(slice(n) for n in at.shape[:batch_dims])]
    trailing = [1] * (at.ndim - 1 - batch_dims)
    return *(each.reshape(*each.shape, *trailing) for each in batch), *np.moveaxis(at, -1, 0)


@operator("Trilu", upper=1)
def _trilu(use: Use) -> Run:
    def trilu(x: Any, diagonal: Any = None) -> Any:
        k = 0 if diagonal is None else int(host(diagonal))
        ones = np.ones(x.shape[-2:], bool)
        kept = np.triu(ones, k) if use.upper else np.tril(ones, k)
        zero = np.zeros((), raw(x).dtype)
        return F.where(*(to_device_of(raw(x), each) for each in (np.broadcast_to(kept, x.shape), x, zero)))

    return trilu


@operator("Pad", mode="constant", pads=(), value=0.0)
def _pad(use: Use) -> Run:
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}[
        use.one_of("mode", "constant", "reflect", "edge", "wrap")
    ]

    def pad(x: Any, *given: Any) -> Any:
        pads, value, axes = (*given, None, None, None)[:3]
        widths = list(use.pads) if use.version < 11 else integers(pads)
        filling = use.value if use.version < 11 else 0 if value is None else host(value).item()
        named = range(len(x.shape)) if axes is None else integers(axes)
        places = [_place(axis, len(x.shape)) for axis in named]
        if len(widths) != 2 * len(places):
            raise ValueError(f"needs {2 * len(places)} widths of padding; got {widths}")
        ends = [(0, 0)] * len(x.shape)
        for i, place in enumerate(places):
            ends[place] = widths[i], widths[i + len(places)]
        if min(widths, default=0) < 0:
            x = F.get_item(
                x, tuple(slice(max(0, -a), n + min(0, b)) for n, (a, b) in zip(x.shape, ends, strict=True))
            )
            ends = [(max(0, a), max(0, b)) for a, b in ends]
        return F.pad(x, tuple(ends), filling if mode == "constant" else 0, mode=mode)

    return pad


@operator("DepthToSpace", blocksize=1, mode="DCR")
def _depth_to_space(use: Use) -> Run:
    r, order = use.blocksize, use.one_of("mode", "DCR", "CRD")
    use.check_ranks(4)
    if r < 1:
        use.refuse("blocksize must be at least 1")

    def depth_to_space(x: Any) -> Any:
        if order == "CRD":
            return F.pixel_shuffle(x, r)
        N, C, H, W = x.shape
        parts = F.reshape(x, (N, r, r, C // (r * r), H, W))
        return F.reshape(F.transpose(parts, (0, 3, 4, 1, 5, 2)), (N, C // (r * r), H * r, W * r))

    return depth_to_space


@operator("SpaceToDepth", blocksize=1)
def _space_to_depth(use: Use) -> Run:
    r = use.blocksize
    if r < 1:
        use.refuse("blocksize must be at least 1")

    def space_to_depth(x: Any) -> Any:
        N, C, H, W = x.shape
        parts = F.reshape(x, (N, C, H // r, r, W // r, r))
        return F.reshape(F.transpose(parts, (0, 3, 5, 1, 2, 4)), (N, C * r * r, H // r, W // r))

    return space_to_depth


@operator("CumSum", exclusive=0, reverse=0)
def _cumsum(use: Use) -> Run:
    def cumsum(x: Any, axis: Any) -> Any:
        (at,) = integers(axis)
        terms = F.flip(x, at) if use.reverse else x
        if use.exclusive:  # subtracting x from the sums would lose digits
            widths = [(int(i == at % len(x.shape)), 0) for i in range(len(x.shape))]
            terms = F.get_item(F.pad(terms, widths), tuple(slice(n) for n in x.shape))
        y = F.cumsum(terms, at)
        y = F.flip(y, at) if use.reverse else y
        return y if y.dtype == x.dtype else y.data.astype(x.dtype)  # NumPy widens integers

    return cumsum


def _range(start: Any, limit: Any, delta: Any) -> Array:
    dtype = raw(start).dtype
    values: Array = np.arange(*(host(v).item() for v in (start, limit, delta))).astype(dtype)
    return values


simple(Range=_range, Size=lambda x: np.array(math.prod(x.shape), np.int64))


@operator("Einsum", equation="")
def _einsum(use: Use) -> Run:
    def einsum(*xs: Any) -> Any:
        y = F.einsum(use.equation, *xs)
        dtype = raw(xs[0]).dtype
        return y if y.dtype == dtype else y.data.astype(dtype)  # NumPy widens integers

    return einsum
