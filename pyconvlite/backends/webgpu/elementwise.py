"""Elementwise kernels, generated from an expression and compiled once for each form.

An expression is WGSL over the operands `a`, `b`, `c`, ... and the numbers `s0`, `s1`, ...; one kernel reads
its operands with their strides (0 along broadcast axes), and writes a new, contiguous array. If at most one
axis is left after `collapse`, the kernel computes four elements at a time: `F`, `I` and `B` in an expression
are a float, an integer and a bool, or vectors of four. The last four may exceed the array; they are written
to the padding of the buffer, whose size is a multiple of 16 bytes.
"""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .device import Buffer, current
from .host_scalar import word
from .view import Array, View, broadcast_strides, collapse

WORKGROUP = 64
MOST_PARAMETERS = 64  # integers

IS_NAN = "((bitcast<B>({a}) & B(0x7fffffffu)) > B(0x7f800000u))"
IS_INFINITE = "((bitcast<B>({a}) & B(0x7fffffffu)) == B(0x7f800000u))"
LETTERS = "abcdefgh"
# The WGSL type that stores a dtype, and its alias in expressions.
STORAGE = {"float32": "f32", "float16": "f16", "int32": "i32", "bool": "u32"}
ALIAS = {"float32": "F", "float16": "F", "int32": "I", "bool": "B"}


def groups_for(threads: int) -> tuple[int, int, int]:
    """Workgroups for a number of threads, in two dimensions if one is not enough.

    Raises:
        ValueError: the device cannot run that many.
    """
    most = current().info.limits["maxComputeWorkgroupsPerDimension"]
    groups = max(1, -(-threads // WORKGROUP))
    x = min(groups, most)
    y = -(-groups // x)
    if y > most:
        raise ValueError(
            f"{threads:,} threads are more than this adapter can dispatch, {most**2 * WORKGROUP:,}; "
            "use smaller batches"
        )
    return x, y, 1


HEAD = """@group(0) @binding(0) var<uniform> parameters: array<vec4i, 16>;
fn parameter(i: i32) -> i32 { return parameters[i / 4][i % 4]; }
"""
# For kernels that take indexes: records the first index out of bounds in the buffer `faults`, which the next
# copy to the CPU reads too, so that nothing waits for the kernel.
REPORT = """fn report(kind: i32, index: i32, length: i32) {
  if (atomicAdd(&faults[0], 1) == 0) {
    atomicStore(&faults[1], kind); atomicStore(&faults[2], index); atomicStore(&faults[3], length);
  }
}
"""
# The beginning of a kernel of which thread i, of parameter(0) threads, computes something.
MAIN = f"""@compute @workgroup_size({WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) n_groups: vec3u) {{
  let i = i32(id.x + id.y * n_groups.x * {WORKGROUP}u);
  if (i >= parameter(0)) {{ return; }}
"""


def _bits(value: float) -> int:
    try:
        packed = struct.pack("<f", value)
    except OverflowError:  # infinite as float32, as in NumPy
        packed = struct.pack("<f", math.copysign(math.inf, value))
    return int(struct.unpack("<i", packed)[0])


def bits(value: float) -> int:
    """The bits of a float32 as an integer."""
    return word(value, _bits)


def binding(index: int, name: str, storage: str, written: bool = False) -> str:
    """Declare a buffer."""
    access = "read_write" if written else "read"
    return f"@group(0) @binding({index + 1}) var<storage, {access}> {name}: array<{storage}>;\n"


def loaded(dtype: str, element: str) -> str:
    """WGSL of an element as kernels compute with it: float16 is converted to f32."""
    return f"f32({element})" if dtype == "float16" else element


def stored(dtype: str, value: str) -> str:
    """WGSL of a value as an array of this dtype stores it."""
    return f"f16({value})" if dtype == "float16" else value


def common_float(arrays: Iterable[View]) -> np.dtype[Any]:
    """The dtype of a float result of these arrays: float16 if all floats are float16, else float32."""
    kinds = {x.dtype for x in arrays if x.dtype.kind == "f"}
    return np.result_type(*kinds) if kinds else np.dtype(np.float32)


@functools.cache
def _code(
    expressions: tuple[str, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    numbers: int,
    rank: int,
    wide: bool,
) -> str:
    """WGSL of one form. `rank`: axes after `collapse`; `wide`: whether a thread computes four elements."""
    names = LETTERS[: len(inputs)]
    text = HEAD
    for alias, kind in zip("FIB", ("f32", "i32", "u32"), strict=True):
        text += f"alias {alias} = {f'vec4<{kind}>' if wide else kind};\n"
    for index, storage in enumerate(STORAGE[dtype] for dtype in (*inputs, *outputs)):
        name = f"m{index}"
        element = f"vec4<{storage}>" if wide and index >= len(inputs) else storage
        text += binding(index, name, element, written=index >= len(inputs))
    text += MAIN
    at = 1
    for k in range(numbers):
        text += f"  let s{k} = bitcast<f32>(parameter({at + k}));\n"
    at += numbers
    for k, name in enumerate(names):
        text += f"  var at_{name} = parameter({at + k});\n"
    at += len(names)
    text += _load_four(inputs, at) if wide else _load_one(inputs, at, rank)
    for k, (expression, dtype) in enumerate(zip(expressions, outputs, strict=True)):
        value = f"select(B(0u), B(1u), {expression})" if dtype == "bool" else f"{ALIAS[dtype]}({expression})"
        if dtype == "float16":
            value = f"vec4<f16>({value})" if wide else f"f16({value})"
        text += f"  m{len(inputs) + k}[i] = {value};\n"
    return text + "}\n"


def _load_four(inputs: tuple[str, ...], at: int) -> str:
    """WGSL that loads four elements of each input along the one axis, described from parameter `at` on."""
    text = ""
    for k, (name, dtype) in enumerate(zip(LETTERS, inputs, strict=False)):
        text += f"  let step_{name} = parameter({at + 1 + k});\n  at_{name} += 4 * i * step_{name};\n"
        places = (f"m{k}[at_{name} + {lane} * step_{name}]" for lane in range(4))
        text += f"  let {name} = {ALIAS[dtype]}({', '.join(loaded(dtype, place) for place in places)});\n"
    return text


def _load_one(inputs: tuple[str, ...], at: int, rank: int) -> str:
    """WGSL that loads element i of each input; the axes are described from parameter `at` on."""
    names = LETTERS[: len(inputs)]
    text = "  var rest = i;\n"
    for axis in reversed(range(rank)):
        size = at + axis * (1 + len(names))
        if axis:
            text += f"  let along_{axis} = rest % parameter({size});\n  rest /= parameter({size});\n"
        else:  # a remainder would be rest itself, and costs time
            text += "  let along_0 = rest;\n"
        for k, name in enumerate(names):
            text += f"  at_{name} += along_{axis} * parameter({size + 1 + k});\n"
    for k, (name, dtype) in enumerate(zip(names, inputs, strict=True)):
        text += f"  let {name} = {loaded(dtype, f'm{k}[at_{name}]')};\n"
    return text


def elementwise(
    name: str,
    expression: str,
    operands: Sequence[Array],
    numbers: Sequence[float] = (),
    dtype: npt.DTypeLike | None = None,
) -> Array:
    """A new array computed by an expression of the operands, which broadcast.

    Args:
        name: shown in errors.
        expression: WGSL of the result.
        operands: arrays, `a`, `b`, ... in the expression; the result is of the first one's class.
        numbers: `s0`, `s1`, ... in the expression.
        dtype: of the result; by default `common_float` of the operands.
    """
    shape = np.broadcast_shapes(*[x.shape for x in operands])
    y = operands[0].new(shape, common_float(operands) if dtype is None else dtype)
    compute(name, (expression,), operands, numbers, [y])
    return y


def compute(
    name: str,
    expressions: tuple[str, ...],
    operands: Sequence[View],
    numbers: Sequence[float],
    outputs: Sequence[View],
) -> None:
    """Results of several expressions, written to new arrays of one shape, to which the operands broadcast."""
    shape, size = outputs[0].shape, outputs[0].size
    if not size:
        return
    sizes, steps = collapse(shape, [broadcast_strides(x, shape) for x in operands])
    wide = len(sizes) <= 1
    form = (
        expressions,
        tuple(x.dtype.name for x in operands),
        tuple(y.dtype.name for y in outputs),
        len(numbers),
        len(sizes),
        wide,
    )
    parameters = [-(-size // 4) if wide else size, *map(bits, numbers), *(x.offset for x in operands)]
    if not sizes:
        sizes, steps = [1], [[0] for _ in operands]
    for axis, length in enumerate(sizes):
        parameters += [length, *(s[axis] for s in steps)]
    buffers = [x.buffer for x in operands], [y.buffer for y in outputs]
    run(name, _code(*form), *buffers, parameters[0], parameters)


def run(
    name: str, code: str, inputs: list[Buffer], outputs: list[Buffer], threads: int, parameters: list[int]
) -> None:
    """Run a kernel whose buffers are bound in order, inputs first.

    Raises:
        ValueError: the arrays have more axes than fit into a kernel's parameters.
    """
    if len(parameters) > MOST_PARAMETERS:
        raise ValueError(f"too many axes for the kernel {name}; use reshape to merge some")
    device = current()
    pipeline = device.pipeline(name, code, "r" * len(inputs) + "w" * len(outputs))
    device.run(pipeline, groups_for(threads), inputs + outputs, parameters)
