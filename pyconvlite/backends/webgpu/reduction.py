"""Reductions: sum, maximum, minimum and argmax over axes.

Each thread computes one result. If there are few results, their elements are divided into parts, and a second
pass reduces the results of the parts. No thread waits for another, and the order is always the same.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from .copying import astype, reshape
from .elementwise import HEAD, MAIN, STORAGE, binding, loaded, run, stored
from .view import Array, View, checked_axis, collapse, dtype_of

Axis = int | tuple[int, ...] | list[int] | None

THREADS = 4096  # least number, if there are enough elements
LEAST = 64  # least number of elements of a part

# Updates a result by the next element v; {nan} is WGSL for whether v is NaN.
STEPS = {
    "sum": "result += v;",
    "max": "if (v > result || {nan}) {{ result = v; }}",
    "min": "if (v < result || {nan}) {{ result = v; }}",
}


def sum(x: Array, axis: Axis = None, keepdims: bool = False, dtype: npt.DTypeLike | None = None) -> Array:
    """Sum over one axis, several, or all; for bools, the number of True elements.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.sum(webgpu.ones((2, 3)), axis=1).get().tolist() == [3, 3]
    """
    wanted = dtype_of(dtype or (np.int32 if x.dtype.kind == "b" else x.dtype))
    return reduce("sum", x if x.dtype.kind == wanted.kind else astype(x, wanted), axis, keepdims, wanted)


def reduce(
    kind: str, x: Array, axis: Axis, keepdims: bool = False, dtype: np.dtype[Any] | None = None
) -> Array:
    """Reduce axes of x.

    Args:
        kind: sum, max or min.
        x: of floats or int32.
        axis: an axis, several, or None for all.
        keepdims: keep the reduced axes with length 1.
        dtype: dtype of the result, x's by default; floats are always summed in float32.
    """
    axes, kept = split_axes(x, axis)
    count = math.prod(x.shape[i] for i in axes)
    if count == 0 and kind != "sum":
        raise ValueError(f"{kind} of zero elements is undefined; got shape {x.shape}, axis {axis}")
    shape = tuple(x.shape[i] for i in kept)
    y = _reduced(kind, x, axes, kept, count, shape, dtype or x.dtype)
    return reshape(y, [1 if i in axes else n for i, n in enumerate(x.shape)]) if keepdims else y


def _reduced(
    kind: str,
    x: Array,
    axes: list[int],
    kept: list[int],
    count: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> Array:
    """Reduce without keepdims, in two passes if there are few results of many elements each."""
    size = math.prod(shape)
    parts = max(1, min(-(-count // LEAST), THREADS // max(size, 1)))
    if parts > 1:
        y = x.new((*shape, parts), np.float32 if x.dtype.kind == "f" else x.dtype)
    else:
        y = x.new(shape, dtype)
    if y.size:
        outer, [outer_steps] = collapse([x.shape[i] for i in kept], [[x.strides[i] for i in kept]])
        inner, [inner_steps] = collapse([x.shape[i] for i in axes], [[x.strides[i] for i in axes]])
        code = _code(kind, x.dtype.name, y.dtype.name, len(outer), len(inner))
        parameters = [y.size, x.offset, parts, count]
        for sizes, steps in ((outer, outer_steps), (inner, inner_steps)):
            for length, step in zip(sizes, steps, strict=True):
                parameters += [length, step]
        run(kind, code, [x.buffer], [y.buffer], y.size, parameters)
    if parts == 1:
        return y
    return _reduced(kind, y, [len(shape)], list(range(len(shape))), parts, shape, dtype)


def split_axes(x: View, axis: Axis) -> tuple[list[int], list[int]]:
    """The axes to reduce, and those that stay."""
    given = range(x.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    axes = sorted(checked_axis(i, x.ndim) for i in given)
    if len(set(axes)) < len(axes):
        raise ValueError(f"axis names an axis twice: {axis}")
    return axes, [i for i in range(x.ndim) if i not in axes]


def _offset(name: str, index: str, first: int, rank: int) -> str:
    """WGSL of element `index`'s offset along axes whose lengths and steps are parameters from `first` on."""
    text = f"  var {name} = 0;\n  var rest_{name} = {index};\n"
    for axis in reversed(range(rank)):
        size, step = f"parameter({first + 2 * axis})", f"parameter({first + 2 * axis + 1})"
        if axis:
            text += f"  {name} += rest_{name} % {size} * {step};\n  rest_{name} /= {size};\n"
        else:
            text += f"  {name} += rest_{name} * {step};\n"
    return text


def _is_nan(name: str, dtype: str) -> str:
    """WGSL for whether a variable is NaN."""
    return f"(bitcast<u32>({name}) & 0x7fffffffu) > 0x7f800000u" if dtype.startswith("float") else "false"


@functools.cache
def _code(kind: str, dtype: str, result: str, outer: int, inner: int) -> str:
    is_float = dtype.startswith("float")
    step = STEPS[kind].format(nan=_is_nan("v", dtype))
    zero = "0.0" if is_float else f"{STORAGE[dtype]}(0)"
    first = zero if kind == "sum" else loaded(dtype, "x[start + inside]")
    return (
        HEAD
        + binding(0, "x", STORAGE[dtype])
        + binding(1, "y", STORAGE[result], written=True)
        + MAIN
        + "  let parts = parameter(2);\n"
        + _offset("outside", "(i / parts)", 4, outer)
        + "  let start = parameter(1) + outside;\n  let part = i % parts;\n"
        + ("" if kind == "sum" else _offset("inside", "part", 4 + 2 * outer, inner))
        + f"  var result = {first};\n"
        + "  for (var k = part; k < parameter(3); k += parts) {\n"
        + _offset("at", "k", 4 + 2 * outer, inner)
        + f"  let v = {loaded(dtype, 'x[start + at]')};\n  {step}\n  }}\n"
        + f"  y[i] = {stored(result, 'result')};\n}}\n"
    )


def argmax(x: Array, axis: int | None = None) -> Array:
    """Index of the first maximum along an axis, or among all elements; NaN counts as the largest.

    Example:
        >>> from pyconvlite.backends import webgpu
        >>> if webgpu.is_available():
        ...     assert webgpu.argmax(webgpu.asarray([1.0, 3.0, 2.0])).get() == 1
    """
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axes, kept = split_axes(x, operator.index(axis))
    if x.shape[axes[0]] == 0:
        raise ValueError(f"argmax of zero elements is undefined; got shape {x.shape}, axis {axis}")
    y = x.new([x.shape[i] for i in kept], np.int32)
    if y.size:
        outer, [steps] = collapse([x.shape[i] for i in kept], [[x.strides[i] for i in kept]])
        parameters = [y.size, x.offset, x.shape[axes[0]], x.strides[axes[0]]]
        for length, step in zip(outer, steps, strict=True):
            parameters += [length, step]
        run("argmax", _argmax_code(x.dtype.name, len(outer)), [x.buffer], [y.buffer], y.size, parameters)
    return y


@functools.cache
def _argmax_code(dtype: str, outer: int) -> str:
    nan = _is_nan("v", dtype)
    return (
        HEAD
        + binding(0, "x", STORAGE[dtype])
        + binding(1, "y", "i32", written=True)
        + MAIN
        + _offset("outside", "i", 4, outer)
        + "  let start = parameter(1) + outside;\n"
        + f"  var best = {loaded(dtype, 'x[start]')};\n  var index = 0;\n"
        + f"  var found = {_is_nan('best', dtype)};\n"
        + "  for (var k = 1; k < parameter(2); k++) {\n"
        + f"    let v = {loaded(dtype, 'x[start + k * parameter(3)]')};\n"
        + f"    if (!found && (v > best || {nan})) {{ best = v; index = k; found = {nan}; }}\n  }}\n"
        + "  y[i] = index;\n}\n"
    )
