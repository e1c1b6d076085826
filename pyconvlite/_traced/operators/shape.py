"""Operators that move elements, without those that index: shapes, parts, joins, and constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import functions as F
from ..._shapes import Array
from ...backends import to_device_of
from ..emitting import Call
from ._table import Run, Use, exports, host, integers, operator, raw, simple


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


@exports(F.Reshape)
def _export_reshape(c: Call) -> str:
    sizes = [n if n == m else -1 for n, m in zip(*c.shapes, strict=True)]
    if 0 in sizes:  # 0 means the input's length, unless allowzero is set
        if c.e.opset < 14:
            raise ValueError("Reshape to a length of 0 needs opset 14 or later")
        return c.e.node("Reshape", c.inputs[0], _known_shape(c, c.e.shape(*c.shapes)), allowzero=1)
    name = c.e.integers(sizes) if sizes.count(-1) <= 1 else _known_shape(c, c.e.shape(*c.shapes))
    return c.e.node("Reshape", c.inputs[0], name)


def _known_shape(c: Call, name: str | None) -> str:
    if name is None:
        raise ValueError(
            f"{type(c.f).__name__} to shape {c.shapes[0]} depends on the inputs, so it cannot be "
            "exported: only the size of the batch may vary"
        )
    return name


@operator("Flatten", axis=1)
def _flatten(use: Use) -> Run:
    def flatten(x: Any) -> Any:
        ndim = len(x.shape)
        axis = ndim if use.axis == ndim else normalized_axis(use.axis, ndim)
        return F.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))

    return flatten


def normalized_axis(axis: int, ndim: int) -> int:
    """An axis counted from the first."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of range for {ndim} axes")
    return axis % ndim


def given_axes(use: Use, given: tuple[Any, ...]) -> list[int] | None:
    """The axes: an input, or in older operator sets an attribute."""
    if given and given[0] is not None:
        return integers(given[0])
    return list(use.axes) if "axes" in use.given else None


@operator("Squeeze", axes=())
def _squeeze(use: Use) -> Run:
    def squeeze(x: Any, *given: Any) -> Any:
        axes = given_axes(use, given)
        return F.squeeze(x, None if axes is None else tuple(axes))

    return squeeze


@operator("Unsqueeze", axes=())
def _unsqueeze(use: Use) -> Run:
    def unsqueeze(x: Any, *given: Any) -> Any:
        axes = given_axes(use, given) or []
        ndim = len(x.shape) + len(axes)
        places = {normalized_axis(axis, ndim) for axis in axes}
        if len(places) < len(axes):
            raise ValueError(f"axes {axes} name one twice")
        rest = iter(x.shape)
        return F.reshape(x, tuple(1 if i in places else next(rest) for i in range(ndim)))

    return unsqueeze


@operator("Transpose", perm=())
def _transpose(use: Use) -> Run:
    return lambda x: F.transpose(x, tuple(use.perm) if "perm" in use.given else None)


@exports(F.Transpose)
def _export_transpose(c: Call) -> str:
    axes, ndim = c.same("axes"), len(c.f.inputs[0].shape)
    order = [a % ndim for a in axes] if axes is not None else list(range(ndim))[::-1]
    return c.e.node("Transpose", c.inputs[0], perm=order)


@operator("Expand")
def _expand(use: Use) -> Run:
    return lambda x, shape: F.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(integers(shape))))


@exports(F.BroadcastTo)
def _export_broadcast(c: Call) -> str:
    source, lead = c.f.inputs[0].shape, len(c.shapes[0]) - len(c.f.inputs[0].shape)
    other = c.g.inputs[0].shape
    # A length of 1 keeps that of the input, so that only new lengths matter.
    kept = [
        i >= lead and source[i - lead] == n and other[i - lead] == m
        for i, (n, m) in enumerate(zip(*c.shapes, strict=True))
    ]
    sizes = [[1 if k else n for k, n in zip(kept, shape, strict=True)] for shape in c.shapes]
    return c.e.node("Expand", c.inputs[0], _known_shape(c, c.e.shape(*sizes)))


@operator("Tile")
def _tile(use: Use) -> Run:
    return lambda x, repeats: F.tile(x, integers(repeats))


@operator("Concat", axis=None)
def _concat(use: Use) -> Run:
    if not isinstance(use.axis, int):
        use.refuse("it needs an axis")
    return lambda *xs: F.concat(xs, use.axis)


exports(F.Concat)(lambda c: c.e.node("Concat", *c.alike(), axis=c.same("axis")))


@exports(F.Stack)
def _export_stack(c: Call) -> str:
    axis = c.same("axis")
    return c.e.node("Concat", *(c.e.node("Unsqueeze", x, c.e.integers([axis])) for x in c.alike()), axis=axis)


@operator("Split", axis=0, split=(), num_outputs=0)
def _split(use: Use) -> Run:
    parts = len(use.node.outputs)

    def split(x: Any, *given: Any) -> Any:
        size = x.shape[normalized_axis(use.axis, len(x.shape))]
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


@exports(F.Split)
def _export_split(c: Call) -> list[str]:
    sizes = np.diff([0, *c.same("stops")])
    names = [c.e.unique("split") for _ in sizes]
    return c.e.nodes_of(
        "Split", c.inputs[0], c.e.integers(sizes.tolist()), outputs=names, axis=c.same("axis")
    )


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
        places = [normalized_axis(axis, len(x.shape)) for axis in named]
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


@exports(F.Pad)
def _export_pad(c: Call) -> str:
    widths = c.same("pad_width")
    ends = [before for before, _ in widths] + [after for _, after in widths]
    return c.e.node("Pad", c.inputs[0], c.e.integers(ends), c.number(c.same("value")))


@operator("DepthToSpace", blocksize=1, mode="DCR")
def _depth_to_space(use: Use) -> Run:
    r, order = use.blocksize, use.one_of("mode", "DCR", "CRD")
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
