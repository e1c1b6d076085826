"""Reading and writing elements that an index array names, and writing into windows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .array import asarray, ndarray, new, operand, scalar
from .elementwise import ALIAS, HEAD, MAIN, STORAGE, binding, broadcast_strides, run


def assign(window: ndarray, value: Any) -> None:
    """Write a number or an array, broadcast, into a window on a buffer."""
    number = scalar(value)
    if number is not None:
        value = asarray(np.array(number, window.dtype))
    value = operand(value)
    if np.broadcast_shapes(value.shape, window.shape) != window.shape:
        raise ValueError(f"cannot write an array of shape {value.shape} into one of shape {window.shape}")
    if value.buffer is window.buffer:
        value = value.copy()
    _move("assign", window, value.astype(window.dtype, copy=False), adds=False)


def add_at(target: ndarray, index: Any, value: ndarray) -> None:
    """Add to the elements that an index names, each as often as it is named, as `numpy.add.at`."""
    index = index if isinstance(index, tuple) else (index,)
    if not any(isinstance(i, ndarray | np.ndarray | list) for i in index):
        _move("add_at", target.window_at(index), operand(value), adds=True)
        return
    rows, positions = _flat_positions(target, index)
    value = value.broadcast_to((*positions.shape, *rows)).reshape(positions.size, math.prod(rows))
    _scatter_add(target, positions.reshape(-1), value)


def take_elements(x: ndarray, index: tuple[Any, ...]) -> ndarray:
    """x[index] with arrays of integers for the first axes: they broadcast, the axes after them stay."""
    rows, positions = _flat_positions(x, index)
    x = x if x.is_contiguous and not x.offset else x.copy()
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
            + "  y[i] = x[at[i / width] * width + i % width];\n}\n"
        )
        run("take", code, [x.buffer, positions.buffer], [y.buffer], y.size, [y.size, width])
    return y


def _flat_positions(x: ndarray, index: tuple[Any, ...]) -> tuple[tuple[int, ...], ndarray]:
    """The shape of the axes behind the indexed ones, and which of their blocks each index names."""
    if any(i is None or i is Ellipsis or isinstance(i, slice) for i in index):
        raise TypeError(
            "an index on the device is either of slices and integers, or of integer arrays for the first axes"
        )
    arrays = [asarray(i, None if isinstance(i, ndarray) else np.int32) for i in index]
    if any(a.dtype != np.int32 for a in arrays):
        raise TypeError("an index array must hold integers")
    if len(arrays) > x.ndim:
        raise IndexError(f"too many indices, {len(arrays)}, for an array with {x.ndim} axes")
    position: Any = 0
    for a, size in zip(arrays, x.shape, strict=False):
        position = position * size + (a + (a < 0).astype(np.int32) * size)
    return x.shape[
        len(arrays) :
    ], position if position.is_contiguous and not position.offset else position.copy()


def _scatter_add(target: ndarray, positions: ndarray, value: ndarray) -> None:
    """Add row r of value to row positions[r] of target. Each target row looks for its own: no two threads write one."""
    if target.offset or not target.is_contiguous or target.dtype != np.float32:
        raise TypeError("only a whole float32 array can be added to at an index array")
    value = value if value.is_contiguous and not value.offset else value.copy()
    width = value.shape[1]
    if not value.size:
        return
    code = (
        HEAD
        + binding(0, "at", "i32")
        + binding(1, "value", "f32")
        + binding(2, "y", "f32", written=True)
        + MAIN
        + "  if (i >= parameter(0)) { return; }\n  let width = parameter(1);\n  let row = i / width;\n"
        + "  var sum = y[i];\n  for (var r = 0; r < parameter(2); r++) {\n"
        + "    if (at[r] == row) { sum += value[r * width + i % width]; }\n  }\n  y[i] = sum;\n}\n"
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
    if not window.size:
        return
    shape = window.shape or (1,)
    strides = window.strides or (0,)
    steps = broadcast_strides(value, window.shape) or [0]
    storage, alias = STORAGE[window.dtype.name], ALIAS[window.dtype.name]
    del alias
    text = HEAD + binding(0, "value", storage) + binding(1, "y", storage, written=True) + MAIN
    text += "  if (i >= parameter(0)) { return; }\n  var rest = i;\n  var to = parameter(1);\n  var from_ = parameter(2);\n"
    parameters = [window.size, window.offset, value.offset]
    for axis in reversed(range(len(shape))):
        at = 3 + 3 * axis
        text += f"  {{ let k = rest % parameter({at}); rest /= parameter({at});\n"
        text += f"    to += k * parameter({at + 1}); from_ += k * parameter({at + 2}); }}\n"
    for size, stride, step in zip(shape, strides, steps, strict=True):
        parameters += [size, stride, step]
    text += f"  y[to] {'+=' if adds else '='} value[from_];\n}}\n"
    run(name, text, [value.buffer], [window.buffer], window.size, parameters)
