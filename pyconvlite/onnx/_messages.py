"""The messages of an ONNX file: a table of their fields, from which protobuf's classes are built.

protobuf refuses generated code that is newer than itself, and Pyodide's releases have protobuf 5, 6 and 7.
Descriptors that are built at run time have no version, so the package has no generated code.

The numbers and types are those of onnx.proto. Fields that the package neither reads nor writes are left out;
protobuf skips them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

__all__ = ["FIELDS", "Field", "fields_of", "made"]

# name=number:type, with * for a repeated field and ** for a packed one. Enumerations are int32.
FIELDS = {
    "Model": "ir_version=1:int64 producer_name=2:string producer_version=3:string graph=7:Graph "
    "opset_import=8:OperatorSetId* metadata_props=14:Entry*",
    "OperatorSetId": "domain=1:string version=2:int64",
    "Graph": "node=1:Node* name=2:string initializer=5:Tensor* input=11:ValueInfo* output=12:ValueInfo* "
    "value_info=13:ValueInfo* sparse_initializer=15:Empty*",
    "Node": "input=1:string* output=2:string* name=3:string op_type=4:string attribute=5:Attribute* "
    "domain=7:string",
    "Attribute": "name=1:string f=2:float i=3:int64 s=4:bytes t=5:Tensor g=6:Graph floats=7:float* "
    "ints=8:int64* strings=9:bytes* type=20:int32 ref_attr_name=21:string",
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


class Field(NamedTuple):
    """A field of a message; `kind` is its type in the table.

    Example:
        >>> fields_of("Node")[1]
        Field(name='input', kind='string', stars=1)
    """

    name: str
    kind: str
    stars: int  # 0: optional, 1: repeated, 2: repeated and packed


@cache
def fields_of(kind: str) -> dict[int, Field]:
    """The fields of a message by their numbers.

    Example:
        >>> sorted(fields_of("Type"))
        [1]
    """
    fields = {}
    for text in FIELDS[kind].split():
        name, number, of = text.replace("=", ":").split(":")
        fields[int(number)] = Field(name, of.rstrip("*"), of.count("*"))
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
            "writing ONNX files needs protobuf: pip install protobuf, or in Pyodide "
            'await pyodide_js.loadPackage("protobuf")'
        ) from error
    file = descriptor_pb2.FileDescriptorProto(name="pyconvlite.proto", package="pyconvlite")
    for kind in FIELDS:
        descriptor = file.message_type.add(name=kind)
        for number, field in fields_of(kind).items():
            entry = descriptor.field.add(name=field.name, number=number)
            entry.label = entry.LABEL_REPEATED if field.stars else entry.LABEL_OPTIONAL
            if field.kind in FIELDS:
                entry.type, entry.type_name = entry.TYPE_MESSAGE, f".pyconvlite.{field.kind}"
            else:
                entry.type = getattr(entry, f"TYPE_{field.kind.upper()}")
            if field.stars == 2:
                entry.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = (pool.FindMessageTypeByName(f"pyconvlite.{kind}") for kind in FIELDS)
    return {descriptor.name: message_factory.GetMessageClass(descriptor) for descriptor in found}
