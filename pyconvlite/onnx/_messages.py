"""The messages of an ONNX file, which protobuf gets from a table of their fields.

protobuf refuses generated code that is newer than itself, and Pyodide's releases have protobuf 5, 6 and 7.
Descriptors that are built while the program runs have no version, so the package has no generated code.

The numbers and types are those of onnx.proto. Fields that the package neither reads nor writes are left out;
protobuf skips them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

__all__ = ["made", "parse"]

# name=number:type, with * for a repeated field and ** for one that is packed. An enumeration is an int32.
_FIELDS = {
    "Model": "ir_version=1:int64 producer_name=2:string producer_version=3:string graph=7:Graph "
    "opset_import=8:OperatorSetId*",
    "OperatorSetId": "domain=1:string version=2:int64",
    "Graph": "node=1:Node* name=2:string initializer=5:Tensor* input=11:ValueInfo* output=12:ValueInfo* "
    "value_info=13:ValueInfo* sparse_initializer=15:Empty*",
    "Node": "input=1:string* output=2:string* name=3:string op_type=4:string attribute=5:Attribute* "
    "domain=7:string",
    "Attribute": "name=1:string f=2:float i=3:int64 s=4:bytes t=5:Tensor floats=7:float* ints=8:int64* "
    "strings=9:bytes* type=20:int32 ref_attr_name=21:string",
    "Tensor": "dims=1:int64* data_type=2:int32 float_data=4:float** int32_data=5:int32** "
    "int64_data=7:int64** name=8:string raw_data=9:bytes double_data=10:double** uint64_data=11:uint64** "
    "external_data=13:Entry* data_location=14:int32",
    "Entry": "key=1:string value=2:string",
    "ValueInfo": "name=1:string type=2:Type",
    "Type": "tensor_type=1:TensorType",
    "TensorType": "elem_type=1:int32 shape=2:TensorShape",
    "TensorShape": "dim=1:Dimension*",
    "Dimension": "dim_value=1:int64 dim_param=2:string",
    "Empty": "",
}

# A message or string takes far more memory than its two bytes in the file, an integer up to eight times its
# own: their numbers are limited before protobuf reads the file. A net of 1,000 nodes has 10,000 fields.
MOST_FIELDS = 1 << 18
MOST_PACKED = 1 << 24  # bytes of integers; large tensors are in raw_data


class _Field(NamedTuple):
    name: str
    kind: str
    stars: int  # 0: optional, 1: repeated, 2: repeated and packed


@cache
def _fields(kind: str) -> dict[int, _Field]:
    """The fields of a message by their numbers."""
    fields = {}
    for text in _FIELDS[kind].split():
        name, number, of = text.replace("=", ":").split(":")
        fields[int(number)] = _Field(name, of.rstrip("*"), of.count("*"))
    return fields


def made(kind: str, **fields: Any) -> Any:
    r"""A message of protobuf.

    Args:
        kind: its name in the table, such as "Model".
        fields: values of its fields.

    Raises:
        ImportError: protobuf is not installed.

    Example:
        >>> made("Node", op_type="Relu", input=["x"]).SerializeToString()
        b'\n\x01x"\x04Relu'
    """
    return _classes()[kind](**fields)


@cache
def _classes() -> dict[str, Any]:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as error:
        raise ImportError(
            'ONNX files need protobuf: pip install "pyconvlite[onnx]", or in Pyodide '
            'await pyodide_js.loadPackage("protobuf")'
        ) from error
    file = descriptor_pb2.FileDescriptorProto(name="pyconvlite.proto", package="pyconvlite")
    for kind in _FIELDS:
        descriptor = file.message_type.add(name=kind)
        for number, field in _fields(kind).items():
            entry = descriptor.field.add(name=field.name, number=number)
            entry.label = entry.LABEL_REPEATED if field.stars else entry.LABEL_OPTIONAL
            if field.kind in _FIELDS:
                entry.type, entry.type_name = entry.TYPE_MESSAGE, f".pyconvlite.{field.kind}"
            else:
                entry.type = getattr(entry, f"TYPE_{field.kind.upper()}")
            if field.stars == 2:
                entry.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = (pool.FindMessageTypeByName(f"pyconvlite.{kind}") for kind in _FIELDS)
    return {descriptor.name: message_factory.GetMessageClass(descriptor) for descriptor in found}


def parse(data: bytes | memoryview, title: str) -> Any:
    """The Model message in a file's bytes.

    Args:
        data: the file's contents.
        title: what errors call the file.

    Raises:
        ImportError: protobuf is not installed.
        ValueError: it is no ONNX file, it is cut short, or it has too many fields.

    Example:
        >>> parse(b"P", "net.onnx")
        Traceback (most recent call last):
        ValueError: net.onnx is not an ONNX file, or is damaged: the number at byte 1 does not end
    """
    from_wire = _classes()["Model"].FromString
    try:
        _check(memoryview(data), title)
    except _DamagedError as error:
        raise ValueError(f"{title} is not an ONNX file, or is damaged: {error}") from None
    try:
        return from_wire(bytes(data))
    except MemoryError:
        raise
    except Exception as error:  # protobuf's DecodeError is no ValueError
        raise ValueError(f"{title} is not an ONNX file, or is damaged: {error}") from error


class _DamagedError(Exception):
    pass


def _check(data: memoryview, title: str) -> None:
    """Walk through the fields that the table lists, and count them."""
    outer = [(0, len(data), "Model")]  # the rest of each message that holds the present one
    count = packed = 0
    while outer:
        at, stop, kind = outer.pop()
        fields = _fields(kind)
        while at < stop:
            start = at
            tag, at = _varint(data, at, stop)
            field, wire = fields.get(tag >> 3), tag & 7
            size = {1: 8, 5: 4}.get(wire, 0)
            if wire == 2:
                size, at = _varint(data, at, stop)
            elif wire == 0:
                _, at = _varint(data, at, stop)
            elif not size:
                raise _DamagedError(f"byte {start} begins no field")
            end = at + size
            if end > stop:
                raise _DamagedError(f"the field at byte {start} ends at {end}, its message at {stop}")
            count += 1
            if wire == 2 and field is not None and field.stars and "int" in field.kind:
                packed += size
            if count > MOST_FIELDS or packed > MOST_PACKED:
                raise ValueError(
                    f"{title} has more than {MOST_FIELDS} fields, or {MOST_PACKED} bytes of integers outside "
                    "raw_data"
                )
            if wire == 2 and field is not None and field.kind == "string":
                _check_text(data[at:end], at)
            if wire == 2 and field is not None and field.kind in _FIELDS:
                outer.append((end, stop, kind))
                stop, kind = end, field.kind
                fields = _fields(kind)
            else:
                at = end


def _check_text(data: memoryview, at: int) -> None:
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        raise _DamagedError(f"the text at byte {at} is not UTF-8") from None


def _varint(data: memoryview, at: int, stop: int) -> tuple[int, int]:
    """An integer of 7 bits a byte, and where it ends."""
    value = shift = 0
    for i in range(at, min(stop, at + 10)):
        byte = data[i]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, i + 1
        shift += 7
    raise _DamagedError(f"the number at byte {at} does not end")
