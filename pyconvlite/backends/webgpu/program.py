"""Kernels from the files in `wgsl/`: building their text with constants, and running them.

A file is WGSL with a function `compute` that each thread calls with its number. It uses names that are
declared before it: constants in capitals, and the types `Element` and `Result`, f32 or f16, of the floats
that it reads and writes; it computes in f32. `$GEOMETRY` declares the parameters of `geometry_parameters`.
Loops may be unrolled, so that a thread keeps many sums in registers:

- `$for(k, COUNT){...}` repeats the text between the braces, with k from 0 to COUNT - 1;
- inside it `$k` is the number, and `$(2 * k + SW)` the value of an expression of numbers and constants.

Unrolling matters most on a CPU adapter, where loads and stored variables are slow compared to arithmetic.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVarTuple, cast

from ..protocol import ConvGeometry
from .arithmetic import operand
from .copying import astype
from .device import current
from .elementwise import HEAD, MAIN, REPORT, STORAGE, WORKGROUP, common_float, groups_for
from .view import View

Arrays = TypeVarTuple("Arrays")

# A comparison with NaN or infinity may be left out by the compiler.
FLOATS = """fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }
fn is_finite(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) < 0x7f800000u; }
"""
GEOMETRY = " ".join(
    f"let {name} = parameter({k});"
    for k, name in enumerate(("H", "W", "OH", "OW", "KH", "KW", "SH", "SW", "PH", "PW", "DH", "DW"), start=1)
)
FOLDER = Path(__file__).parent / "wgsl"
REPEAT = re.compile(r"\$for\((\w+), ?(\w+)\)\{")  # as in the source, or as the wheel has it


def expand(text: str, numbers: dict[str, int]) -> str:
    """Expand the `$for` loops and `$(...)` expressions of a text.

    Example:
        >>> expand("let y = 0$for(k, K){ + w$k * x$(k * S)};", {"K": 3, "S": 2})
        'let y = 0 + w0 * x0 + w1 * x2 + w2 * x4;'
    """
    while match := REPEAT.search(text):
        end, depth = match.end(), 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        name, count = match.groups()
        body = text[match.end() : end - 1]
        parts = [expand(body, {**numbers, name: k}) for k in range(numbers[count])]
        text = text[: match.start()] + "".join(parts) + text[end:]

    return re.sub(r"\$([a-z])|\$\(([^()]*)\)", lambda m: str(eval(m[1] or m[2], {}, numbers)), text)


@functools.cache
def _text(name: str, element: str, result: str, constants: tuple[tuple[str, int], ...]) -> str:
    """A kernel's WGSL, after the declarations that all kernels share."""
    numbers = {"WORKGROUP": WORKGROUP, **dict(constants)}
    declared = f"alias Element = {element};\nalias Result = {result};\n"
    declared += "".join(f"const {key} = {value};\n" for key, value in numbers.items())
    text = FOLDER.joinpath(f"{name}.wgsl").read_text("utf-8").replace("$GEOMETRY", GEOMETRY)
    if "fn main(" not in text:
        text += MAIN + "  compute(i);\n}\n"
    return HEAD + (REPORT if "report(" in text else "") + declared + FLOATS + expand(text, numbers)


def run_file(
    name: str,
    inputs: Sequence[View],
    outputs: Sequence[View],
    threads: int,
    parameters: list[int],
    *,
    workgroup: int = WORKGROUP,
    **constants: int,
) -> None:
    """Run wgsl/NAME.wgsl.

    Args:
        name: name of the file.
        inputs, outputs: bound in order, inputs first. The floats of either have one dtype.
        threads: number of threads; also parameter 0.
        parameters: parameters 1, 2, ....
        workgroup: number of threads in a workgroup.
        constants: constants in the text, which is compiled once for each set of values.
    """
    device = current()
    element, result = (_stored_floats(arrays) for arrays in (inputs, outputs))
    text = _text(name, element, result, tuple(constants.items()))
    pipeline = device.pipeline(name, text, "r" * len(inputs) + "w" * len(outputs))
    buffers = [x.buffer for x in (*inputs, *outputs)]
    device.run(pipeline, groups_for(threads * WORKGROUP // workgroup), buffers, [threads, *parameters])


def geometry_parameters(geometry: ConvGeometry) -> list[int]:
    """The parameters that im2col, col2im and the pooling kernels begin with."""
    g = geometry
    return [*g.input_size, *g.output_size, *g.kernel_size, *g.stride, *g.pad, *g.dilation]


def _stored_floats(arrays: Sequence[View]) -> str:
    """The WGSL type of the floats among them."""
    return next((STORAGE[x.dtype.name] for x in arrays if x.dtype.kind == "f"), "f32")


def floats(*xs: *Arrays) -> tuple[*Arrays]:
    """Convert arrays of floats on the device to one dtype, float16 only if all are; None stays None.

    Raises:
        TypeError: one is not an array of floats on the device.
    """
    given = [operand(x) for x in cast("tuple[View | None, ...]", xs) if x is not None]
    for x in given:
        if x.dtype.kind != "f":
            raise TypeError(f"this needs float32 or float16 on the device; got {x.dtype}")
    dtype = common_float(given)
    results = [x if x is None else astype(x, dtype, copy=False) for x in cast("tuple[View | None, ...]", xs)]
    return cast("tuple[*Arrays]", tuple(results))


def tile_length(size: int, limit: int) -> int:
    """Split `size` into the fewest equal tiles of length at most `limit`; return their least length.

    Example:
        >>> tile_length(28, 16), tile_length(17, 16), tile_length(5, 8)
        (14, 9, 5)
    """
    return -(-size // -(-size // limit))
