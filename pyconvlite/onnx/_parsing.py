"""Parse the bytes of an ONNX file to its messages, in one pass.

protobuf could do this too, but its pure-Python version, as in Pyodide, takes longer for its import alone, and
does not limit the number of fields. The encoding is described at
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from array import array
from functools import cache
from typing import Any

import numpy as np

from ._messages import FIELDS, Field, fields_of

__all__ = ["Message", "parse"]

# A message or string of two bytes in the file takes far more memory, an integer up to eight times as much:
# their numbers are limited. A net of 1,000 nodes has 10,000 fields.
MOST_FIELDS = 1 << 18
MOST_PACKED = 1 << 24  # bytes of integers; large tensors are in raw_data
_PART = 1 << 16  # bytes of integers that are decoded at a time

_VARINT, _I64, _LEN, _I32 = 0, 1, 2, 5  # wire types
_WIRES = {"float": _I32, "double": _I64, "int32": _VARINT, "int64": _VARINT, "uint64": _VARINT}
_CODES = {"float": "f", "double": "d", "int32": "i", "int64": "q", "uint64": "Q"}  # of array
_DEFAULTS: dict[str, Any] = {"string": "", "bytes": b"", "float": 0.0, "double": 0.0}


class Message:
    """A message: its fields are attributes; missing ones have protobuf's defaults.

    Strings are str, bytes are views of the file, repeated numbers are arrays.

    Args:
        kind: its name in the table of fields, such as "Model".

    Example:
        >>> node = Message("Node")
        >>> node.name, node.input, node.HasField("name")
        ('', [], False)
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        field = _by_name(self._kind).get(name)  # it has not been set
        if field is None:
            raise AttributeError(name)
        if field.stars:
            return []
        return Message(field.kind) if field.kind in FIELDS else _DEFAULTS.get(field.kind, 0)

    def HasField(self, name: str) -> bool:
        """Whether the file has the field."""
        return name in vars(self)

    def below(self, field: Field) -> Message:
        """The message of a field to read into: a new one, unless the field is not repeated and has one."""
        if not field.stars and self.HasField(field.name):
            return getattr(self, field.name)  # type: ignore[no-any-return]
        message = Message(field.kind)
        self.put(field, message)
        return message

    def put(self, field: Field, value: Any) -> None:
        """Set a field, or append to a repeated one."""
        if field.stars:
            self.repeated(field).append(value)
        else:
            vars(self)[field.name] = value

    def repeated(self, field: Field) -> Any:
        """The list or array of a repeated field."""
        code = _CODES.get(field.kind)
        return vars(self).setdefault(field.name, array(code) if code else [])


@cache
def _by_name(kind: str) -> dict[str, Field]:
    return {field.name: field for field in fields_of(kind).values()}


def parse(data: bytes | memoryview, title: str) -> Message:
    """The Model message in a file's bytes.

    Args:
        data: the file's contents, of which the message has views.
        title: name of the file in errors.

    Raises:
        ValueError: it is not an ONNX file, is truncated, or has too many fields.

    Example:
        >>> parse(b"P", "net.onnx")
        Traceback (most recent call last):
        ValueError: net.onnx is not an ONNX file, or is damaged: the number at byte 1 does not end
    """
    try:
        return _parsed(memoryview(data), title)
    except _DamagedError as error:
        raise ValueError(f"{title} is not an ONNX file, or is damaged: {error}") from None


class _DamagedError(Exception):
    pass


def _parsed(data: memoryview, title: str) -> Message:
    model = Message("Model")
    outer = [(0, len(data), model)]  # the unread rest of each message around the current one
    count = packed = 0
    while outer:
        at, stop, message = outer.pop()
        fields = fields_of(message._kind)
        while at < stop:
            start = at
            tag, at = _varint(data, at, stop)
            field, wire = fields.get(tag >> 3), tag & 7
            number = size = 0
            if wire == _LEN:
                size, at = _varint(data, at, stop)
            elif wire == _VARINT:
                number, at = _varint(data, at, stop)
            elif wire in (_I64, _I32):
                size = 8 if wire == _I64 else 4
            if wire not in (_VARINT, _I64, _LEN, _I32) or tag < 8:
                raise _DamagedError(f"no field begins at byte {start}")
            end = at + size
            if end > stop:
                raise _DamagedError(f"the field at byte {start} ends at {end}, its message at {stop}")
            count += 1
            if wire == _LEN and field is not None and field.stars and "int" in field.kind:
                packed += size
            if count > MOST_FIELDS or packed > MOST_PACKED:
                raise ValueError(
                    f"{title} has more than {MOST_FIELDS} fields, or {MOST_PACKED} bytes of integers outside "
                    "raw_data"
                )
            if field is not None and wire == _LEN and field.kind in FIELDS:
                outer.append((end, stop, message))
                stop, message = end, message.below(field)
                fields = fields_of(field.kind)
                continue
            if field is not None:
                _put(message, field, wire, number, data[at:end], at)
            at = end
    return model


def _put(message: Message, field: Field, wire: int, number: int, data: memoryview, at: int) -> None:
    """Add the value of a field; one of another wire type is skipped, as protobuf does."""
    kind = field.kind
    if wire == _LEN:
        if kind == "string":
            message.put(field, _text(data, at))
        elif kind == "bytes":
            message.put(field, data)
        elif field.stars:
            message.repeated(field).frombytes(_packed(kind, data, at))
    elif wire == _WIRES.get(kind):
        if wire == _VARINT:
            message.put(field, _to_int(kind, number))
        else:
            message.put(field, struct.unpack(f"<{_CODES[kind]}", data)[0])


def _to_int(kind: str, number: int) -> int:
    """An integer of 32 or 64 bits: the lower bits of a varint, in two's complement unless unsigned."""
    bits = 32 if kind == "int32" else 64
    number &= (1 << bits) - 1
    return number - (1 << bits) if kind != "uint64" and number >> (bits - 1) else number


def _packed(kind: str, data: memoryview, at: int) -> bytes:
    """The numbers of a packed field, in the machine's representation."""
    dtype = np.dtype(_CODES[kind])
    if _WIRES[kind] != _VARINT:
        if len(data) % dtype.itemsize:
            raise _DamagedError(f"the numbers at byte {at} are truncated")
        return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).tobytes()
    parts = []
    start = 0
    while start < len(data):
        part = np.frombuffer(data[start : start + _PART], np.uint8)
        ends = np.flatnonzero(part < 128)
        if not ends.size:
            raise _DamagedError(f"the number at byte {at + start} does not end")
        starts = np.append(0, ends[:-1] + 1)
        lengths = ends - starts + 1
        if lengths.max() > 10:
            raise _DamagedError(f"a number after byte {at + start} does not end")
        numbers = np.zeros(ends.size, np.uint64)
        for i in range(lengths.max()):
            longer = lengths > i
            numbers[longer] |= (part[starts[longer] + i].astype(np.uint64) & 127) << np.uint64(7 * i)
        parts.append(numbers.astype(dtype).tobytes())
        start += int(ends[-1]) + 1
    return b"".join(parts)


def _text(data: memoryview, at: int) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise _DamagedError(f"the text at byte {at} is not UTF-8") from None


def _varint(data: memoryview, at: int, stop: int) -> tuple[int, int]:
    """An integer of 7 bits per byte, and where it ends."""
    value = shift = 0
    for i in range(at, min(stop, at + 10)):
        byte = data[i]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, i + 1
        shift += 7
    raise _DamagedError(f"the number at byte {at} does not end")
