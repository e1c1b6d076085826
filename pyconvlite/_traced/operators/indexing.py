"""Slices and indexes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import functions as F
from ... import layers as L
from ..._arguments import at_least
from ..._shapes import Array
from ...backends import to_cpu, to_device_of
from ...functions._along import take
from ..emitting import Call
from ..graph import code_of
from ._table import Run, Use, exports, host, integers, operator, raw, simple
from .shape import normalized_axis


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
            place = normalized_axis(axis, len(x.shape))
            size = x.shape[place]
            if step < 0:  # backward from an index before the first element, ONNX takes the first; NumPy, none
                start = max(start, -size)
            index[place] = slice(start, None if step < 0 and end < -size else end, step)
        return F.get_item(x, tuple(index))

    return part


@operator("Gather", axis=0)
def _gather(use: Use) -> Run:
    def gather(x: Any, indexes: Any) -> Any:
        axis = normalized_axis(use.axis, len(x.shape))
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


@operator("TopK", axis=-1, k=0, largest=1, sorted=1)
def _top_k(use: Use) -> Run:
    def top_k(x: Any, *given: Any) -> Any:
        (k,) = integers(given[0]) if given else [use.k]
        axis = normalized_axis(use.axis, len(x.shape))
        array = np.flip(host(x), axis) if use.largest else host(x)  # of equal elements, the first
        order = np.argsort(array, axis, kind="stable").astype(np.int64)
        if use.largest:
            order = x.shape[axis] - 1 - np.flip(order, axis)
        if not 0 <= k <= x.shape[axis]:
            raise ValueError(f"k must be from 0 to {x.shape[axis]}, the length of axis {axis}; got {k}")
        at = np.take(order, np.arange(k), axis)
        return F.gather(x, at, axis), at

    return top_k


@operator("OneHot", axis=-1)
def _one_hot(use: Use) -> Run:
    def one_hot(indexes: Any, depth: Any, values: Any) -> Any:
        at, n = host(indexes)[..., np.newaxis], at_least(1, int(host(depth).item()), "depth")
        off, on = host(values)
        is_on = (at == np.arange(n)) | (at == np.arange(-n, 0))
        return np.moveaxis(np.where(is_on, on, off), -1, use.axis)

    return one_hot


simple(NonZero=lambda x: np.array(np.nonzero(host(x)), np.int64))


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


@exports(F.GetItem)
def _export_get_item(c: Call) -> str:
    e, x = c.e, c.inputs[0]
    parts = _index_parts(c)
    arrays = [array for array in parts if isinstance(array, tuple)]
    if len(arrays) > 1 and any(ndim for _, ndim in arrays):
        raise ValueError(f"GetItem with {len(arrays)} indexes has no counterpart in ONNX; {c}")
    axis = at = 0  # in the output of the last Gather, and in the result
    slices, new = [], []
    for part in parts:
        if part is None:
            new.append(at)
            at += 1
        elif isinstance(part, slice):
            if part != slice(None):
                slices.append((axis, part))
            axis, at = axis + 1, at + 1
        else:
            name, ndim = part
            x = e.node("Gather", x, name, axis=axis)
            axis, at = axis + ndim, at + ndim
    if slices:
        rows = [_limits(axis, part) for axis, part in slices]
        x = e.node("Slice", x, *(e.integers(column) for column in zip(*rows, strict=True)))
    if new:
        x = e.node("Unsqueeze", x, e.integers(new))
    return e.node("Identity", x) if x == c.inputs[0] else x


def _index_parts(c: Call) -> list[Any]:
    """The parts of an index: slices, None, and names of arrays with their numbers of axes."""
    first, second = (f.slices if isinstance(f.slices, tuple) else (f.slices,) for f in (c.f, c.g))
    parts: list[Any] = []
    for part, other in zip(first, second, strict=True):
        if part is Ellipsis:
            used = sum(p is not None and p is not Ellipsis for p in first)
            parts += [slice(None)] * (len(c.f.inputs[0].shape) - used)
        elif id(part) in c.e.arrays:  # an input of the model
            parts.append((_as_index(c, c.e.arrays[id(part)], part.dtype), part.ndim))
        elif isinstance(part, slice) or part is None:
            if part != other:
                raise ValueError(f"GetItem with {part} depends on the inputs; {c}")
            parts.append(part)
        else:
            array, again = np.asarray(to_cpu(part)), np.asarray(to_cpu(other))
            if array.dtype.kind not in "iu" or not np.array_equal(array, again):
                raise ValueError(f"GetItem with an index of {array.dtype} depends on the inputs; {c}")
            parts.append((c.e.constant(array.astype(np.int64)), array.ndim))
    return parts


def _limits(axis: int, part: slice) -> tuple[int, int, int, int]:
    """Start, end, axis and step of the operator Slice."""
    least, most = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    step = 1 if part.step is None else int(part.step)
    start, stop = (most, least) if step < 0 else (0, most)
    start = start if part.start is None else int(part.start)
    return start, stop if part.stop is None else int(part.stop), axis, step


@exports(L.EmbedID, L.Embedding)
def _export_embedding(c: Call) -> str:
    (ids,) = c.inputs
    f = c.f
    if not isinstance(f, F.GetItem):  # the F.where by which an Embedding with padding_idx ends
        f = f.inputs[0].creator
    (index,) = f.slices if isinstance(f.slices, tuple) else (f.slices,)
    return c.e.node("Gather", c.param(c.layer.W), _as_index(c, ids, index.dtype))


def _as_index(c: Call, name: str, dtype: Any) -> str:
    """An index in a dtype that Gather takes."""
    return name if dtype in (np.int32, np.int64) else c.e.node("Cast", name, to=code_of(np.dtype(np.int64)))
