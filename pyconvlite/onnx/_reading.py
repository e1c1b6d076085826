"""Reading an ONNX file: from bytes to a Graph, within bounds of memory, external data included."""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from .._fetch import opened
from .._files import is_url, read_from
from .._shapes import Array
from .._traced.fusing import CONV_RELU
from .._traced.graph import DTYPES, Graph, Node, Shape, ValueInfo
from ._parsing import parse

__all__ = ["Source", "read"]

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

LARGEST = (1 << 31) - 1  # bytes of a protobuf message
_PART = 1 << 20  # bytes that are read at a time: `read` allocates as many as it is asked for
OPSETS = range(7, 29)
PARAMS = "pyconvlite.parameters"  # key of a list of names, as JSON
_RAW, _EXTERNAL = 0, 1  # values of data_location
_BY_TYPE = {1: "f", 2: "i", 3: "s", 4: "t", 6: "floats", 7: "ints", 8: "strings"}  # fields of an Attribute


def read(source: Source) -> Graph:
    """The graph in a file; see `pyconvlite.onnx.load`."""
    data, title, folder = _contents(source)
    return _Reader(title, folder).graph(parse(data, title))


def _contents(source: Source) -> tuple[bytes | memoryview, str, Path | None]:
    """The bytes of a source, its name in errors, and the folder of its external data."""
    if isinstance(source, bytes | bytearray | memoryview):
        return memoryview(source).cast("B"), "the file", None
    if is_url(source):
        with opened(source) as file:
            return _bounded(file, source), _last_part(source), None
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        with read_from(source) as file:
            return _bounded(file, str(path)), path.name, path.parent
    if hasattr(source, "read"):
        with read_from(source) as file:
            return _bounded(file, "the file"), "the file", None
    raise TypeError(f"source must be a path, a URL, bytes or a binary file; got {type(source).__name__}")


def _last_part(url: str) -> str:
    """The last part of a URL, for messages."""
    return url.partition("?")[0].rpartition("/")[2][-80:] or "the file"


def _bounded(file: Any, name: str) -> bytes:
    parts, size = [], 0
    while part := file.read(_PART):
        size += len(part)
        if size > LARGEST:
            raise ValueError(f"{name} has more than {LARGEST} bytes, the most that an ONNX file can have")
        parts.append(part)
    return b"".join(parts)


class _Reader:
    """Converts the messages of one file."""

    def __init__(self, title: str, folder: Path | None) -> None:
        self.title = title
        self.folder = folder

    def graph(self, model: Any) -> Graph:
        version = self._opset(model)
        graph = model.graph
        if len(graph.sparse_initializer):
            raise self._error("it has sparse initializers, which are not supported")
        infos = {}
        for info in (*graph.value_info, *graph.input, *graph.output):
            if (known := self._info(info)) is not None:
                infos[known.name] = known
        constants: dict[str, Array] = {}
        self._initializers(graph, constants)
        inputs = [self._declared(i, infos) for i in graph.input if i.name not in constants]
        outputs = [self._declared(o, infos) for o in graph.output]
        if not outputs:
            raise self._error("it has no outputs")
        nodes = self._nodes(graph, version, constants)
        self._check_order(nodes, [*constants, *(i.name for i in inputs)], outputs)
        return Graph(nodes, constants, inputs, outputs, infos, version, self._params(model))

    def _initializers(self, graph: Any, constants: dict[str, Array]) -> None:
        for tensor in graph.initializer:
            if not tensor.name or tensor.name in constants:
                raise self._error(f"two initializers are named {tensor.name!r}, or one has no name")
            constants[tensor.name] = self.array(tensor, f'initializer "{tensor.name}"')

    def _nodes(self, graph: Any, version: int, constants: dict[str, Array]) -> list[Node]:
        """The nodes; in the place of each If, whose condition must be a constant, those of its branch."""
        nodes: list[Node] = []
        values: dict[str, Any] = {}  # of the nodes that are constants
        waiting = [*reversed(graph.node)]
        while waiting:
            message = waiting.pop()
            if isinstance(message, Node) or message.op_type != "If":
                node = message if isinstance(message, Node) else self._node(message, version)
                nodes.append(node)
                if node.op == "Constant":
                    values[node.outputs[0]] = node.attributes.get("value")
                continue
            name = "".join(message.input)
            condition = constants.get(name, values.get(name))
            if not isinstance(condition, np.ndarray) or condition.size != 1:
                raise self._error(
                    f'the condition "{name}" of node "{message.name}", If, is not a constant: export the '
                    "model for inputs of fixed sizes"
                )
            chosen = "then_branch" if condition.item() else "else_branch"
            branch = next((a.g for a in message.attribute if a.name == chosen), graph)
            if len(branch.output) != len(message.output) or branch is graph:
                raise self._error(f'node "{message.name}", If, has no {chosen} with its outputs')
            self._initializers(branch, constants)
            results = zip(branch.output, message.output, strict=True)
            waiting += [Node("Identity", [y.name], [name], version=version) for y, name in results]
            waiting += reversed(branch.node)
        return nodes

    def _params(self, model: Any) -> frozenset[str] | None:
        for entry in model.metadata_props:
            if entry.key == PARAMS:
                try:
                    return frozenset(map(str, json.loads(entry.value)))
                except (ValueError, TypeError, RecursionError) as error:
                    raise self._error(f"its list of Parameters is damaged: {error}") from error
        return None

    def _error(self, reason: str) -> ValueError:
        return ValueError(f"{self.title} cannot be loaded: {reason}")

    def _opset(self, model: Any) -> int:
        versions = {entry.domain: entry.version for entry in model.opset_import}
        version = versions.get("", versions.get("ai.onnx"))
        if version is None or not model.HasField("graph"):
            raise ValueError(f"{self.title} is not an ONNX file: it has no graph or no operator set")
        if version not in OPSETS:
            raise self._error(
                f"it is of operator set {version}; those from {OPSETS[0]} to {OPSETS[-1]} are known: convert "
                "it by onnx.version_converter of the package onnx"
            )
        return int(version)

    def _info(self, info: Any) -> ValueInfo | None:
        """None if it is not a tensor of a known dtype."""
        tensor = info.type.tensor_type
        if tensor.elem_type not in DTYPES:
            return None
        shape: Shape | None = None
        if tensor.HasField("shape"):
            shape = tuple(
                d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in tensor.shape.dim
            )
        return ValueInfo(info.name, DTYPES[tensor.elem_type], shape)

    def _declared(self, info: Any, infos: dict[str, ValueInfo]) -> ValueInfo:
        if info.name not in infos:
            raise self._error(
                f'"{info.name}" is not a tensor of a known dtype, but of the code '
                f"{info.type.tensor_type.elem_type}"
            )
        return infos[info.name]

    def _check_order(self, nodes: list[Node], known: Iterable[str], outputs: list[ValueInfo]) -> None:
        computed = {"", *known}
        for node in nodes:
            for name in node.inputs:
                if name not in computed:
                    raise self._error(
                        f'{node} uses "{name}", which no earlier node computes: the graph has a cycle, or '
                        "its nodes are not in order"
                    )
            for name in filter(None, node.outputs):
                if name in computed:
                    raise self._error(f'{node} computes "{name}", which exists already')
                computed.add(name)
        for output in outputs:
            if output.name not in computed:
                raise self._error(f'no node computes the output "{output.name}"')

    def _node(self, message: Any, version: int) -> Node:
        op, domain = message.op_type, message.domain
        node = Node(op, list(message.input), list(message.output), {}, message.name, version)
        if not any(node.outputs):
            raise self._error(f"{node} has no output")
        if op == CONV_RELU:
            raise self._error(f"{node} is not an ONNX operator")
        for attribute in message.attribute:
            field = _BY_TYPE.get(attribute.type)
            if field is None or attribute.ref_attr_name:
                raise self._error(
                    f"{node} has the attribute {attribute.name!r} of type {attribute.type}: a subgraph, or "
                    "a type that is not supported"
                )
            value = getattr(attribute, field)
            if field == "t":
                value = self.array(value, f"attribute {attribute.name!r} of {node}")
            elif field == "s":
                value = str(value, "utf-8", "replace")
            elif field == "strings":
                value = [str(part, "utf-8", "replace") for part in value]
            elif field in ("floats", "ints"):
                value = list(value)
            node.attributes[attribute.name] = value
        if domain not in ("", "ai.onnx"):
            raise self._error(f"{node} has the domain {domain!r}, which is not supported")
        return node

    # -- tensors

    def array(self, tensor: Any, place: str) -> Array:
        """The array in a Tensor message, after a check that its data is there."""
        dtype = DTYPES.get(tensor.data_type)
        if dtype is None:
            raise self._error(f"{place} has a dtype of code {tensor.data_type}, which is not supported")
        shape = tuple(tensor.dims)
        if any(n < 0 for n in shape) or len(shape) > 32:
            raise self._error(f"{place} has shape {shape}")
        count = math.prod(shape)
        if tensor.data_location == _EXTERNAL:
            flat = self._external(tensor, dtype, count, place)
        elif tensor.HasField("raw_data"):
            self._check_length(len(tensor.raw_data), count * dtype.itemsize, "bytes", shape, place)
            flat = np.frombuffer(tensor.raw_data, dtype.newbyteorder("<")).astype(dtype)
        else:
            flat = self._typed(tensor, dtype, count, place)
        try:
            return flat.reshape(shape)
        except ValueError as error:  # it has no elements, and an axis that is too long
            raise self._error(f"{place} has shape {shape}: {error}") from error

    def _typed(self, tensor: Any, dtype: np.dtype[Any], count: int, place: str) -> Array:
        """The data in one of the repeated fields."""
        fields = {"f4": "float_data", "f8": "double_data", "i8": "int64_data"}
        fields |= {"u4": "uint64_data", "u8": "uint64_data"}
        values = getattr(tensor, fields.get(dtype.str[1:], "int32_data"))
        self._check_length(len(values), count, "elements", tuple(tensor.dims), place)
        if dtype == np.float16:  # stored as their bits
            return np.array(values, np.int64).astype(np.uint16).view(np.float16)
        wide: Any = {"f": dtype, "u": np.uint64}.get(dtype.kind, np.int64)
        flat: Array = np.array(values, wide).astype(dtype)
        return flat

    def _check_length(self, found: int, needed: int, what: str, shape: Any, place: str) -> None:
        if found != needed:
            raise self._error(f"{place} of shape {shape} has {found} {what} of data; it needs {needed}")

    def _external(self, tensor: Any, dtype: np.dtype[Any], count: int, place: str) -> Array:
        """The data in a part of another file, which must lie in the folder of the ONNX file or below."""
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        needed = count * dtype.itemsize
        try:
            offset = int(entries.get("offset", "0"))
            length = int(entries.get("length", needed))
        except ValueError as error:
            raise self._error(f"{place} has external data with a bad offset or length: {error}") from None
        if self.folder is None:
            raise self._error(
                f"{place} is in the file {location!r}: pass the path of the ONNX file instead, or export it "
                "with its weights inside (external_data=False in PyTorch)"
            )
        parts = PurePosixPath(location.replace("\\", "/"))
        if parts.is_absolute() or not parts.parts or ".." in parts.parts or ":" in location or offset < 0:
            raise self._error(f"{place} is outside of the folder, at {location!r} from byte {offset}")
        self._check_length(length, needed, "bytes", tuple(tensor.dims), place)
        folder = self.folder.resolve()
        path = (folder / parts).resolve()
        if not path.is_relative_to(folder):
            raise self._error(f"{place} is outside of the folder, at {location!r}")
        try:
            found = path.stat()
        except OSError as error:
            raise self._error(
                f"{place} is in the file {location!r}, which cannot be read: {error}"
            ) from error
        if not stat.S_ISREG(found.st_mode) or offset + length > found.st_size:
            raise self._error(
                f"{place} is in the file {location!r} from byte {offset} to {offset + length}; it has "
                f"{found.st_size} bytes"
            )
        flat = np.fromfile(path, dtype.newbyteorder("<"), count, offset=offset)
        return flat.astype(dtype, copy=False)
