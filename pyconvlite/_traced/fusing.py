"""Graphs for inference: without the training mode of nodes, and fused into fewer nodes.

Batch normalization is folded into the weights of the convolution before it, ReLU into its call.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from .._shapes import Array
from .graph import Graph, Node

__all__ = ["for_inference", "fused_graph"]

CONV_RELU = "Conv+Relu"  # the package's own operator, which no file has


def for_inference(graph: Graph) -> Graph:
    """A graph that computes without the engine what GraphLayer computes of the given one in `test_mode()`.

    Its batch normalization uses the running statistics, and its dropout returns its input.

    Example:
        >>> graph = Graph([Node("Dropout", ["x", "ratio", "is_training"], ["y"])], {}, [], [])
        >>> for_inference(graph).nodes[0].inputs
        ['x', 'ratio']
    """
    used = graph.used()
    nodes = [each for node in graph.nodes for each in _of_inference(node, used, graph.constants)]
    return replace(graph, nodes=nodes).without_unused()


def _of_inference(node: Node, used: set[str], constants: dict[str, Array]) -> list[Node]:
    if node.op == "Dropout":
        return [replace(node, inputs=node.inputs[:2])]
    if node.op != "BatchNormalization" or not {*node.inputs[3:5]} <= constants.keys():
        return [node]
    settings = {name: value for name, value in node.attributes.items() if name != "training_mode"}
    statistics = [  # running ones, and before operator set 14 those of the batch, which are the same here
        Node("Identity", [source], [name], version=node.version)
        for source, name in zip(node.inputs[3:5] * 2, node.outputs[1:], strict=False)
        if name in used - {""}
    ]
    return [replace(node, outputs=node.outputs[:1], attributes=settings), *statistics]


def fused_graph(graph: Graph) -> Graph:
    """A graph with the same outputs in inference and fewer nodes; for inference only."""
    graph = for_inference(graph)
    constants = dict(graph.constants)
    uses = Counter(name for node in graph.nodes for name in node.inputs)
    uses.update(output.name for output in graph.outputs)
    conv_of_output: dict[str, Node] = {}  # convolutions, by their only output
    nodes: list[Node] = []
    aliases: dict[str, str] = {}  # what Identity nodes rename
    outputs = {output.name for output in graph.outputs}
    for given in graph.nodes:
        node = replace(
            given, inputs=[aliases.get(name, name) for name in given.inputs], outputs=[*given.outputs]
        )
        if node.op == "Identity" and node.outputs[0] not in outputs:
            aliases[node.outputs[0]] = node.inputs[0]
            uses[node.inputs[0]] += uses[node.outputs[0]] - 1
            continue
        producer = conv_of_output.get(node.inputs[0]) if node.inputs and uses[node.inputs[0]] == 1 else None
        if (
            producer is not None
            and node.op == "BatchNormalization"
            and _fold_batch_norm(producer, node, constants)
        ):
            last = producer
        elif producer is not None and producer.op == "Conv" and (most := _relu_most(node, constants)):
            last = producer
            producer.op = CONV_RELU
            if most < math.inf:
                producer.attributes = {**producer.attributes, "most": most}
        else:
            last = node
            nodes.append(node)
        last.outputs = node.outputs
        if last.op in ("Conv", "ConvTranspose"):
            conv_of_output[last.outputs[0]] = last
    needed = {name for node in nodes for name in node.inputs} | outputs
    kept = {name: array for name, array in constants.items() if name in needed}
    return replace(graph, nodes=nodes, constants=kept, params=None)


def _relu_most(node: Node, constants: dict[str, Array]) -> float | None:
    """The upper bound of a ReLU, or of a node that clips at 0 below, such as ReLU6; None for other nodes."""
    if node.op == "Relu":
        return math.inf
    if node.op != "Clip":
        return None
    inputs = [*node.inputs[1:], "", ""]
    least, most = (
        constants.get(name) if name else node.attributes.get(attribute, default)
        for name, attribute, default in zip(inputs, ("min", "max"), (-math.inf, math.inf), strict=False)
    )
    if least is None or most is None or np.size(least) != 1 or np.size(most) != 1:
        return None
    least, most = float(np.reshape(least, ())), float(np.reshape(most, ()))
    return most if least == 0 < most else None


def _fold_batch_norm(conv: Node, norm: Node, constants: dict[str, Array]) -> bool:
    """Fold a batch normalization into a convolution; return whether that was possible."""
    names = conv.inputs[1:] + norm.inputs[1:]
    transposed = conv.op == "ConvTranspose"
    if (
        any(name and name not in constants for name in names)
        or norm.attributes.get("training_mode", 0)
        or len(norm.inputs) != 5
        or (transposed and conv.attributes.get("group", 1) != 1)
    ):
        return False
    gamma, beta, mean, var = (constants[name].astype(np.float64) for name in norm.inputs[1:])
    W = constants[conv.inputs[1]]
    b = constants[conv.inputs[2]] if len(conv.inputs) > 2 and conv.inputs[2] else np.zeros(1)
    factor = gamma / np.sqrt(var + norm.attributes.get("epsilon", 1e-5))
    along = factor.reshape(-1, *[1] * (W.ndim - 2 if transposed else W.ndim - 1))
    # New names, since other nodes may use the same weights; no other node has this output.
    weight, bias = (f"{name}{conv.inputs[1]}, with {norm.outputs[0]}" for name in ("", "bias of "))
    constants[weight] = (W * along).astype(W.dtype)
    constants[bias] = ((b - mean) * factor + beta).astype(W.dtype)
    conv.inputs[1:] = [weight, bias]
    return True
