"""Networks whose pages `test_html_page.py` opens, by what they have of layers or of ONNX's operators."""

from __future__ import annotations

from typing import Any

import numpy as np

import pyconvlite.functions as F
import pyconvlite.layers as L
from pyconvlite.models import EfficientNetLite0, LeNet, Sequential, SmallResNet, SmallVGG
from pyconvlite.onnx import Graph, Node, OnnxModel, ValueInfo


def many_operators() -> Any:
    return Sequential(
        *(L.Conv2d(6, 3, pad=((0, 1), (2, 1))), F.leaky_relu, L.Deconv2d(4, 4, 2, 1), F.gelu, L.GroupNorm(2)),
        *(
            F.sigmoid,
            lambda x: F.average_pooling(x, 3, 2, 1),
            lambda x: F.concat([x, -x], axis=1),
            F.softplus,
        ),
        *(lambda x: F.transpose(F.transpose(x, (0, 2, 3, 1)), (0, 3, 1, 2)), F.elu),
        *(F.global_max_pooling, F.flatten, L.Linear(3), F.log_softmax),
    )


def onnx(*nodes: Any, n: int = 4, opset: int = 18, **constants: Any) -> Any:
    """Nodes (op, inputs, outputs, attributes) from x (N, 3, 4, 5) to y (N, n)."""
    given = [
        Node(op, inputs.split(" "), outputs.split(" "), a, version=opset) for op, inputs, outputs, a in nodes
    ]
    x, y = (ValueInfo(name, np.dtype("f4"), ("N", *rest)) for name, rest in (("x", (3, 4, 5)), ("y", (n,))))
    return lambda: OnnxModel(Graph(given, constants, [x], [y], opset=opset)), (3, 4, 5), n


FILTERS = np.random.default_rng(1).standard_normal((2, 3, 3, 3)).astype(np.float32)
INTEGERS: dict[str, Any] = {
    name: np.array([n]) for name, n in {"zero": 0, "one": 1, "two": 2, "minus": -1, "more": 60}.items()
}
RESIZING = [
    {"coordinate_transformation_mode": places, "axes": [2, 3], **way}
    for places in (
        *("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn", "asymmetric"),
        "align_corners",
    )
    for way in (
        {"mode": "linear"},
        *({"nearest_mode": name} for name in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")),
    )
]
ONNX = {
    "Clip with attributes": onnx(
        ("Conv", "x W", "h", {"pads": [1, 1, 1, 1]}),
        ("Clip", "h", "c", {"min": 0.0, "max": 1.5}),
        ("Clip", "c", "d", {"max": 1.0}),
        ("Concat", "c d", "e", {"axis": 1}),
        ("Flatten", "e", "y", {}),
        n=80,
        opset=10,
        W=FILTERS,
    ),
    "constants as nodes, and shapes that are computed": onnx(
        ("Conv", "x W", "h", {"pads": [1, 1, 1, 1]}),
        ("Constant", "", "least", {"value": np.zeros((), np.float32)}),
        ("Constant", "", "most", {"value_float": 0.75}),
        ("Clip", "h least most", "c", {}),
        ("Shape", "c", "shape", {}),
        ("Constant", "", "first", {"value": np.array(0)}),
        ("Gather", "shape first", "N", {}),
        ("Unsqueeze", "N zero", "N1", {}),
        ("Concat", "N1 minus", "sizes", {"axis": 0}),
        ("Reshape", "c sizes", "y", {}),
        n=40,
        W=FILTERS,
        zero=INTEGERS["zero"],
        minus=INTEGERS["minus"],
    ),
    "windows beyond the image at one end": onnx(
        ("Conv", "x W", "h", {"pads": [0, 2, 3, 0], "strides": [2, 1]}),
        ("Conv", "h V", "c", {"auto_pad": "SAME_LOWER", "dilations": [1, 2]}),
        (
            "MaxPool",
            "c",
            "m",
            {"kernel_shape": [2, 3], "pads": [0, 2, 1, 0], "ceil_mode": 1, "strides": [2, 2]},
        ),
        ("AveragePool", "c", "a", {"kernel_shape": [2, 2], "pads": [1, 0, 0, 1], "count_include_pad": 1}),
        ("Flatten", "m", "p", {}),
        ("Flatten", "a", "q", {}),
        ("Concat", "p q", "y", {"axis": 1}),
        n=42,
        W=FILTERS,
        V=FILTERS[:, :2, :2],
    ),
    "average pooling with uneven padding": onnx(
        ("AveragePool", "x", "h", {"kernel_shape": [2, 3], "pads": [0, 1, 1, 3], "strides": [1, 2]}),
        ("AveragePool", "h", "p", {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER", "count_include_pad": 1}),
        ("Flatten", "p", "y", {}),
        n=48,
    ),
    "average pooling beyond the padding": onnx(
        (
            *("AveragePool", "x", "h"),
            {
                "kernel_shape": [3, 3],
                "pads": [1] * 4,
                "strides": [2, 2],
                "ceil_mode": 1,
                "count_include_pad": 1,
            },
        ),
        ("Flatten", "h", "y", {}),
        n=27,
    ),
    "what PyTorch's exporter writes of other layers": onnx(
        ("Split", "x", "a b", {"axis": 1, "num_outputs": 2}),
        ("Split", "a lengths", "c d", {"axis": -2}),
        ("Gelu", "c", "e", {}),
        ("Gelu", "d", "f", {"approximate": "tanh"}),
        ("Concat", "e f", "g", {"axis": 2}),
        ("LayerNormalization", "g scale", "h", {"axis": 2, "epsilon": 0.1}),
        ("LayerNormalization", "b one row", "i", {}),
        ("Concat", "h i", "j", {"axis": 1}),
        ("Gather", "j places", "k", {"axis": 2}),
        ("Gather", "k third", "l", {"axis": 1}),
        ("Flatten", "l", "y", {}),
        n=30,
        places=np.array([[1, -1, 0], [3, 3, 2]]),
        third=np.array(-1),
        opset=20,
        lengths=np.array([1, 3]),
        scale=FILTERS.ravel()[:20].reshape(4, 5),
        row=FILTERS.ravel()[:5],
        one=FILTERS.ravel()[5:6],
    ),
    "softmax over many axes": onnx(
        ("Softmax", "x", "h", {}),
        ("LogSoftmax", "h", "l", {"axis": -2}),
        ("Flatten", "l", "y", {}),
        n=60,
        opset=12,
    ),
    "computed shapes": onnx(
        ("Shape", "x", "s", {}),
        ("Slice", "s zero one", "batch", {}),
        ("Shape", "x", "rest", {"start": -1}),
        ("Mul", "batch two", "twice", {}),
        ("Concat", "twice minus rest", "to", {"axis": 0}),
        ("Reshape", "x to", "h", {}),
        ("Pow", "h two", "p", {}),
        ("ReduceSum", "p", "r", {"noop_with_empty_axes": 1}),
        ("Flatten", "r", "f", {"axis": -2}),
        ("ReduceMean", "f one", "m", {}),
        ("Mul", "f m", "g", {}),
        ("Div", "twice two", "half", {}),
        ("Concat", "half more", "back", {"axis": 0}),
        ("Reshape", "g back", "y", {}),
        **INTEGERS,
        n=60,
    ),
    "a part that is left out, and an input": onnx(
        ("Split", "x", " b", {"axis": 1, "num_outputs": 2}),
        ("Clip", "b  most", "c", {}),
        ("Flatten", "c", "y", {}),
        n=20,
        most=np.array(0.5, np.float32),
    ),
    "Resize of half pixels": onnx(
        ("Resize", "x  scales", "h", {}),
        ("ReduceMean", "h none", "m", {}),
        ("Add", "h m", "a", {}),
        ("Flatten", "a", "y", {}),
        n=360,
        scales=np.array([1, 1, 3, 2], np.float32),
        none=np.zeros(0, np.int64),
    ),
    "Resize in every mode": onnx(
        *(
            ("Resize", "x   sizes" if i % 2 else "x  scales", f"r{i}", settings)
            for i, settings in enumerate(RESIZING)
        ),
        *(("Flatten", f"r{i}", f"f{i}", {}) for i in range(len(RESIZING))),
        ("Concat", " ".join(f"f{i}" for i in range(len(RESIZING))), "y", {"axis": 1}),
        n=15 * 3 * (2 * 8 + 8 * 2),
        scales=np.array([0.6, 1.6], np.float32),
        sizes=np.array([8, 2]),
    ),
    "padding in every mode, and slices backward": onnx(
        ("Pad", "x reflected", "a", {"mode": "reflect"}),
        ("Pad", "a edges  last", "b", {"mode": "edge"}),
        ("Pad", "b moved three", "c", {}),
        ("Slice", "c more least two minus", "d", {}),
        ("ReduceL2", "d two", "r", {}),
        ("Expand", "r sizes", "s", {}),
        ("Reciprocal", "s", "q", {}),
        ("Mul", "d q", "e", {}),
        ("Cast", "e", "f", {"to": 1}),
        ("Flatten", "f", "y", {}),
        n=4 * 6 * 8,
        reflected=np.array([0, 0, 3, 1, 0, 0, 0, 0]),
        edges=np.array([2, 1]),
        last=np.array([-1]),
        moved=np.array([0, 1, -1, 0, 0, 0, 0, -1]),
        least=np.array([-60]),
        sizes=np.array([6, 1]),
        three=np.float32(3),
        **INTEGERS,
    ),
    "comparisons and conditions": onnx(
        ("Greater", "x half", "g", {}),
        ("GreaterOrEqual", "x row", "h", {}),
        ("Less", "x row", "i", {}),
        ("LessOrEqual", "x half", "j", {}),
        ("And", "g h", "k", {}),
        ("Or", "i j", "l", {}),
        ("Not", "k", "m", {}),
        ("Where", "k x row", "a", {}),
        ("Where", "m half a", "b", {}),
        ("Where", "rule b x", "c", {}),
        ("Equal", "c half", "n", {}),
        ("Where", "n one two", "s", {}),
        ("Cast", "s", "d", {"to": 1}),
        ("Cast", "bytes", "o", {"to": 1}),
        ("ReduceMax", "o", "p", {}),
        ("Cast", "l", "q", {"to": 1}),
        ("Mul", "q p", "e", {}),
        ("Concat", "c d e", "f", {"axis": 1}),
        ("Flatten", "f", "y", {}),
        n=180,
        half=np.array(0.5, np.float32),
        row=FILTERS.ravel()[:5],
        rule=np.arange(20).reshape(4, 5) % 3 > 0,
        bytes=np.resize(np.arange(-5, 4, dtype=np.int8), (257, 256)),  # too many to be cast at export
        **INTEGERS,
    ),
    "operands that are broadcast": onnx(
        ("Mul", "x number", "a", {}),
        ("Add", "a channels", "b", {}),
        ("Sub", "row b", "c", {}),
        ("Div", "c column", "d", {}),
        ("Max", "d planes row", "e", {}),
        ("PRelu", "e channels", "f", {}),
        ("ReduceSum", "f two", "g", {}),
        ("Add", "g f", "h", {}),
        ("Transpose", "h", "i", {"perm": [0, 3, 1, 2]}),
        ("Flatten", "i", "y", {}),
        n=60,
        number=np.array(-1.5, np.float32),
        channels=FILTERS[0, :, :1, :1],
        row=FILTERS.ravel()[:5],
        column=2 + FILTERS.ravel()[:4].reshape(4, 1) / 9,
        planes=FILTERS.ravel()[:15].reshape(3, 1, 5),
        two=INTEGERS["two"],
    ),
    "normalization of groups and channels": onnx(
        ("Conv", "x W", "h", {}),
        ("GroupNormalization", "h six six", "g", {"num_groups": 3, "epsilon": 0.1}),
        ("InstanceNormalization", "g six seven", "i", {}),
        ("LayerNormalization", "i five", "n mean deviation", {}),
        ("Add", "n mean", "m", {}),
        ("LRN", "m", "l", {"size": 3}),
        ("Flatten", "l", "y", {}),
        n=120,
        opset=21,
        W=np.concatenate([FILTERS, 2 * FILTERS, -FILTERS])[..., 1:2, :1],
        six=np.arange(6, dtype=np.float32),
        seven=np.arange(7, 1, -1, dtype=np.float32),
        five=np.ones(5, np.float32),
    ),
    "sequences": onnx(
        ("Reshape", "x sequences", "s", {}),
        ("Conv", "s W", "c", {"pads": [1, 2], "strides": [2]}),
        ("Relu", "c", "r", {}),
        ("MaxPool", "r", "m", {"kernel_shape": [3], "ceil_mode": 1, "strides": [2]}),
        ("ConvTranspose", "m V", "t", {"strides": [3], "output_shape": [9]}),
        ("AveragePool", "t", "a", {"kernel_shape": [2], "pads": [1, 0]}),
        ("Flatten", "a", "y", {}),
        n=18,
        sequences=np.array([0, 0, -1]),
        W=FILTERS[:, :, 0],
        V=FILTERS[:, :2, 0],
    ),
    "operators that the page replaces by others": onnx(
        ("ConvTranspose", "x W", "t", {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("SpaceToDepth", "t", "s", {"blocksize": 2}),
        ("DepthToSpace", "s", "d", {"blocksize": 2, "mode": "CRD"}),
        ("AveragePool", "d", "a", {"kernel_shape": [2, 2], "dilations": [2, 1]}),
        ("Tile", "a times", "r", {}),
        ("Resize", "r  scales", "z", {"mode": "cubic", "antialias": 1}),
        (
            "Resize",
            "z  twice",
            "u",
            {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        ),
        ("Einsum", "u", "e", {"equation": "nchw->nwhc"}),
        ("Mish", "e", "m", {}),
        ("Flatten", "m", "y", {}),
        n=324,
        opset=19,
        W=FILTERS[:2].transpose(1, 0, 2, 3),
        times=np.array([1, 1, 1, 2]),
        scales=np.array([1, 1.5, 0.5, 1], np.float32),
        twice=np.array([1, 1, 1, 2], np.float32),
    ),
    "padding and slices of operator set 9": onnx(
        ("Pad", "x", "a", {"mode": "constant", "pads": [0, 0, 1, 0, 0, 0, 0, 2], "value": 2.5}),
        ("Slice", "a", "b", {"axes": [3, 1], "ends": [-1, 9], "starts": [1, -2]}),
        ("Flatten", "b", "y", {}),
        n=2 * 5 * 5,
        opset=9,
    ),
}


NETS = {
    "LeNet": (LeNet, (1, 28, 28), 10),
    "VGG": (SmallVGG, (3, 32, 32), 10),
    "ResNet": (SmallResNet, (3, 32, 32), 10),
    "EfficientNet": (lambda: EfficientNetLite0(4), (3, 49, 64), 4),
    "many operators": (many_operators, (3, 20, 24), 3),
    **ONNX,
}
