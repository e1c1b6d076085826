"""Reading and writing elements by index arrays, and writing into views."""

from __future__ import annotations

import math
from typing import Any, Generic, NamedTuple

import numpy as np

from ..._shapes import has_index_arrays
from .arithmetic import Number, binary, fill, operand, scalar
from .copying import astype, contiguous, copy, reshape, whole
from .elementwise import HEAD, MAIN, REPORT, STORAGE, binding, loaded, run, stored
from .view import Array, View, broadcast_strides, faults


def get_item(x: Array, index: Any) -> Array:
    """x[index]: a view, or with index arrays a copy."""
    index = index if isinstance(index, tuple) else (index,)
    return _take(x, index) if has_index_arrays(index) else x.view_at(index)


def set_item(x: Array, index: Any, value: Array | Number) -> None:
    """x[index] = value, which broadcasts; the index selects a view."""
    index = index if isinstance(index, tuple) else (index,)
    _write("assign", x.view_at(index), _values(x, value), adds=False)


def add_at(x: Array, index: Any, value: Array | Number) -> None:
    """Add to the elements that an index selects, repeated ones included, as `numpy.add.at` does."""
    index = index if isinstance(index, tuple) else (index,)
    values = _values(x, value)
    if not has_index_arrays(index):
        _write("add_at", x.view_at(index), values, adds=True)
        return
    if x.dtype.kind != "f":
        raise TypeError(f"add.at needs a floating-point array on the device; got {x.dtype}")
    view, arrays, axes, first = _arrays_first(x, index)
    rows, positions = _flat_positions(view, arrays, axes)
    values = values.broadcast_to((*rows[:first], *positions.shape, *rows[first:]))
    values = _moved(values, range(first, first + positions.ndim), 0)
    values = reshape(values, (positions.size, math.prod(rows)))
    direct = view.shape == x.shape and view.is_contiguous and not view.offset
    target = view if direct else fill(type(x), view.shape, 0, x.dtype)
    _scatter_add(target, reshape(positions, (-1,)), values)
    if not direct:
        _write("add_at", view, target, adds=True)


def rows_grad(gy: Array, index: Any, rows: int) -> Array:
    """Kernel of `protocol.py`."""
    gx = fill(type(gy), (rows, *gy.shape[index.ndim :]), 0, gy.dtype)
    add_at(gx, index, gy)
    return gx


def _values(x: Array, value: Array | Number) -> Array:
    """A number or an array, as an array of x's dtype."""
    if (number := scalar(value)) is not None:
        return fill(type(x), (), number, x.dtype)
    return astype(operand(value), x.dtype, copy=False)


def _take(x: Array, index: tuple[Any, ...]) -> Array:
    """x[index] with index arrays."""
    x, arrays, axes, first = _arrays_first(x, index)
    rows, positions = _flat_positions(x, arrays, axes)
    x = contiguous(x)
    width = math.prod(rows)
    y = x.new((*positions.shape, *rows), x.dtype)
    if y.size:
        storage = STORAGE[x.dtype.name]
        code = (
            HEAD
            + binding(0, "x", storage)
            + binding(1, "at", "i32")
            + binding(2, "y", storage, written=True)
            + MAIN
            + "  let width = parameter(1);\n"
            + "  y[i] = x[parameter(2) + at[i / width] * width + i % width];\n}\n"
        )
        run("take", code, [x.buffer, positions.buffer], [y.buffer], y.size, [y.size, width, x.offset])
    return _moved(y, range(positions.ndim), first)


def _moved(x: Array, axes: range, to: int) -> Array:
    """A view with adjacent axes moved so that the first of them is axis `to`."""
    order = [a for a in range(x.ndim) if a not in axes]
    return x.transpose([*order[:to], *axes, *order[to:]])


class _Arrays(NamedTuple, Generic[Array]):
    """An index with arrays: a view whose first axes they index, and where NumPy puts their own axes."""

    view: Array
    arrays: list[Any]
    axes: list[int]  # of x, for errors
    first: int  # number of axes of the result before those of the arrays


def _arrays_first(x: Array, index: tuple[Any, ...]) -> _Arrays[Array]:
    """Parse an index of slices, integers, None, `...`, and arrays or lists of integers or bools."""
    parts = [part if _is_basic(part) else _index(part) for part in index]
    missing = x.ndim - sum(_consumed(part) for part in parts)
    if missing < 0:
        raise IndexError(f"too many indices, {x.ndim - missing}, for an array with {x.ndim} axes")
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)
    basic: list[Any] = []  # what makes the view
    arrays: list[Any] = []
    axes: list[int] = []
    indexed: list[int] = []  # axes of the view that the arrays index
    places: list[int] = []  # of the arrays within the index
    axis = 0
    for place, part in enumerate(parts):
        if part is Ellipsis:
            basic += [slice(None)] * missing
            axis += missing
        elif _is_basic(part):
            basic.append(part)
            axis += _consumed(part)
        else:
            found = _integers_of(part, x.shape[axis:], axis)
            arrays += found
            axes += range(axis, axis + len(found))
            indexed += range(len(basic), len(basic) + len(found))
            places.append(place)
            basic += [slice(None) if _consumed(part) else None] * len(found)
            axis += _consumed(part)
    adjacent = places[-1] - places[0] == len(places) - 1
    others = [a for a in range(len(basic)) if a not in indexed]
    view = x.view_at(tuple(basic)).transpose([*indexed, *others])
    return _Arrays(view, arrays, axes, indexed[0] if adjacent else 0)


def _is_basic(part: Any) -> bool:
    return part is None or part is Ellipsis or isinstance(part, slice)


def _index(part: Any) -> Any:
    """An integer, a list or an array as an array."""
    if not isinstance(part, View):
        part = np.asarray(part)
        return part if part.size else part.astype(np.int32 if part.dtype.kind == "f" else part.dtype)
    if part.dtype.kind == "b":
        raise TypeError(
            "the shape would depend on bools on the device: copy them to the CPU, x[webgpu.asnumpy(mask)], "
            "or select with webgpu.where(mask, x, y)"
        )
    return part


def _consumed(part: Any) -> int:
    """Number of axes that a part of an index is for."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if not _is_basic(part) and part.dtype.kind == "b" else 1


def _integers_of(part: Any, shape: tuple[int, ...], axis: int) -> list[Any]:
    """An index array as arrays of integers: bools as the indexes of those that are True."""
    if part.dtype.kind != "b":
        return [part]
    if part.shape != shape[: part.ndim]:
        raise IndexError(
            f"bools of shape {part.shape} index axes of lengths {shape[: part.ndim]}, from axis {axis} on"
        )
    return list(np.nonzero(part)) if part.ndim else [np.zeros(int(part), np.int32)]


def _flat_positions(x: Array, arrays: list[Any], axes: list[int]) -> tuple[tuple[int, ...], Array]:
    """The lengths of the axes after the indexed ones, and flat indexes into the indexed ones."""
    position = _index_array(type(x), arrays[0], axes[0], x.shape[0])
    for index, axis, size in zip(arrays[1:], axes[1:], x.shape[1:], strict=False):
        along = _index_array(type(x), index, axis, size)
        position = binary("add", "{a} + {b}", binary("mul", "{a} * {b}", position, size), along)
    return x.shape[len(arrays) :], contiguous(position)


def _index_array(kind: type[Array], index: Any, axis: int, size: int) -> Array:
    """Non-negative indexes along an axis.

    Indexes on the CPU are checked here, indexes on the device by the kernel: the next copy to the CPU raises
    the error.
    """
    if isinstance(index, View):
        _integers(index.dtype)
        index = contiguous(index)
        positions = kind.new(index.shape, np.int32)
        if index.size:
            code = (
                HEAD
                + binding(0, "index", "i32")
                + binding(1, "y", "i32", written=True)
                + binding(2, "faults", "atomic<i32>", written=True)
                + REPORT
                + MAIN
                + "  let size = parameter(2);\n"
                + "  let given = index[parameter(1) + i];\n  let at = given + select(0, size, given < 0);\n"
                + "  let inside = 0 <= at && at < size;\n"
                + "  if (!inside) { report(parameter(3), given, size); }\n"
                + "  y[i] = select(0, at, inside);\n}\n"
            )
            outputs = [positions.buffer, faults().buffer]
            run("index", code, [index.buffer], outputs, index.size, [index.size, index.offset, size, axis])
        return positions
    at = index
    _integers(at.dtype)
    if at.size and not (-size <= at.min() and at.max() < size):
        raise IndexError(
            f"an index from {at.min()} to {at.max()} is out of bounds for axis {axis} with size {size}"
        )
    at = at.astype(np.int64)  # small integers would not hold the size
    return kind.from_host(np.where(at < 0, at + size, at), np.int32)


def _integers(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "iu":
        raise TypeError(
            f"an index array holds integers; got {dtype}; to select by bools use "
            "webgpu.where(condition, x, y)"
        )


def _scatter_add(target: Array, positions: Array, value: Array) -> None:
    """Add row r of value to row positions[r] of target.

    Each thread adds up all rows for its element, so that no two threads write to the same element.
    """
    value = copy(value) if value.buffer is target.buffer else whole(value)
    width, dtype = value.shape[1], target.dtype.name
    if not value.size:
        return
    code = (
        HEAD
        + binding(0, "at", "i32")
        + binding(1, "value", STORAGE[dtype])
        + binding(2, "y", STORAGE[dtype], written=True)
        + MAIN
        + "  let width = parameter(1);\n  let row = i / width;\n"
        + f"  var sum = {loaded(dtype, 'y[i]')};\n  for (var r = 0; r < parameter(2); r++) {{\n"
        + f"    if (at[r] == row) {{ sum += {loaded(dtype, 'value[r * width + i % width]')}; }}\n  }}\n"
        + f"  y[i] = {stored(dtype, 'sum')};\n}}\n"
    )
    run(
        "scatter_add",
        code,
        [positions.buffer, value.buffer],
        [target.buffer],
        target.size,
        [target.size, width, positions.size],
    )


def _write(name: str, view: Array, value: Array, adds: bool) -> None:
    """Write value, or add it, to a view's elements."""
    fits = len(value.shape) <= len(view.shape) and all(
        n in (1, m) for n, m in zip(value.shape[::-1], view.shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(f"cannot write an array of shape {value.shape} into one of shape {view.shape}")
    if not view.size:
        return
    if any(step == 0 and n > 1 for n, step in zip(view.shape, view.strides, strict=True)):
        raise ValueError("cannot write into a broadcast array: its elements repeat; copy() it first")
    if value.buffer is view.buffer:  # a kernel cannot read from the buffer that it writes to
        value = copy(value)
    shape = view.shape or (1,)
    strides = view.strides or (0,)
    steps = broadcast_strides(value, view.shape) or [0]
    storage = STORAGE[view.dtype.name]
    text = HEAD + binding(0, "value", storage) + binding(1, "y", storage, written=True) + MAIN
    text += "  var rest = i;\n  var to = parameter(1);\n  var from_ = parameter(2);\n"
    parameters = [view.size, view.offset, value.offset]
    for axis in reversed(range(len(shape))):
        at = 3 + 3 * axis
        text += f"  {{ let k = rest % parameter({at}); rest /= parameter({at});\n"
        text += f"    to += k * parameter({at + 1}); from_ += k * parameter({at + 2}); }}\n"
    for size, stride, step in zip(shape, strides, steps, strict=True):
        parameters += [size, stride, step]
    writes = ("|=" if view.dtype.kind == "b" else "+=") if adds else "="
    text += f"  y[to] {writes} value[from_];\n}}\n"
    run(name, text, [value.buffer], [view.buffer], view.size, parameters)
