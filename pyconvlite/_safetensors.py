"""safetensors files: named arrays without code, which PyTorch, TensorFlow, JAX and others exchange.

The format is so short that this module reads and writes it itself, on every Pyodide: the length of the header
(8 bytes, little-endian), the header (JSON: for each array its dtype, shape and the place of its bytes), and
the bytes of the arrays, one after the other.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from ._shapes import Array
from ._zip import parsed, unreadable

__all__ = ["read", "write"]

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # the upper half of a float32, which it becomes
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_BYTES = {name: np.dtype(dtype).itemsize for name, dtype in _DTYPES.items()}
_LONGEST = 1 << 22  # bytes of the header; that of ResNet152 has 60 kB. Lists take 26 times as much memory
_MOST_AXES = 16


def write(file: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write arrays, in the order of their names.

    Args:
        file: binary file object.
        arrays: C-contiguous arrays by name.

    Raises:
        ValueError: a name is that of the metadata, or the format has no such dtype.
    """
    names = {dtype: name for name, dtype in _DTYPES.items() if name != "BF16"}
    header = {}
    end = 0
    for name in sorted(arrays):
        if name == "__metadata__":
            raise ValueError("'__metadata__' cannot be the name of an array in a safetensors file; rename it")
        start, end = end, end + arrays[name].nbytes
        dtype = names.get(arrays[name].dtype.newbyteorder("<").str)
        if dtype is None:
            raise ValueError(f"{name} has dtype {arrays[name].dtype}, which a safetensors file cannot hold")
        header[name] = {"dtype": dtype, "shape": list(arrays[name].shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays are aligned
    file.write(len(text).to_bytes(8, "little") + text)
    for name in sorted(arrays):
        file.write(np.ascontiguousarray(arrays[name], arrays[name].dtype.newbyteorder("<")).data)


def read(stream: BinaryIO, title: str) -> dict[str, Array]:
    """Read all arrays; bfloat16 becomes float32.

    The header is checked against the size of the file before any array is read.

    Args:
        stream: seekable binary file object.
        title: the file's name for error messages.

    Raises:
        ValueError: the file is damaged.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    try:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(_LONGEST, size - 8):
            raise ValueError(f"its header cannot have {length} bytes")
        header = _header(stream.read(length))
        start = 8 + length
        places = sorted((_place(name, entry), name) for name, entry in header.items())
        end = 0
        for (at, to), name in places:
            if at != end:
                raise ValueError(f"the bytes of {name} do not follow those of the array before it")
            end = to
        if start + end != size:
            raise ValueError(f"its arrays have {end} bytes; the file has {size - start}")
        return {name: _array(stream.read(to - at), header[name]) for (at, to), name in places}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise unreadable(title, "safetensors", error) from error


def _header(data: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a name in its header occurs twice")
        return found

    header = parsed(data, "its header", object_pairs_hook=unique)
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    header.pop("__metadata__", None)
    return header


def _place(name: str, entry: Any) -> tuple[int, int]:
    """Where the bytes of an array begin and end, if they are as many as dtype and shape say."""
    dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in _DTYPES:
        raise ValueError(f"{name} has dtype {dtype}, which is not supported")
    if len(shape) > _MOST_AXES or not all(type(n) is int and 0 <= n < 1 << 62 for n in (*shape, start, end)):
        raise ValueError(f"{name} has no valid shape or place")
    if end - start != math.prod(shape) * _BYTES[dtype]:
        raise ValueError(
            f"{name} has {end - start} bytes, which do not fit its shape {shape} and dtype {dtype}"
        )
    return start, end


def _array(data: bytes, entry: Any) -> Array:
    array = np.frombuffer(data, _DTYPES[entry["dtype"]]).reshape(entry["shape"])
    if entry["dtype"] == "BF16":
        array = array.astype("<u4")
        array <<= 16
        array = array.view("<f4")
    return array
