"""Which constants of a graph are Parameters of its layer, where the file does not say so."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._shapes import Array
from .fusing import CONV_RELU
from .graph import Graph

__all__ = ["ELEMENTWISE", "PASSING", "float_weights", "transposed_weights"]

# Inputs of operators that are weights, by their places; a constant there is a Parameter.
_WEIGHTS = {
    **dict.fromkeys(("Conv", CONV_RELU, "ConvTranspose", "Einsum", "Gemm"), (0, 1, 2)),
    **dict.fromkeys(("BatchNormalization", "LayerNormalization"), (1, 2)),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), (1, 2)),
    **dict.fromkeys(("RNN", "GRU", "LSTM"), (1, 2, 3)),
    "MatMul": (0, 1),
    "PRelu": (1,),
    **dict.fromkeys(("Gather", "GatherND"), (0,)),
}
_STATISTICS = {"BatchNormalization": (3, 4)}
ELEMENTWISE = ("Add", "Sub", "Mul", "Div")  # a constant with several elements is a weight of theirs
PASSING = ("Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Cast", "Expand")
# Through these, too, a weight may reach a node, such as that of a gate through a sigmoid.
_UNARY = (
    *("Abs", "Clip", "Exp", "Log", "Neg", "Reciprocal"),
    *("Relu", "ScatterND", "Sigmoid", "Softplus", "Sqrt", "Tanh"),
)
_PARTS = ("Concat", "Slice", "Split")  # by which exporters reorder the gates in weights
_UNNAMED = re.compile(r"val_\d+")  # the names that PyTorch's newer exporter makes up


def float_weights(graph: Graph, constants: Mapping[str, Array]) -> tuple[list[str], set[str]]:
    """The names of the constants that are Parameters; and of those, the running statistics."""
    statistics: set[str] = set()
    weights: set[str] = set()
    fillings = _fillings(graph, constants)
    computed = graph.computed_from_inputs()
    # The constant that each value is, or was before it was moved or transformed.
    origins = {name: name for name in constants if name not in fillings}
    for node in graph.nodes:
        if node.op in (*PASSING, *_UNARY) and node.inputs and node.inputs[0] in origins:
            origins[node.outputs[0]] = origins[node.inputs[0]]
    for node in reversed(graph.nodes):
        for places, found in ((_WEIGHTS, weights), (_STATISTICS, statistics)):
            found |= {node.inputs[i] for i in places.get(node.op, ()) if i < len(node.inputs)}
        if node.op in ELEMENTWISE or (node.op == "Concat" and not computed.isdisjoint(node.inputs)):
            moved = {origins[name] for name in node.inputs if name in origins}
            weights |= {name for name in moved if constants[name].size > 1}
        if node.op in (*PASSING, *_UNARY, *_PARTS) and node.inputs and not weights.isdisjoint(node.outputs):
            weights.update(node.inputs if node.op == "Concat" else node.inputs[:1])
    if graph.params is not None:
        weights = set(graph.params)
    names = [
        name
        for name, array in constants.items()
        if name in weights | statistics and name not in fillings and array.dtype.kind == "f"
    ]
    return names, statistics.intersection(names)


def _fillings(graph: Graph, constants: Mapping[str, Array]) -> set[str]:
    """The names of constants that an exporter made, such as the ones that a group norm multiplies by.

    Paddle's exporter writes weights as nodes, too, but they are not all equal.
    """
    made = {node.outputs[0] for node in graph.nodes if node.op == "Constant"}
    return {
        name
        for name, array in constants.items()
        if (name in made or _UNNAMED.fullmatch(name)) and array.size and (array == array.flat[0]).all()
    }


def transposed_weights(graph: Graph, matrices: set[str]) -> tuple[str, ...]:
    """Suffixes of the names of W (in, out) of this package's layers, among the Parameters with two axes.

    PyTorch has their transposes. Those of an LSTM or GRU are joined before they are multiplied.
    """
    makers = {name: node for node in graph.nodes for name in node.outputs}
    found: set[str] = set()
    waiting = [
        name
        for node in graph.nodes
        if node.op == "MatMul" or (node.op == "Gemm" and not node.attributes.get("transB"))
        for name in node.inputs[1:2]
    ]
    while waiting:
        name = waiting.pop()
        maker = makers.get(name)
        if maker is not None and maker.op in ("Concat", "Split"):
            waiting += maker.inputs if maker.op == "Concat" else maker.inputs[:1]
        elif name in matrices and f"/{name}".endswith("/W"):
            found.add(f"/{name}")
    return tuple(found)
