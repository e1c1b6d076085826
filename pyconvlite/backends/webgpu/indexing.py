"""Reading and writing elements by index arrays, and writing into views."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._shapes import has_index_arrays
from .arithmetic import Number, binary, fill, operand, scalar
from .copying import astype, contiguous, copy, reshape, whole
from .elementwise import HEAD, MAIN, REPORT, STORAGE, binding, loaded, run, stored
from .view import Array, View, broadcast_strides, faults


def get_item(x: Array, index: Any) -> Array:
    """x[index]: a view, or with arrays of integers for the first axes, a copy."""
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
    rows, positions = _flat_positions(x, index)
    values = reshape(values.broadcast_to((*positions.shape, *rows)), (positions.size, math.prod(rows)))
    _scatter_add(x, reshape(positions, (-1,)), values)


def _values(x: Array, value: Array | Number) -> Array:
    """A number or an array, as an array of x's dtype."""
    if (number := scalar(value)) is not None:
        return fill(type(x), (), number, x.dtype)
    return astype(operand(value), x.dtype, copy=False)


def _take(x: Array, index: tuple[Any, ...]) -> Array:
    """x[index] with arrays of integers for the first axes, which broadcast; the other axes are kept."""
    rows, positions = _flat_positions(x, index)
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
            + "  if (i >= parameter(0)) { return; }\n  let width = parameter(1);\n"
            + "  y[i] = x[parameter(2) + at[i / width] * width + i % width];\n}\n"
        )
        run("take", code, [x.buffer, positions.buffer], [y.buffer], y.size, [y.size, width, x.offset])
    return y


def _flat_positions(x: Array, index: tuple[Any, ...]) -> tuple[tuple[int, ...], Array]:
    """The lengths of the axes after the indexed ones, and flat indexes into the indexed ones."""
    if any(i is None or i is Ellipsis or isinstance(i, slice) for i in index):
        raise TypeError(
            "an index on the device is either of slices and integers, or of integer arrays for the first axes"
        )
    if len(index) > x.ndim:
        raise IndexError(f"too many indices, {len(index)}, for an array with {x.ndim} axes")
    position: Array | None = None
    for axis, (i, size) in enumerate(zip(index, x.shape, strict=False)):
        along = _index_array(type(x), i, axis, size)
        if position is None:
            position = along
        else:
            position = binary("add", "{a} + {b}", binary("mul", "{a} * {b}", position, size), along)
    if position is None:
        raise TypeError("an index array is missing")
    return x.shape[len(index) :], position


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
                + "  if (i >= parameter(0)) { return; }\n  let size = parameter(2);\n"
                + "  let given = index[parameter(1) + i];\n  let at = given + select(0, size, given < 0);\n"
                + "  let inside = 0 <= at && at < size;\n"
                + "  if (!inside) { report(parameter(3), given, size); }\n"
                + "  y[i] = select(0, at, inside);\n}\n"
            )
            outputs = [positions.buffer, faults().buffer]
            run("index", code, [index.buffer], outputs, index.size, [index.size, index.offset, size, axis])
        return positions
    at = np.asarray(index)
    at = at.astype(np.int32) if not at.size else at
    _integers(at.dtype)
    if at.size and not (-size <= at.min() and at.max() < size):
        raise IndexError(
            f"an index from {at.min()} to {at.max()} is out of bounds for axis {axis} with size {size}"
        )
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
    if target.offset or not target.is_contiguous or target.dtype.kind != "f":
        raise TypeError("only a whole array of floats can be added to at an index array")
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
        + "  if (i >= parameter(0)) { return; }\n  let width = parameter(1);\n  let row = i / width;\n"
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
    if any(step == 0 and n > 1 for n, step in zip(view.shape, view.strides, strict=True)):
        raise ValueError("cannot write into a broadcast array: its elements repeat; copy() it first")
    if not view.size:
        return
    if value.buffer is view.buffer:  # a kernel cannot read from the buffer that it writes to
        value = copy(value)
    shape = view.shape or (1,)
    strides = view.strides or (0,)
    steps = broadcast_strides(value, view.shape) or [0]
    storage = STORAGE[view.dtype.name]
    text = HEAD + binding(0, "value", storage) + binding(1, "y", storage, written=True) + MAIN
    text += "  if (i >= parameter(0)) { return; }\n"
    text += "  var rest = i;\n  var to = parameter(1);\n  var from_ = parameter(2);\n"
    parameters = [view.size, view.offset, value.offset]
    for axis in reversed(range(len(shape))):
        at = 3 + 3 * axis
        text += f"  {{ let k = rest % parameter({at}); rest /= parameter({at});\n"
        text += f"    to += k * parameter({at + 1}); from_ += k * parameter({at + 2}); }}\n"
    for size, stride, step in zip(shape, strides, steps, strict=True):
        parameters += [size, stride, step]
    text += f"  y[to] {'+=' if adds else '='} value[from_];\n}}\n"
    run(name, text, [value.buffer], [view.buffer], view.size, parameters)
