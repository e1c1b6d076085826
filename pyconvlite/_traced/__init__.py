"""Models as graphs of ONNX operators: traced by a call, fused, lowered, computed; `onnx` has their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ..layers import Layer
from .fusing import fused_graph
from .graph import OPSET, Graph, Node
from .layer import FusedLayer, GraphLayer
from .tracing import trace

__all__ = ["GraphLayer", "fused", "lowered"]


def fused(model: Layer, examples: Sequence[Any]) -> GraphLayer:
    """A frozen copy of a model with fewer nodes; see `Model.fused`.

    Example:
        >>> import numpy as np
        >>> from pyconvlite.layers import Conv2d
        >>> fused(Conv2d(2, 3, relu=True), [np.ones((1, 1, 3, 3), np.float32)])
        FusedLayer(x -> y, 1 nodes)
    """
    graph = model.folded() if isinstance(model, GraphLayer) else trace(model, examples, OPSET)
    layer = FusedLayer(fused_graph(graph))
    layer.freeze()
    return layer


def lowered(graph: Graph, is_known: Callable[[Node], bool]) -> Graph:
    """A graph that computes the same, with other nodes in place of those that are not known.

    A node without Functions that can be exported stays. Unused nodes and outputs are left out.

    Args:
        graph: one whose `infos` have all values that are computed, as those of `GraphLayer.folded` have.
        is_known: tells whether a node may stay.
    """
    used = graph.used()
    nodes: list[Node] = []
    constants = dict(graph.constants)
    for given in graph.nodes:
        node = replace(given, outputs=[name if name in used else "" for name in given.outputs])
        part = Graph([node] if any(node.outputs) else [], {}, [], [])
        if part.nodes and not is_known(node):
            with suppress(ValueError):
                part = _part(node, graph)
        nodes += part.nodes
        constants |= part.constants
    return replace(graph, nodes=nodes, constants=constants)


def _part(node: Node, graph: Graph) -> Graph:
    """A graph that computes what one node computes, from values of the same names."""
    names = dict.fromkeys(filter(None, node.inputs))
    own = {name: graph.constants[name] for name in names if name in graph.constants}
    inputs = [graph.infos[name] for name in names if name not in own]
    outputs = [graph.infos[name] for name in node.outputs if name]
    layer = GraphLayer(Graph([node], own, inputs, outputs))
    part = trace(layer, [np.ones(info.shape, info.dtype) for info in inputs], OPSET, any_batch=False)
    unread = {info.name for info in part.inputs} - {name for n in part.nodes for name in n.inputs}
    if unread and node.op != "CastLike":  # which reads a dtype
        raise ValueError(f"{node} is no graph of its inputs: what it makes of ones would be a constant")
    pairs = zip(part.inputs + part.outputs, inputs + outputs, strict=True)
    renamed = {"": "", **{inner.name: outer.name for inner, outer in pairs}}

    def outer(names: list[str]) -> list[str]:
        return [renamed.get(name, f"{outputs[0].name}/{name}") for name in names]

    nodes = [replace(n, inputs=outer(n.inputs), outputs=outer(n.outputs)) for n in part.nodes]
    return Graph(nodes, dict(zip(outer([*part.constants]), part.constants.values(), strict=True)), [], [])
