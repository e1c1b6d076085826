"""Kernels from `wgsl/`: their text, specialised, and how it runs.

A file there is WGSL but for two things. It uses names that come in front of it: constants, in capitals, and
the types `Element` and `Result`, of the floats that it reads and of those that it writes, f32 or f16; what it
computes is f32. And it may repeat text, so that a thread keeps many sums in registers and its loops are
written out:

- `$for(k, COUNT){...}` repeats what stands between the braces, with k = 0, 1, ... up to before COUNT;
- `$k` in it is the number, `$(2 * k + SW)` what comes out of numbers and constants.

Text that is written out matters most where a CPU stands in for a GPU: it pays for every load and every
variable that it stores, and hardly for arithmetic.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

from .arithmetic import operand
from .array import ndarray
from .device import current
from .elementwise import HEAD, REPORT, STORAGE, WORKGROUP, common_float, groups_for

THREAD = """fn thread(id: vec3u, n_groups: vec3u) -> i32 { return i32(id.x + id.y * n_groups.x * WORKGROUP); }
"""
FOLDER = Path(__file__).parent / "wgsl"
REPEAT = re.compile(r"\$for\((\w+), (\w+)\)\{")


def expand(text: str, numbers: dict[str, int]) -> str:
    """Write repetitions out.

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
    """A kernel's WGSL, with what all have in common before it."""
    numbers = {"WORKGROUP": WORKGROUP, **dict(constants)}
    declared = f"alias Element = {element};\nalias Result = {result};\n"
    declared += "".join(f"const {key} = {value};\n" for key, value in numbers.items())
    text = expand(FOLDER.joinpath(f"{name}.wgsl").read_text("utf-8"), numbers)
    return HEAD + (REPORT if "report(" in text else "") + declared + THREAD + text


def run_file(
    name: str,
    inputs: list[ndarray],
    outputs: list[ndarray],
    threads: int,
    parameters: list[int],
    *,
    workgroup: int = WORKGROUP,
    **constants: int,
) -> None:
    """Run wgsl/NAME.wgsl.

    Args:
        name: of the file.
        inputs, outputs: bound in order, inputs first. The floats of either are of one dtype.
        threads: parameter 0.
        parameters: from 1 on.
        workgroup: threads in one.
        constants: for the text, which is compiled once for each set of them.
    """
    device = current()
    element, result = (_stored_floats(arrays) for arrays in (inputs, outputs))
    text = _text(name, element, result, tuple(constants.items()))
    pipeline = device.pipeline(name, text, "r" * len(inputs) + "w" * len(outputs))
    buffers = [x.buffer for x in (*inputs, *outputs)]
    device.run(pipeline, groups_for(threads * WORKGROUP // workgroup), buffers, [threads, *parameters])


def _stored_floats(arrays: list[ndarray]) -> str:
    return next((STORAGE[x.dtype.name] for x in arrays if x.dtype.kind == "f"), "f32")


def floats(*xs: Any) -> list[Any]:
    """Arrays of floats on the device as ones of one dtype: float16 only where all are; None stays None.

    Raises:
        TypeError: one is not an array of floats on the device.
    """
    for x in xs:
        if x is not None and operand(x).dtype.kind != "f":
            raise TypeError(f"this needs float32 or float16 on the device; got {x.dtype}")
    dtype = common_float(x for x in xs if x is not None)
    return [x if x is None else x.astype(dtype, copy=False) for x in xs]


def even(size: int, most: int) -> int:
    """The length of pieces of at most so many that cut `size` with the least waste.

    Example:
        >>> even(28, 16), even(17, 16), even(5, 8)
        (14, 9, 5)
    """
    return -(-size // -(-size // most))
