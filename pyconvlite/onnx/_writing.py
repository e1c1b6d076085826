"""Writing a Graph as an ONNX file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from .._shapes import Array
from .._traced.graph import Graph, Node, ValueInfo, code_of
from ._messages import made
from ._reading import LARGEST, PARAMS

__all__ = ["as_bytes"]

IR_VERSION = 8


def as_bytes(graph: Graph, name: str) -> bytes:
    """The contents of an ONNX file.

    Args:
        graph: the graph.
        name: its name.

    Raises:
        ImportError: protobuf is not installed.
        ValueError: the weights are larger than an ONNX file can be.
    """
    size = sum(array.nbytes for array in graph.constants.values())
    if size > LARGEST:
        raise ValueError(f"the weights have {size} bytes; an ONNX file can have {LARGEST}")
    model = made(
        "Model",
        ir_version=IR_VERSION,
        producer_name="pyconvlite",
        opset_import=[made("OperatorSetId", domain="", version=graph.opset)],
        metadata_props=[] if graph.params is None else [_params(graph.params)],
        graph=made(
            "Graph",
            name=name,
            node=[_node(node) for node in graph.nodes],
            initializer=[_tensor(array, key) for key, array in graph.constants.items()],
            input=[_info(info) for info in graph.inputs],
            output=[_info(info) for info in graph.outputs],
        ),
    )
    contents: bytes = model.SerializeToString(deterministic=True)
    return contents


def _params(names: Iterable[str]) -> Any:
    """The metadata that tell `load` which initializers are Parameters, which ONNX does not."""
    return made("Entry", key=PARAMS, value=json.dumps(sorted(names)))


def _node(node: Node) -> Any:
    attributes = [_attribute(key, value) for key, value in node.attributes.items()]
    return made(
        "Node", op_type=node.op, name=node.name, input=node.inputs, output=node.outputs, attribute=attributes
    )


def _attribute(name: str, value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return made("Attribute", name=name, type=4, t=_tensor(np.asarray(value)))
    if isinstance(value, float):
        return made("Attribute", name=name, type=1, f=value)
    if isinstance(value, int):
        return made("Attribute", name=name, type=2, i=value)
    if isinstance(value, str):
        return made("Attribute", name=name, type=3, s=value.encode())
    if value and isinstance(value[0], str):
        return made("Attribute", name=name, type=8, strings=[text.encode() for text in value])
    if value and isinstance(value[0], float):
        return made("Attribute", name=name, type=6, floats=value)
    return made("Attribute", name=name, type=7, ints=value)


def _tensor(array: Array, name: str | None = None) -> Any:
    data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return made("Tensor", name=name, dims=array.shape, data_type=code_of(array.dtype), raw_data=data)


def _info(info: ValueInfo) -> Any:
    dims = [
        made("Dimension", **({"dim_value": n} if isinstance(n, int) else {"dim_param": n} if n else {}))
        for n in info.shape or ()
    ]
    shape = None if info.shape is None else made("TensorShape", dim=dims)
    tensor = made("TensorType", elem_type=code_of(info.dtype), shape=shape)
    return made("ValueInfo", name=info.name, type=made("Type", tensor_type=tensor))
