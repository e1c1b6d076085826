"""Reading and writing elements that an index array names, and writing into windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arithmetic import operand, scalar
from .array import asarray, contiguous, faults, fill, ndarray, new, whole
from .elementwise import HEAD, MAIN, REPORT, STORAGE, binding, loaded, run, stored
from .window import broadcast_strides


def assign(window: ndarray, value: Any) -> None:
    """Write a number or an array, broadcast, into a window on a buffer."""
    _move("assign", window, _values(value, window.dtype), adds=False)


def add_at(target: ndarray, index: Any, value: Any) -> None:
    """Add to the elements that an index names, each as often as it is named, as `numpy.add.at`."""
    index = index if isinstance(index, tuple) else (index,)
    value = _values(value, target.dtype)
    if not any(isinstance(i, ndarray | np.ndarray | list) for i in index):
        _move("add_at", target.window_at(index), value, adds=True)
        return
    rows, positions = _flat_positions(target, index)
    value = value.broadcast_to((*positions.shape, *rows)).reshape(positions.size, math.prod(rows))
    _scatter_add(target, positions.reshape(-1), value)


def _values(value: Any, dtype: np.dtype[Any]) -> ndarray:
    """A number or an array, as an array of this dtype."""
    if (number := scalar(value)) is not None:
        return fill((), number, dtype)
    return operand(value).astype(dtype, copy=False)


def take_elements(x: ndarray, index: tuple[Any, ...]) -> ndarray:
    """x[index] with arrays of integers for the first axes: they broadcast, the axes after them stay."""
    rows, positions = _flat_positions(x, index)
    x = contiguous(x)
    width = math.prod(rows)
    y = new((*positions.shape, *rows), x.dtype)
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


def _flat_positions(x: ndarray, index: tuple[Any, ...]) -> tuple[tuple[int, ...], ndarray]:
    """The shape of the axes behind the indexed ones, and which of their blocks each index names."""
    if any(i is None or i is Ellipsis or isinstance(i, slice) for i in index):
        raise TypeError(
            "an index on the device is either of slices and integers, or of integer arrays for the first axes"
        )
    if len(index) > x.ndim:
        raise IndexError(f"too many indices, {len(index)}, for an array with {x.ndim} axes")
    position: ndarray | None = None
    for axis, (i, size) in enumerate(zip(index, x.shape, strict=False)):
        along = _index_array(i, axis, size)
        position = along if position is None else position * size + along
    if position is None:
        raise TypeError("an index array is missing")
    return x.shape[len(index) :], position


def _index_array(index: Any, axis: int, size: int) -> ndarray:
    """Positions along an axis, counted from its start.

    Those on the CPU are checked at once, those on the device by the kernel, which reports what is out of
    bounds to the next that waits.
    """
    if isinstance(index, ndarray):
        _integers(index.dtype)
        index = contiguous(index)
        positions = new(index.shape, np.int32)
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
    return asarray(np.where(at < 0, at + size, at).astype(np.int32))


def _integers(dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "iu":
        raise TypeError(
            f"an index array holds integers; got {dtype}; choose by truth values with "
            "webgpu.where(condition, x, y)"
        )


def _scatter_add(target: ndarray, positions: ndarray, value: ndarray) -> None:
    """Add row r of value to row positions[r] of target.

    Each row of target looks for those that name it: no two threads write the same element.
    """
    if target.offset or not target.is_contiguous or target.dtype.kind != "f":
        raise TypeError("only a whole array of floats can be added to at an index array")
    value = value.copy() if value.buffer is target.buffer else whole(value)
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


def _move(name: str, window: ndarray, value: ndarray, adds: bool) -> None:
    """Write value, or add it, to a window's elements."""
    fits = len(value.shape) <= len(window.shape) and all(
        n in (1, m) for n, m in zip(value.shape[::-1], window.shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(f"cannot write an array of shape {value.shape} into one of shape {window.shape}")
    if any(step == 0 and n > 1 for n, step in zip(window.shape, window.strides, strict=True)):
        raise ValueError("cannot write into a broadcast array: its elements repeat; copy() it first")
    if not window.size:
        return
    if value.buffer is window.buffer:  # a kernel cannot read what it writes
        value = value.copy()
    shape = window.shape or (1,)
    strides = window.strides or (0,)
    steps = broadcast_strides(value, window.shape) or [0]
    storage = STORAGE[window.dtype.name]
    text = HEAD + binding(0, "value", storage) + binding(1, "y", storage, written=True) + MAIN
    text += "  if (i >= parameter(0)) { return; }\n"
    text += "  var rest = i;\n  var to = parameter(1);\n  var from_ = parameter(2);\n"
    parameters = [window.size, window.offset, value.offset]
    for axis in reversed(range(len(shape))):
        at = 3 + 3 * axis
        text += f"  {{ let k = rest % parameter({at}); rest /= parameter({at});\n"
        text += f"    to += k * parameter({at + 1}); from_ += k * parameter({at + 2}); }}\n"
    for size, stride, step in zip(shape, strides, steps, strict=True):
        parameters += [size, stride, step]
    text += f"  y[to] {'+=' if adds else '='} value[from_];\n}}\n"
    run(name, text, [value.buffer], [window.buffer], window.size, parameters)
