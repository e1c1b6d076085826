"""The graph of an ONNX file in plain Python: nodes, constants, inputs and outputs."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .._shapes import Array

__all__ = ["DTYPES", "OPSET", "Graph", "Node", "Shape", "ValueInfo", "code_of"]

Shape = tuple[int | str | None, ...]

OPSET = 18  # default version of the operator set

# ONNX's codes of the dtypes that NumPy has.
DTYPES = {
    code: np.dtype(name)
    for code, name in {
        1: "float32",
        2: "uint8",
        3: "int8",
        4: "uint16",
        5: "int16",
        6: "int32",
        7: "int64",
        9: "bool",
        10: "float16",
        11: "float64",
        12: "uint32",
        13: "uint64",
    }.items()
}


def code_of(dtype: Any) -> int:
    """ONNX's code of a dtype.

    Raises:
        ValueError: it has none.

    Example:
        >>> code_of(np.float32)
        1
    """
    native = np.dtype(dtype).newbyteorder("=")
    for code, known in DTYPES.items():
        if known == native:
            return code
    raise ValueError(f"ONNX has no dtype {dtype}")


class ValueInfo(NamedTuple):
    """Name, dtype and shape of an input, an output or a value in between, as a file declares them.

    Attributes:
        name: its name.
        dtype: its dtype.
        shape: the length of each axis: a number, a name for one that may vary, or None where nothing is
            known; None if not even the number of axes is known.

    Example:
        >>> ValueInfo("x", np.dtype("float32"), ("N", 3, 224, 224)).shape
        ('N', 3, 224, 224)
    """

    name: str
    dtype: np.dtype[Any]
    shape: Shape | None


@dataclass
class Node:
    """A node: an operator with its settings, and the names of the values that it uses and computes.

    Attributes:
        op: the operator's name.
        inputs, outputs: names of the values; an empty name is an omitted one.
        attributes: the settings: numbers, strings, lists of them, or arrays.
        name: the node's own name.
        version: of the operator set.

    Example:
        >>> print(Node("Flatten", ["x"], ["y"], {"axis": 1}, "flat"))
        node "flat", Flatten(axis=1)
    """

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    version: int = OPSET

    def __str__(self) -> str:
        settings = ", ".join(f"{key}={reprlib.repr(value)}" for key, value in self.attributes.items())
        name = self.name or next(filter(None, self.outputs), "")
        return f'node "{name}", {self.op}({settings})'


@dataclass
class Graph:
    """The nodes in the order of their computation, with constants, inputs and outputs.

    Attributes:
        nodes: the nodes.
        constants: the initializers by name.
        inputs, outputs: what a caller gives and gets.
        infos: what is known of the values by name, inputs and outputs included.
        opset: version of the operator set.
        params: names of the constants that are Parameters; None where that is not known.

    Example:
        >>> Graph([Node("Relu", ["x"], ["y"])], {}, [], []).nodes[0].op
        'Relu'
    """

    nodes: list[Node]
    constants: dict[str, Array]
    inputs: list[ValueInfo]
    outputs: list[ValueInfo]
    infos: dict[str, ValueInfo] = field(default_factory=dict)
    opset: int = OPSET
    params: frozenset[str] | None = None

    def used(self) -> set[str]:
        """The names of values that a node or a caller gets."""
        names = {name for node in self.nodes for name in node.inputs}
        return names.union(output.name for output in self.outputs)

    def without_unused(self) -> Graph:
        """The same graph without the constants that nothing uses."""
        used = self.used()
        return replace(self, constants={name: a for name, a in self.constants.items() if name in used})

    def computed_from_inputs(self) -> set[str]:
        """The names of values that depend on the elements of an input."""
        names = {info.name for info in self.inputs}
        for node in self.nodes:
            if node.op != "Shape" and not names.isdisjoint(node.inputs):
                names.update(filter(None, node.outputs))
        return names
