"""ONNX files for tests, written from nodes and arrays."""

import io
from dataclasses import replace

import numpy as np

import pyconvlite.layers as L
from pyconvlite import onnx, test_mode
from pyconvlite.models import Model
from pyconvlite.onnx import Graph, Node, ValueInfo
from pyconvlite.onnx._messages import _classes, made
from pyconvlite.onnx._writing import as_bytes

FLOAT = np.dtype(np.float32)


def graph(nodes, inputs, outputs, constants=None, opset=18):
    """A Graph of (op, inputs, outputs, attributes) with float32 inputs by their shapes."""
    nodes = [
        Node(op, *(_names(v) for v in (i, o)), a, f"{op}{n}", opset) for n, (op, i, o, a) in enumerate(nodes)
    ]
    infos = [ValueInfo(name, FLOAT, shape) for name, shape in inputs.items()]
    results = [ValueInfo(name, FLOAT, None) for name in outputs.split()]
    return Graph(nodes, constants or {}, infos, results, opset=opset)


def _names(text):
    """Split names at single spaces; two spaces stand for an omitted name."""
    return text.split(" ") if text else []


def contents(*arguments, opset=18, **options):
    """The bytes of the file of a `graph`."""
    return as_bytes(graph(*arguments, opset=opset, **options), "test")


def branching(condition, is_initializer=True, change=lambda graph: None):
    """The file of x + W if a condition holds, where W is in that branch alone; else of -x, by another If."""

    def parsed(data):
        return _classes()["Model"].FromString(data)

    def put(node, **branches):
        for name, graph in branches.items():
            node.attribute.append(made("Attribute", name=name, type=5, g=graph))

    def part(*arguments, **options):
        found = parsed(contents(*arguments, **options)).graph
        found.ClearField("input")
        return found

    constants = {"condition": condition}
    nodes = [("If", "condition", "y", {})]
    if not is_initializer:
        nodes.insert(0, ("Constant", "", "condition", {"value": constants.pop("condition")}))
    model = parsed(contents(nodes, {"x": (2, 3)}, "y", constants))
    inner = part([("If", "no", "b", {})], {}, "b", {"no": np.array([False])})
    put(
        inner.node[0],
        then_branch=part([("Abs", "x", "c", {})], {}, "c"),
        else_branch=part([("Neg", "x", "d", {})], {}, "d"),
    )
    added = part([("Add", "x W", "a", {})], {}, "a", {"W": floats(3)})
    put(model.graph.node[-1], then_branch=added, else_branch=inner)
    change(model.graph)
    return model.SerializeToString()


def floats(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def small_net():
    """A net with convolution, batch normalization, pooling and a matrix product: its file."""
    constants = {
        "conv.W": floats(4, 2, 3, 3),
        "conv.b": floats(4, seed=1),
        "bn.scale": floats(4, seed=2),
        "bn.bias": floats(4, seed=3),
        "bn.mean": floats(4, seed=4),
        "bn.var": np.abs(floats(4, seed=5)) + 0.5,
        "fc.W": floats(4, 3, seed=6),
        "fc.b": floats(3, seed=7),
        "shape": np.array([0, -1]),
    }
    nodes = [
        ("Conv", "x conv.W conv.b", "h", {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
        ("BatchNormalization", "h bn.scale bn.bias bn.mean bn.var", "n", {"epsilon": 1e-3}),
        ("Relu", "n", "r", {}),
        ("GlobalAveragePool", "r", "p", {}),
        ("Reshape", "p shape", "f", {}),
        ("Gemm", "f fc.W fc.b", "y", {}),
    ]
    return contents(nodes, {"x": ("N", 2, 5, 5)}, "y", constants)


def net_in_training(opset=18):
    """As small_net, exported in training mode, with batch normalization and dropout in that mode."""
    graph = onnx.load(small_net()).graph()
    conv, norm, *rest, last = graph.nodes
    norm.attributes |= {"training_mode": 1} if opset >= 14 else {}
    norm.outputs += ["running_mean", "running_var"] if opset >= 14 else ["m", "v", "saved_m", "saved_v"]
    dropout = Node("Dropout", ["f", "ratio", "is_training"], ["d"], {}, "dropout", opset)
    last.inputs[0] = "d"
    graph.nodes[:] = [conv, norm, *rest, dropout, last]
    graph.constants |= {"ratio": np.float32(0.5).reshape(()), "is_training": np.array(True)}
    for node in graph.nodes:
        node.version = opset
    return as_bytes(replace(graph, opset=opset), "test")


class Lambda(Model):
    """A model that computes a function of itself and its inputs."""

    def __init__(self, function, **attributes):
        self.function = function
        for name, value in attributes.items():
            setattr(self, name, value)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def saved(model, *examples, **options):
    """The bytes that `onnx.save` writes."""
    file = io.BytesIO()
    onnx.save(model, file, *examples, **options)
    return file.getvalue()


def trained(model):
    """The model with the statistics of a trained one."""
    for i, layer in enumerate(model.modules()):
        if isinstance(layer, L.BatchNorm):
            layer.avg_mean.data = floats(*layer.avg_mean.shape, seed=i)
            layer.avg_var.data = np.abs(floats(*layer.avg_var.shape, seed=i + 1)) + 0.5
    return model


def results(model, x):
    for layer in model.modules():
        if hasattr(layer, "reset_state"):
            layer.reset_state()
    with test_mode():
        y = model(x)
    return [v.data for v in y] if isinstance(y, tuple) else [y.data]


def run(data, *inputs):
    """What the model of a file computes, in `test_mode()`."""
    model = onnx.load(data)
    with test_mode():
        y = model(*inputs)
    return tuple(v.data for v in y) if isinstance(y, tuple) else y.data


def by_onnx_runtime(data, *inputs):
    """What ONNX Runtime, which is compiled for CPython only, computes from a file: a list of arrays."""
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {info.name: x for info, x in zip(session.get_inputs(), inputs, strict=True)})
