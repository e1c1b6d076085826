"""_traced/__init__.py: the nodes that replace others compute the same."""

import numpy as np
import pytest
from onnx_files import floats, graph

from pyconvlite import test_mode
from pyconvlite._traced import GraphLayer, lowered

KNOWN = """
    Add AveragePool Cast Clip Concat Conv ConvTranspose Div Expand Gather Identity MatMul MaxPool Mul Pad Pow
    ReduceMean Relu Reshape Resize Slice Softplus Sqrt Sub Tanh Transpose
"""


def replaced(nodes, constants, x, opset=18):
    """A layer of a graph and one of the graph that replaces it."""
    layer = GraphLayer(graph(nodes, {"x": x.shape}, "y", constants, opset))
    with test_mode():
        folded = layer.folded(x)
    return layer, lowered(folded, lambda node: node.op in KNOWN.split() and node not in folded.nodes[:1])


@pytest.mark.parametrize(
    ("op", "attributes", "values", "opset"),
    [
        ("Conv", {"auto_pad": "SAME_LOWER", "strides": [2, 1]}, [floats(4, 6, 2, 3), floats(4)], 18),
        ("ConvTranspose", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, [floats(6, 2, 3, 3)], 18),
        ("ConvTranspose", {"output_shape": [9, 12], "strides": [2, 2]}, [floats(6, 2, 3, 3), floats(2)], 18),
        ("AveragePool", {"kernel_shape": [2, 2], "dilations": [1, 2], "ceil_mode": 1}, [], 19),
        ("Clip", {"min": 0.0, "max": np.inf}, [], 10),
        ("Pad", {"mode": "wrap"}, [np.array([0, 0, 1, 1, 0, 0, 1, 2])], 19),
        ("Resize", {"mode": "cubic", "antialias": 1}, [np.float32([]), np.float32([1, 1, 1.4, 0.5])], 18),
        ("Resize", {"mode": "linear"}, [np.float32([1, 1, 2, 2])], 10),
        ("Tile", {}, [np.array([1, 2, 1, 3])], 18),
        ("SpaceToDepth", {"blocksize": 2}, [], 18),
        ("DepthToSpace", {"blocksize": 1}, [], 18),
        ("Einsum", {"equation": "nchw,cd->ndhw"}, [floats(6, 5)], 18),
        ("GroupNormalization", {"num_groups": 3}, [floats(6), floats(6)], 21),
        ("LRN", {"size": 3}, [], 18),
        ("Mish", {}, [], 18),
    ],
)  # fmt: skip
def test_equals_the_node(op, attributes, values, opset):
    constants = {f"c{i}": value for i, value in enumerate(values)}
    x = floats(2, 6, 4, 6)
    layer, new = replaced([(op, " ".join(["x", *constants]), "y", attributes)], constants, x, opset)
    assert op in KNOWN.split() or op not in [node.op for node in new.nodes]
    with test_mode():
        np.testing.assert_allclose(GraphLayer(new)(x).data, layer(x).data, rtol=1e-5, atol=1e-5)


def test_names_of_several_parts_are_apart():
    nodes = [
        ("Mish", "x", "h", {}),
        ("Mish", "h", "constant", {}),
        ("LayerNormalization", "constant s", "n mean deviation", {}),
        ("Add", "n mean", "y", {}),
    ]
    x = floats(2, 3)
    layer, new = replaced(nodes, {"s": floats(3, seed=1)}, x)
    assert {node.op for node in new.nodes} <= {*KNOWN.split()}
    np.testing.assert_allclose(GraphLayer(new)(x).data, layer(x).data, rtol=1e-5, atol=1e-6)


def test_node_that_cannot_be_traced_stays():
    _, new = replaced([("Floor", "x", "h", {}), ("Relu", "h", "y", {})], {}, floats(2, 3))
    assert [node.op for node in new.nodes] == ["Floor", "Relu"]


def test_unused_nodes_and_outputs_are_removed():
    nodes = [("Floor", "x", "a", {}), ("Ceil", "x", "b", {}), ("Split", "b", "c y", {"axis": 1})]
    _, new = replaced(nodes, {}, floats(2, 4))
    assert [(node.op, node.outputs) for node in new.nodes[:1]] == [("Ceil", ["b"])]
    assert "c" not in {name for node in new.nodes for name in node.outputs}
